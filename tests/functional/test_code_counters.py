# SPDX-License-Identifier: MIT
"""Guessing codes: five tries, growing pauses, and an end after a hundred."""

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, approve, events
from tests.functional.phone import ACCOUNT, DISABLE, Enrolled

CHALLENGE = "/login/challenge"
STOPPED = (
    "Login codes are stopped for this account after too many wrong ones. "
    "Set a new password with «Forgot your password?», or ask your administrator."
)
DAY = 86400


def guess(erika: Enrolled, browser: Browser, times: int = 1) -> None:
    """Type a wrong code so many times."""
    for _ in range(times):
        browser.submit(CHALLENGE, code=erika.phone.code(steps=9))


def pause(browser: Browser) -> int:
    """Return for how many seconds the last answer asks to wait."""
    return int(browser.response.headers["Retry-After"])


def paused_after(erika: Enrolled, seconds: float) -> bool:
    """Whether so many seconds later even the right code has to wait."""
    erika.tenant.host.clock.move(seconds)
    browser = erika.at_second_dialog()
    browser.submit(CHALLENGE, code=erika.phone.code())
    return browser.response.status_code == 429


def counted(tenant: Tenant, name: str) -> int:
    """Return how many wrong codes of a user count at present."""
    parts = tenant.host.parts
    with parts.database.read() as connection:
        return parts.factors.throttle.wrong_codes(connection, account(tenant, name).id, tenant.host.clock())


def test_five_wrong_codes_end_the_login_and_pause_the_codes_of_the_account(erika: Enrolled) -> None:
    browser = erika.at_second_dialog()
    guess(erika, browser, 4)
    assert browser.page.form(CHALLENGE).buttons == ["Back", "Log in"]
    kept = browser.cookies["ccm_login"]
    guess(erika, browser)
    assert browser.page.form("/login").buttons == ["Log in"]
    assert browser.response.status_code == 401
    assert "ccm_login" not in browser.cookies
    browser.cookies["ccm_login"] = kept
    browser.get(CHALLENGE)
    assert browser.path == "/login"
    again = erika.at_second_dialog()
    again.submit(CHALLENGE, code=erika.phone.code(steps=1))
    assert again.response.status_code == 429
    assert 0 < pause(again) <= 31
    assert again.page.alerts == [f"Too many attempts. Please wait {pause(again)} seconds and try again."]


def test_after_the_pause_the_right_code_signs_in(erika: Enrolled) -> None:
    guess(erika, erika.at_second_dialog(), 5)
    assert paused_after(erika, 29)
    assert not paused_after(erika, 1)


def test_each_further_wrong_code_doubles_the_pause_up_to_a_quarter_of_an_hour(erika: Enrolled) -> None:
    clock = erika.tenant.host.clock
    guess(erika, erika.at_second_dialog(), 5)
    pauses = []
    for wait in (30, 60, 120, 240, 480, 900, 900):
        clock.move(wait - 1)
        early = erika.at_second_dialog()
        early.submit(CHALLENGE, code=erika.phone.code())
        assert pause(early) == 2
        clock.move(1)
        late = erika.at_second_dialog()
        guess(erika, late)
        assert late.response.status_code == 401
        guess(erika, late)
        pauses.append(pause(late) - 1)
    assert pauses == [60, 120, 240, 480, 900, 900, 900]


def test_a_right_code_ends_the_doubling(erika: Enrolled) -> None:
    guess(erika, erika.at_second_dialog(), 5)
    erika.tenant.host.clock.move(30)
    guess(erika, erika.at_second_dialog())
    assert not paused_after(erika, 60)
    guess(erika, erika.at_second_dialog(), 4)
    assert not paused_after(erika, 30)


def test_many_right_codes_in_a_row_are_never_paused(erika: Enrolled) -> None:
    for _ in range(7):
        erika.log_in()
    assert counted(erika.tenant, "erika") == 0


