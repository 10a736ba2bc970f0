# SPDX-License-Identifier: MIT
"""The server of a host under test: the production server with the shared clock, in a process of its own."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import Interfaces

from ccm_core.app import create_app, start_background
from ccm_core.config import load
from ccm_core.services.parts import assemble
from ccm_core.testing.clock import SharedClock

CLOCK_FILE = "clock"
THREADS = 16


def application() -> Any:
    """Return the WSGI application of one worker process."""
    settings = load()
    clock = SharedClock(settings.data_dir / CLOCK_FILE)
    parts = assemble(settings, clock)
    app = create_app(settings, clock, parts)
    start_background(parts, threading.Event())
    return app


def main() -> None:
    """Serve: ``python -m ccm_core.testing.serving PORT WORKERS [PLUGIN_PATH …]``."""
    port, workers, *paths = sys.argv[1:]
    sys.path[:0] = [str(Path(path)) for path in paths]
    server = Granian(
        "ccm_core.testing.serving:application",
        address="127.0.0.1",
        port=int(port),
        interface=Interfaces.WSGI,
        workers=int(workers),
        blocking_threads=THREADS,
        factory=True,
        log_enabled=False,
        websockets=False,
    )
    server.serve()


if __name__ == "__main__":
    main()
