# SPDX-License-Identifier: MIT
"""Sessions: what locks them, what ends them, and what becomes of their ids."""

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, approve, events, post
from tests.functional.phone import ACCOUNT, SETUP, Enrolled, begin_setup

IDLE, LONGEST = 1800, 43200


def copy_of(browser: Browser) -> Browser:
    """Return another program that holds the same cookies."""
    copy = Browser(browser.origin, browser.client)
    copy.cookies = dict(browser.cookies)
    return copy


@pytest.fixture
def window(tenant: Tenant) -> Browser:
    """A window whose session just went idle for too long."""
    browser = tenant.browser("erika")
    tenant.host.clock.move(IDLE)
    return browser


def test_a_session_locks_after_half_an_hour_without_activity(tenant: Tenant) -> None:
    browser, clock = tenant.browser("erika"), tenant.host.clock
    browser.get(ACCOUNT)
    clock.move(IDLE - 1)
    assert browser.session()["state"] == "active"
    clock.move(1)
    assert browser.session()["state"] == "locked"
    browser.get(ACCOUNT)
    assert browser.path == "/login?next=%2Faccount"


def test_the_swapped_out_id_is_dead_at_once_and_within_ten_seconds_only_refused(
    window: Browser, tenant: Tenant
) -> None:
    late = copy_of(window)
    window.unlock(PASSWORD)
    for _ in range(3):
        late.get("/")
        assert late.path == "/login"
        assert window.session()["state"] == "active"
        tenant.host.clock.move(5)


def test_the_swapped_out_id_used_later_than_ten_seconds_ends_the_session(window: Browser, tenant: Tenant) -> None:
    thief = copy_of(window)
    window.unlock(PASSWORD)
    tenant.host.clock.move(10.5)
    assert window.session()["state"] == "active"
    assert thief.session()["state"] == "none"
    assert window.session()["state"] == "none"


def test_asking_for_the_state_is_no_activity_but_opening_a_page_is(tenant: Tenant) -> None:
    browser, clock = tenant.browser("erika"), tenant.host.clock
    browser.get(ACCOUNT)
    clock.move(IDLE / 2)
    assert browser.session() == {"state": "active", "lock_in": IDLE / 2, "user": "erika"}
    browser.send("GET", ACCOUNT, headers={"Sec-Fetch-Dest": "empty"})
    assert browser.session()["lock_in"] == IDLE / 2
    browser.get("/")
    assert browser.session()["lock_in"] == IDLE
    clock.move(IDLE)
    assert browser.session() == {"state": "locked", "lock_in": None, "user": "erika"}


def test_a_locked_session_can_be_logged_out(window: Browser) -> None:
    window.submit("/logout")
    assert window.path == "/login?done=logout"
    assert window.session()["state"] == "none"


def test_a_session_ends_twelve_hours_after_the_login_also_without_a_pause(tenant: Tenant) -> None:
    browser, clock = tenant.browser("erika"), tenant.host.clock
    for _ in range(25):
        clock.move(LONGEST / 25 - 1)
        browser.get("/")
        assert browser.path == "/"
    clock.move(25)
    browser.get("/")
    assert browser.path == "/login"
    assert browser.session() == {"state": "none", "lock_in": None, "user": None}


