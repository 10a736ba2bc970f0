# SPDX-License-Identifier: MIT
"""A host whose server processes find the plugins of the matrix. The test process itself never imports one."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from ccm_core.db.migration import HEAD
from ccm_core.testing.host import Host, Tenant, running_host
from tests.hostile.faulty.plugins import lay_out


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the plugins lie; on no path of this process."""
    made = tmp_path_factory.mktemp("plugins")
    lay_out(made)
    return made


@pytest.fixture(scope="package")
def host(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Host]:
    """The host, whose database bears the revision for which the console looks."""
    with running_host(tmp_path_factory.mktemp("host"), plugin_path=[folder]) as running:
        with running.parts.database.write() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
        yield running


@pytest.fixture(scope="package")
def workers(host: Host) -> Iterator[Sequence[httpx.Client]]:
    """A client of each worker process."""
    with host.client_of_each_worker() as clients:
        yield clients


@pytest.fixture
def tenant(host: Host) -> Tenant:
    """A fresh instance with an administrator, erika, who will be bound to a plugin, and otto, who never is."""
    fresh = host.tenant()
    fresh.add_user("admin", admin=True)
    for name in ("erika", "otto"):
        fresh.add_user(name)
    return fresh
