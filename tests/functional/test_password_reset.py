# SPDX-License-Identifier: MIT
"""The manual: whoever lost the phone sets a new password by mail, which also resets the second factor."""

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, approve, events, link_in
from tests.functional.phone import ACCOUNT, SETUP, Enrolled, begin_setup

NEW = "a quite different staple"
BEFORE = "Please note: the new password also resets the second factor. You can set it up again afterwards."
ON_THE_PAGE = "The new password also removes the second factor. You can set it up again in the account settings."
AFTER = "The second factor was reset: signing in needs the password alone until you set it up again."
FROM_THE_PLUGIN = (
    "2-factor authentication with the smartphone app was removed as well. "
    "You can set it up again in the account settings."
)


def ask(tenant: Tenant, name: str = "erika") -> Browser:
    """Ask for a link through the login page."""
    browser = tenant.browser()
    browser.get("/login")
    browser.get(browser.page.links["Forgot your password?"])
    assert browser.page.value("E-mail address or username") == ""
    assert browser.page.form("/password/forgot").buttons == ["Send link"]
    browser.submit("/password/forgot", username=name)
    return browser


def mailed_link(tenant: Tenant, name: str = "erika") -> str:
    """Ask for a link and return its path out of the mail."""
    ask(tenant, name)
    return link_in(tenant.mails("erika")[-1])


def save(browser: Browser, link: str, password: str = NEW, repeated: str | None = None, **fields: str) -> None:
    """Open a link and save a new password."""
    browser.get(link)
    browser.submit(link, new_password=password, repeat_password=password if repeated is None else repeated, **fields)


def logs_in(tenant: Tenant, password: str) -> str:
    """Return where the password alone leads."""
    browser = tenant.browser("erika", password)
    return browser.path if browser.response.status_code == 200 else str(browser.response.status_code)


def test_the_mail_has_a_link_and_says_that_the_second_factor_will_be_reset(erika: Enrolled) -> None:
    tenant = erika.tenant
    browser = ask(tenant)
    assert "a mail with a link is on its way" in browser.page.text
    mail = tenant.mails("erika")[-1]
    assert mail["Subject"] == f"Set a new password for {tenant.name}"
    assert mail["To"] == "erika@example.org"
    text = " ".join(mail.get_content().split())
    assert BEFORE in text
    assert f"{tenant.origin}/password/reset/" in text
    assert "The link works once, for 60 minutes." in text


def test_the_page_behind_forgot_your_password_says_what_happens_to_the_second_factor(tenant: Tenant) -> None:
    text = tenant.browser().get("/password/forgot").text
    assert "The new password also resets the second factor" in text


def test_the_new_password_resets_the_second_factor(erika: Enrolled) -> None:
    tenant = erika.tenant
    browser = tenant.browser()
    link = mailed_link(tenant)
    browser.get(link)
    assert ON_THE_PAGE in browser.page.alerts
    assert [browser.page.value(label) for label in ("New password", "Repeat password")] == ["", ""]
    assert browser.page.form(link).buttons == ["Save new password"]
    browser.submit(link, new_password=NEW, repeat_password=NEW)
    assert browser.path == "/login?done=password"
    assert browser.page.alerts == ["Your new password was saved. You can log in with it now."]
    assert (logs_in(tenant, PASSWORD), logs_in(tenant, NEW)) == ("401", "/")
    assert events(tenant, "reset.password_set")[0]["factors_removed"] == 1


def test_a_notice_after_the_reset_tells_that_the_second_factor_is_gone(erika: Enrolled) -> None:
    save(erika.tenant.browser(), mailed_link(erika.tenant))
    mail = erika.tenant.mails("erika")[-1]
    assert mail["Subject"] == "Your password was changed and the second factor reset"
    text = " ".join(mail.get_content().split())
    assert AFTER in text
    assert FROM_THE_PLUGIN in text


def test_nobody_is_logged_in_by_a_reset(erika: Enrolled) -> None:
    browser = erika.tenant.browser()
    save(browser, mailed_link(erika.tenant))
    assert "ccm_session" not in browser.cookies
    browser.get(ACCOUNT)
    assert browser.path == "/login?next=%2Faccount"


