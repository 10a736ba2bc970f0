# SPDX-License-Identifier: MIT
"""The start page: a greeting, whether a second factor is on or offered, and the ways to the other pages."""

from collections.abc import Callable

from ccm_core.services.user_admin import Actor
from ccm_core.testing.host import Tenant
from tests.functional.acts import SECRET, account, enrol


def test_people_are_greeted_by_their_names_once_they_have_said_them(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    assert "Welcome, erika" in browser.page.headings
    browser.get("/account")
    browser.submit("/account", first_name="Erika", last_name="Muster")
    browser.get("/")
    assert "Welcome, Erika Muster" in browser.page.headings


def test_users_see_the_way_to_their_account_alone(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    assert "/account" in browser.page.links.values()
    assert not [link for link in browser.page.links.values() if link.startswith("/admin")]


def test_administrators_see_the_ways_to_the_administration(tenant: Tenant) -> None:
    browser = tenant.browser("admin")
    assert {"/admin/plugins", "/admin/users", "/admin/audit"} <= set(browser.page.links.values())
    for link in sorted(set(browser.page.links.values())):
        if link.startswith("/"):
            browser.get(link)
            assert (browser.response.status_code, browser.path) == (200, link)


def test_the_second_factor_is_offered_to_those_who_may_set_it_up_and_told_to_those_who_have(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    assert "Protect your account" not in browser.page.text
    tenant.activate("twofactor", everyone=False)
    browser.get("/")
    assert "Protect your account" not in browser.page.text
    parts = tenant.host.parts
    parts.access.allow(tenant.instance, "twofactor", tenant.host.clock(), Actor(), account(tenant).id)
    browser.get("/")
    assert "Protect your account" in browser.page.text
    assert "Second factor off" in browser.page.text


def test_who_has_a_second_factor_is_told_so(tenant: Tenant, oathtool: Callable[..., str]) -> None:
    tenant.activate("twofactor")
    enrol(tenant, account(tenant))
    browser = tenant.browser("erika")
    browser.submit("/login/challenge", code=oathtool(SECRET))
    assert "Second factor on" in browser.page.text
    assert "Protect your account" not in browser.page.text


def test_a_factor_of_a_plugin_that_is_not_active_is_no_second_factor(tenant: Tenant) -> None:
    enrol(tenant, account(tenant))
    assert "Second factor off" in tenant.browser("erika").page.text
