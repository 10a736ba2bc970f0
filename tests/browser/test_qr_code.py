# SPDX-License-Identifier: MIT
"""The set-up page in hand: copying every value, and opening the app by a double click, a double tap or a link."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Request

from ccm_core.testing.host import Tenant
from tests.browser.phone import Phone, read_uri
from tests.browser.window import NARROW, Window
from tests.browser.words import DE, EN, Words
from tests.functional.acts import account

VALUES = ("TOTP", None, "SHA-1", "6", "30")
OPEN_IN_APP = "Open in the app on this device"


@pytest.fixture
def set_up(tenant: Tenant, open_window: Callable[..., Window]) -> Callable[..., Window]:
    """Return erika's window on the set-up page."""
    tenant.activate("twofactor")

    def begin(words: Words = EN, *args: int, **options: object) -> Window:
        window = open_window(words.language, *args, **options)
        window.log_in(words)
        window.arrives("/")
        window.open("/account")
        window.button(words.enable).click()
        window.arrives("/plugins/twofactor/setup")
        return window

    return begin


def code_of(window: Window) -> Locator:
    return window.page.locator("[data-double-tap]")


def outside_the_web(request: Request) -> bool:
    """Whether a request is for the system and not for our server; browsers ask that for the icon when they like."""
    return not request.url.startswith("http")


def addresses_outside(window: Window) -> list[str]:
    """Return the list that grows with every address outside the web to which the page sends the browser."""
    addresses: list[str] = []
    window.page.on("request", lambda request: addresses.append(request.url) if outside_the_web(request) else None)
    return addresses


def opened_uri(window: Window, act: Callable[[], object]) -> str:
    """Return the address outside the web to which an act sends the browser: Chromium asks the system to open it."""
    with window.page.expect_request(outside_the_web) as caught:
        act()
    assert caught.value.is_navigation_request()
    return caught.value.url


@pytest.mark.parametrize("words", [EN, DE], ids=["en", "de"])
def test_every_value_can_be_copied(set_up: Callable[..., Window], words: Words) -> None:
    window = set_up(words, permissions=["clipboard-read", "clipboard-write"])
    copy, copied = ("Copy", "Copied") if words is EN else ("Kopieren", "Kopiert")
    for label, value in zip(words.settings, VALUES, strict=True):
        shown = window.field(label).input_value()
        assert value in {None, shown}
        button = window.button(f"{copy} {label}")
        button.click()
        window.button(f"{copied} {label}").wait_for()
        assert window.page.evaluate("navigator.clipboard.readText()") == shown


def test_a_value_can_be_copied_where_the_browser_denies_the_clipboard(set_up: Callable[..., Window]) -> None:
    window = set_up(permissions=[])
    window.page.evaluate("void (navigator.clipboard.writeText = () => Promise.reject(new Error('denied')))")
    window.button("Copy Secret key").click()
    window.button("Copied Secret key").wait_for()
    window.field(EN.code).focus()
    window.page.keyboard.press("Control+V")
    assert window.field(EN.code).input_value() == window.field("Secret key").input_value()


@pytest.mark.parametrize(("words", "width"), [(EN, 1280), (DE, NARROW)], ids=["wide", "narrow"])
def test_the_code_in_a_screenshot_of_the_page_activates(
    set_up: Callable[..., Window], phone: Phone, tmp_path: Path, words: Words, width: int
) -> None:
    window = set_up(words, width)
    picture = tmp_path / "page.png"
    window.page.screenshot(path=picture, full_page=True)
    uri = phone.scan(picture)
    assert phone.entry
    assert phone.entry.secret == window.field(words.settings[1]).input_value()
    assert phone.entry.account == "erika"
    assert uri == code_of(window).get_attribute("data-double-tap")
    window.field(words.code).fill(phone.code())
    window.button(words.activate).click()
    window.arrives("/account")
    window.says(words.enabled)


