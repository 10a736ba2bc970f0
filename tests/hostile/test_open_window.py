# SPDX-License-Identifier: MIT
"""H40 to H53: signing in again in a window that is still open, and everything that only looks like one."""

import httpx
import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, asked, events, post, snapshot
from tests.functional.acts import enrol as bind
from tests.functional.phone import ACCOUNT, DISABLE, SETUP, Enrolled, enrol
from tests.functional.test_concurrent_sign_ins import copied
from tests.functional.test_headers import set_cookies
from tests.functional.test_open_window import IDLE, LONGEST, OTHER_AGENT, is_refusal
from tests.hostile.acts import CHALLENGE, UNLOCK, reasons, state, wrong
from tests.hostile.crowd import at_both_workers
from tests.hostile.open_windows import (
    CAUSES,
    FACTOR_GONE,
    FOREIGN,
    OTTOS,
    SENSITIVE,
    Cause,
    code_is_asked,
    only_cookies,
    unlock_refusals,
)
from tests.hostile.routes import assert_closed, token_of
from tests.hostile.test_session_ends import at_each_worker


@pytest.fixture
def window(erika: Enrolled) -> Browser:
    """A window that shows the account settings, and whose session just went idle for too long."""
    browser = erika.log_in()
    browser.get(ACCOUNT)
    erika.tenant.host.clock.move(IDLE)
    return browser


def unlock(browser: Browser, token: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
    """Send what the dialog would, with a page token of one's own."""
    return browser.send("POST", UNLOCK, data={"page_token": token, "password": password, **fields})


def test_h40_cookie_page_and_password_unlock_without_a_code_and_the_old_id_is_dead(
    window: Browser, protected: Tenant
) -> None:
    old, before = copied(window), snapshot(protected)
    assert window.unlock(PASSWORD).status_code == 200
    assert window.cookies["ccm_session"] != old.cookies["ccm_session"]
    assert at_each_worker(protected, window) == ["active"] * 2
    assert at_each_worker(protected, old) == ["none"] * 2
    assert_closed(old, protected, token_of(old))
    assert [entry["about"] for entry in events(protected, "unlock.succeeded")] == ["erika"]
    assert snapshot(protected) == before


@pytest.mark.parametrize("path", ["/", ACCOUNT, DISABLE, "/confirm"])
def test_h41_a_new_a_restored_or_a_duplicated_tab_needs_the_code(window: Browser, path: str) -> None:
    tab = only_cookies(window)
    tab.get(path)
    assert tab.path.partition("?")[0] == "/login"
    assert is_refusal(unlock(tab, token_of(tab)))
    assert code_is_asked(tab)


def test_h42_a_cookie_without_the_page_needs_the_code_and_each_try_is_recorded(
    window: Browser, protected: Tenant
) -> None:
    thief = only_cookies(window)
    thief.get("/login")
    for token in ("", token_of(thief), "A" * 86, window.cookies["ccm_session"]):
        assert is_refusal(unlock(thief, token))
    assert unlock_refusals(protected) == [("erika", "window")] * 4
    assert window.unlock(PASSWORD).status_code == 200
    assert code_is_asked(thief)


@pytest.mark.parametrize("cookies", ["none", "invented", "of another user", "of the same user"])
def test_h43_a_page_without_its_own_cookie_needs_the_code(window: Browser, erika: Enrolled, cookies: str) -> None:
    tenant, page = erika.tenant, token_of(window)
    other = erika.log_in() if cookies == "of the same user" else tenant.browser("admin")
    tenant.host.clock.move(IDLE)
    own = {"none": {}, "invented": {"ccm_session": "A" * 43}}.get(cookies, other.cookies)
    thief = tenant.browser()
    thief.cookies = dict(own)
    assert is_refusal(unlock(thief, page))
    about = {"of another user": "admin", "of the same user": "erika"}.get(cookies, "")
    assert unlock_refusals(tenant) == [(about, "window" if about else "no session")]
    assert code_is_asked(thief)


def test_h44_cookie_and_page_in_another_browser_need_the_code_and_leave_a_trace(
    window: Browser, protected: Tenant
) -> None:
    thief = copied(window)
    thief.headers["User-Agent"] = OTHER_AGENT
    assert is_refusal(thief.unlock(PASSWORD))
    assert unlock_refusals(protected) == [("erika", "window")]
    assert (state(window), state(thief)) == ("locked", "locked")
    assert code_is_asked(thief)


@pytest.mark.parametrize("act", ["logout", "administrator", "twelve hours"])
def test_h45_after_logging_out_an_administrator_s_end_and_twelve_hours_the_code_is_needed(
    window: Browser, protected: Tenant, act: str
) -> None:
    kept, admin = copied(window), protected.browser("admin")
    if act == "logout":
        window.submit("/logout")
        assert window.path == "/login?done=logout"
    elif act == "administrator":
        page = f"/admin/users/{account(protected).id}"
        admin.get(page)
        post(admin, f"{page}/sessions", all="1")
    else:
        protected.host.clock.move(LONGEST - IDLE)
    assert at_each_worker(protected, kept) == ["none"] * 2
    assert is_refusal(kept.unlock(PASSWORD))
    assert unlock_refusals(protected) == [("", "no session")]
    assert code_is_asked(kept)


def test_h45_the_cookie_ends_with_the_browser(erika: Enrolled) -> None:
    browser = erika.at_second_dialog()
    fields = browser.page.form(CHALLENGE).fields | {"code": erika.phone.next_code()}
    attributes = set_cookies(browser.send("POST", CHALLENGE, data=fields))["ccm_session"]
    assert attributes == {"HttpOnly", "Path=/", "SameSite=Lax"}
    assert code_is_asked(erika.tenant.browser())


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.__name__)
def test_h46_whatever_changes_what_a_login_needs_ends_the_grace(window: Browser, erika: Enrolled, cause: Cause) -> None:
    """Only a plugin switched off and on leaves the session locked; where the factor is gone, no login asks for it."""
    tenant, (event, password) = erika.tenant, CAUSES[cause]
    cause(erika)
    assert len(events(tenant, event)) >= 1
    assert at_each_worker(tenant, window) == ["locked" if event == "plugin.activated" else "none"] * 2
    for typed in {PASSWORD, password}:
        assert is_refusal(window.unlock(typed))
    assert state(window) != "active"
    assert code_is_asked(window, password=password) is (cause not in FACTOR_GONE)


