# SPDX-License-Identifier: MIT
"""Account settings: names, a new e-mail address by a link, the own password, and what each of them ends and tells."""

from collections.abc import Callable

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import SECRET, account, enrol, events, link_in, post

NEW = "a quite different sentence"
INVALID = "This link does not work any more"


@pytest.fixture
def browser(tenant: Tenant) -> Browser:
    signed_in = tenant.browser("erika")
    signed_in.get("/account")
    return signed_in


def ask(browser: Browser, tenant: Tenant, address: str = "new@example.org") -> str:
    """Ask for a new address and return the path of the link that was mailed to it."""
    browser.get("/account")
    browser.submit("/account/email", email=address)
    return link_in(tenant.mails(address)[-1])


def test_names_are_saved_and_shown(browser: Browser, tenant: Tenant) -> None:
    browser.submit("/account", first_name=" Erika ", last_name="Mustermann-Müller", company="ACME & Söhne")
    assert browser.page.alerts == ["Your data was saved."]
    fields = browser.page.form("/account").fields
    assert (fields["first_name"], fields["last_name"], fields["company"]) == (
        "Erika",
        "Mustermann-Müller",
        "ACME & Söhne",
    )
    assert "Erika Mustermann-Müller" in browser.page.text
    browser.submit("/account", first_name="", last_name="", company="")
    assert account(tenant).display_name == "erika"


def test_a_message_is_shown_once(browser: Browser) -> None:
    browser.submit("/account", first_name="Erika")
    assert browser.page.alerts == ["Your data was saved."]
    browser.get("/account")
    assert browser.page.alerts == []


def test_the_language_can_be_chosen_and_left_to_the_browser_again(browser: Browser) -> None:
    browser.submit("/account", language="de")
    assert "Kontoeinstellungen" in browser.page.headings
    assert "gespeichert" in browser.page.alerts[0]
    browser.submit("/account", language="")
    assert "Account settings" in browser.page.headings


def test_a_new_address_counts_after_its_link_was_opened_and_confirmed(browser: Browser, tenant: Tenant) -> None:
    link = ask(browser, tenant)
    assert "A link was sent to new@example.org." in browser.page.alerts[0]
    assert "Waiting for new@example.org to be confirmed." in browser.page.text
    browser.get(link)
    assert "new@example.org shall be the address of your account" in browser.page.text
    assert account(tenant).email == "erika@example.org"
    browser.submit(link)
    assert browser.path == "/account"
    assert browser.page.alerts == ["Your new e-mail address counts from now on."]
    assert account(tenant).email == "new@example.org"
    assert "Waiting for" not in browser.page.text


def test_the_old_address_gets_a_notice_and_is_free(browser: Browser, tenant: Tenant) -> None:
    link = ask(browser, tenant)
    browser.get(link)
    browser.submit(link)
    notice = tenant.mails("erika@example.org")[-1]
    assert notice["Subject"] == "Your e-mail address was changed"
    assert f"on {tenant.name} is now new@example.org." in notice.get_content()
    assert tenant.browser("new@example.org").path == "/"
    assert tenant.browser("erika@example.org").response.status_code == 401
    changed = events(tenant, "account.email_changed")
    assert [one["about"] for one in changed] == ["erika"]


def test_a_new_address_ends_the_other_sessions_and_mailed_links(browser: Browser, tenant: Tenant) -> None:
    other = tenant.browser("erika")
    visitor = tenant.browser()
    visitor.get("/password/forgot")
    visitor.submit("/password/forgot", username="erika")
    reset = link_in(tenant.mails("erika")[-1])
    before = browser.cookies["ccm_session"]
    link = ask(browser, tenant)
    browser.get(link)
    browser.submit(link)
    assert browser.cookies["ccm_session"] != before
    assert (browser.session()["state"], other.session()["state"]) == ("active", "none")
    visitor.get(reset)
    assert visitor.response.status_code == 404


