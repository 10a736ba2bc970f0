# SPDX-License-Identifier: MIT
"""H01 to H09: between password and code. A pending login opens nothing but the second dialog, for five minutes."""

import base64

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, events, snapshot
from tests.functional.phone import ACCOUNT, SETUP, Enrolled, enrol
from tests.hostile.acts import CHALLENGE, NO_PENDING, UNLOCK, reasons, starts_again, state
from tests.hostile.routes import addresses, ask, assert_closed, open_addresses, plugin_addresses, token_of

UNFINISHED = "second step missing"


@pytest.fixture
def admin(protected: Tenant) -> Enrolled:
    """An administrator with a phone, to whom every route would be open after the code."""
    return enrol(protected, "admin")


def test_h01_a_pending_login_opens_no_route_and_each_attempt_is_recorded(admin: Enrolled) -> None:
    browser, tenant = admin.at_second_dialog(), admin.tenant
    tried = assert_closed(browser, tenant, token_of(browser))
    assert "ccm_session" not in browser.cookies
    assert reasons(tenant, "admin", "request.refused") == [UNFINISHED] * tried


def test_h01_no_open_route_turns_a_pending_login_into_a_session(admin: Enrolled) -> None:
    browser = admin.at_second_dialog()
    for path in open_addresses(admin.tenant):
        for method in ("GET", "HEAD"):
            assert browser.send(method, path).status_code < 500
    assert ("ccm_session" in browser.cookies, state(browser)) == (False, "none")


@pytest.mark.parametrize("scheme", ["Bearer", "Basic", "Digest", "Token"])
def test_h01_a_pending_login_or_the_password_in_the_authorization_header_opens_no_route(
    admin: Enrolled, scheme: str
) -> None:
    browser = admin.at_second_dialog()
    pending, token = browser.cookies.pop("ccm_login"), token_of(browser)
    value = base64.b64encode(f"admin:{PASSWORD}".encode()).decode() if scheme == "Basic" else pending
    assert_closed(browser, admin.tenant, token, headers={"Authorization": f"{scheme} {value}"})


def test_h02_the_pending_value_is_no_session_and_a_session_s_value_is_no_pending_login(admin: Enrolled) -> None:
    """An id that no session has is what every browser brings whose session ended: it is not recorded."""
    tenant, half, whole = admin.tenant, admin.at_second_dialog(), admin.log_in()
    token = token_of(half)
    half.cookies["ccm_session"] = half.cookies["ccm_login"]
    assert_closed(half, tenant, token)
    half.cookies["ccm_login"] = whole.cookies["ccm_session"]
    assert_closed(half, tenant, token)
    half.post(CHALLENGE, {"page_token": token, "code": admin.phone.next_code()})
    assert (half.path, state(half)) == ("/login", "none")
    assert reasons(tenant, None) == [NO_PENDING]
    assert state(whole) == "active"


def test_h03_a_code_without_a_pending_login_is_refused(erika: Enrolled) -> None:
    browser, code = erika.tenant.browser(), erika.phone.next_code()
    token = token_of_login(browser)
    before = snapshot(erika.tenant)
    for name in ("erika", "erika@example.org"):
        browser.post(CHALLENGE, {"page_token": token, "username": name, "password": PASSWORD, "code": code})
        assert starts_again(browser)
    assert snapshot(erika.tenant) == before
    assert reasons(erika.tenant, None) == [NO_PENDING] * 2
    again = erika.at_second_dialog()
    again.submit(CHALLENGE, code=code)
    assert state(again) == "active"


def token_of_login(browser: Browser) -> str:
    browser.get("/login")
    return token_of(browser)


def test_h04_whom_the_code_form_names_is_ignored(erika: Enrolled, admin: Enrolled) -> None:
    tenant, victim = erika.tenant, account(erika.tenant, "admin")
    names = {"username": "admin", "user": str(victim.id), "user_id": str(victim.id), "id": str(victim.id)}
    names |= {"email": victim.email, "name": "admin", "account": "admin", "enrolment": "1", "instance": "1"}
    browser = erika.at_second_dialog()
    browser.submit(CHALLENGE, code=admin.phone.code(steps=1), **names)
    assert state(browser) == "none"
    browser.submit(CHALLENGE, code=erika.phone.next_code(), **names)
    assert browser.session()["user"] == "erika"
    assert reasons(tenant, "admin") == []


