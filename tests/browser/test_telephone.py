# SPDX-License-Identifier: MIT
"""Everything on the telephone itself: 390 pixels wide, by finger."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from ccm_core.testing.host import PASSWORD, Host, Tenant
from tests.browser.phone import Phone
from tests.browser.window import NARROW, Window
from tests.browser.words import DE, EN, Words


def choose(window: Window, entry: str) -> None:
    menu = window.page.locator(".user-menu")
    menu.locator("summary").tap()
    menu.locator("a, button").filter(has_text=entry).tap()


def log_in(window: Window, words: Words) -> None:
    window.arrives("/login")
    window.field(words.username).tap()
    window.field(words.username).fill("erika")
    window.field(words.password).fill(PASSWORD)
    window.button(words.log_in).tap()


@pytest.mark.parametrize("words", [EN, DE], ids=["en", "de"])
def test_set_up_login_and_open_window_by_finger(
    tenant: Tenant, host: Host, open_window: Callable[..., Window], phone: Phone, words: Words
) -> None:
    tenant.activate("twofactor")
    window = open_window(words.language, NARROW, has_touch=True, is_mobile=True)
    window.page.clock.install()
    window.open("/")
    log_in(window, words)
    window.arrives("/")
    choose(window, words.account)
    window.button(words.enable).tap()
    key = window.field(words.settings[1])
    assert key.evaluate("(field) => field.scrollWidth <= field.clientWidth"), "the key is cut off"
    phone.type(key.input_value())
    window.field(words.code).fill(phone.code())
    window.button(words.activate).tap()
    window.says(words.enabled)
    choose(window, words.log_out)
    host.clock.move(30)
    log_in(window, words)
    window.says(words.asked_for)
    window.field(words.code).fill(phone.code())
    window.button(words.log_in).tap()
    window.arrives("/")
    host.clock.move(1801)
    window.page.clock.fast_forward(1801 * 1000)
    dialog = window.page.get_by_role("dialog", name=words.expired)
    dialog.get_by_label(words.password, exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name=words.go_on).tap()
    expect(dialog).to_be_hidden()
    choose(window, words.account)
    expect(window.link(words.disable_app)).to_be_visible()
