# SPDX-License-Identifier: MIT
"""What was asked for before a change of what a login needs cannot undo it afterwards."""

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, approve, asked, events, link_in

NEW = "a quite different sentence"


def reset_link(tenant: Tenant) -> str:
    browser = tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")
    return link_in(tenant.mails("erika@example.org")[-1])


def opens(browser: Browser, link: str) -> int:
    return browser.send("GET", link).status_code


def test_a_reset_link_ends_when_the_password_is_changed_in_the_account(tenant: Tenant) -> None:
    link, browser = reset_link(tenant), tenant.browser("erika")
    assert opens(tenant.browser(), link) == 200
    browser.get("/account")
    browser.submit("/account/password", current_password=PASSWORD, new_password=NEW, repeat_password=NEW)
    assert opens(tenant.browser(), link) == 404


def test_a_reset_link_ends_when_the_account_is_disabled_and_stays_dead(tenant: Tenant) -> None:
    link, admin = reset_link(tenant), tenant.browser("admin")
    page = f"/admin/users/{account(tenant).id}"
    for act in ("disable", "enable"):
        admin.get(page)
        admin.submit(f"{page}/{act}")
    assert opens(tenant.browser(), link) == 404


def test_a_link_to_a_new_address_ends_with_a_password_reset(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    browser.get("/account")
    browser.submit("/account/email", email="other@example.org")
    email_link = link_in(tenant.mails("other@example.org")[-1])
    reset = tenant.browser()
    reset.get(reset_link(tenant))
    reset.submit(reset.path, new_password=NEW, repeat_password=NEW)
    again = tenant.browser("erika", NEW)
    again.get(email_link)
    assert again.response.status_code == 404
    assert account(tenant).email == "erika@example.org"


def test_an_activation_link_outlives_a_change_of_the_role(tenant: Tenant) -> None:
    tenant.add_user("otto", password=None)
    link, admin = link_in(tenant.mails("otto@example.org")[-1]), tenant.browser("admin")
    page = f"/admin/users/{account(tenant, 'otto').id}"
    admin.get(page)
    approve(admin, f"{page}/role", role="administrator")
    assert account(tenant, "otto").role == "administrator"
    assert opens(tenant.browser(), link) == 200


def test_links_to_new_addresses_are_bounded_per_user(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    for number in range(6):
        browser.get("/account")
        browser.submit("/account/email", email=f"other{number}@example.org")
    assert browser.response.status_code == 400
    assert "Too many links were sent. Please try again in an hour." in browser.page.text
    assert len([mail for mail in tenant.mails() if "other" in str(mail["To"])]) == 5


def test_adding_an_administrator_is_confirmed_every_time(tenant: Tenant) -> None:
    admin = tenant.browser("admin")
    admin.get("/admin/users")
    admin.submit("/admin/users", name="eve", email="eve@example.net", role="administrator")
    assert asked(admin)
    assert tenant.host.parts.users.find(tenant.instance, "eve") is None
    admin.confirm(PASSWORD)
    assert account(tenant, "eve").role == "administrator"
    assert events(tenant, "user.added")[0]["by"] == "admin"


def test_a_factor_that_the_user_does_not_have_is_not_asked_about_at_the_confirmation(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    browser.get("/confirm?next=/account")
    browser.submit("/confirm", password=PASSWORD, factor="bogus")
    assert browser.path == "/account"
    assert tenant.host.parts.faults.of("bogus") == ()
