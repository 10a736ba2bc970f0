# SPDX-License-Identifier: MIT
"""Every page, wide and on a telephone, in both languages: nothing sticks out, everything is labelled and can be hit."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from ccm_core.testing.host import Tenant
from tests.browser.album import ROOT
from tests.browser.phone import Phone
from tests.browser.window import NARROW, WIDE, Window
from tests.browser.words import DE, EN, Words
from tests.functional.acts import SECRET, account, enrol, link_in

TAKEN = ROOT / "test-results" / "pages"
OUTSIDE = ("/login", "/password/forgot", "/password/reset/used-up", "/activate/used-up", "/nowhere")
INSIDE = ("/", "/account", "/plugins/twofactor/disable", "/confirm?next=/account")
ADMIN = ("/", "/account", "/admin/plugins", "/admin/plugins/twofactor", "/admin/users", "/admin/audit", "/confirm")
FAULTS = """() => {
  const visible = (element) => element.checkVisibility({visibilityProperty: true});
  const all = (selector) => [...document.querySelectorAll(selector)].filter(visible);
  const name = (element) => element.outerHTML.slice(0, 90);
  const faults = [];
  if (document.scrollingElement.scrollWidth > innerWidth) faults.push("the page is wider than the window");
  if (all("h1").length !== 1) faults.push(`the page has ${all("h1").length} main headings`);
  for (const element of all("button, summary, input:not([type=hidden]), select, a.button, nav a")) {
    const box = element.getBoundingClientRect();
    if (box.width < 24 || box.height < 24) faults.push(`too small: ${name(element)}`);
    if (box.left < 0 || box.right > innerWidth + 0.5) faults.push(`outside the window: ${name(element)}`);
    if (element.matches("button, .button") && element.scrollWidth > element.clientWidth + 1)
      faults.push(`cut off: ${name(element)}`);
  }
  for (const input of all("input, select"))
    if (!input.labels.length && !input.ariaLabel) faults.push(`without a label: ${name(input)}`);
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids)) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`twice: ${id}`);
  return faults;
}"""


@pytest.fixture
def prepared(tenant: Tenant, phone: Phone) -> Tenant:
    """The plugin is active for selected users; erika has set it up, max has been invited."""
    tenant.activate("twofactor", everyone=False)
    enrol(tenant, account(tenant))
    phone.type(SECRET)
    tenant.add_user("a-user-with-a-name-as-long-as-they-may-be-" + "x" * 20, password=None)
    return tenant


def look(window: Window, words: Words, width: int, path: str) -> list[str]:
    """Return what is wrong with the page that is shown, and keep a picture for people to look at."""
    folder = TAKEN / f"{words.language}-{width}"
    folder.mkdir(parents=True, exist_ok=True)
    name = path.partition("?")[0].strip("/").replace("/", "-") or "start"
    window.page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert window.page.locator("html").get_attribute("lang") == words.language
    return [f"{path}: {fault}" for fault in window.page.evaluate(FAULTS)]


@pytest.mark.parametrize("words", [EN, DE], ids=["en", "de"])
@pytest.mark.parametrize("width", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_page_has_a_visible_fault(
    prepared: Tenant, open_window: Callable[..., Window], phone: Phone, words: Words, width: int
) -> None:
    touch = {"has_touch": True, "is_mobile": True} if width == NARROW else {}
    window, faults = open_window(words.language, width, **touch), []
    for path in OUTSIDE:
        window.open(path)
        faults += look(window, words, width, path)
    assert window.watched.refusals == [(404, path) for path in OUTSIDE[2:]]
    window.watched.refusals.clear()
    window.log_in(words)
    window.says(words.asked_for)
    faults += look(window, words, width, "/login/challenge")
    window.answer(words, phone.code())
    window.arrives("/")
    for path in INSIDE:
        window.open(path)
        faults += look(window, words, width, path)
    window.choose(words.log_out)
    window.log_in(words, "admin")
    window.arrives("/")
    for path in (*ADMIN, f"/admin/users/{account(prepared).id}"):
        window.open(path)
        faults += look(window, words, width, path)
    window.open(link_in(prepared.mails("a-user")[-1]))
    faults += look(window, words, width, "/activate")
    assert faults == []


def test_the_way_to_the_account_settings_by_keyboard_alone(open_window: Callable[..., Window]) -> None:
    window = open_window()
    keys = window.page.keyboard
    window.open("/login")
    expect(window.field(EN.username)).to_be_focused()
    keys.type("erika")
    keys.press("Tab")
    keys.type("correct horse battery staple")
    keys.press("Enter")
    window.arrives("/")
    keys.press("Tab")
    expect(window.link("Skip to content")).to_be_focused()
    summary = window.page.locator(".user-menu summary")
    for _ in range(4):  # brand, start page, account settings, menu
        keys.press("Tab")
    expect(summary).to_be_focused()
    keys.press("Enter")
    keys.press("Escape")
    expect(window.button(EN.log_out)).to_have_count(0)
    expect(summary).to_be_focused()
    keys.press("Enter")
    keys.press("Tab")
    keys.press("Enter")
    window.arrives("/account")


def test_a_password_can_be_looked_at_and_is_hidden_when_it_is_sent(open_window: Callable[..., Window]) -> None:
    window = open_window()
    window.open("/login")
    field = window.field(EN.password)
    field.fill("wrong")
    window.button("Show password").click()
    expect(field).to_have_attribute("type", "text")
    window.field(EN.username).fill("erika")
    field.evaluate("(field) => field.form.addEventListener('submit', () => (window.name = field.type))")
    with window.refused(401, "/login"):
        window.button(EN.log_in).click()
    assert window.page.evaluate("window.name") == "password"


def test_the_user_menu_closes_when_something_else_is_clicked(open_window: Callable[..., Window]) -> None:
    window = open_window()
    window.log_in(EN)
    window.arrives("/")
    window.page.locator(".user-menu summary").click()
    expect(window.button(EN.log_out)).to_be_visible()
    window.page.locator("h1").click()
    expect(window.button(EN.log_out)).to_have_count(0)
