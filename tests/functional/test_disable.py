# SPDX-License-Identifier: MIT
"""The manual: the second factor is disabled in the account settings with a current code."""

from ccm_core.testing.host import PASSWORD
from tests.functional.acts import events
from tests.functional.phone import ACCOUNT, DISABLE, DISABLE_BUTTON, ENABLE_BUTTON, SETUP, Enrolled, begin_setup

WRONG = (
    "This login code is not right. "
    "Please enter the code that the app is showing now, and check that your smartphone sets its clock automatically."
)
USED = "This login code has already been used. Please wait for the next code in the app."


def test_the_account_settings_lead_to_the_page_that_disables(erika: Enrolled) -> None:
    browser = erika.browser
    browser.get(ACCOUNT)
    browser.get(browser.page.links[DISABLE_BUTTON])
    assert browser.path == DISABLE
    assert browser.page.value("Login code") == ""
    assert browser.page.form(DISABLE).buttons == ["Disable"]
    assert browser.page.links["Back"] == ACCOUNT


def test_the_current_code_disables_and_the_next_login_needs_the_password_alone(erika: Enrolled) -> None:
    browser = erika.browser
    browser.get(DISABLE)
    browser.submit(DISABLE, code=erika.phone.next_code())
    assert browser.path == ACCOUNT
    assert browser.page.alerts == ["2-factor authentication successfully disabled."]
    assert browser.page.form(f"{SETUP}/begin").buttons == [ENABLE_BUTTON]
    assert erika.at_second_dialog().path == "/"


def test_disabling_speaks_german(erika: Enrolled) -> None:
    browser = erika.log_in(language="de")
    browser.get(ACCOUNT)
    browser.get(browser.page.links["2-Faktor-Authentifizierung mit einer Smartphone-App deaktivieren"])
    assert browser.page.value("Anmeldecode") == ""
    assert browser.page.form(DISABLE).buttons == ["Deaktivieren"]
    assert browser.page.links["Zurück"] == ACCOUNT
    browser.submit(DISABLE, code=erika.phone.next_code())
    assert browser.page.alerts == ["2-Faktor-Authentifizierung erfolgreich deaktiviert."]


def test_a_wrong_code_does_not_disable(erika: Enrolled) -> None:
    browser = erika.browser
    browser.get(DISABLE)
    browser.submit(DISABLE, code=erika.phone.code(steps=9))
    assert browser.response.status_code == 400
    assert browser.page.errors == [WRONG]
    assert erika.at_second_dialog().path == "/login/challenge"
    assert events(erika.tenant, "code.refused")[0]["purpose"] == "removal"


def test_the_code_of_the_login_does_not_disable_too(erika: Enrolled) -> None:
    browser = erika.log_in()
    browser.get(DISABLE)
    browser.submit(DISABLE, code=erika.phone.code())
    assert browser.page.errors == [USED]
    assert erika.at_second_dialog().path == "/login/challenge"


def test_no_code_at_all_does_not_disable(erika: Enrolled) -> None:
    browser = erika.browser
    browser.get(DISABLE)
    fields = browser.page.form(DISABLE).fields
    del fields["code"]
    browser.post(DISABLE, fields)
    assert browser.page.errors == [WRONG]
    assert erika.at_second_dialog().path == "/login/challenge"


def test_back_disables_nothing(erika: Enrolled) -> None:
    browser = erika.browser
    browser.get(DISABLE)
    browser.get(browser.page.links["Back"])
    assert DISABLE_BUTTON in browser.page.links


def test_disabling_ends_the_other_sessions_and_gives_this_one_a_new_id(erika: Enrolled) -> None:
    other, browser = erika.log_in(), erika.log_in()
    waiting = erika.at_second_dialog()
    before = browser.cookies["ccm_session"]
    browser.get(DISABLE)
    browser.submit(DISABLE, code=erika.phone.next_code())
    assert browser.cookies["ccm_session"] != before
    browser.get("/")
    assert browser.path == "/"
    for ended in (other, erika.browser):
        ended.get("/")
        assert ended.path == "/login"
    waiting.submit("/login/challenge", code=erika.phone.next_code())
    assert waiting.path == "/login"


def test_disabling_is_mailed_and_recorded(erika: Enrolled) -> None:
    erika.browser.get(DISABLE)
    erika.browser.submit(DISABLE, code=erika.phone.next_code())
    subjects = [mail["Subject"] for mail in erika.tenant.mails("erika")]
    assert subjects == ["A second factor was enabled", "The second factor was disabled"]
    (entry,) = events(erika.tenant, "factor.disabled")
    assert (entry["about"], entry["plugin"]) == ("erika", "twofactor")


def test_after_a_quarter_of_an_hour_disabling_asks_for_the_password_first(erika: Enrolled) -> None:
    browser, clock = erika.browser, erika.tenant.host.clock
    browser.get(DISABLE)
    clock.move(900)
    browser.submit(DISABLE, code=erika.phone.code())
    assert "Confirm that it is you" in browser.page.headings
    assert "code" not in browser.page.form("/confirm").fields
    browser.confirm(PASSWORD)
    assert browser.path == DISABLE
    browser.submit(DISABLE, code=erika.phone.code())
    assert browser.page.alerts == ["2-factor authentication successfully disabled."]


def test_whoever_has_no_second_factor_is_led_back_to_the_account_settings(erika: Enrolled) -> None:
    admin = erika.tenant.browser("admin")
    admin.get(DISABLE)
    assert admin.path == ACCOUNT
    admin.post(DISABLE, admin.page.form("/logout").fields | {"code": erika.phone.next_code()})
    assert admin.path == ACCOUNT
    assert admin.page.alerts == []


def test_a_new_setup_after_disabling_has_another_secret_and_the_old_one_is_worthless(erika: Enrolled) -> None:
    browser, tenant = erika.browser, erika.tenant
    browser.get(DISABLE)
    browser.submit(DISABLE, code=erika.phone.next_code())
    phone = begin_setup(tenant, browser)
    assert phone.secret != erika.phone.secret
    browser.submit(SETUP, code=phone.code())
    login = erika.at_second_dialog()
    login.submit("/login/challenge", code=erika.phone.next_code())
    assert login.page.alerts == [WRONG]
    login.submit("/login/challenge", code=phone.code())
    assert login.path == "/"