def test_h47_the_page_of_one_user_with_name_and_password_of_another_unlocks_for_neither(
    window: Browser, erika: Enrolled
) -> None:
    """The dialog takes its user from the session; the login takes it from the form, and ends that session."""
    tenant = erika.tenant
    bind(tenant, tenant.add_user("otto", password=OTTOS))
    page = token_of(window)
    assert is_refusal(unlock(window, page, OTTOS, username="otto", user="otto"))
    assert unlock_refusals(tenant) == [("erika", "password")]
    kept = copied(window)
    window.post("/login", {"page_token": page, "username": "otto", "password": OTTOS})
    assert (window.path, state(window)) == (CHALLENGE, "none")
    assert at_each_worker(tenant, kept) == ["none"] * 2
    assert is_refusal(kept.unlock(PASSWORD))


def test_h48_a_session_that_began_before_the_factor_was_enabled_elsewhere_is_over(protected: Tenant) -> None:
    window = protected.browser("erika")
    protected.host.clock.move(IDLE)
    enrol(protected, "erika")
    assert at_each_worker(protected, window) == ["none"] * 2
    assert is_refusal(window.unlock(PASSWORD))
    assert code_is_asked(window)


def test_h49_of_concurrent_unlockings_with_one_cookie_one_wins(window: Browser, protected: Tenant) -> None:
    copies = [copied(window) for _ in range(4)]

    def act(copy: Browser) -> None:
        copy.response = copy.unlock(PASSWORD)

    assert sorted(at_both_workers(protected.host, copies, act)) == [200] + [403] * 3
    assert sorted(state(copy) for copy in copies) == ["active"] + ["none"] * 3
    assert len(events(protected, "unlock.succeeded")) == 1


