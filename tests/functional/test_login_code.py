# SPDX-License-Identifier: MIT
"""The manual: a second dialog asks for the code at every login, a code works once and about 30 s longer than shown."""

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD
from tests.functional.acts import account, events
from tests.functional.phone import ACCOUNT, DISABLE, SETUP, Enrolled, begin_setup

CHALLENGE = "/login/challenge"
SENTENCE = "You have asked for a 6-digit login code from your smartphone whenever someone tries to access this account."
SENTENCE_GERMAN = (
    "Sie haben darum gebeten, einen 6-stelligen Anmeldecode von Ihrem Smartphone abzufragen, "
    "wenn jemand versucht auf dieses Konto zuzugreifen."
)
WRONG = (
    "This login code is not right. "
    "Please enter the code that the app is showing now, and check that your smartphone sets its clock automatically."
)
USED = "This login code has already been used. Please wait for the next code in the app."


def refused(browser: Browser, sentence: str) -> bool:
    """Whether the second dialog is shown again with a sentence, and nobody is signed in."""
    shown = (browser.response.status_code, browser.page.alerts, browser.page.form(CHALLENGE).buttons)
    return shown == (401, [sentence], ["Back", "Log in"]) and not signed_in(browser)


def signed_in(browser: Browser) -> bool:
    return browser.send("GET", ACCOUNT).status_code == 200


def test_a_login_asks_for_the_code_in_a_second_dialog(erika: Enrolled) -> None:
    browser = erika.at_second_dialog()
    assert browser.path == CHALLENGE
    assert SENTENCE in browser.page.text
    assert browser.page.value("Login code") == ""
    assert browser.page.form(CHALLENGE).buttons == ["Back", "Log in"]
    assert not signed_in(browser)
    assert "ccm_session" not in browser.cookies


def test_the_second_dialog_speaks_german(erika: Enrolled) -> None:
    browser = erika.at_second_dialog(language="de")
    assert SENTENCE_GERMAN in browser.page.text
    assert browser.page.value("Anmeldecode") == ""
    assert browser.page.form(CHALLENGE).buttons == ["Zurück", "Anmelden"]
    browser.submit(CHALLENGE, code=erika.phone.code())
    assert browser.page.alerts == [
        "Dieser Anmeldecode wurde bereits verwendet. Bitte warten Sie auf den nächsten Code in der App."
    ]


def test_the_code_signs_in_and_the_next_login_asks_again(erika: Enrolled) -> None:
    for _ in range(3):
        browser = erika.at_second_dialog()
        assert browser.path == CHALLENGE
        browser.submit(CHALLENGE, code=erika.phone.next_code())
        assert browser.path == "/"
        assert signed_in(browser)
        assert "ccm_login" not in browser.cookies


def test_the_same_browser_must_enter_a_code_again_after_logging_out(erika: Enrolled) -> None:
    browser = erika.log_in()
    browser.submit("/logout")
    assert browser.page.alerts == ["You have been logged out."]
    browser.submit("/login", username="erika", password=PASSWORD)
    assert browser.path == CHALLENGE
    assert not signed_in(browser)


def test_the_mail_address_with_the_password_needs_the_code_too(erika: Enrolled) -> None:
    assert erika.tenant.browser("Erika@Example.ORG").path == CHALLENGE


@pytest.mark.parametrize("seconds", [0, 29, 30, 59])
def test_a_code_still_works_until_30_seconds_after_the_app_moved_on(erika: Enrolled, seconds: int) -> None:
    code = erika.phone.next_code()
    erika.tenant.host.clock.move(seconds)
    browser = erika.at_second_dialog()
    browser.submit(CHALLENGE, code=code)
    assert browser.path == "/"


def test_a_code_no_longer_works_when_the_app_has_moved_on_twice(erika: Enrolled) -> None:
    code = erika.phone.next_code()
    erika.tenant.host.clock.move(60)
    browser = erika.at_second_dialog()
    browser.submit(CHALLENGE, code=code)
    assert refused(browser, WRONG)


def test_the_code_of_a_phone_that_is_up_to_a_step_ahead_works(erika: Enrolled) -> None:
    erika.tenant.host.clock.to_step_start()
    browser = erika.at_second_dialog()
    browser.submit(CHALLENGE, code=erika.phone.code(steps=2))
    assert refused(browser, WRONG)
    browser.submit(CHALLENGE, code=erika.phone.code(steps=1))
    assert browser.path == "/"


def test_no_code_works_twice_in_the_same_browser_or_another(erika: Enrolled) -> None:
    same, other = erika.at_second_dialog(), erika.at_second_dialog()
    code = erika.phone.next_code()
    same.submit(CHALLENGE, code=code)
    assert signed_in(same)
    other.submit(CHALLENGE, code=code)
    assert refused(other, USED)
    same.submit("/logout")
    same.submit("/login", username="erika", password=PASSWORD)
    same.submit(CHALLENGE, code=code)
    assert refused(same, USED)


def test_no_code_works_twice_in_another_worker_process(erika: Enrolled) -> None:
    code = erika.phone.next_code()
    with erika.tenant.host.client_of_each_worker() as clients:
        first, second = erika.at_second_dialog(), erika.at_second_dialog()
        first.client, second.client = clients
        first.submit(CHALLENGE, code=code)
        assert signed_in(first)
        second.submit(CHALLENGE, code=code)
        assert refused(second, USED)


