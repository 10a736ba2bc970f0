# SPDX-License-Identifier: MIT
"""A server that is killed at a commit that a test chooses: ``python -m tests.hostile.crashing PORT WORKERS``.

The fault is in this file alone: it listens to the engine's commits and ends its own processes with SIGKILL.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import threading
from pathlib import Path

from sqlalchemy import Connection, Engine, event

from ccm_core.config import load
from ccm_core.db.engine import after_commit
from ccm_core.testing import serving

PROGRAM = "tests.hostile.crashing"
MAIL = "mail"
"""The name of the thread that delivers mails."""
_FORMAT = struct.Struct("<i??")


class FaultPoint:
    """Which commit is the last one of a process; shared with the server by a small file."""

    def __init__(self, folder: Path) -> None:
        path = folder / "fault"
        if not path.exists():
            path.write_bytes(_FORMAT.pack(0, False, False))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _FORMAT.size)

    def set(self, number: int, *, after: bool, mail: bool = False) -> None:
        """Kill before or after the so many-th commit of requests, or of the delivery of mails; 0: never."""
        _FORMAT.pack_into(self._memory, 0, number, after, mail)

    def commit(self, connection: Connection) -> None:
        """Count a commit that is about to be made."""
        left, after, mail = _FORMAT.unpack_from(self._memory)
        if left == 0 or (threading.current_thread().name == MAIL) != mail:
            return
        _FORMAT.pack_into(self._memory, 0, left - 1, after, mail)
        if left == 1:
            after_commit(connection, _die) if after else _die()


def _die() -> None:
    for process in (os.getppid(), os.getpid()):
        os.kill(process, signal.SIGKILL)


def application() -> object:
    """Return the application of the tests' server, with the fault in whatever database it opens."""
    event.listen(Engine, "commit", FaultPoint(load().data_dir).commit)
    return serving.application()


if __name__ == "__main__":
    serving.main(f"{PROGRAM}:application")