@pytest.mark.parametrize(("later", "left"), [(10, "active"), (11, "none")])
def test_h49_the_swapped_out_id_is_refused_and_after_ten_seconds_ends_the_session(
    window: Browser, protected: Tenant, later: int, left: str
) -> None:
    thief = copied(window)
    assert window.unlock(PASSWORD).status_code == 200
    protected.host.clock.move(later)
    assert is_refusal(thief.unlock(PASSWORD))
    assert at_each_worker(protected, window) == [left] * 2
    ended = left == "none"
    assert [entry["about"] for entry in events(protected, "session.reused")] == ["erika"] * ended
    notice = "A session of yours was ended"
    assert [mail["Subject"] for mail in protected.mails("erika")].count(notice) == ended
    assert code_is_asked(thief)


def test_h50_five_wrong_passwords_end_the_session_and_count_for_the_account(window: Browser, erika: Enrolled) -> None:
    tenant = erika.tenant
    for _ in range(5):
        assert is_refusal(window.unlock("not the password"))
    assert at_each_worker(tenant, window) == ["none"] * 2
    assert unlock_refusals(tenant) == [("erika", "password")] * 5
    assert is_refusal(window.unlock(PASSWORD))
    window.log_in("erika", PASSWORD)
    assert (window.response.status_code, state(window)) == (429, "none")
    tenant.host.clock.move(2)
    assert code_is_asked(window)


@pytest.mark.parametrize("path", SENSITIVE)
def test_h51_an_unlocked_session_needs_a_fresh_code_for_whatever_is_sensitive(protected: Tenant, path: str) -> None:
    admin = enrol(protected, "admin")
    window = admin.log_in()
    protected.host.clock.move(IDLE)
    assert window.unlock(PASSWORD).status_code == 200
    before = snapshot(protected)
    post(window, path.replace("<id>", str(account(protected).id)), **SENSITIVE[path])
    assert asked(window)
    for code in ("", wrong(admin)):
        window.submit("/confirm", password=PASSWORD, code=code)
        assert window.response.status_code == 400
    assert reasons(protected, "admin") == ["wrong"] * 2
    assert {table: rows for table, rows in snapshot(protected).items() if rows != before[table]} == {}


def test_h51_an_unlocked_session_needs_the_password_and_a_fresh_code_to_disable(
    window: Browser, erika: Enrolled
) -> None:
    """The confirmation takes the password alone here, since the page itself takes the code (docs/security.md, D5)."""
    assert window.unlock(PASSWORD).status_code == 200
    before = snapshot(erika.tenant)
    post(window, DISABLE, code=erika.phone.next_code())
    assert asked(window)
    window.confirm(PASSWORD)
    for code in ("", wrong(erika)):
        window.submit(DISABLE, code=code)
        assert window.response.status_code == 400
    assert snapshot(erika.tenant) == before


def test_h51_an_unlocked_session_without_a_factor_needs_the_password_again_to_set_one_up(protected: Tenant) -> None:
    window = protected.browser("erika")
    window.get(ACCOUNT)
    protected.host.clock.move(IDLE)
    assert window.unlock(PASSWORD).status_code == 200
    window.submit(f"{SETUP}/begin")
    assert asked(window)
    assert snapshot(protected)["enrolment"] == []
    window.confirm(PASSWORD)
    assert window.path == SETUP


def test_h52_however_often_a_session_is_unlocked_twelve_hours_after_the_code_it_is_asked(erika: Enrolled) -> None:
    window, clock = erika.log_in(), erika.tenant.host.clock
    for _ in range(LONGEST // IDLE - 1):
        clock.move(IDLE)
        assert window.unlock(PASSWORD).status_code == 200
    clock.move(IDLE)
    assert at_each_worker(erika.tenant, window) == ["none"] * 2
    assert is_refusal(window.unlock(PASSWORD))
    assert code_is_asked(window)


def test_h53_an_unlocking_that_no_page_of_ours_sent_is_refused_and_counts_nowhere(
    window: Browser, protected: Tenant
) -> None:
    fields = {"page_token": token_of(window), "password": PASSWORD}
    for headers in FOREIGN:
        assert window.send("POST", UNLOCK, data=fields, headers=headers).status_code == 403
        assert state(window) == "locked"
    assert reasons(protected, "erika", "request.refused") == ["foreign origin"] * len(FOREIGN)
    assert unlock_refusals(protected) == []
    assert window.unlock(PASSWORD).status_code == 200
