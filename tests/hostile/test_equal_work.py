# SPDX-License-Identifier: MIT
"""H54 and H67: refusals and requests that must look alike cost alike, so that no clock tells them apart.

Wall time flickers. H54 compares the CPU time that the kernel counts for the worker process, the kinds in turn, so
that whatever else the machine does meets all alike. H67 compares the statements that a request sends to the database,
one by one: it hashes nothing, and the mail is made later, by another thread.
"""

import statistics
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from ccm_core.db import models as m
from ccm_core.services.user_admin import Actor
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from ccm_core.testing.serving import WORKER_HEADER
from tests.functional.phone import ACCOUNT, Enrolled
from tests.functional.test_open_window import IDLE, OTHER_AGENT, is_refusal
from tests.hostile.acts import UNLOCK, state
from tests.hostile.open_windows import only_cookies, unlock_refusals
from tests.hostile.routes import token_of
from tests.hostile.test_load import cpu
from tests.statements import statements

SAMPLES = 100
SEPARABLE = 0.05
"""How far apart the medians of CPU time may lie for one session, whatever is wrong. Measured: 0.005."""
WITHOUT_SESSION = 0.15
"""The same where there is no session, whose failures need not be counted then: measured 0.05, without the hash 0.9.

That much may be told: whoever has the cookie can ask ``/session`` whether its session is alive."""
BAD = "not the password"


@pytest.fixture(scope="module")
def host(hashing_host: Host) -> Host:
    """Here the work of a hash counts."""
    return hashing_host


@pytest.fixture
def window(erika: Enrolled) -> Browser:
    """A window whose session just went idle for too long."""
    browser = erika.log_in()
    browser.get(ACCOUNT)
    erika.tenant.host.clock.move(IDLE)
    return browser


Attempt = tuple[Browser, str, str]


def attempts(window: Browser, tenant: Tenant) -> dict[str, Attempt]:
    """Return attempts that fail for one reason each: a browser, its page token, a password."""
    token, other, nobody, dead = token_of(window), only_cookies(window), tenant.browser(), tenant.browser()
    other.headers["User-Agent"] = OTHER_AGENT
    dead.cookies["ccm_session"] = "A" * 43
    return {
        "wrong password": (window, token, BAD),
        "wrong page": (window, "A" * 86, PASSWORD),
        "no page": (window, "", PASSWORD),
        "page and password": (window, "A" * 86, BAD),
        "other browser": (other, token, PASSWORD),
        "dead session": (dead, token, PASSWORD),
        "no session": (nobody, token, PASSWORD),
    }


def forget_failures(tenant: Tenant) -> None:
    """Let the session and the network start anew, so that each attempt is the first."""
    with tenant.host.parts.database.write() as connection:
        connection.execute(update(m.session).values(unlock_failures=0))
        connection.execute(delete(m.throttle))


def test_h54_wrong_password_wrong_page_and_dead_session_get_one_reply_for_the_same_work(
    window: Browser, protected: Tenant
) -> None:
    kinds = attempts(window, protected)
    spent: dict[str, list[float]] = {kind: [] for kind in kinds}
    replies = set()
    everybody = window.client
    with protected.host.client_of_each_worker() as clients:
        worker = int(clients[0].get("/healthz").headers[WORKER_HEADER])
        for _ in range(SAMPLES):
            for kind, (browser, token, password) in kinds.items():
                forget_failures(protected)
                browser.client = clients[0]
                began = cpu(worker)
                answer = browser.send("POST", UNLOCK, data={"page_token": token, "password": password})
                spent[kind].append(cpu(worker) - began)
                assert is_refusal(answer)
                replies.add((answer.content, frozenset(answer.headers)))
    assert len(replies) == 1
    medians = {kind: statistics.median(times) for kind, times in spent.items()}
    of_session = [medians[kind] for kind in kinds if "session" not in kind]
    assert max(of_session) / min(of_session) - 1 < SEPARABLE, medians
    assert max(medians.values()) / min(medians.values()) - 1 < WITHOUT_SESSION, medians
    window.client = everybody
    assert state(window) == "locked"


def test_h54_a_run_of_attempts_meets_the_same_limits_whatever_is_wrong(window: Browser, protected: Tenant) -> None:
    kinds, runs = attempts(window, protected), {}
    for kind in ("dead session", "no session", "wrong page"):  # the last one ends the session
        browser, token, password = kinds[kind]
        forget_failures(protected)
        sent = [browser.send("POST", UNLOCK, data={"page_token": token, "password": password}) for _ in range(32)]
        runs[kind] = [(answer.status_code, answer.content, answer.headers.get("retry-after")) for answer in sent]
    first = runs["dead session"]
    assert [status for status, *_ in first] == [403] * 30 + [429] * 2
    assert [kind for kind, run in runs.items() if run != first] == []
    assert unlock_refusals(protected)[-26:] == [("erika", "window")] + [("", "no session")] * 25


def test_h67_a_request_for_a_link_sends_the_same_statements_for_every_name(tmp_path: Path) -> None:
    with running_host(tmp_path, in_process=True, trusted_proxies="127.0.0.1") as host:
        tenant, names = host.tenant(), ("erika", "nobody", "nobody@example.org", "disabled", "invited", "two-step")
        for name in ("erika", "disabled", "two-step"):
            tenant.add_user(name)
        tenant.add_user("invited", password=None)
        found = host.parts.users.find(tenant.instance, "disabled")
        assert found is not None
        host.parts.users.set_disabled(tenant.instance, found.id, host.clock(), Actor(), disabled=True)
        browser = tenant.browser()
        browser.get("/password/forgot")
        fields = browser.page.form("/password/forgot").fields
        seen: dict[str, list[str]] = {}
        for number, name in enumerate(("warm up", *names)):
            browser.headers["X-Forwarded-For"] = f"198.18.{number}.1"
            with statements() as seen[name]:
                assert browser.send("POST", "/password/forgot", data=fields | {"username": name}).status_code == 200
        assert "INSERT INTO outbox" in " ".join(seen["erika"])
        assert [name for name in names if seen[name] != seen["erika"]] == []
        host.deliver()
