# SPDX-License-Identifier: MIT
"""Numbers that the processes of a server add to, in memory that outlives each of them."""

from __future__ import annotations

import fcntl
import mmap
import os
from contextlib import suppress

_SIZE = 8
"""Bytes of one number; the processor writes so many at once, so none is ever read half written."""


class SharedNumbers:
    """Rows of numbers, made by the process that forks the others; only who owns a row writes to it.

    Row 0 belongs to the maker. A forked process takes another one, which the kernel keeps for it until it ends, however
    that comes about; whoever takes it next goes on with what is there, so that no total ever falls.
    No file: a full disk would end a process that writes into one.
    """

    def __init__(self, rows: int, width: int) -> None:
        size = rows * width * _SIZE
        self._file = os.memfd_create("ccm-figures")
        os.ftruncate(self._file, size)
        numbers = memoryview(mmap.mmap(self._file, size)).cast("d")
        self._rows = [numbers[start : start + width] for start in range(0, rows * width, width)]
        self.own = self._rows[0]

    def take_row(self) -> None:
        """Make a free row this process's own; if there is none it shares row 0 and may lose a count."""
        for number, row in enumerate(self._rows[1:], 1):
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
                self.own = row
                return

    def totals(self) -> list[float]:
        """Return the sums over all rows."""
        return [sum(column) for column in zip(*self._rows, strict=True)]
