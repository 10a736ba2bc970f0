# SPDX-License-Identifier: MIT
"""One host with two worker processes per test process; every test gets an instance of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccm_core.testing.hashes import WORK_OF_EVERY_HASH
from ccm_core.testing.host import Host, Tenant, running_host
from tests.databases import copy_data
from tests.functional.phone import Enrolled, enrol
from tests.functional.program import Program


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host that believes ``X-Forwarded-For``, so that tests can come from many networks."""
    in_process = request.config.getoption("--in-process")
    with running_host(tmp_path_factory.mktemp("host"), trusted_proxies="127.0.0.1", in_process=in_process) as running:
        yield running


@pytest.fixture(scope="session")
def hashing_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host whose servers do the work of every hash: for what is about that work, or happens while it is done."""
    folder = tmp_path_factory.mktemp("hashing-host")
    with running_host(folder, trusted_proxies="127.0.0.1", environment=WORK_OF_EVERY_HASH) as running:
        yield running


@pytest.fixture
def tenant(host: Host) -> Tenant:
    """A fresh instance with the administrator ``admin`` and the user ``erika``."""
    host.clock.to_step_start()
    fresh = host.tenant()
    fresh.add_user("admin", admin=True)
    fresh.add_user("erika")
    return fresh


@pytest.fixture
def protected(tenant: Tenant) -> Tenant:
    """The instance, in which everybody may set up a phone."""
    tenant.activate("twofactor")
    return tenant


@pytest.fixture
def erika(protected: Tenant) -> Enrolled:
    """The user ``erika``, who has just set up a phone."""
    return enrol(protected, "erika")


@pytest.fixture
def oathtool(host: Host) -> Callable[..., str]:
    """Codes from an independent program, for a base32 secret at the host's time."""

    def code(secret: str, *, after: float = 0) -> str:
        at = f"@{int(host.clock() + after)}"
        command = ["oathtool", "--totp", "--base32", f"--now={at}", secret]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    return code


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The console script on a data directory that does not exist yet."""
    return Program(tmp_path / "data")


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory with the administrator ``anna``, to be copied."""
    data = tmp_path_factory.mktemp("initialised") / "data"
    Program(data).init()
    return data


@pytest.fixture
def ready(initialised: Path, program: Program) -> Program:
    """The console script on a copy of that data directory."""
    copy_data(initialised, program.data)
    return program
