# SPDX-License-Identifier: MIT
"""The window that is still open: a dialog over the page asks for the password alone, and nothing typed is lost."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from ccm_core.testing.host import PASSWORD, Host, Tenant
from tests.browser.phone import Phone
from tests.browser.window import NARROW, Window
from tests.browser.words import DE, EN, Words
from tests.functional.acts import SECRET, account, enrol, events

IDLE = 1801
MAX = 43201
REFUSED = "That did not work. Please try again, or log in anew."


@pytest.fixture
def erika(tenant: Tenant, open_window: Callable[..., Window], phone: Phone) -> Callable[..., Window]:
    """Return a window on the account page, signed in with password and code; its clock goes when the test says so."""

    def sign_in(words: Words = EN, *args: int) -> Window:
        tenant.activate("twofactor")
        enrol(tenant, account(tenant))
        phone.type(SECRET)
        window = open_window(words.language, *args)
        window.page.clock.install()
        window.log_in(words)
        window.answer(words, phone.code())
        window.arrives("/")
        window.open("/account")
        return window

    return sign_in


def dialog_is_shown(window: Window, words: Words = EN) -> None:
    expect(window.page.get_by_role("dialog", name=words.expired)).to_be_visible()


def dialog_is_gone(window: Window) -> None:
    expect(window.page.locator("dialog#unlock")).to_be_hidden()


def unlock(window: Window, words: Words = EN, password: str = PASSWORD) -> None:
    dialog = window.page.get_by_role("dialog")
    dialog.get_by_label(words.password, exact=True).fill(password)
    dialog.get_by_role("button", name=words.go_on, exact=True).click()


def becomes_visible(window: Window) -> None:
    window.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def session_cookie(window: Window) -> str:
    (value,) = [cookie["value"] for cookie in window.context.cookies() if cookie["name"] == "ccm_session"]
    return value


@pytest.mark.parametrize(("words", "width"), [(EN, 1280), (DE, NARROW)], ids=["en-wide", "de-narrow"])
def test_the_password_alone_goes_on_and_what_was_typed_stays(
    erika: Callable[..., Window], host: Host, words: Words, width: int
) -> None:
    window = erika(words, width)
    company = window.page.locator("#f-company")
    company.fill("Musterfrau & Söhne")
    before = session_cookie(window)
    host.clock.move(IDLE)
    window.page.clock.fast_forward(IDLE * 1000)
    dialog_is_shown(window, words)
    expect(window.field(words.password)).to_be_focused()
    unlock(window, words)
    dialog_is_gone(window)
    assert session_cookie(window) != before
    expect(company).to_be_focused()
    expect(company).to_have_value("Musterfrau & Söhne")
    company.press("Enter")
    window.says("Your data was saved." if words is EN else "Ihre Daten wurden gespeichert.")
    expect(company).to_have_value("Musterfrau & Söhne")


def test_no_dialog_comes_before_the_session_is_idle(erika: Callable[..., Window], host: Host) -> None:
    window = erika()
    host.clock.move(IDLE - 10)
    window.page.clock.fast_forward((IDLE - 10) * 1000)
    with window.page.expect_response("**/session") as asked:
        becomes_visible(window)
    assert asked.value.json()["state"] == "active"
    dialog_is_gone(window)


def test_activity_in_another_tab_keeps_the_dialog_away(erika: Callable[..., Window], host: Host) -> None:
    window = erika()
    host.clock.move(1000)
    window.tab().open("/")
    host.clock.move(1000)
    with window.page.expect_response("**/session") as asked:
        window.page.clock.fast_forward(2000 * 1000)
    assert asked.value.json()["state"] == "active"
    dialog_is_gone(window)


def test_a_page_that_becomes_visible_asks_at_once(erika: Callable[..., Window], host: Host) -> None:
    window = erika()
    host.clock.move(IDLE)
    with window.page.expect_response("**/session") as asked:
        becomes_visible(window)
    assert asked.value.json()["state"] == "locked"
    dialog_is_shown(window)


def test_a_form_that_is_sent_after_the_time_is_held_and_goes_through(
    erika: Callable[..., Window], tenant: Tenant, host: Host
) -> None:
    window = erika()
    window.field("First name").fill("Erika")
    host.clock.move(IDLE)
    # A laptop that slept: the clock has moved, no timer has fired.
    window.page.clock.set_system_time(window.page.evaluate("Date.now()") + IDLE * 1000)
    window.button("Save").click()
    dialog_is_shown(window)
    assert account(tenant).first_name == ""
    unlock(window)
    window.says("Your data was saved.")
    assert account(tenant).first_name == "Erika"
    expect(window.field("First name")).to_have_value("Erika")


def test_a_wrong_password_is_told_and_the_right_one_goes_on(erika: Callable[..., Window], host: Host) -> None:
    window = erika()
    before = session_cookie(window)
    host.clock.move(IDLE)
    becomes_visible(window)
    with window.refused(403, "/session/unlock"):
        unlock(window, password="not the password")
    window.says(REFUSED)
    expect(window.field(EN.password)).to_have_value("")
    assert session_cookie(window) == before
    unlock(window)
    dialog_is_gone(window)
    assert session_cookie(window) != before


def test_five_wrong_passwords_end_the_session(erika: Callable[..., Window], tenant: Tenant, host: Host) -> None:
    window = erika()
    host.clock.move(IDLE)
    becomes_visible(window)
    for _ in range(5):
        with window.refused(403, "/session/unlock"):
            unlock(window, password="not the password")
        window.says(REFUSED)
    assert len(events(tenant, "unlock.refused")) == 5
    assert tenant.host.parts.sessions.open_of(account(tenant), host.clock()) == ()
    becomes_visible(window)
    window.says("The page has been cleared. Please log in again.")


def test_escape_neither_uncovers_the_page_nor_lets_it_flicker(erika: Callable[..., Window], host: Host) -> None:
    window = erika()
    host.clock.move(IDLE)
    becomes_visible(window)
    dialog_is_shown(window)
    watch = "void new MutationObserver(() => (window.name += 'flicker')).observe(unlock, {attributes: true})"
    window.page.evaluate(watch)
    window.page.keyboard.type("c")
    window.page.keyboard.press("Escape")
    assert window.page.evaluate("window.name") == ""
    for _ in range(3):  # the browser lets a page prevent only every other one
        window.page.keyboard.press("Escape")
    dialog_is_shown(window)


def test_another_tab_goes_on_after_one_was_unlocked(erika: Callable[..., Window], tenant: Tenant, host: Host) -> None:
    window = erika()
    other = window.tab()
    other.open("/account")
    other.field("Last name").fill("Musterfrau")
    host.clock.move(IDLE)
    becomes_visible(window)
    becomes_visible(other)
    dialog_is_shown(other)
    unlock(window)
    dialog_is_gone(window)
    becomes_visible(other)
    dialog_is_gone(other)
    other.button("Save").click()
    other.says("Your data was saved.")
    assert account(tenant).last_name == "Musterfrau"


def test_a_new_tab_on_a_locked_session_needs_password_and_code(
    erika: Callable[..., Window], tenant: Tenant, host: Host, phone: Phone
) -> None:
    window = erika()
    host.clock.move(IDLE)
    tab = window.tab()
    tab.open("/account")
    tab.arrives("/login")
    tab.log_in(EN)
    tab.answer(EN, phone.code())
    tab.arrives("/account")
    logins = [entry["factor"] for entry in events(tenant, "login.succeeded")]
    assert logins == ["twofactor", "twofactor"]


def test_the_cookie_in_another_program_needs_password_and_code(
    erika: Callable[..., Window], open_window: Callable[..., Window], host: Host
) -> None:
    window = erika()
    host.clock.move(IDLE)
    thief = open_window()
    thief.context.add_cookies([{"name": "ccm_session", "value": session_cookie(window), "url": window.origin}])
    thief.open("/account")
    thief.arrives("/login")
    assert thief.page.locator("[name=page_token]").count() == 1
    thief.log_in(EN)
    thief.arrives("/login/challenge")
    thief.says(EN.asked_for)


def test_after_the_longest_time_the_page_is_cleared_and_the_code_is_needed(
    erika: Callable[..., Window], host: Host, phone: Phone
) -> None:
    window = erika()
    window.field("First name").fill("Erika")
    host.clock.move(MAX)
    becomes_visible(window)
    window.says("The page has been cleared. Please log in again.")
    assert "Erika" not in window.page.content()
    window.link(EN.log_in).click()
    window.arrives("/login")
    window.log_in(EN)
    window.answer(EN, phone.code())
    window.arrives("/account")


def test_logging_out_in_one_tab_clears_the_others(erika: Callable[..., Window]) -> None:
    window = erika()
    other = window.tab()
    other.open("/account")
    window.choose(EN.log_out)
    window.arrives("/login")
    becomes_visible(other)
    other.says("The page has been cleared. Please log in again.")
    assert "erika@example.org" not in other.page.content()


def test_another_user_in_the_same_browser_does_not_get_the_page(erika: Callable[..., Window], host: Host) -> None:
    window = erika()
    host.clock.move(IDLE)
    tab = window.tab()
    tab.open("/account")
    tab.log_in(EN, "admin")
    tab.arrives("/account")
    becomes_visible(window)
    window.says("The page has been cleared. Please log in again.")
    assert "@example.org" not in window.page.content()


def test_going_back_after_logging_out_shows_nothing_of_the_account(erika: Callable[..., Window]) -> None:
    window = erika()
    window.choose(EN.log_out)
    window.arrives("/login")
    window.page.go_back()
    window.arrives("/login")
    assert "erika@example.org" not in window.page.content()