def test_a_reset_ends_all_sessions_and_waiting_logins(erika: Enrolled) -> None:
    waiting, other = erika.at_second_dialog(), erika.log_in()
    save(erika.tenant.browser(), mailed_link(erika.tenant))
    assert [one.session()["state"] for one in (erika.browser, other)] == ["none", "none"]
    waiting.submit("/login/challenge", code=erika.phone.next_code())
    assert waiting.path == "/login"
    assert waiting.session()["state"] == "none"


def test_the_phone_can_be_set_up_again_afterwards(erika: Enrolled) -> None:
    tenant = erika.tenant
    save(tenant.browser(), mailed_link(tenant))
    browser = tenant.browser("erika", NEW)
    phone = begin_setup(tenant, browser)
    assert phone.secret != erika.phone.secret
    browser.submit(SETUP, code=phone.code())
    assert browser.page.alerts == ["2-factor authentication successfully enabled."]


def test_a_link_works_once(erika: Enrolled) -> None:
    tenant = erika.tenant
    link = mailed_link(tenant)
    first, second = tenant.browser(), tenant.browser()
    second.get(link)
    save(first, link)
    second.submit(link, new_password=PASSWORD, repeat_password=PASSWORD)
    assert second.response.status_code == 404
    second.get(link)
    assert second.response.status_code == 404
    assert second.page.headings == ["This link does not work any more"]
    assert second.page.links["Ask for a new link"] == "/password/forgot"
    assert logs_in(tenant, PASSWORD) == "401"


def test_opening_a_link_uses_nothing_up_and_changes_nothing(erika: Enrolled) -> None:
    tenant = erika.tenant
    link = mailed_link(tenant)
    for _ in range(3):
        assert tenant.browser().send("HEAD", link).status_code == 200
        assert tenant.browser().send("GET", link).status_code == 200
    assert logs_in(tenant, PASSWORD) == "/login/challenge"
    save(tenant.browser(), link)
    assert logs_in(tenant, NEW) == "/"


def test_only_the_newest_link_works(erika: Enrolled) -> None:
    tenant = erika.tenant
    old, new = mailed_link(tenant), mailed_link(tenant)
    assert old != new
    assert tenant.browser().send("GET", old).status_code == 404
    save(tenant.browser(), new)
    assert logs_in(tenant, NEW) == "/"


def test_a_link_works_for_an_hour(erika: Enrolled) -> None:
    tenant = erika.tenant
    link = mailed_link(tenant)
    browser = tenant.browser()
    tenant.host.clock.move(3599)
    assert browser.get(link).form(link).buttons == ["Save new password"]
    tenant.host.clock.move(1)
    browser.submit(link, new_password=NEW, repeat_password=NEW)
    assert browser.response.status_code == 404
    assert logs_in(tenant, PASSWORD) == "/login/challenge"


@pytest.mark.parametrize("name", ["nobody", "nobody@example.org", "erika' OR 1=1 --", "x" * 320])
def test_an_unknown_name_gets_the_same_answer_and_no_mail(tenant: Tenant, name: str) -> None:
    known, unknown = ask(tenant), ask(tenant, name)
    assert unknown.response.status_code == known.response.status_code == 200
    assert unknown.page.text == known.page.text
    assert len(tenant.mails()) == 1


@pytest.mark.parametrize("name", ["ERIKA", "Erika@Example.org", " erika "])
def test_the_name_or_the_address_may_be_written_in_any_case(tenant: Tenant, name: str) -> None:
    ask(tenant, name)
    assert [mail["To"] for mail in tenant.mails()] == ["erika@example.org"]


def test_a_disabled_account_gets_no_mail_and_its_link_no_longer_works(erika: Enrolled) -> None:
    tenant = erika.tenant
    link = mailed_link(tenant)
    admin = tenant.browser("admin")
    admin.get(f"/admin/users/{account(tenant).id}")
    admin.submit(f"/admin/users/{account(tenant).id}/disable")
    count = len(tenant.mails("erika"))
    assert tenant.browser().send("GET", link).status_code == 404
    ask(tenant)
    assert len(tenant.mails("erika")) == count


