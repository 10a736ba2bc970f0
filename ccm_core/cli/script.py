# SPDX-License-Identifier: MIT
"""The console script ``ccm``: loads the program, then runs the command line's command."""

from __future__ import annotations

import gc
import io
import sys
from collections.abc import Callable, Sequence


def main() -> int:
    """Return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to stop
    try:
        return _loaded()(sys.argv[1:])
    except KeyboardInterrupt:
        return 1


def _loaded() -> Callable[[Sequence[str]], int]:
    """Import the program. Nothing of it is garbage: to look for some, now or later, is a fifth of a short command."""
    gc.disable()
    from ccm_core.cli.main import run  # noqa: PLC0415 - what it imports is what the collector shall not see

    gc.freeze()
    gc.enable()
    return run