def test_h05_the_code_of_another_user_is_refused_and_counts_for_the_user_of_the_pending_login(
    erika: Enrolled, admin: Enrolled
) -> None:
    tenant, browser = erika.tenant, erika.at_second_dialog()
    code = admin.phone.next_code()
    before = snapshot(tenant)
    for number in range(5):
        browser.submit(CHALLENGE, code=code)
        assert (browser.response.status_code, state(browser)) == (401, "none"), number
    assert snapshot(tenant) == before
    assert (reasons(tenant, "erika"), reasons(tenant, "admin")) == (["wrong"] * 5, [])
    paused, other = erika.at_second_dialog(), admin.at_second_dialog()
    paused.submit(CHALLENGE, code=erika.phone.code())
    assert paused.response.status_code == 429
    other.submit(CHALLENGE, code=code)
    assert state(other) == "active"


def test_h06_a_pending_login_can_neither_begin_nor_confirm_a_setup(erika: Enrolled) -> None:
    tenant, browser = erika.tenant, erika.at_second_dialog()
    token, before = token_of(browser), snapshot(tenant)
    for path in (f"{SETUP}/begin", SETUP):
        browser.post(path, {"page_token": token, "code": erika.phone.next_code(), "secret": erika.phone.secret})
        assert starts_again(browser)
    assert snapshot(tenant) == before
    assert reasons(tenant, "erika", "request.refused") == [UNFINISHED] * 2
    assert events(tenant, "factor.setup_begun")[1:] == []
    erika.log_in()


def test_h07_a_pending_login_sees_no_page_of_the_account_or_of_a_plugin(erika: Enrolled) -> None:
    """Recovery codes, once there are any, stand among these routes; static files are public (D21)."""
    tenant, browser, visitor = erika.tenant, erika.at_second_dialog(), erika.tenant.browser()
    token, before = token_of(browser), snapshot(tenant)
    paths = [one for one in addresses(tenant) if one[1].startswith((ACCOUNT, "/plugins"))]
    assert set(plugin_addresses(tenant)) < set(paths)
    for method, path in paths:
        answer = ask(browser, method, path, token)
        assert (answer.status_code, answer.text) == (303, ""), (method, path)
        assert answer.headers["location"].startswith("/login")
    for path in (path for path in open_addresses(tenant) if path.startswith("/static")):
        theirs, ours = visitor.send("GET", path), browser.send("GET", path)
        assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content)
    assert snapshot(tenant) == before
    assert reasons(tenant, "erika", "request.refused") == [UNFINISHED] * len(paths)


def test_h08_a_pending_login_does_not_unlock_a_window(erika: Enrolled) -> None:
    tenant, window = erika.tenant, erika.log_in()
    window.get(ACCOUNT)
    proof = window.page.form(UNLOCK).fields["page_token"]
    tenant.host.clock.move(1801)
    browser = erika.at_second_dialog()
    for token in (token_of(browser), proof):
        for cookies in ({}, {"ccm_session": browser.cookies["ccm_login"]}):
            browser.cookies.update(cookies)
            answer = browser.send("POST", UNLOCK, data={"page_token": token, "password": PASSWORD})
            assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
        del browser.cookies["ccm_session"]
    assert state(browser) == "none"
    assert reasons(tenant, None, "unlock.refused") == ["no session"] * 4
    assert window.unlock(PASSWORD).status_code == 200


def test_h09_a_right_code_after_five_minutes_and_a_second_starts_again(erika: Enrolled) -> None:
    tenant, browser = erika.tenant, erika.at_second_dialog()
    tenant.host.clock.move(301)
    code, before = erika.phone.code(), snapshot(tenant)
    browser.submit(CHALLENGE, code=code)
    assert starts_again(browser)
    assert snapshot(tenant) == before
    assert reasons(tenant, None) == [NO_PENDING]
    browser.submit("/login", username="erika", password=PASSWORD)
    browser.submit(CHALLENGE, code=code)
    assert state(browser) == "active"
