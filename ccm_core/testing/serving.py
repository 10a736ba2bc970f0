# SPDX-License-Identifier: MIT
"""The server of a host under test: the production server with the shared clock, in a process of its own."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from granian import Granian
from granian.constants import Interfaces

from ccm_core.app import create_app, node_metrics, start_background
from ccm_core.config import load
from ccm_core.services.logs import write_json
from ccm_core.services.parts import assemble
from ccm_core.testing.clock import SharedClock
from ccm_core.testing.hashes import QUICK, RememberedHashes

CLOCK_FILE = "clock"
WORKER_HEADER = "X-Worker"
"""The header by which a test learns which worker process answered."""
NOTHING_INSTALLED = "--nothing-installed"
THREADS = 32


def search_path(plugin_path: Sequence[str], *, installed: bool) -> list[str] | None:
    """Return where plugins are looked for: in folders of the test and among what is installed; None: only there."""
    if installed:
        return [*plugin_path, *sys.path] if plugin_path else None
    return list(plugin_path)


def application() -> Callable[..., Iterable[bytes]]:
    """Return the WSGI application of one worker process, which names the process in every answer."""
    write_json()
    settings = load()
    clock = SharedClock(settings.data_dir / CLOCK_FILE)
    paths = [path for path in sys.argv[3:] if path != NOTHING_INSTALLED]
    plugin_path = search_path(paths, installed=NOTHING_INSTALLED not in sys.argv)
    parts = assemble(
        settings,
        clock,
        plugin_path=plugin_path,
        hasher=RememberedHashes() if os.environ.get(QUICK) else None,
        new_metrics=node_metrics(settings, workers=1),
    )
    app = create_app(settings, clock, parts)
    start_background(parts, threading.Event())
    name = str(os.getpid())

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, [*headers, (WORKER_HEADER, name)], *error)

        return app(environ, start)

    return answer


def main(target: str = "ccm_core.testing.serving:application") -> None:
    """Serve a target: ``python -m ccm_core.testing.serving PORT WORKERS [--nothing-installed] [PLUGIN_PATH …]``."""
    port, workers, *paths = sys.argv[1:]
    sys.path[:0] = [path for path in paths if path != NOTHING_INSTALLED]
    server = Granian(
        target,
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
