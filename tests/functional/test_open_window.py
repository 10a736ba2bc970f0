# SPDX-License-Identifier: MIT
"""The manual: a window that is still open after the session went idle needs the password alone."""

import httpx
import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, approve, events, post
from tests.functional.phone import ACCOUNT, DISABLE, SETUP, Enrolled, begin_setup

IDLE, LONGEST = 1800, 43200
PLUGIN = "/admin/plugins/twofactor"
REFUSED = "That did not work. Please try again, or log in anew."
OTHER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"


@pytest.fixture
def window(erika: Enrolled) -> Browser:
    """A window that shows the account settings, and whose session just went idle for too long."""
    browser = erika.log_in()
    browser.get(ACCOUNT)
    erika.tenant.host.clock.move(IDLE)
    return browser


def is_refusal(answer: httpx.Response) -> bool:
    """Every refusal is one answer, and leaves the cookies alone."""
    body = {"state": "locked", "message": REFUSED}
    return (answer.status_code, answer.json(), "set-cookie" in answer.headers) == (403, body, False)


def test_the_password_alone_unlocks_the_open_window(window: Browser) -> None:
    before = window.cookies["ccm_session"]
    answer = window.unlock(PASSWORD)
    assert answer.status_code == 200
    assert answer.json() == {"state": "active", "lock_in": IDLE}
    assert window.cookies["ccm_session"] != before
    assert window.session()["state"] == "active"


def test_a_form_of_the_page_can_be_sent_after_unlocking(window: Browser) -> None:
    assert window.unlock(PASSWORD).status_code == 200
    window.submit(ACCOUNT, first_name="Erika", last_name="Mustermann", company="", language="")
    assert window.page.alerts == ["Your data was saved."]
    assert window.page.value("First name") == "Erika"


def test_a_form_that_is_sent_while_the_session_is_locked_changes_nothing(window: Browser, erika: Enrolled) -> None:
    window.submit(ACCOUNT, first_name="Mallory", last_name="", company="", language="")
    assert window.path.startswith("/login")
    assert account(erika.tenant).first_name == ""


def test_other_windows_of_the_browser_go_on_after_one_was_unlocked(erika: Enrolled) -> None:
    first = erika.log_in()
    first.get(ACCOUNT)
    second = erika.tenant.browser()
    second.cookies = first.cookies
    second.get("/")
    erika.tenant.host.clock.move(IDLE)
    first.unlock(PASSWORD)
    assert second.unlock("").json()["state"] == "active"
    second.submit("/logout")
    assert second.path == "/login?done=logout"


def test_the_same_cookie_in_a_new_program_needs_the_code(window: Browser, erika: Enrolled) -> None:
    program = erika.tenant.browser()
    program.cookies = dict(window.cookies)
    program.get(ACCOUNT)
    assert program.path == "/login?next=%2Faccount"
    token = program.page.form("/login").fields["page_token"]
    for fields in ({}, {"page_token": ""}, {"page_token": token}, {"page_token": "A" * 86}):
        answer = program.send("POST", "/session/unlock", data={"password": PASSWORD, **fields})
        assert is_refusal(answer)
    program.submit("/login", username="erika", password=PASSWORD)
    assert program.path == "/login/challenge?next=%2Faccount"


def test_the_page_token_of_another_session_does_not_unlock(window: Browser, erika: Enrolled) -> None:
    other = erika.log_in()
    token = other.get(ACCOUNT).form("/session/unlock").fields["page_token"]
    answer = window.send("POST", "/session/unlock", data={"password": PASSWORD, "page_token": token})
    assert is_refusal(answer)


def test_the_page_without_its_cookie_does_not_unlock(window: Browser) -> None:
    window.cookies.clear()
    assert is_refusal(window.unlock(PASSWORD))


def test_no_page_of_a_locked_session_holds_its_page_token(window: Browser, erika: Enrolled) -> None:
    thief = erika.tenant.browser()
    thief.cookies = {"ccm_session": window.cookies["ccm_session"]}
    for path in ("/login", "/password/forgot", "/nothing", "/session", "/login/challenge", "/activate/x"):
        page = thief.get(path)
        for form in page.forms:
            fields = {"password": PASSWORD, "page_token": form.fields.get("page_token", "")}
            assert is_refusal(thief.send("POST", "/session/unlock", data=fields))
            erika.tenant.host.clock.move(5)


def test_another_user_agent_does_not_unlock(window: Browser) -> None:
    window.headers["User-Agent"] = OTHER_AGENT
    assert is_refusal(window.unlock(PASSWORD))


def test_a_wrong_password_does_not_unlock_and_the_next_try_may_be_right(window: Browser) -> None:
    for _ in range(4):
        assert is_refusal(window.unlock(PASSWORD + "x"))
    assert window.unlock(PASSWORD).status_code == 200


def test_the_password_of_another_user_does_not_unlock(window: Browser, erika: Enrolled) -> None:
    erika.tenant.add_user("otto", password="another long password of otto")
    fields = window.page.form("/session/unlock").fields
    fields |= {"password": "another long password of otto", "username": "otto", "user": "otto"}
    assert is_refusal(window.send("POST", "/session/unlock", data=fields))


