# SPDX-License-Identifier: MIT
"""A clock that stands still until a test moves it, shared by all processes of a host under test."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

_FORMAT = struct.Struct("<d")
START = 1_800_000_000.0
"""Where the clock starts, in seconds since 1970: a round number at the beginning of a 30-second time step."""


class SharedClock:
    """Seconds since 1970 in a small file; callable like ``time.time``."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_FORMAT.pack(START))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _FORMAT.size)

    def __call__(self) -> float:
        """Tell the time."""
        return float(_FORMAT.unpack_from(self._memory)[0])

    def move(self, seconds: float) -> float:
        """Move the clock, also backwards, and return the new time."""
        now = self() + seconds
        _FORMAT.pack_into(self._memory, 0, now)
        return now

    def to_step_start(self, period: int = 30) -> float:
        """Move forward to the beginning of the next time step."""
        return self.move(period - self() % period)
