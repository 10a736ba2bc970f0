# SPDX-License-Identifier: MIT
"""A disk that is full for one process: the system lets none of its files grow past a size (EFBIG, else ENOSPC).

This needs neither a mount nor rights, no other process notices, and the process gets its room back while it runs.
"""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ccm_core.testing.host import Host
from ccm_core.testing.serving import WORKER_HEADER

HEAD, PAGE = 32, 24 + 4096
"""Of the file that takes SQLite's changes: what it begins with, and what each changed page adds."""


@contextmanager
def full(pid: int, size: int = 0) -> Iterator[None]:
    """Let the files of a running process not grow past a size, until the block ends."""
    kept = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, kept[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, kept)


@dataclass(frozen=True)
class Disk:
    """The disk of a host with one worker process."""

    host: Host

    @contextmanager
    def full(self, pages: int = 0) -> Iterator[None]:
        """Leave the worker room for so many changed pages, until the block ends."""
        with closing(sqlite3.connect(self.host.settings.data_dir / "ccm.sqlite3")) as connection:
            assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
        worker = int(self.host.client.get("/healthz").headers[WORKER_HEADER])
        with full(worker, HEAD + pages * PAGE):
            yield


def files(folder: Path) -> dict[str, bytes]:
    """Return what a folder holds, but for the database."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith("ccm.sqlite3")}