def test_the_code_that_confirmed_the_setup_does_not_sign_in(erika: Enrolled) -> None:
    browser = erika.at_second_dialog()
    browser.submit(CHALLENGE, code=erika.phone.code())
    assert refused(browser, USED)


def test_an_older_code_than_the_last_used_one_does_not_work(erika: Enrolled) -> None:
    older = erika.phone.next_code()
    erika.log_in()
    browser = erika.at_second_dialog()
    browser.submit(CHALLENGE, code=older)
    assert refused(browser, USED)
    reasons = [entry["reason"] for entry in events(erika.tenant, "code.refused")]
    assert reasons == ["replayed"]


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "-00001", "+00001", "12345\n6"])
def test_what_is_no_code_is_refused(erika: Enrolled, typed: str) -> None:
    browser = erika.at_second_dialog()
    browser.submit(CHALLENGE, code=typed)
    assert refused(browser, WRONG)


def test_digits_of_another_script_are_no_code(erika: Enrolled) -> None:
    browser = erika.at_second_dialog()
    full_width = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}
    browser.submit(CHALLENGE, code=erika.phone.next_code().translate(full_width))
    assert refused(browser, WRONG)


def test_back_returns_to_the_first_dialog_and_the_login_is_over(erika: Enrolled) -> None:
    browser = erika.at_second_dialog()
    kept, form = dict(browser.cookies), browser.page.form(CHALLENGE).fields
    back = next(form for form in browser.page.forms if form.fields.get("action") == "back")
    browser.post(back.action, back.fields)
    assert browser.path == "/login"
    assert browser.page.form("/login").buttons == ["Log in"]
    assert "ccm_login" not in browser.cookies
    browser.cookies = kept
    browser.post(CHALLENGE, form | {"code": erika.phone.next_code()})
    assert browser.path == "/login"
    assert not signed_in(browser)


def test_the_second_dialog_cannot_be_reached_without_the_first(erika: Enrolled) -> None:
    browser = erika.tenant.browser()
    browser.get(CHALLENGE)
    assert browser.path == "/login"
    fields = browser.page.form("/login").fields
    browser.post(CHALLENGE, fields | {"code": erika.phone.next_code(), "username": "erika"})
    assert browser.path == "/login"
    assert not signed_in(browser)


def test_between_the_dialogs_no_page_opens(erika: Enrolled) -> None:
    browser = erika.at_second_dialog()
    browser.cookies["ccm_session"] = browser.cookies["ccm_login"]
    for path in ("/", ACCOUNT, SETUP, DISABLE, "/confirm", "/admin/users"):
        browser.get(path)
        assert browser.path.startswith("/login")
    assert browser.send("GET", "/session").json()["state"] == "none"


def test_the_second_dialog_waits_five_minutes(erika: Enrolled) -> None:
    clock = erika.tenant.host.clock
    early, late = erika.at_second_dialog(), erika.at_second_dialog()
    clock.move(299)
    early.submit(CHALLENGE, code=erika.phone.code())
    assert early.path == "/"
    clock.move(1)
    late.submit(CHALLENGE, code=erika.phone.next_code())
    assert late.path == "/login"
    assert not signed_in(late)


def test_a_login_that_waits_for_the_code_ends_when_the_account_is_disabled(erika: Enrolled) -> None:
    tenant = erika.tenant
    browser = erika.at_second_dialog()
    admin = tenant.browser("admin")
    admin.get(f"/admin/users/{account(tenant).id}")
    admin.submit(f"/admin/users/{account(tenant).id}/disable")
    browser.submit(CHALLENGE, code=erika.phone.next_code())
    assert browser.path == "/login"
    admin.submit(f"/admin/users/{account(tenant).id}/enable")
    browser.get(CHALLENGE)
    assert browser.path == "/login"


def test_a_login_that_waits_for_the_code_ends_when_the_password_is_changed(erika: Enrolled) -> None:
    waiting, new = erika.at_second_dialog(), "a quite different staple"
    browser = erika.browser
    browser.get(ACCOUNT)
    browser.submit("/account/password", current_password=PASSWORD, new_password=new, repeat_password=new)
    assert browser.page.alerts == ["Your password was changed. Other sessions were ended."]
    waiting.submit(CHALLENGE, code=erika.phone.next_code())
    assert waiting.path == "/login"
    assert not signed_in(waiting)


def test_a_password_typed_again_ends_the_session_of_the_browser_at_once(erika: Enrolled) -> None:
    browser = erika.log_in()
    session = browser.cookies["ccm_session"]
    browser.log_in("erika", PASSWORD)
    assert browser.path == CHALLENGE
    browser.cookies["ccm_session"] = session
    assert not signed_in(browser)


def test_a_code_of_one_user_does_not_sign_in_another(erika: Enrolled) -> None:
    tenant = erika.tenant
    tenant.add_user("otto")
    otto = tenant.browser("otto")
    otto.submit(SETUP, code=begin_setup(tenant, otto).code())
    browser = tenant.browser("otto")
    browser.submit(CHALLENGE, code=erika.phone.next_code())
    assert refused(browser, WRONG)


def test_every_login_is_recorded_with_its_factor(erika: Enrolled) -> None:
    erika.log_in()
    factors = [entry.get("factor") for entry in events(erika.tenant, "login.succeeded") if entry["about"] == "erika"]
    assert factors == ["twofactor", None]
