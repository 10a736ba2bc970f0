# SPDX-License-Identifier: MIT
"""The language of a page is the user's choice, else the browser's, else English; refusals and mails follow it."""

import pytest

from ccm_core.testing.host import Tenant
from tests.functional.phone import DISABLE, Enrolled, enrol

GERMAN_FIRST = "de-DE,de;q=0.9,en;q=0.5"


@pytest.mark.parametrize(
    ("language", "button"), [(GERMAN_FIRST, "Anmelden"), ("fr, de;q=0.2, en;q=0.8", "Log in"), ("fr", "Log in")]
)
def test_before_the_login_the_browser_decides(tenant: Tenant, language: str, button: str) -> None:
    browser = tenant.browser(language=language)
    assert browser.get("/login").form("/login").buttons == [button]


def test_the_choice_in_the_account_settings_counts_more_than_the_browser(tenant: Tenant) -> None:
    browser = tenant.browser("erika", language=GERMAN_FIRST)
    assert browser.get("/account").title == "Kontoeinstellungen · Consent Management"
    browser.submit("/account", language="en")
    assert browser.page.alerts == ["Your data was saved."]
    browser.submit("/account", language="de")
    assert browser.page.alerts == ["Ihre Daten wurden gespeichert."]


def test_a_refusal_with_values_is_told_in_german_on_the_pages_of_a_plugin(protected: Tenant) -> None:
    erika: Enrolled = enrol(protected, "erika")
    browser = erika.browser
    browser.get("/account")
    browser.submit("/account", language="de")
    browser.get(DISABLE)
    for _ in range(5):
        browser.submit(DISABLE, code="12345")
    assert "Dieser Anmeldecode ist nicht richtig." in browser.page.text
    browser.submit(DISABLE, code=erika.phone.code())
    assert browser.response.status_code == 429
    assert "Zu viele Versuche. Bitte warten Sie" in browser.page.text


def test_a_mail_speaks_the_language_of_its_reader(tenant: Tenant) -> None:
    browser = tenant.browser("erika", language="en")
    browser.get("/account")
    browser.submit("/account", language="de")
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")
    (mail,) = tenant.mails("erika@example.org")
    assert mail["Subject"].startswith("Neues Passwort für ")
    assert "Guten Tag erika," in mail.get_content()
