# SPDX-License-Identifier: MIT
"""H36 to H39: what locks a session, and what ends it at its next request, in every worker process."""

from collections.abc import Callable

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, events, post
from tests.functional.phone import ACCOUNT, DISABLE, Enrolled, enrol
from tests.functional.test_independence import NEW, reset
from tests.hostile.acts import CHALLENGE, state
from tests.hostile.routes import assert_closed, token_of

LONGEST = 43200


@pytest.fixture
def admin(protected: Tenant) -> Browser:
    """A browser with a full session of an administrator."""
    return protected.browser("admin")


def at_each_worker(tenant: Tenant, browser: Browser) -> list[str]:
    """Return how each worker process sees the browser's session."""
    found, own = [], browser.client
    with tenant.host.client_of_each_worker() as clients:
        for client in clients:
            browser.client = client
            found.append(state(browser))
    browser.client = own
    return found


def test_h36_after_half_an_hour_and_a_second_a_session_is_locked_however_busily_the_page_polls(
    protected: Tenant, admin: Browser
) -> None:
    token = token_of(admin)
    for _ in range(30):
        protected.host.clock.move(60)
        admin.session()
        for path in ("/session", ACCOUNT, "/admin/users", "/healthz"):
            admin.send("GET", path, headers={"Sec-Fetch-Dest": "empty"})
    protected.host.clock.move(1)
    assert_closed(admin, protected, token, state="locked")
    assert admin.unlock(PASSWORD).status_code == 200


def test_h37_twelve_hours_after_the_code_it_is_asked_again_however_active_the_session_was(erika: Enrolled) -> None:
    browser, clock = erika.log_in(), erika.tenant.host.clock
    end = clock() + LONGEST
    while clock() + 1799 < end:
        clock.move(1799)
        browser.get(ACCOUNT)
        assert browser.path == ACCOUNT
        browser.submit(ACCOUNT, first_name="Erika", last_name="", company="", language="")
        assert browser.page.alerts == ["Your data was saved."]
    token = token_of(browser)
    clock.move(end + 1 - clock())
    assert_closed(browser, erika.tenant, token)
    assert browser.unlock(PASSWORD).status_code == 403
    browser.log_in("erika", PASSWORD)
    assert (browser.path, state(browser)) == (CHALLENGE, "none")
    browser.submit(CHALLENGE, code=erika.phone.next_code())
    assert state(browser) == "active"


def disable(erika: Enrolled) -> None:
    erika.browser.get(DISABLE)
    erika.browser.submit(DISABLE, code=erika.phone.next_code())
    assert erika.browser.page.alerts == ["2-factor authentication successfully disabled."]


def change_password(erika: Enrolled) -> None:
    browser = erika.browser
    browser.get(ACCOUNT)
    browser.submit("/account/password", current_password=PASSWORD, new_password=NEW, repeat_password=NEW)
    assert browser.page.alerts == ["Your password was changed. Other sessions were ended."]


def reset_password(erika: Enrolled) -> None:
    reset(erika.tenant, "erika")


@pytest.mark.parametrize("act", [disable, change_password, reset_password])
def test_h38_disabling_a_new_password_and_a_reset_end_the_other_sessions(
    erika: Enrolled, act: Callable[[Enrolled], None]
) -> None:
    other = erika.log_in()
    token = token_of(other)
    assert at_each_worker(erika.tenant, other) == ["active"] * 2
    act(erika)
    assert at_each_worker(erika.tenant, other) == ["none"] * 2
    assert_closed(other, erika.tenant, token)
    for password in (PASSWORD, NEW):
        assert other.unlock(password).status_code == 403
    assert state(erika.browser) == ("none" if act is reset_password else "active")


def test_h38_enabling_ends_the_sessions_that_passed_no_code(protected: Tenant) -> None:
    other = protected.browser("erika")
    token = token_of(other)
    assert at_each_worker(protected, other) == ["active"] * 2
    enabling = enrol(protected, "erika")
    assert at_each_worker(protected, other) == ["none"] * 2
    assert_closed(other, protected, token)
    assert other.unlock(PASSWORD).status_code == 403
    assert state(enabling.browser) == "active"


@pytest.mark.parametrize(
    ("act", "event"), [("disable", "user.disabled"), ("delete", "user.deleted"), ("role", "user.role_changed")]
)
def test_h39_whom_an_administrator_disables_deletes_or_demotes_is_refused_at_the_next_request(
    protected: Tenant, admin: Browser, act: str, event: str
) -> None:
    protected.add_user("chief", admin=True)
    chief = protected.browser("chief")
    token = token_of(chief)
    assert at_each_worker(protected, chief) == ["active"] * 2
    page = f"/admin/users/{account(protected, 'chief').id}"
    admin.get(page)
    post(admin, f"{page}/{act}", role="user")
    if act != "disable":
        admin.confirm(PASSWORD)
    assert admin.response.status_code == 200
    assert at_each_worker(protected, chief) == ["none"] * 2
    assert_closed(chief, protected, token)
    assert chief.unlock(PASSWORD).status_code == 403
    assert [(entry["about"], entry["by"]) for entry in events(protected, event)] == [("chief", "admin")]
    assert state(admin) == "active"