def test_five_refusals_end_the_session(window: Browser, erika: Enrolled) -> None:
    for _ in range(5):
        assert is_refusal(window.unlock(PASSWORD + "x"))
    assert window.session()["state"] == "none"
    erika.tenant.host.clock.move(60)
    assert is_refusal(window.unlock(PASSWORD))


def test_five_refusals_for_another_reason_than_the_password_end_the_session_too(window: Browser) -> None:
    agent = window.headers["User-Agent"]
    window.headers["User-Agent"] = OTHER_AGENT
    for _ in range(4):
        assert is_refusal(window.unlock(PASSWORD))
    assert window.session()["state"] == "locked"
    assert is_refusal(window.unlock(PASSWORD))
    window.headers["User-Agent"] = agent
    assert window.session()["state"] == "none"


def test_unlocking_starts_the_count_of_refusals_anew(window: Browser, erika: Enrolled) -> None:
    for _ in range(2):
        for _ in range(4):
            assert is_refusal(window.unlock(PASSWORD + "x"))
        assert window.unlock(PASSWORD).status_code == 200
        erika.tenant.host.clock.move(IDLE)


def test_twelve_hours_after_the_login_the_code_is_needed_again_however_often_it_was_unlocked(erika: Enrolled) -> None:
    browser, clock = erika.log_in(), erika.tenant.host.clock
    browser.get(ACCOUNT)
    clock.move(LONGEST / 2)
    assert browser.unlock(PASSWORD).status_code == 200
    clock.move(LONGEST / 2 - 1)
    assert browser.unlock(PASSWORD).status_code == 200
    clock.move(1)
    assert browser.session()["state"] == "none"
    assert is_refusal(browser.unlock(PASSWORD))
    browser.get(ACCOUNT)
    browser.submit("/login", username="erika", password=PASSWORD)
    assert browser.path.startswith("/login/challenge")


def test_deactivating_and_activating_a_plugin_ends_the_grace(window: Browser, erika: Enrolled) -> None:
    admin = erika.tenant.browser("admin")
    admin.get(PLUGIN)
    approve(admin, f"{PLUGIN}/deactivate")
    assert is_refusal(window.unlock(PASSWORD))
    admin.submit(f"{PLUGIN}/activate")
    assert window.session()["state"] == "locked"
    assert is_refusal(window.unlock(PASSWORD))


@pytest.mark.parametrize("act", ["everyone", "settings", "select"])
def test_who_may_use_a_plugin_and_its_settings_leave_the_grace_alone(
    window: Browser, erika: Enrolled, act: str
) -> None:
    admin = erika.tenant.browser("admin")
    admin.get(PLUGIN)
    post(admin, f"{PLUGIN}/{act}", issuer="")
    assert admin.response.status_code == 200
    assert window.unlock(PASSWORD).status_code == 200


def test_a_factor_enabled_elsewhere_ends_the_grace(protected: Tenant) -> None:
    browser = protected.browser("erika")
    browser.get(ACCOUNT)
    protected.host.clock.move(IDLE)
    other = protected.browser("erika")
    other.submit(SETUP, code=begin_setup(protected, other).code())
    assert other.path == ACCOUNT
    assert is_refusal(browser.unlock(PASSWORD))
    assert browser.session()["state"] == "none"


def test_a_new_password_ends_the_grace(window: Browser, erika: Enrolled) -> None:
    new = "a quite different staple"
    other = erika.log_in()
    other.get(ACCOUNT)
    other.submit("/account/password", current_password=PASSWORD, new_password=new, repeat_password=new)
    assert other.page.alerts == ["Your password was changed. Other sessions were ended."]
    assert is_refusal(window.unlock(new))
    assert window.session()["state"] == "none"


def test_unlocking_is_no_recent_login(window: Browser) -> None:
    window.unlock(PASSWORD)
    window.get(DISABLE)
    assert window.path == f"/confirm?next={DISABLE.replace('/', '%2F')}"


def test_unlocking_is_recorded(window: Browser, erika: Enrolled) -> None:
    window.unlock(PASSWORD + "x")
    window.unlock(PASSWORD)
    assert [entry["reason"] for entry in events(erika.tenant, "unlock.refused")] == ["password"]
    assert [entry["about"] for entry in events(erika.tenant, "unlock.succeeded")] == ["erika"]


def test_a_window_opened_in_one_worker_process_can_be_unlocked_in_the_other(erika: Enrolled) -> None:
    browser = erika.log_in()
    with erika.tenant.host.client_of_each_worker() as clients:
        browser.client = clients[0]
        browser.get(ACCOUNT)
        erika.tenant.host.clock.move(IDLE)
        browser.client = clients[1]
        assert browser.unlock(PASSWORD).status_code == 200
        browser.client = clients[0]
        browser.submit(ACCOUNT, first_name="Erika", last_name="", company="", language="")
        assert browser.page.alerts == ["Your data was saved."]