def test_a_link_for_an_address_works_once_for_an_hour_and_only_the_newest(browser: Browser, tenant: Tenant) -> None:
    first, second = ask(browser, tenant), ask(browser, tenant, "other@example.org")
    browser.get(first)
    assert (browser.response.status_code, INVALID in browser.page.text) == (404, True)
    browser.get(second)
    browser.submit(second)
    browser.get(second)
    assert browser.response.status_code == 404
    third = ask(browser, tenant, "third@example.org")
    tenant.host.clock.move(3600)
    browser.get(third)
    browser.log_in("erika", PASSWORD)
    browser.get(third)
    assert browser.response.status_code == 404
    assert account(tenant).email == "other@example.org"


def test_the_link_alone_is_not_enough_and_leads_through_the_login(browser: Browser, tenant: Tenant) -> None:
    link = ask(browser, tenant)
    visitor = tenant.browser()
    visitor.get(link)
    assert visitor.path.startswith("/login?next=")
    visitor.submit("/login", username="erika", password=PASSWORD)
    assert visitor.path == link
    stranger = tenant.browser("admin")
    stranger.get("/account")
    post(stranger, link)
    assert (stranger.response.status_code, INVALID in stranger.page.text) == (404, True)
    assert account(tenant).email == "erika@example.org"
    assert account(tenant, "admin").email == "admin@example.org"


def test_an_address_that_was_taken_in_the_meantime_is_refused(browser: Browser, tenant: Tenant) -> None:
    link = ask(browser, tenant)
    tenant.add_user("new", password=None)
    browser.get(link)
    browser.submit(link)
    assert browser.response.status_code == 400
    assert browser.page.alerts == ["Another account has this e-mail address."]
    assert "new@example.org shall be the address" in browser.page.text
    assert account(tenant).email == "erika@example.org"


def change_password(browser: Browser, current: str = PASSWORD, new: str = NEW) -> None:
    browser.get("/account")
    browser.submit("/account/password", current_password=current, new_password=new, repeat_password=new)


def test_the_own_password_is_changed_and_told(browser: Browser, tenant: Tenant) -> None:
    change_password(browser)
    assert browser.page.alerts == ["Your password was changed. Other sessions were ended."]
    assert tenant.browser("erika").response.status_code == 401
    assert tenant.browser("erika", NEW).path == "/"
    assert tenant.mails("erika")[-1]["Subject"] == "Your password was changed"
    assert events(tenant, "account.password_changed")[0]["about"] == "erika"


def test_a_wrong_current_password_changes_nothing_and_is_slowed_down(browser: Browser, tenant: Tenant) -> None:
    statuses = []
    for _ in range(6):
        change_password(browser, current="wrong")
        statuses.append(browser.response.status_code)
    assert statuses == [400, 400, 400, 400, 400, 429]
    assert "Please wait" in browser.page.alerts[0]
    assert len(events(tenant, "account.password_refused")) == 5
    assert tenant.mails("erika") == []
    tenant.host.clock.move(3)
    assert tenant.browser("erika").path == "/"


def test_what_is_typed_counts_to_the_last_letter(browser: Browser, tenant: Tenant) -> None:
    new = "  Pässwörter 🔑 mit Leerzeichen  "
    change_password(browser, new=new)
    for wrong in (new.strip(), new.lower(), new[:-1], new + " ", new.replace("ä", "a")):
        assert tenant.browser("erika", wrong).response.status_code == 401
        tenant.host.clock.move(901)
    assert tenant.browser("erika", new).path == "/"


def test_a_password_is_the_same_in_both_ways_to_write_its_letters(browser: Browser, tenant: Tenant) -> None:
    change_password(browser, new="Übung macht den Meister")
    assert tenant.browser("erika", "U\N{COMBINING DIAERESIS}bung macht den Meister").path == "/"


def test_with_a_second_factor_the_change_needs_a_recent_code(tenant: Tenant, oathtool: Callable[..., str]) -> None:
    tenant.activate("twofactor")
    enrol(tenant, account(tenant))
    browser = tenant.browser("erika")
    browser.submit("/login/challenge", code=oathtool(SECRET))
    tenant.host.clock.move(1000)
    change_password(browser)
    assert "code" in browser.page.form("/confirm").fields
    browser.confirm(PASSWORD, code=oathtool(SECRET))
    change_password(browser)
    assert browser.page.alerts == ["Your password was changed. Other sessions were ended."]
    again = tenant.browser("erika", NEW)
    assert again.path == "/login/challenge"
