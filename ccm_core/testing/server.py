# SPDX-License-Identifier: MIT
"""The server processes of a host under test: starting them, ending them, and a connection to each worker."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx

from ccm_core.testing.serving import NOTHING_INSTALLED, WORKER_HEADER

SERVING = "ccm_core.testing.serving"
START_SECONDS = 30
MOST_CONNECTIONS = 200
_NO_AUTHORITY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: the servers speak plain http, and to read the authorities of the web takes as long as ten requests."""


def free_port() -> int:
    """Return a port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(
    port: int,
    workers: int,
    environment: Mapping[str, str],
    plugin_path: Sequence[str] = (),
    *,
    installed: bool = True,
    program: str = SERVING,
) -> Iterator[int]:
    """Run the server processes until the block ends; yields the main process's id. ``program``: the module to run."""
    options = [*([] if installed else [NOTHING_INSTALLED]), *plugin_path]
    command = [sys.executable, "-m", program, str(port), str(workers), *options]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CCM_")}
    log = Path(environment["CCM_DATA_DIR"]) / "server.log"
    with log.open("ab") as output:
        process = subprocess.Popen(command, env={**clean, **environment}, stdout=output, stderr=output)  # noqa: S603 - our own modules
    try:
        wait_for(port, process, log)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def client_of(port: int) -> httpx.Client:
    """Return a client that many browsers share: it keeps connections, but no cookies, and waits longer than needed."""
    address = f"http://127.0.0.1:{port}"
    return httpx.Client(base_url=address, cookies=no_cookies(), timeout=60, trust_env=False, verify=_NO_AUTHORITY)


def client_of_app(app: Callable[..., Any]) -> httpx.Client:
    """Return such a client of an application in this process, without a server."""
    transport = httpx.WSGITransport(app)
    return httpx.Client(base_url="http://127.0.0.1", cookies=no_cookies(), transport=transport, trust_env=False)


def no_cookies() -> CookieJar:
    """Return what keeps a client from mixing up the cookies of its browsers."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


@contextmanager
def client_of_each_worker(ports: Sequence[int], workers: int) -> Iterator[list[httpx.Client]]:
    """Yield a client for every worker process: the kernel chooses, so connections are opened until each has one.

    Of several nodes, each is asked at its own port, and gives one worker.
    """
    with ExitStack() as stack:
        if len(ports) > 1:
            yield [stack.enter_context(client_of(port)) for port in ports]
            return
        port = ports[0]
        found: dict[str, httpx.Client] = {}
        for _ in range(MOST_CONNECTIONS):
            client = stack.enter_context(client_of(port))
            found.setdefault(client.get("/healthz").headers[WORKER_HEADER], client)
            if len(found) == workers:
                break
        else:
            raise AssertionError(f"only {len(found)} of {workers} worker processes answer")
        yield list(found.values())


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server on a port is ready; raises AssertionError with the end of its log."""
    wait = threading.Event()
    with client_of(port) as client:
        for _ in range(START_SECONDS * 50):
            try:
                if client.get("/readyz").is_success:
                    return
            except httpx.TransportError:
                pass
            if process.poll() is not None:
                break
            wait.wait(0.02)
    raise AssertionError(f"the server did not start: {log.read_text()[-2000:]}")
