# SPDX-License-Identifier: MIT
"""``ccm serve``: every reason not to start is told before the first worker process exists."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

from ccm_core.app import node_metrics
from ccm_core.cli.context import Host, pass_host
from ccm_core.cli.ports import free_address
from ccm_core.cli.server import run_server
from ccm_core.config import Settings

DEFAULT_PORT = 8019


@click.command()
@click.option("--host", "address", default="127.0.0.1", show_default=True, metavar="H", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), metavar="P", help="Port; that of CCM_BASE_URL by default.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Worker processes.")
@pass_host
def serve(host: Host, address: str, port: int | None, workers: int) -> None:
    """Serve until SIGTERM or Ctrl+C. Put a proxy that speaks https in front, unless only this machine is served."""
    start(host, address, port, workers)


def start(host: Host, address: str, port: int | None, workers: int) -> None:
    """Check settings, database, migrations, key file and port, then serve; raises ConfigError."""
    serving = host.with_workers(workers)
    serving.new_metrics = node_metrics(serving.settings, workers)
    port = port or own_port(serving.settings)
    try:
        serving.parts.keys.check()
        run_server(serving.parts, free_address(address, port), port, workers)
    finally:
        serving.close()


def own_port(settings: Settings) -> int:
    """Return the port of the base URL; behind a proxy, where that names none, our usual one."""
    return urlsplit(settings.base_url).port or DEFAULT_PORT
