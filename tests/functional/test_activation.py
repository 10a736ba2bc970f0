# SPDX-License-Identifier: MIT
"""The manual: an administrator activates the plugin and enables it for all users or for one, effective at once."""

import httpx
import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Tenant
from tests.functional.acts import account, approve, events, post
from tests.functional.phone import ACCOUNT, DISABLE, ENABLE_BUTTON, SETUP, Enrolled

SECTION = "2-factor authentication"
PAGE = "/admin/plugins/twofactor"
ACTIVATED = "The plugin was activated."


def has_section(browser: Browser) -> bool:
    return SECTION in browser.get(ACCOUNT).headings


def statuses_of_the_pages(browser: Browser) -> list[int]:
    """Ask for every page of the plugin, by the method that it takes."""
    found = [browser.send("GET", path).status_code for path in (SETUP, DISABLE)]
    browser.get(ACCOUNT)
    for path in (f"{SETUP}/begin", SETUP, DISABLE):
        post(browser, path, code="123456")
        found.append(browser.response.status_code)
        browser.get(ACCOUNT)
    return found


def test_a_plugin_that_is_not_active_shows_no_section_and_has_no_pages(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    assert not has_section(browser)
    assert statuses_of_the_pages(browser) == [404] * 5


def test_an_active_plugin_that_is_not_enabled_for_the_user_shows_no_section_and_has_no_pages(tenant: Tenant) -> None:
    tenant.activate("twofactor", everyone=False)
    browser = tenant.browser("erika")
    assert not has_section(browser)
    assert statuses_of_the_pages(browser) == [404] * 5


def test_an_administrator_activates_the_plugin_and_enables_it_for_all_users(tenant: Tenant) -> None:
    admin, erika = tenant.browser("admin"), tenant.browser("erika")
    admin.get("/admin/plugins")
    assert "2-factor authentication" in admin.page.headings
    assert admin.page.form(f"{PAGE}/activate").buttons == ["Activate"]
    admin.submit(f"{PAGE}/activate")
    assert admin.page.alerts == [ACTIVATED]
    assert not has_section(erika)
    assert admin.page.form(f"{PAGE}/everyone").buttons == ["Activate directly for all users"]
    admin.submit(f"{PAGE}/everyone")
    assert admin.page.alerts == ["The plugin is now enabled for all users."]
    assert has_section(erika)
    assert has_section(admin)
    assert erika.get(ACCOUNT).form(f"{SETUP}/begin").buttons == [ENABLE_BUTTON]


def test_an_administrator_enables_the_plugin_for_one_user_and_withdraws_it_again(tenant: Tenant) -> None:
    tenant.add_user("otto")
    admin, erika, otto = (tenant.browser(name) for name in ("admin", "erika", "otto"))
    admin.get(PAGE)
    admin.submit(f"{PAGE}/activate")
    post(admin, f"{PAGE}/allow", user=str(account(tenant).id))
    assert (has_section(erika), has_section(otto)) == (True, False)
    approve(admin, f"{PAGE}/revoke")
    assert admin.page.alerts == ["The plugin was withdrawn from the user."]
    assert not has_section(tenant.browser("erika"))


def test_the_page_of_a_user_allows_and_revokes_too(tenant: Tenant) -> None:
    tenant.activate("twofactor", everyone=False)
    page = f"/admin/users/{account(tenant).id}"
    admin, erika = tenant.browser("admin"), tenant.browser("erika")
    admin.get(page)
    admin.submit(f"{PAGE}/allow")
    assert admin.path == page
    assert has_section(erika)
    approve(admin, f"{PAGE}/revoke")
    assert admin.path == page
    assert not has_section(tenant.browser("erika"))


@pytest.mark.parametrize("act", ["activate", "everyone", "allow", "select", "revoke", "deactivate", "settings"])
def test_only_administrators_manage_plugins(protected: Tenant, act: str) -> None:
    browser = protected.browser("erika")
    assert browser.send("GET", "/admin/plugins").status_code == 403
    post(browser, f"{PAGE}/{act}", user=str(account(protected).id))
    assert browser.response.status_code == 403
    assert [entry["about"] for entry in events(protected, "request.refused")] == ["erika", "erika"]


def test_the_activation_takes_effect_at_the_next_request_in_every_worker_process(tenant: Tenant) -> None:
    admin, erika = tenant.browser("admin"), tenant.browser("erika")
    with tenant.host.client_of_each_worker() as clients:
        assert len(clients) == 2
        assert sections_by_worker(erika, clients) == [False, False]
        admin.client = clients[0]
        admin.get(PAGE)
        admin.submit(f"{PAGE}/activate")
        admin.submit(f"{PAGE}/everyone")
        assert sections_by_worker(erika, clients) == [True, True]
        admin.client = clients[1]
        approve(admin, f"{PAGE}/deactivate")
        assert sections_by_worker(erika, clients) == [False, False]


def sections_by_worker(browser: Browser, clients: list[httpx.Client]) -> list[bool]:
    """Tell whether each worker draws the section and serves the set-up."""
    found = []
    for client in clients:
        browser.client = client
        drawn = has_section(browser)
        assert (browser.send("GET", SETUP).status_code != 404) == drawn
        found.append(drawn)
    return found


def test_deactivating_tells_how_many_users_it_affects_and_lets_the_password_alone_sign_in(erika: Enrolled) -> None:
    tenant = erika.tenant
    admin = tenant.browser("admin")
    admin.get(PAGE)
    admin.submit(f"{PAGE}/deactivate")
    assert "1 user has a second factor of this plugin." in admin.page.text
    assert erika.at_second_dialog().path == "/login/challenge"
    admin.confirm("correct horse battery staple")
    assert admin.page.alerts == ["The plugin was deactivated."]
    assert erika.at_second_dialog().path == "/"
    assert events(tenant, "plugin.deactivated")[0]["enrolled_users"] == 1


def test_a_deactivation_without_the_confirmation_changes_nothing(erika: Enrolled) -> None:
    admin = erika.tenant.browser("admin")
    admin.get(PAGE)
    admin.submit(f"{PAGE}/deactivate")
    admin.submit("/confirm", password="not the password of the administrator")
    assert admin.page.alerts == ["That is not correct."]
    post(admin, f"{PAGE}/deactivate", approval="x" * 86)
    assert erika.at_second_dialog().path == "/login/challenge"


def test_after_the_next_activation_the_phone_counts_again_and_sessions_begun_in_between_must_pass_it(
    erika: Enrolled,
) -> None:
    tenant = erika.tenant
    admin = tenant.browser("admin")
    admin.get(PAGE)
    approve(admin, f"{PAGE}/deactivate")
    between = tenant.browser("erika")
    assert between.get(ACCOUNT).title.startswith("Account settings")
    admin.submit(f"{PAGE}/activate")
    between.get(ACCOUNT)
    assert between.path == "/login?next=%2Faccount"
    erika.log_in()


def test_limiting_the_plugin_to_selected_users_keeps_those_who_use_it(erika: Enrolled) -> None:
    tenant = erika.tenant
    tenant.add_user("otto")
    otto = tenant.browser("otto")
    assert has_section(otto)
    admin = tenant.browser("admin")
    admin.get(PAGE)
    post(admin, f"{PAGE}/select")
    assert admin.page.alerts == ["The plugin is now limited to selected users."]
    assert not has_section(otto)
    assert has_section(erika.browser)
    assert erika.at_second_dialog().path == "/login/challenge"


def test_revoking_takes_the_phone_away_and_tells_the_user(erika: Enrolled) -> None:
    tenant = erika.tenant
    admin = tenant.browser("admin")
    admin.get(PAGE)
    post(admin, f"{PAGE}/select")
    admin.get(PAGE)
    approve(admin, f"{PAGE}/revoke")
    erika.browser.get(ACCOUNT)
    assert erika.browser.path.startswith("/login")
    assert erika.at_second_dialog().path == "/"
    assert tenant.mails("erika")[-1]["Subject"] == "The second factor was removed by an administrator"


def test_plugin_management_shows_what_is_known_of_the_plugin(erika: Enrolled) -> None:
    admin = erika.tenant.browser("admin")
    text = admin.get("/admin/plugins").text
    assert "Version 1.0.0" in text
    assert "1 user uses it" in text
    assert "The ccm-core authors" in text
    assert admin.page.links["Settings"] == PAGE


def test_the_name_shown_in_the_app_is_a_setting_of_the_instance(protected: Tenant) -> None:
    admin, browser = protected.browser("admin"), protected.browser("erika")
    admin.get(PAGE)
    admin.submit(f"{PAGE}/settings", issuer="Rot & Söhne")
    assert admin.page.alerts == ["The settings were saved."]
    assert admin.page.value("Name shown in the app") == "Rot & Söhne"
    browser.get(ACCOUNT)
    browser.submit(f"{SETUP}/begin")
    assert "issuer=Rot%20%26%20S%C3%B6hne" in browser.page.links["Open in the app on this device"]
