# SPDX-License-Identifier: MIT
"""Where product and model once disagreed: each story by itself, over HTTP against the real server."""

import pytest

from ccm_core.services.user_admin import Actor
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, enrol
from tests.functional.phone import Enrolled

PLUGIN, CONSOLE = "twofactor", Actor()


@pytest.fixture
def void(protected: Tenant) -> Browser:
    """A session of a time at which the plugin was not active: since it is, a code is asked that this one never gave."""
    parts, clock = protected.host.parts, protected.host.clock
    enrol(protected, account(protected))
    parts.plugins.deactivate(protected.instance, PLUGIN, clock(), CONSOLE)
    browser = protected.browser("erika")
    protected.activate(PLUGIN)
    assert browser.session()["state"] == "none"
    return browser


@pytest.mark.parametrize("page", ["its own page", "the login page"])
def test_logging_out_ends_a_session_also_while_it_does_not_count(void: Browser, protected: Tenant, page: str) -> None:
    copy = protected.browser()
    copy.cookies = dict(void.cookies)
    if page == "the login page":
        token = void.get("/login").form("/login").fields["page_token"]
        void.post("/logout", {"page_token": token})
    else:
        void.submit("/logout")
    assert void.path.startswith("/login")
    assert "ccm_session" not in void.cookies
    parts, clock = protected.host.parts, protected.host.clock
    parts.plugins.deactivate(protected.instance, PLUGIN, clock(), CONSOLE)
    assert copy.session()["state"] == "none"


def test_a_right_password_ends_the_login_that_waits_for_a_code_in_the_same_browser(erika: Enrolled) -> None:
    """Else the code would open a session in place of the one that the password opened, and that one stayed."""
    erika.tenant.add_user("karl")
    browser = erika.at_second_dialog()
    waiting, form = browser.cookies["ccm_login"], browser.page.form("/login/challenge").fields
    browser.log_in("karl", "wrong")
    assert browser.cookies["ccm_login"] == waiting
    browser.log_in("karl", PASSWORD)
    assert "ccm_login" not in browser.cookies
    browser.cookies["ccm_login"] = waiting
    browser.post("/login/challenge", form | {"code": erika.phone.next_code()})
    assert browser.path == "/login"
    assert browser.session()["user"] == "karl"


def test_a_right_code_ends_the_session_that_the_browser_holds(erika: Enrolled) -> None:
    erika.tenant.add_user("karl")
    karl, browser = erika.tenant.browser("karl"), erika.at_second_dialog()
    browser.cookies["ccm_session"] = karl.cookies["ccm_session"]
    browser.submit("/login/challenge", code="wrong!")
    assert karl.session()["state"] == "active"
    browser.submit("/login/challenge", code=erika.phone.next_code())
    assert browser.session()["user"] == "erika"
    assert karl.session()["state"] == "none"