def test_the_typed_key_makes_the_same_codes(set_up: Callable[..., Window], tenant: Tenant, phone: Phone) -> None:
    window = set_up()
    phone.type(window.field("Secret key").input_value())
    window.field(EN.code).fill(phone.code())
    window.page.keyboard.press("Enter")
    window.says(EN.enabled)
    bound = tenant.host.parts.factors.ledger.confirmed(account(tenant).id)
    assert [row.plugin for row in bound] == ["twofactor"]


def double_click(window: Window, pause: float) -> None:
    """Click the code twice with a mouse, ``pause`` seconds apart, which the system takes for a double click."""
    cdp = window.context.new_cdp_session(window.page)
    now = window.page.evaluate("Date.now()") / 1000
    for count in (1, 2):
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "button": "left", "clickCount": count, "timestamp": now + (count - 1) * pause}
            cdp.send("Input.dispatchMouseEvent", event | middle_of_code(window))


@pytest.mark.parametrize("pause", [0.1, 0.45], ids=["fast", "slow"])
def test_a_double_click_on_the_code_opens_the_app(set_up: Callable[..., Window], pause: float) -> None:
    window = set_up()
    uri = opened_uri(window, lambda: double_click(window, pause))
    assert read_uri(uri).secret == window.field("Secret key").input_value()


def middle_of_code(window: Window) -> dict[str, float]:
    code_of(window).scroll_into_view_if_needed()
    box = code_of(window).bounding_box()
    assert box
    return {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}


def taps(window: Window, *times: float) -> None:
    """Tap the code with a finger at times given in seconds from now; the browser is told, nobody waits."""
    cdp = window.context.new_cdp_session(window.page)
    finger = [middle_of_code(window)]
    now = window.page.evaluate("Date.now()") / 1000
    for at in times:
        down = {"type": "touchStart", "touchPoints": finger, "timestamp": now + at}
        up = {"type": "touchEnd", "touchPoints": [], "timestamp": now + at + 0.05}
        cdp.send("Input.dispatchTouchEvent", down)
        cdp.send("Input.dispatchTouchEvent", up)


def test_a_double_tap_on_the_code_opens_the_app(set_up: Callable[..., Window]) -> None:
    window = set_up(EN, NARROW, has_touch=True, is_mobile=True)
    # Safari on a telephone tells a page of two clicks, not of a double click.
    window.page.evaluate("addEventListener('dblclick', (event) => event.stopImmediatePropagation(), true)")
    uri = opened_uri(window, lambda: taps(window, 0, 0.3))
    assert read_uri(uri).secret == window.field("Secret key").input_value()


def test_two_taps_with_a_pause_open_nothing(set_up: Callable[..., Window]) -> None:
    window = set_up(EN, NARROW, has_touch=True, is_mobile=True)
    outside = addresses_outside(window)
    taps(window, 0, 1)
    window.field(EN.code).fill("123456")
    assert outside == []


def test_a_single_click_opens_nothing(set_up: Callable[..., Window]) -> None:
    window = set_up()
    outside = addresses_outside(window)
    code_of(window).click()
    window.field(EN.code).fill("123456")
    assert outside == []


def test_the_plain_link_opens_the_app_too(set_up: Callable[..., Window]) -> None:
    window = set_up()
    link = window.link(OPEN_IN_APP)
    assert link.get_attribute("href") == code_of(window).get_attribute("data-double-tap")
    uri = opened_uri(window, link.click)
    assert read_uri(uri).secret == window.field("Secret key").input_value()


def test_each_app_for_android_and_ios_is_linked(set_up: Callable[..., Window]) -> None:
    window = set_up()
    links = window.page.locator("main a[target=_blank]")
    stores = [(link.inner_text(), str(link.get_attribute("href")).split("/")[2]) for link in links.all()]
    assert stores == [
        ("Google Authenticator", "play.google.com"),
        ("Aegis Authenticator", "play.google.com"),
        ("Google Authenticator", "apps.apple.com"),
        ("Twilio Authy", "apps.apple.com"),
    ]
