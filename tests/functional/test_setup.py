# SPDX-License-Identifier: MIT
"""The manual: the button in the account settings, the set-up page, and the code that activates the plugin."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from ccm_core.testing.pages import HtmlPage
from tests.functional.acts import events
from tests.functional.phone import (
    ACCOUNT,
    DISABLE,
    DISABLE_BUTTON,
    ENABLE_BUTTON,
    SETUP,
    Enrolled,
    Phone,
    begin_setup,
    enrol,
)

WRONG = (
    "This login code is not right. "
    "Please enter the code that the app is showing now, and check that your smartphone sets its clock automatically."
)
APP_LINK = "Open in the app on this device"
ANDROID, IOS = "https://play.google.com/store/apps/details?id=", "https://apps.apple.com/app/"


def at_setup(tenant: Tenant) -> tuple[Browser, Phone]:
    browser = tenant.browser("erika")
    return browser, begin_setup(tenant, browser)


def user_menu(page: HtmlPage) -> HtmlPage:
    found = re.search(r'<details class="user-menu">(.*?)</details>', page.html, re.DOTALL)
    assert found
    return HtmlPage(found[1])


def uri_of(page: HtmlPage) -> str:
    return page.links[APP_LINK]


def test_the_user_menu_leads_to_the_account_settings(protected: Tenant) -> None:
    browser = protected.browser("erika")
    menu = user_menu(browser.page)
    assert menu.links == {"Account settings": ACCOUNT}
    assert menu.form("/logout").buttons == ["Log out"]
    assert "Account settings" in browser.get(ACCOUNT).headings


def test_the_section_stands_at_the_bottom_with_one_button(protected: Tenant) -> None:
    browser = protected.browser("erika")
    browser.get(ACCOUNT)
    assert browser.page.headings[-1] == "2-factor authentication"
    assert browser.page.form(f"{SETUP}/begin").buttons == [ENABLE_BUTTON]
    assert DISABLE_BUTTON not in browser.page.links


def test_the_setup_page_shows_every_setting_to_be_copied(protected: Tenant) -> None:
    browser, _phone = at_setup(protected)
    page = browser.page
    labels = ("Type", "Hash function", "Digits", "Period (seconds)")
    assert [page.value(label) for label in labels] == ["TOTP", "SHA-1", "6", "30"]
    assert re.fullmatch("[A-Z2-7]{32}", page.value("Secret key"))
    assert len(set(re.findall('data-copy="([^"]+)"', page.html)) & page.ids) == 5
    assert page.form(SETUP).buttons == ["Activate"]
    assert page.links["Back"] == ACCOUNT
    assert page.value("Login code") == ""


def test_the_link_and_the_qr_codes_double_tap_lead_to_an_address_with_the_shown_settings(protected: Tenant) -> None:
    browser, phone = at_setup(protected)
    uri = uri_of(browser.page)
    assert re.findall('data-double-tap="([^"]+)"', browser.page.html.replace("&amp;", "&")) == [uri]
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == ("otpauth", "totp", f"/{protected.name}:erika")
    assert parse_qs(parts.query) == {
        "secret": [phone.secret],
        "issuer": [protected.name],
        "algorithm": ["SHA1"],
        "digits": [browser.page.value("Digits")],
        "period": [browser.page.value("Period (seconds)")],
    }


def test_the_setup_page_names_apps_for_both_systems(protected: Tenant) -> None:
    browser, _phone = at_setup(protected)
    targets = re.findall(r'href="(https://[^"]+)"', browser.page.html)
    assert len([target for target in targets if target.startswith(ANDROID)]) == 2
    assert len([target for target in targets if target.startswith(IOS)]) == 2


def test_the_code_of_the_app_activates_and_the_section_then_offers_to_disable(protected: Tenant) -> None:
    browser, phone = at_setup(protected)
    browser.submit(SETUP, code=phone.code())
    assert browser.path == ACCOUNT
    assert browser.page.alerts == ["2-factor authentication successfully enabled."]
    assert browser.page.links[DISABLE_BUTTON] == DISABLE
    assert ENABLE_BUTTON not in browser.page.text
    assert browser.get(ACCOUNT).alerts == []


def test_the_setup_speaks_german(protected: Tenant) -> None:
    browser = protected.browser("erika", language="de-DE,de;q=0.9,en;q=0.1")
    phone = begin_setup(protected, browser)
    page = browser.page
    labels = ("Typ", "Geheimer Schlüssel", "Hashfunktion", "Ziffern", "Zeitraum (Sekunden)")
    assert [page.value(label) for label in labels] == ["TOTP", phone.secret, "SHA-1", "6", "30"]
    assert page.value("Anmeldecode") == ""
    assert page.form(SETUP).buttons == ["Aktivieren"]
    assert page.links["Zurück"] == ACCOUNT
    browser.submit(SETUP, code=phone.code())
    assert browser.page.alerts == ["2-Faktor-Authentifizierung erfolgreich aktiviert."]
    assert "2-Faktor-Authentifizierung mit einer Smartphone-App deaktivieren" in browser.page.links


def test_a_code_typed_in_two_groups_counts(protected: Tenant) -> None:
    browser, phone = at_setup(protected)
    code = phone.code()
    browser.submit(SETUP, code=f" {code[:3]} {code[3:]} ")
    assert browser.path == ACCOUNT


def test_a_wrong_code_is_refused_at_the_field_and_the_secret_stays(protected: Tenant) -> None:
    browser, phone = at_setup(protected)
    browser.submit(SETUP, code=phone.code(steps=-2))
    assert browser.response.status_code == 400
    assert browser.page.errors == [WRONG]
    assert browser.page.value("Secret key") == phone.secret
    browser.submit(SETUP, code=phone.code())
    assert browser.path == ACCOUNT


def test_five_wrong_codes_end_the_setup(protected: Tenant) -> None:
    browser, phone = at_setup(protected)
    wrong = phone.code(steps=9)
    for _ in range(4):
        browser.submit(SETUP, code=wrong)
        assert browser.response.status_code == 400
    browser.submit(SETUP, code=wrong)
    assert browser.page.alerts == ["This set-up has ended without being finished. Please start it again."]
    browser.get(SETUP)
    assert browser.path == ACCOUNT
    assert begin_setup(protected, browser).secret != phone.secret


def test_a_setup_has_no_effect_until_its_code_was_entered(protected: Tenant) -> None:
    browser, _phone = at_setup(protected)
    browser.get(browser.page.links["Back"])
    assert browser.page.form(f"{SETUP}/begin").buttons == [ENABLE_BUTTON]
    assert protected.browser("erika").path == "/"


def test_every_setup_has_a_secret_of_its_own(protected: Tenant) -> None:
    browser, first = at_setup(protected)
    second = begin_setup(protected, browser)
    assert second.secret != first.secret
    browser.submit(SETUP, code=first.code())
    assert browser.response.status_code == 400
    browser.submit(SETUP, code=second.code())
    assert browser.path == ACCOUNT


def test_the_secret_is_never_taken_from_the_browser(protected: Tenant) -> None:
    browser, phone = at_setup(protected)
    own = Phone(protected, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    names = ("secret", "key", "data", "totp-key")
    browser.submit(SETUP, code=own.code(), **dict.fromkeys(names, own.secret))
    assert browser.response.status_code == 400
    assert browser.page.value("Secret key") == phone.secret


def test_a_setup_ends_after_ten_minutes(protected: Tenant) -> None:
    clock = protected.host.clock
    browser, phone = at_setup(protected)
    clock.move(599)
    assert browser.get(SETUP).value("Secret key") == phone.secret
    clock.move(1)
    browser.get(SETUP)
    assert browser.path == ACCOUNT
    browser.get(ACCOUNT)
    browser.post(SETUP, browser.page.form(f"{SETUP}/begin").fields | {"code": phone.code()})
    assert browser.page.alerts == ["This set-up has ended without being finished. Please start it again."]
    assert protected.browser("erika").path == "/"


def test_a_setup_can_be_finished_only_in_the_session_that_began_it(protected: Tenant) -> None:
    other = protected.browser("erika")
    _browser, phone = at_setup(protected)
    other.get(SETUP)
    assert other.path == ACCOUNT
    other.post(SETUP, other.page.form(f"{SETUP}/begin").fields | {"code": phone.code()})
    assert other.page.alerts == ["This set-up has ended without being finished. Please start it again."]
    assert protected.browser("erika").path == "/"


def test_a_second_app_cannot_be_set_up_beside_the_first(erika: Enrolled) -> None:
    browser = erika.browser
    fields = browser.page.form("/logout").fields
    browser.post(f"{SETUP}/begin", fields)
    assert browser.path == ACCOUNT
    assert browser.page.alerts == [
        "2-factor authentication is already enabled. Disable it first to set up another app."
    ]
    erika.log_in()


def test_after_a_quarter_of_an_hour_the_setup_asks_for_the_password_first(protected: Tenant) -> None:
    browser = protected.browser("erika")
    protected.host.clock.move(899)
    begin_setup(protected, browser)
    protected.host.clock.move(1)
    browser.get(ACCOUNT)
    browser.submit(f"{SETUP}/begin")
    assert "Confirm that it is you" in browser.page.headings
    assert "code" not in browser.page.form("/confirm").fields
    browser.submit("/confirm", password="not the password of erika")
    assert browser.page.alerts == ["That is not correct."]
    browser.confirm(PASSWORD)
    assert browser.path == SETUP
    browser.submit(SETUP, code=Phone(protected, browser.page.value("Secret key")).code())
    assert browser.page.alerts == ["2-factor authentication successfully enabled."]


def test_enabling_ends_the_other_sessions_and_gives_this_one_a_new_id(protected: Tenant) -> None:
    other = protected.browser("erika")
    browser, phone = at_setup(protected)
    before = browser.cookies["ccm_session"]
    browser.submit(SETUP, code=phone.code())
    assert browser.cookies["ccm_session"] != before
    browser.get("/")
    assert browser.path == "/"
    other.get("/")
    assert other.path == "/login"


def test_enabling_is_mailed_and_recorded(protected: Tenant) -> None:
    protected.browser("erika")
    enrol(protected, "erika")
    mail = protected.mails("erika")[-1]
    assert mail["Subject"] == "A second factor was enabled"
    assert f"erika on {protected.name}" in mail.get_content()
    (entry,) = events(protected, "factor.enabled")
    assert (entry["about"], entry["plugin"], entry["sessions_ended"]) == ("erika", "twofactor", 1)


@pytest.mark.parametrize("path", [f"{SETUP}/begin", "/plugins/twofactor/", "/plugins/twofactor/nothing"])
def test_other_addresses_of_the_plugin_do_not_exist(protected: Tenant, path: str) -> None:
    browser = protected.browser("erika")
    assert browser.send("GET", path).status_code in {404, 405}


def test_whoever_is_not_logged_in_is_sent_to_the_login_before_the_setup(protected: Tenant) -> None:
    browser = protected.browser()
    browser.get(SETUP)
    assert browser.path == "/login?next=%2Fplugins%2Ftwofactor%2Fsetup"
