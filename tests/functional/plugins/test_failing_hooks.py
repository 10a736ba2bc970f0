# SPDX-License-Identifier: MIT
"""A hook that raises costs its own part and nothing else: the page, the sign-in and the reset go on without it."""

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, enrol, link_in, post

NOTE = "The plugin {} could not show its part."
NEW = "a quite different sentence"


def reason(tenant: Tenant, plugin: str) -> str:
    """Return what an administrator reads about a plugin."""
    admin = tenant.browser("admin")
    admin.get(f"/admin/plugins/{plugin}")
    assert "broken" in admin.page.text
    return admin.page.text


def assert_no_trace(browser: Browser) -> None:
    for inside in ("Traceback", "ValueError", ".py", "erika@example.org", "in plugins/"):
        assert inside not in browser.page.html


@pytest.mark.parametrize("plugin", ["sectionsraise", "templatesfail"])
def test_a_section_that_fails_becomes_a_note_that_names_the_plugin(tenant: Tenant, plugin: str) -> None:
    for name in (plugin, "twofactor", "working"):
        tenant.activate(name)
    browser = tenant.browser("erika")
    browser.get("/account")
    assert browser.response.status_code == 200
    assert browser.page.text.count(NOTE.format(plugin.capitalize())) == 1
    assert "Enable 2-factor authentication with a smartphone app" in browser.page.text
    assert "Working" in browser.page.headings
    told = {
        "sectionsraise": "ValueError in sections_raise",
        "templatesfail": "UndefinedError in plugins/templatesfail/",
    }
    assert told[plugin] in reason(tenant, plugin)


@pytest.mark.parametrize("plugin", ["sectionsraise", "templatesfail"])
def test_the_page_of_a_user_shows_the_note_too(tenant: Tenant, plugin: str) -> None:
    for name in (plugin, "twofactor"):
        tenant.activate(name)
    admin = tenant.browser("admin")
    admin.get(f"/admin/users/{account(tenant).id}")
    assert admin.response.status_code == 200
    assert NOTE.format(plugin.capitalize()) in admin.page.text
    assert "2-factor authentication" in admin.page.headings


def test_the_note_speaks_german(tenant: Tenant) -> None:
    tenant.activate("sectionsraise")
    browser = tenant.browser("erika", language="de")
    browser.get("/account")
    assert "Sectionsraise" in browser.page.headings
    assert NOTE.format("Sectionsraise") not in browser.page.text
    assert "Sectionsraise" in browser.page.alerts[0]


def test_a_page_whose_template_fails_is_an_error_page_without_a_trace(tenant: Tenant) -> None:
    for name in ("templatesfail", "working"):
        tenant.activate(name)
    browser = tenant.browser("erika")
    browser.get("/plugins/templatesfail/setup")
    assert browser.response.status_code == 500
    assert "The administrator can see why." in browser.page.text
    assert_no_trace(browser)
    browser.get("/plugins/working/setup")
    assert browser.response.status_code == 200
    assert "part.html, line 1" in reason(tenant, "templatesfail")


def test_a_view_that_raises_is_an_error_page_without_a_trace(tenant: Tenant) -> None:
    for name in ("viewraises", "working"):
        tenant.activate(name)
    browser = tenant.browser("erika")
    post(browser, "/plugins/viewraises/setup", code="123456")
    assert browser.response.status_code == 500
    assert_no_trace(browser)
    browser.get("/account")
    assert browser.response.status_code == 200
    shown = reason(tenant, "viewraises")
    assert "POST setup: ValueError in view_raises, line 8" in shown
    assert "123456" not in shown


@pytest.mark.parametrize("how", ["raises", "exits", "answers", "draws"])
def test_a_view_that_fails_after_its_change_signs_nobody_out(tenant: Tenant, how: str) -> None:
    """Binding a factor, and removing it, renews the session's token, whatever becomes of the page."""
    tenant.activate("viewconfirms")
    browser = tenant.browser("erika")
    post(browser, "/plugins/viewconfirms/begin")
    for path, bound in (("confirm", True), ("withdraw", False)):
        before = browser.cookies["ccm_session"]
        post(browser, f"/plugins/viewconfirms/{path}", how=how)
        assert browser.response.status_code == 500
        assert_no_trace(browser)
        assert browser.cookies["ccm_session"] != before
        browser.get("/account")
        assert (browser.response.status_code, browser.path) == (200, "/account")
        assert bool(tenant.host.parts.factors.ledger.confirmed(account(tenant).id)) is bound


def test_a_plugin_that_cannot_hear_of_sign_ins_does_not_stop_them(tenant: Tenant) -> None:
    tenant.activate("signedinraises")
    for name in ("erika", "admin"):
        assert tenant.browser(name).path == "/"
    assert "ValueError in signed_in_raises, line 9" in reason(tenant, "signedinraises")


def test_a_plugin_that_fails_at_a_reset_does_not_stop_it_and_its_factor_is_gone(tenant: Tenant) -> None:
    tenant.activate("resetraises")
    user = account(tenant)
    enrol(tenant, user, "resetraises", b"data")
    browser = tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")
    link = link_in(tenant.mails("erika")[-1])
    browser.get(link)
    browser.submit(link, new_password=NEW, repeat_password=NEW)
    assert browser.path == "/login?done=password"
    assert tenant.host.parts.factors.ledger.confirmed(user.id) == ()
    assert tenant.browser("erika", NEW).path == "/"
    assert "The second factor was reset" in tenant.mails("erika")[-1].get_content()
    assert "ValueError in reset_raises, line 9" in reason(tenant, "resetraises")


def test_what_a_working_plugin_says_of_a_reset_stands_in_the_notice(tenant: Tenant) -> None:
    tenant.activate("working")
    enrol(tenant, account(tenant), "working", b"word")
    browser = tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")
    link = link_in(tenant.mails("erika")[-1])
    browser.get(link)
    browser.submit(link, new_password=NEW, repeat_password=NEW)
    assert "Your second factor was removed." in tenant.mails("erika")[-1].get_content()


def test_a_plugin_s_page_asks_for_a_recent_login_if_it_says_so(tenant: Tenant) -> None:
    tenant.activate("working")
    browser = tenant.browser("erika")
    tenant.host.clock.move(1000)
    browser.get("/plugins/working/setup")
    assert browser.response.status_code == 200
    post(browser, "/plugins/working/setup", word="kept")
    browser.confirm(PASSWORD)
    assert browser.path == "/plugins/working/setup"
    assert browser.page.alerts == ["Saved."]


def test_a_plugin_is_not_asked_where_it_is_not_active(tenant: Tenant) -> None:
    for name in ("viewraises", "sectionsraise"):
        assert name not in tenant.instance.active
    browser = tenant.browser("erika")
    browser.get("/account")
    assert not browser.page.alerts
    post(browser, "/plugins/viewraises/setup")
    assert browser.response.status_code == 404