def test_an_unfit_password_changes_nothing_and_the_link_stays(erika: Enrolled) -> None:
    tenant = erika.tenant
    link, browser = mailed_link(tenant), tenant.browser()
    for password, repeated, sentence in [
        ("too short", "too short", "The password needs at least 15 characters."),
        (NEW, NEW + "x", "The two passwords are not the same."),
        ("passwordpassword", "passwordpassword", "This password is on the list"),
        ("", "", "Please fill in this field."),
    ]:
        save(browser, link, password, repeated)
        assert browser.response.status_code == 400
        assert sentence in browser.page.errors[0]
    assert logs_in(tenant, PASSWORD) == "/login/challenge"
    save(browser, link)
    assert logs_in(tenant, NEW) == "/"


def test_without_a_second_factor_neither_mail_nor_page_speaks_of_one(tenant: Tenant) -> None:
    link = mailed_link(tenant)
    assert "second factor" not in tenant.mails()[-1].get_content()
    browser = tenant.browser()
    assert ON_THE_PAGE not in browser.get(link).text
    save(browser, link)
    mail = tenant.mails()[-1]
    assert mail["Subject"] == "Your password was changed"
    assert "second factor" not in mail.get_content()


def test_page_and_mails_speak_german(erika: Enrolled) -> None:
    tenant = erika.tenant
    erika.browser.get(ACCOUNT)
    erika.browser.submit(ACCOUNT, language="de")
    browser = tenant.browser(language="de")
    browser.get("/login")
    browser.get(browser.page.links["Passwort vergessen?"])
    assert browser.page.value("E-Mail-Adresse oder Benutzername") == ""
    assert browser.page.form("/password/forgot").buttons == ["Link senden"]
    browser.submit("/password/forgot", username="erika")
    mail = tenant.mails("erika")[-1]
    assert mail["Subject"].startswith("Neues Passwort für")
    assert "zweiten Faktor" in mail.get_content()
    link = link_in(mail)
    browser.get(link)
    assert [browser.page.value(label) for label in ("Neues Passwort", "Passwort wiederholen")] == ["", ""]
    assert browser.page.form(link).buttons == ["Neues Passwort speichern"]
    browser.submit(link, new_password=NEW, repeat_password=NEW)
    text = " ".join(tenant.mails("erika")[-1].get_content().split())
    assert "Die 2-Faktor-Authentifizierung mit der Smartphone-App wurde ebenfalls entfernt." in text


def test_an_administrator_sends_the_same_link(erika: Enrolled) -> None:
    tenant = erika.tenant
    admin = tenant.browser("admin")
    admin.get(f"/admin/users/{account(tenant).id}")
    admin.submit(f"/admin/users/{account(tenant).id}/password-link")
    mail = tenant.mails("erika")[-1]
    assert BEFORE in " ".join(mail.get_content().split())
    save(tenant.browser(), link_in(mail))
    assert logs_in(tenant, NEW) == "/"
    assert events(tenant, "reset.link_sent")[0]["by"] == "admin"


def test_a_reset_lifts_the_pause_of_guessed_codes(erika: Enrolled) -> None:
    tenant = erika.tenant
    guesser = erika.at_second_dialog()
    for _ in range(5):
        guesser.submit("/login/challenge", code=erika.phone.code(steps=9))
    save(tenant.browser(), mailed_link(tenant))
    browser = tenant.browser("erika", NEW)
    phone = begin_setup(tenant, browser)
    browser.submit(SETUP, code=phone.code())
    login = tenant.browser("erika", NEW)
    login.submit("/login/challenge", code=phone.code(steps=1))
    assert login.path == "/"


def test_a_phone_of_a_deactivated_plugin_is_reset_too(erika: Enrolled) -> None:
    tenant = erika.tenant
    admin = tenant.browser("admin")
    admin.get("/admin/plugins/twofactor")
    approve(admin, "/admin/plugins/twofactor/deactivate")
    save(tenant.browser(), mailed_link(tenant))
    admin.submit("/admin/plugins/twofactor/activate")
    assert logs_in(tenant, NEW) == "/"
