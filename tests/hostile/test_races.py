# SPDX-License-Identifier: MIT
"""Acts of which one may win, at the same moment in two worker processes on one database."""

import pytest
from sqlalchemy import select

from ccm_core.db import models as m
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant
from tests.functional.acts import account, approve, events, link_in
from tests.functional.phone import ACCOUNT, SETUP, Enrolled, begin_setup
from tests.hostile.acts import CHALLENGE, state, wrong
from tests.hostile.crowd import at_both_workers

NEW = "a quite different staple"
CROWD = 50
ROUNDS = 6
"""How often two acts that take different ways meet, each time in an instance of its own."""


@pytest.fixture(scope="module")
def host(hashing_host: Host) -> Host:
    """Here the work of a hash counts."""
    return hashing_host


def sessions(tenant: Tenant, name: str = "erika") -> list[int | None]:
    """Return which enrolment each session of a user has passed."""
    query = select(m.session.c.passed_enrolment).where(m.session.c.user_id == account(tenant, name).id)
    with tenant.host.parts.database.read() as connection:
        return list(connection.execute(query).scalars())


def confirmed(tenant: Tenant, name: str = "erika") -> list[int]:
    """Return the confirmed enrolments of a user."""
    e = m.enrolment.c
    query = select(e.id).where(e.user_id == account(tenant, name).id, e.confirmed)
    with tenant.host.parts.database.read() as connection:
        return list(connection.execute(query).scalars())


def counted(tenant: Tenant) -> int:
    """Return how many wrong codes of the user count."""
    parts = tenant.host.parts
    with parts.database.read() as connection:
        return parts.factors.throttle.wrong_codes(connection, account(tenant).id, tenant.host.clock())


def copied(browser: Browser) -> Browser:
    """Return another program with the cookies and the page of a browser."""
    copy = Browser(browser.origin, browser.client)
    copy.cookies, copy.page = dict(browser.cookies), browser.page
    return copy


def test_one_code_in_fifty_requests_makes_one_session(erika: Enrolled) -> None:
    browsers = [erika.at_second_dialog() for _ in range(CROWD)]
    before, code = sessions(erika.tenant), erika.phone.next_code()
    statuses = at_both_workers(erika.tenant.host, browsers, lambda browser: browser.submit(CHALLENGE, code=code))
    assert [state(browser) for browser in browsers].count("active") == 1
    assert sessions(erika.tenant) == before + confirmed(erika.tenant)
    assert counted(erika.tenant) == statuses.count(401)


def test_one_reset_link_in_fifty_requests_sets_one_password(tenant: Tenant) -> None:
    asking = tenant.browser()
    asking.get("/password/forgot")
    asking.submit("/password/forgot", username="erika")
    link = link_in(tenant.mails("erika")[-1])
    browsers = {tenant.browser(): f"{NEW} {number}" for number in range(CROWD)}
    for browser in browsers:
        browser.get(link)

    def save(browser: Browser) -> None:
        browser.submit(link, new_password=browsers[browser], repeat_password=browsers[browser])

    statuses = at_both_workers(tenant.host, list(browsers), save)
    (winner,) = [browser for browser in browsers if browser.path == "/login?done=password"]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 400, 404, 429}
    assert len(events(tenant, "reset.password_set")) == 1
    assert tenant.browser("erika", browsers[winner]).path == "/"


def test_one_locked_session_is_unlocked_once(erika: Enrolled) -> None:
    browser = erika.log_in()
    browser.get("/")
    erika.tenant.host.clock.move(1800)
    copies = [copied(browser) for _ in range(4)]
    answers: list[int] = []

    def unlock(copy: Browser) -> None:
        copy.response = copy.unlock(PASSWORD)
        answers.append(copy.response.status_code)

    at_both_workers(erika.tenant.host, copies, unlock)
    assert sorted(answers) == [200, 403, 403, 403]
    assert [state(copy) for copy in copies].count("active") == 1


def test_one_set_up_in_two_tabs_and_many_requests_is_finished_once(protected: Tenant) -> None:
    browser = protected.browser("erika")
    phone = begin_setup(protected, browser)
    tabs = [copied(browser) for _ in range(4)]
    code = phone.code()
    at_both_workers(protected.host, tabs, lambda tab: tab.submit(SETUP, code=code))
    assert len(confirmed(protected)) == 1
    assert sessions(protected) == confirmed(protected)
    assert [state(tab) for tab in tabs].count("active") == 1
    assert len(events(protected, "factor.enabled")) == 1
    assert len(protected.mails("erika")) == 1


def test_wrong_codes_at_the_same_moment_are_all_counted(erika: Enrolled) -> None:
    browsers = [erika.at_second_dialog() for _ in range(CROWD)]
    code = wrong(erika)
    statuses = at_both_workers(erika.tenant.host, browsers, lambda browser: browser.submit(CHALLENGE, code=code))
    assert statuses.count(401) == 5
    assert statuses.count(429) == CROWD - 5
    assert counted(erika.tenant) == 5


def test_a_sign_in_that_meets_the_activation_leaves_no_session_without_the_factor(erika: Enrolled) -> None:
    tenant = erika.tenant
    admin = tenant.browser("admin")
    for _ in range(ROUNDS):
        admin.get("/admin/plugins/twofactor")
        approve(admin, "/admin/plugins/twofactor/deactivate")
        admin.get("/admin/plugins/twofactor")
        visitors = [tenant.browser() for _ in range(3)]
        for visitor in visitors:
            visitor.get("/login")

        def act(browser: Browser) -> None:
            if browser is admin:
                browser.submit("/admin/plugins/twofactor/activate")
            else:
                browser.submit("/login", username="erika", password=PASSWORD)

        at_both_workers(tenant.host, [admin, *visitors], act)
        assert "twofactor" in tenant.instance.active
        for visitor in visitors:
            assert state(visitor) == "none"
            assert visitor.send("GET", ACCOUNT).status_code == 303


def test_a_reset_that_meets_a_waiting_login_leaves_no_session_and_no_factor(erika: Enrolled) -> None:
    tenant = erika.tenant
    asking = tenant.browser()
    asking.get("/password/forgot")
    asking.submit("/password/forgot", username="erika")
    link = link_in(tenant.mails("erika")[-1])
    waiting, saving = erika.at_second_dialog(), tenant.browser()
    saving.get(link)
    code = erika.phone.next_code()

    def act(browser: Browser) -> None:
        if browser is saving:
            browser.submit(link, new_password=NEW, repeat_password=NEW)
        else:
            browser.submit(CHALLENGE, code=code)

    at_both_workers(tenant.host, [saving, waiting], act)
    assert saving.path == "/login?done=password"
    assert state(waiting) == "none"
    assert (sessions(tenant), confirmed(tenant)) == ([], [])
    assert tenant.browser("erika", NEW).path == "/"
