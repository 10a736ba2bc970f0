# SPDX-License-Identifier: MIT
"""H31 to H35: whose session it is, and what its id is worth, before, during and after it.

An id that no session has is what every browser brings whose session ended: it leads to the login, and is not recorded.
"""

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import events, snapshot
from tests.functional.phone import ACCOUNT, DISABLE, Enrolled, enrol
from tests.hostile.acts import CHALLENGE, UNLOCK, state
from tests.hostile.routes import addresses, ask, assert_closed, token_of

IDLE = 1800


@pytest.fixture
def admin(protected: Tenant) -> Browser:
    """A browser with a full session of an administrator."""
    return protected.browser("admin")


def copy_of(browser: Browser) -> Browser:
    """Return another program with the same cookies."""
    copy = Browser(browser.origin, browser.client)
    copy.cookies = dict(browser.cookies)
    return copy


def holding(tenant: Tenant, session: str) -> Browser:
    """Return a browser with an id in the session's cookie."""
    browser = tenant.browser()
    browser.cookies["ccm_session"] = session
    return browser


def test_h31_a_password_for_another_user_ends_the_session_that_the_browser_holds(
    protected: Tenant, admin: Browser
) -> None:
    enrol(protected, "erika")
    kept, token = copy_of(admin), token_of(admin)
    admin.log_in("erika", PASSWORD)
    assert (admin.path, "ccm_session" in admin.cookies) == (CHALLENGE, False)
    assert_closed(kept, protected, token)
    assert_closed(admin, protected, token)


def test_h31_a_wrong_password_for_another_user_ends_nobody_s_session(protected: Tenant, admin: Browser) -> None:
    admin.log_in("erika", "not the password")
    assert admin.session()["user"] == "admin"


def test_h32_every_step_has_an_id_of_its_own_and_the_one_before_is_dead(erika: Enrolled) -> None:
    tenant, clock, browser = erika.tenant, erika.tenant.host.clock, erika.at_second_dialog()
    pending, form = browser.cookies["ccm_login"], browser.page.form(CHALLENGE).fields
    browser.submit(CHALLENGE, code=erika.phone.next_code())
    ids = [pending, browser.cookies["ccm_session"]]

    def renewed() -> None:
        """The browser has a new id, and nobody gets in with the one before."""
        assert browser.cookies["ccm_session"] not in ids
        assert state(holding(tenant, ids[-1])) == "none"
        ids.append(browser.cookies["ccm_session"])
        assert state(browser) == "active"

    browser.get("/confirm")
    browser.submit("/confirm", password=PASSWORD, code=erika.phone.next_code())
    renewed()
    browser.get(ACCOUNT)
    clock.move(IDLE)
    assert browser.unlock(PASSWORD).status_code == 200
    renewed()
    browser.get(DISABLE)
    browser.confirm(PASSWORD)
    renewed()
    browser.submit(DISABLE, code=erika.phone.next_code())
    renewed()
    assert len(set(ids)) == 6
    late = tenant.browser()
    late.cookies["ccm_login"] = pending
    late.get("/login")
    late.post(CHALLENGE, {**form, "page_token": token_of(late), "code": erika.phone.next_code()})
    assert (late.path, state(late)) == ("/login", "none")


def test_h32_ids_that_somebody_else_put_into_the_browser_are_worth_nothing_after_the_login(erika: Enrolled) -> None:
    tenant = erika.tenant
    tenant.add_user("mallory")
    enrol(tenant, "admin")
    mallory = tenant.browser("mallory")
    mallory.cookies["ccm_login"] = tenant.browser("admin").cookies["ccm_login"]
    victim, preset = copy_of(mallory), dict(mallory.cookies)
    victim.log_in("erika", PASSWORD)
    after_password = dict(victim.cookies)
    victim.submit(CHALLENGE, code=erika.phone.next_code())
    assert victim.session()["user"] == "erika"
    assert not {preset["ccm_session"], preset["ccm_login"]} & {*after_password.values(), *victim.cookies.values()}
    assert_closed(mallory, tenant, token_of(mallory))
    assert victim.session()["user"] == "erika"