def test_logging_out_ends_the_session_and_the_browsers_cached_pages(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    copy = copy_of(browser)
    answer = browser.send("POST", "/logout", data=browser.page.form("/logout").fields)
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "ccm_session" not in browser.cookies
    assert copy.session()["state"] == "none"


@pytest.mark.parametrize("act", ["disable", "role", "delete", "sessions"])
def test_what_an_administrator_does_to_an_account_ends_its_sessions(tenant: Tenant, act: str) -> None:
    erika, admin = tenant.browser("erika"), tenant.browser("admin")
    page = f"/admin/users/{account(tenant).id}"
    admin.get(page)
    post(admin, f"{page}/{act}", role="administrator", all="1")
    if act in {"role", "delete"}:
        admin.confirm(PASSWORD)
    assert admin.response.status_code == 200
    erika.get(ACCOUNT)
    assert erika.path == "/login?next=%2Faccount"


def test_a_disabled_account_cannot_log_in_until_it_is_enabled(tenant: Tenant) -> None:
    admin = tenant.browser("admin")
    page = f"/admin/users/{account(tenant).id}"
    admin.get(page)
    admin.submit(f"{page}/disable")
    browser = tenant.browser("erika")
    assert browser.response.status_code == 401
    assert browser.page.alerts == ["The user name or password is not correct."]
    admin.submit(f"{page}/enable")
    assert tenant.browser("erika").path == "/"


def test_resetting_the_factor_ends_the_sessions_that_passed_it(erika: Enrolled) -> None:
    tenant = erika.tenant
    admin = tenant.browser("admin")
    page = f"/admin/users/{account(tenant).id}"
    admin.get(page)
    approve(admin, f"{page}/reset-factor")
    erika.browser.get("/")
    assert erika.browser.path == "/login"
    assert erika.at_second_dialog().path == "/"
    assert events(tenant, "factor.reset")[0]["removed"] == 1


def test_a_new_own_password_ends_the_other_sessions(tenant: Tenant) -> None:
    browser, other = tenant.browser("erika"), tenant.browser("erika")
    new = "a quite different staple"
    copy = copy_of(browser)
    browser.get(ACCOUNT)
    browser.submit("/account/password", current_password=PASSWORD, new_password=new, repeat_password=new)
    assert browser.page.alerts == ["Your password was changed. Other sessions were ended."]
    assert [one.session()["state"] for one in (browser, other, copy)] == ["active", "none", "none"]


def test_every_step_of_a_login_has_an_id_of_its_own(erika: Enrolled) -> None:
    browser = erika.at_second_dialog()
    first = browser.cookies["ccm_login"]
    browser.submit("/login/challenge", code=erika.phone.next_code())
    second = browser.cookies["ccm_session"]
    browser.get("/confirm")
    browser.submit("/confirm", password=PASSWORD, code=erika.phone.next_code())
    third = browser.cookies["ccm_session"]
    assert len({first, second, third}) == 3


def test_a_session_that_did_not_pass_the_factor_ends_when_it_is_enabled_elsewhere(protected: Tenant) -> None:
    other, browser = protected.browser("erika"), protected.browser("erika")
    with protected.host.client_of_each_worker() as clients:
        for client in clients:
            other.client = client
            assert other.session()["state"] == "active"
        browser.submit(SETUP, code=begin_setup(protected, browser).code())
        for client in clients:
            other.client = client
            assert other.session()["state"] == "none"


def test_the_eleventh_session_ends_the_oldest(tenant: Tenant) -> None:
    browsers = [tenant.browser("erika") for _ in range(11)]
    assert [one.session()["state"] for one in browsers] == ["none"] + ["active"] * 10


def test_people_see_their_open_sessions_and_end_one_or_all_others(tenant: Tenant) -> None:
    browser, other, third = (tenant.browser("erika") for _ in range(3))
    browser.get(ACCOUNT)
    assert browser.page.text.count("Chrome, Linux") == 3
    assert browser.page.text.count("this session") == 1
    browser.submit("/account/sessions")
    states = sorted(one.session()["state"] for one in (other, third))
    assert (browser.session()["state"], states) == ("active", ["active", "none"])
    everything = next(form for form in browser.page.forms if "all" in form.fields)
    browser.post(everything.action, everything.fields)
    assert [one.session()["state"] for one in (browser, other, third)] == ["active", "none", "none"]


def test_nobody_ends_the_session_of_somebody_else(tenant: Tenant) -> None:
    erika, admin = tenant.browser("erika"), tenant.browser("admin")
    erika.get(ACCOUNT)
    (own,) = tenant.host.parts.sessions.open_of(account(tenant, "admin"), tenant.host.clock())
    post(erika, "/account/sessions", session=str(own.id))
    assert admin.session()["state"] == "active"
