# SPDX-License-Identifier: MIT
"""Parts die while people sign in: a sentence and 503, no door opens, no code counts twice, no mail is lost."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx
import psycopg
import pytest

from ccm_core.services.outbox import LEASE_SECONDS
from ccm_core.testing.host import Host
from ccm_core.testing.nodes import Node
from ccm_core.testing.server import client_of
from tests.hostile.acts import CHALLENGE, state
from tests.nodes.conftest import processes, send
from tests.nodes.crowd import AT_ONCE, Crowd, Visit
from tests.postgresql import Server

BACK_SECONDS = 5
"""So long after its database a node is back, at the latest."""


@pytest.fixture(scope="module")
def crowd(host: Host) -> Crowd:
    tenant = host.tenant()
    tenant.activate("twofactor")
    return Crowd(tenant)


def seconds_until_back(host: Host) -> float:
    """Wait until each node, and the proxy, serve people again by themselves, for twice the time that they may take."""
    began, wait = time.monotonic(), threading.Event()
    with host.client_of_each_worker() as clients:
        for client in (*clients, host.client):
            while not client.get("/readyz").is_success and time.monotonic() - began < 2 * BACK_SECONDS:
                wait.wait(0.02)
    return time.monotonic() - began


def assert_nothing_was_lost_and_nothing_opened(crowd: Crowd, visits: list[Visit]) -> None:
    """Hold what became of the codes, the sessions and the mails against what people were told."""
    tenant, host = crowd.tenant, crowd.tenant.host
    trail = host.parts.audit.entries(tenant.instance.id, event="login.succeeded", since=crowd.began, limit=200)
    succeeded = Counter(entry.user_name for entry in trail)
    assert succeeded == dict.fromkeys(crowd.names, 1)
    for visit in visits:
        assert visit.signed_in or visit.refused, visit.name  # told no: its yes was lost on the way
        assert state(visit.browser) == ("active" if visit.signed_in else "none")
        assert {state(browser) for browser in visit.refused} <= {"none"}
    for name in crowd.names[:2]:
        again = tenant.browser(name)
        again.submit(CHALLENGE, code=crowd.code)
        assert state(again) == "none"
    host.clock.move(LEASE_SECONDS + 1)
    asked = {
        str(mail["To"])
        for mail in tenant.mails()
        if parsedate_to_datetime(mail["Date"]).replace(tzinfo=UTC).timestamp() >= crowd.began
    }
    assert asked == {f"{name}@example.org" for name in crowd.names}


def test_a_node_is_killed_and_the_other_takes_its_requests(crowd: Crowd, revived: Callable[[Node], None]) -> None:
    host = crowd.tenant.host
    killed = host.nodes[1]
    visits = crowd.signs_in_during(lambda: send(processes(killed.pid), signal.SIGKILL), kills=True)
    with pytest.raises(httpx.TransportError), client_of(killed.port) as client:
        client.get("/healthz")
    assert_nothing_was_lost_and_nothing_opened(crowd, visits)
    revived(killed)
    assert seconds_until_back(host) < BACK_SECONDS


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_the_database_server_restarts(crowd: Crowd, server: Server, mode: str) -> None:
    def restart() -> None:
        server.stop(mode)
        crowd.is_refused(2 * AT_ONCE)
        server.start()
        assert seconds_until_back(crowd.tenant.host) < BACK_SECONDS

    visits = crowd.signs_in_during(restart)
    assert sum(len(visit.refused) for visit in visits) >= 2 * AT_ONCE
    assert_nothing_was_lost_and_nothing_opened(crowd, visits)


def test_all_connections_are_cut_again_and_again(crowd: Crowd, server: Server) -> None:
    def cut() -> None:
        with psycopg.connect(server.url, autocommit=True) as connection:
            for _ in range(20):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
        assert seconds_until_back(crowd.tenant.host) < BACK_SECONDS

    visits = crowd.signs_in_during(cut)
    assert {visit.name for visit in visits} == set(crowd.names)
    assert_nothing_was_lost_and_nothing_opened(crowd, visits)


def test_the_database_server_freezes(crowd: Crowd, server: Server, pytestconfig: pytest.Config) -> None:
    """Nothing answers, nothing is refused, and no connection ends: as when its machine or the network hangs."""
    seconds = pytestconfig.getoption("--absence")

    def freeze() -> None:
        ends = time.monotonic() + seconds
        server.freeze()
        try:
            crowd.is_refused(AT_ONCE)
            threading.Event().wait(max(0, ends - time.monotonic()))
        finally:
            server.thaw()
        assert seconds_until_back(crowd.tenant.host) < BACK_SECONDS

    visits = crowd.signs_in_during(freeze)
    assert sum(len(visit.refused) for visit in visits) >= AT_ONCE
    assert_nothing_was_lost_and_nothing_opened(crowd, visits)
