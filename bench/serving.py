# SPDX-License-Identifier: MIT
"""The server of ``ccm serve`` with a clock that the bench moves: ``python -m bench.serving PORT WORKERS``."""

from __future__ import annotations

import sys

from ccm_core.cli.server import run_server
from ccm_core.config import load
from ccm_core.services.parts import assemble
from ccm_core.testing.clock import SharedClock

CLOCK_FILE = "clock"


def main() -> None:
    """Serve until a signal tells to stop."""
    sys.modules["PIL"] = None  # type: ignore[assignment]  # as where it is installed: only the tests need Pillow
    settings = load()
    parts = assemble(settings, SharedClock(settings.data_dir / CLOCK_FILE))
    run_server(parts, "127.0.0.1", int(sys.argv[1]), workers=int(sys.argv[2]))


if __name__ == "__main__":
    main()
