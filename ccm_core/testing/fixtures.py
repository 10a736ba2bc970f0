# SPDX-License-Identifier: MIT
"""Fixtures for the tests of plugins; pytest finds them by itself where ``ccm-core`` is installed.

Nothing is imported before a test asks for one of them, since every run of pytest meets this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ccm_core.testing.clock import SharedClock
    from ccm_core.testing.host import Host, Tenant

pytest.register_assert_rewrite("ccm_core.testing.plugin_contract", "ccm_core.testing.factor_contract")


@pytest.fixture(scope="session")
def ccm_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Return a running host with two worker processes and whatever plugins are installed."""
    from ccm_core.testing.host import running_host  # noqa: PLC0415 - see above

    with running_host(tmp_path_factory.mktemp("ccm-host")) as host:
        yield host


@pytest.fixture(scope="session")
def ccm_inner_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Return a host that answers inside this process: what it loads can be looked at, its hooks can be made to fail."""
    from ccm_core.testing.host import running_host  # noqa: PLC0415 - see above

    with running_host(tmp_path_factory.mktemp("ccm-inner-host"), in_process=True) as host:
        yield host


@pytest.fixture(scope="session")
def ccm_bare_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Return a running host that finds no plugin at all."""
    from ccm_core.testing.host import running_host  # noqa: PLC0415 - see above

    with running_host(tmp_path_factory.mktemp("ccm-bare-host"), workers=1, installed=False) as host:
        yield host


@pytest.fixture
def ccm_tenant(ccm_host: Host) -> Tenant:
    """Return a fresh instance of the running host: no users, no active plugin. It has ``browser`` and ``mails``."""
    return ccm_host.tenant()


@pytest.fixture
def ccm_clock(ccm_host: Host) -> SharedClock:
    """Return the clock of the running host: it stands still until ``move``, in every process."""
    return ccm_host.clock
