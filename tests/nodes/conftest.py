# SPDX-License-Identifier: MIT
"""Two nodes with two workers each on PostgreSQL, behind the nginx of ``docs/deploy``; an instance for every test."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from ccm_core.testing.host import Host, running_host
from ccm_core.testing.nodes import Node
from ccm_core.testing.server import server as run_node
from tests.functional.conftest import erika, protected, tenant
from tests.postgresql import Server, quick_place, running_server

__all__ = ["erika", "protected", "tenant"]
DEPLOY = Path(__file__).resolve().parents[2] / "docs" / "deploy"
NGINX = DEPLOY / "nginx.conf"
LIMITS = {"database_timeout_seconds": "2", "database_wait_seconds": "1"}
"""So that tests need not wait as long as people would."""


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    with running_server(quick_place()) as running:
        yield running


@pytest.fixture(scope="package")
def host(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("nodes")
    with running_host(folder, proxy=NGINX, database_url=server.url, trusted_proxies="127.0.0.1", **LIMITS) as running:
        yield running


@pytest.fixture(scope="package")
def revived(host: Host) -> Iterator[Callable[[Node], None]]:
    """What starts a node again that was killed."""
    with ExitStack() as stack:

        def start(node: Node) -> None:
            environment = {"CCM_DATA_DIR": str(node.folder), "CCM_BASE_URL": host.settings.base_url}
            environment |= {"CCM_DATABASE_URL": host.settings.database_url, "CCM_TRUSTED_PROXIES": "127.0.0.1"}
            environment |= {f"CCM_{name.upper()}": value for name, value in LIMITS.items()}
            stack.enter_context(run_node(node.port, 2, environment))

        yield start


@pytest.fixture
def each_node(host: Host) -> Iterator[list[httpx.Client]]:
    """A client of each node, past the proxy."""
    with host.client_of_each_worker() as clients:
        yield clients


def processes(pid: int) -> list[int]:
    """Return a node's main process and its workers."""
    return [pid, *(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split())]


def send(pids: list[int], signal: int) -> None:
    for pid in pids:
        os.kill(pid, signal)
