# SPDX-License-Identifier: MIT
"""Several nodes behind nginx: a data directory and server processes for each, and in front the proxy of the docs."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccm_core.testing.server import free_port, wait_for
from ccm_core.testing.serving import CLOCK_FILE

PROXY = "CCM_TEST_PROXY"
"""The configuration of nginx with which every host under test runs as two nodes; unset: one node, no proxy."""
ACCOUNT = "nobody"
"""Whom nginx runs as when the tests run as root."""
SHARED = (CLOCK_FILE, "server.log", "mail")
"""What the tests look at in one place, whichever node wrote it."""
_MAIN = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  include {folder}/site.conf;
}}
"""
"""What Debian's own nginx.conf does round a site, in a folder of the test."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node: the port at which it answers without the proxy, its main process, its data directory."""

    port: int
    pid: int
    folder: Path


Run = Callable[..., AbstractContextManager[int]]
"""Starts the server of one node by port and environment."""


@contextmanager
def two_nodes(configuration: Path, port: int, environment: Mapping[str, str], run: Run) -> Iterator[tuple[Node, ...]]:
    """Run two nodes and, at a port, nginx."""
    first = Path(environment["CCM_DATA_DIR"])
    with ExitStack() as stack:
        nodes = []
        for folder in (first, second_folder(first)):
            own, data = free_port(), {**environment, "CCM_DATA_DIR": str(folder)}
            nodes.append(Node(own, stack.enter_context(run(own, environment=data)), folder))
        listen = {"443": str(port), "80": str(free_port())}
        process = stack.enter_context(proxy(configuration, [node.port for node in nodes], listen))
        wait_for(port, process, first / "server.log")
        yield tuple(nodes)


def second_folder(folder: Path) -> Path:
    """Make the data directory of the second node, with the keys of the first."""
    second = folder.with_name(f"{folder.name}-node-2")
    shutil.rmtree(second, ignore_errors=True)
    second.mkdir(mode=0o700)
    for name in ("keys", "ccm.toml"):
        if (folder / name).exists():
            shutil.copy2(folder / name, second / name)
    (folder / "mail").mkdir(mode=0o700, exist_ok=True)
    for name in SHARED:
        (second / name).symlink_to(folder / name)
    return second


def rendered(site: str, ports: Sequence[int], listen: Mapping[str, str], error_log: Path) -> str:
    """Return the site for nodes on this machine; ``listen`` names what stands for the ports 80 and 443.

    Without a certificate of the test the place that speaks https speaks plain http.
    """
    addresses = iter(ports)
    site = re.sub(r"server 10\.0\.0\.\d+:\d+", lambda _: f"server 127.0.0.1:{next(addresses)}", site)
    site = site.replace("/var/log/nginx/error.log", str(error_log))
    if "certificate" in listen:
        site = re.sub(r"(ssl_certificate(?:_key)?) \S+;", rf"\1 {listen['certificate']};", site)
    else:
        site = re.sub(r"\n *ssl_.*;", "", site).replace("listen 443 ssl", "listen 443")
    for port in ("80", "443"):
        site = re.sub(rf"listen {port}\b", f"listen 127.0.0.1:{listen[port]}", site)
    return site


@contextmanager
def proxy(configuration: Path, nodes: Sequence[int], listen: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run nginx as an account without rights, until the block ends; raises AssertionError with what it says."""
    entry = pwd.getpwnam(ACCOUNT) if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="ccm-nginx-", dir="/tmp"))
    try:
        site = rendered(configuration.read_text("utf-8"), nodes, _within(folder, listen), folder / "error.log")
        (folder / "site.conf").write_text(site, "utf-8")
        (folder / "nginx.conf").write_text(_MAIN.format(folder=folder), "utf-8")
        rights: dict[str, Any] = {}
        if entry:
            rights = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            for path in (folder, *folder.iterdir()):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        command = [shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(folder), "-e", f"{folder}/error.log"]
        command += ["-c", f"{folder}/nginx.conf"]
        subprocess.run([*command, "-t", "-q"], **rights, check=True)  # noqa: S603 - Debian's nginx
        process = subprocess.Popen(command, **rights)  # noqa: S603 - likewise
        try:
            _wait_until_it_listens(int(listen["443"]), process)
            yield process
        finally:
            process.terminate()
            process.wait(30)
    finally:
        shutil.rmtree(folder)


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    wait = threading.Event()
    while process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        wait.wait(0.01)
    raise AssertionError("nginx did not start")


def _within(folder: Path, listen: Mapping[str, str]) -> dict[str, str]:
    """Put the certificate, one file with its key, where nginx may read it."""
    if "certificate" not in listen:
        return dict(listen)
    shutil.copy(listen["certificate"], folder / "certificate.pem")
    return {**listen, "certificate": str(folder / "certificate.pem")}