def test_whoever_does_not_know_the_password_cannot_pause_the_codes(erika: Enrolled) -> None:
    browser = erika.log_in()
    erika.tenant.host.clock.move(900)
    browser.get("/confirm")
    for _ in range(5):
        erika.tenant.host.clock.move(5)
        browser.submit("/confirm", password=PASSWORD + "x", code="000000")
        assert browser.page.alerts == ["That is not correct."]
    erika.tenant.host.clock.move(60)
    erika.log_in()


def test_login_confirmation_and_removal_count_together(erika: Enrolled) -> None:
    browser = erika.log_in()
    guess(erika, erika.at_second_dialog(), 2)
    browser.get(DISABLE)
    browser.submit(DISABLE, code=erika.phone.code(steps=9))
    browser.get("/confirm")
    browser.submit("/confirm", password=PASSWORD, code=erika.phone.code(steps=9))
    assert browser.response.status_code == 400
    browser.submit("/confirm", password=PASSWORD, code=erika.phone.code(steps=9))
    assert browser.response.status_code == 400
    browser.submit("/confirm", password=PASSWORD, code=erika.phone.code(steps=1))
    assert browser.response.status_code == 429
    assert 0 < pause(browser) <= 31
    browser.get(DISABLE)
    browser.submit(DISABLE, code=erika.phone.code(steps=1))
    assert browser.response.status_code == 429
    assert "Please wait" in browser.page.errors[0]
    guess(erika, waiting := erika.at_second_dialog())
    assert waiting.response.status_code == 429


def test_the_pause_of_one_account_does_not_touch_another(erika: Enrolled) -> None:
    tenant = erika.tenant
    tenant.add_user("otto")
    guess(erika, erika.at_second_dialog(), 5)
    assert tenant.browser("otto").path == "/"
    assert tenant.browser("admin").path == "/"


def count_wrong_codes(erika: Enrolled, count: int) -> None:
    """Count wrong codes as if they had been typed over the last month; all of them still count tomorrow."""
    parts, clock, user = erika.tenant.host.parts, erika.tenant.host.clock, account(erika.tenant).id
    clock.move(DAY - clock() % DAY - 60)  # just before midnight, when the oldest day is about to leave the month
    with parts.database.write() as connection:
        for number in range(count):
            parts.factors.throttle.count_code(connection, user, clock() - (27 - number / 4) * DAY)
    clock.move(DAY)


def test_a_hundred_wrong_codes_in_a_month_stop_them_and_the_user_is_told_once(erika: Enrolled) -> None:
    count_wrong_codes(erika, 99)
    browser = erika.at_second_dialog()
    guess(erika, browser)
    assert browser.response.status_code == 401
    erika.tenant.host.clock.move(900)
    for _ in range(2):
        browser = erika.at_second_dialog()
        browser.submit(CHALLENGE, code=erika.phone.code())
        assert browser.response.status_code == 429
        assert browser.page.alerts == [STOPPED]
    assert len(events(erika.tenant, "code.stopped")) == 1
    subjects = [mail["Subject"] for mail in erika.tenant.mails("erika")]
    assert subjects == ["A second factor was enabled", "Wrong login codes for your account"]


def test_an_administrator_who_resets_the_factor_lifts_the_stop(erika: Enrolled) -> None:
    tenant = erika.tenant
    count_wrong_codes(erika, 100)
    assert paused_after(erika, 900)
    admin = tenant.browser("admin")
    admin.get(f"/admin/users/{account(tenant).id}")
    approve(admin, f"/admin/users/{account(tenant).id}/reset-factor")
    assert tenant.browser("erika").path == "/"
    assert counted(tenant, "erika") == 0


def test_wrong_codes_older_than_thirty_days_no_longer_count(erika: Enrolled) -> None:
    count_wrong_codes(erika, 100)
    assert paused_after(erika, 900)
    assert not paused_after(erika, 30 * DAY)


def test_wrong_codes_for_a_setup_count_by_themselves(erika: Enrolled) -> None:
    tenant = erika.tenant
    tenant.add_user("otto")
    otto = tenant.browser("otto")
    otto.get(ACCOUNT)
    otto.submit("/plugins/twofactor/setup/begin")
    for _ in range(4):
        otto.submit("/plugins/twofactor/setup", code="000000")
    assert counted(tenant, "otto") == 0