INVENTED = (
    "A" * 43,
    "' or 1=1--",
    "'-or-1-1--".ljust(43, "-"),
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "1",
    "null",
    "*",
    "${jndi:ldap:x}",
    "{{7*7}}",
    "A" * 4000,
)


@pytest.mark.parametrize("name", ["ccm_session", "ccm_login", "ccm_visit"])
def test_h33_an_invented_id_opens_nothing_and_is_never_adopted(protected: Tenant, name: str) -> None:
    for value in INVENTED:
        browser = protected.browser()
        browser.cookies[name] = value
        assert state(browser) == "none"
        browser.get(ACCOUNT)
        assert browser.path == "/login?next=%2Faccount"
        browser.submit("/login", username="erika", password=PASSWORD)
        assert browser.session()["user"] == "erika"
        assert browser.cookies["ccm_session"] != value
        assert state(holding(protected, value)) == "none"


def test_h33_a_browser_without_a_well_formed_visit_gets_a_new_one(protected: Tenant) -> None:
    visits = set()
    for value in (None, "", "../x", "' or 1=1--", "A" * 42, "A" * 44):
        browser = protected.browser()
        browser.cookies = {} if value is None else {"ccm_visit": value}
        browser.get("/login")
        visits.add(browser.cookies["ccm_visit"])
        assert len(browser.cookies["ccm_visit"]) == 43
    assert len(visits) == 6


NAMES = ("ccm_session", "__Host-ccm_session", "session", "sid", "token", "PHPSESSID")


def test_h34_the_id_counts_in_the_address_a_form_or_another_header_nowhere(protected: Tenant, admin: Browser) -> None:
    session, token = admin.cookies["ccm_session"], token_of(admin)
    thief = protected.browser()
    headers = {"Authorization": f"Bearer {session}", "X-Session-Id": session, "X-Ccm-Session": session}
    headers |= {"Cookie2": f"ccm_session={session}", "X-Cookie": f"ccm_session={session}"}
    assert_closed(thief, protected, token, params=dict.fromkeys(NAMES, session), headers=headers)
    before = snapshot(protected)
    for method, path in addresses(protected):
        inside = thief.send(method, f"{path};ccm_session={session}")
        assert inside.status_code in {303, 404, 405}, path
        if method == "POST":
            answer = thief.send("POST", path, data={"page_token": token, **dict.fromkeys(NAMES, session)})
            assert (answer.status_code, answer.headers["location"]) == (303, "/login"), path
    assert snapshot(protected) == before
    assert "ccm_session" not in thief.cookies
    assert state(admin) == "active"


def test_h35_after_logging_out_the_cookie_opens_no_route(protected: Tenant, admin: Browser) -> None:
    kept, token = copy_of(admin), token_of(admin)
    answer = admin.send("POST", "/logout", data=admin.page.form("/logout").fields)
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert_closed(kept, protected, token)
    assert kept.send("POST", UNLOCK, data={"page_token": token, "password": PASSWORD}).status_code == 403


def test_h35_no_page_of_a_session_is_kept_for_the_back_button(protected: Tenant, admin: Browser) -> None:
    token = token_of(admin)
    for method, path in addresses(protected):
        if method != "POST":
            answer = ask(admin, method, path, token)
            assert answer.status_code in {200, 303, 404, 405}, path
            assert answer.headers["cache-control"] == "no-store", path
            assert not {"etag", "last-modified", "expires"} & set(answer.headers)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_h35_nobody_is_logged_out_by_a_link_or_an_image(protected: Tenant, admin: Browser, method: str) -> None:
    answer = admin.send(method, "/logout", params={"page_token": token_of(admin)})
    assert (answer.status_code, "set-cookie" in answer.headers) == (405, False)
    assert state(admin) == "active"
    assert events(protected, "logout") == []
