# SPDX-License-Identifier: MIT
"""A window of a real browser that remembers everything the browser complained about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response, expect

from ccm_core.testing.host import PASSWORD
from tests.browser.words import Words

LOCALES = {"en": "en-GB", "de": "de-DE"}
WIDE, NARROW = 1280, 390
TIMEOUT = 20_000
"""Milliseconds that a busy machine gets for a page."""
WATCH = """addEventListener("securitypolicyviolation",
  (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`), true);"""
_EXPECTED = re.compile(
    "Failed to load resource: the server responded with a status of 4"  # _on_response keeps it with its address
    "|Not allowed to launch 'otpauth:"  # a click counts for five seconds, which is not much on a busy machine
)


@dataclass
class Watched:
    """What a browser complained about, and which requests the server refused."""

    complaints: list[str] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)


class Window:
    """One tab; ``page`` is Playwright's."""

    def __init__(self, context: BrowserContext, origin: str, watched: Watched) -> None:
        self.context = context
        self.origin = origin
        self.watched = watched
        self.page: Page = context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: watched.complaints.append(f"script: {error}"))
        self.page.on("response", self._on_response)

    @property
    def path(self) -> str:
        """Where the window is, without query."""
        return urlsplit(self.page.url).path

    def open(self, path: str) -> None:
        """Open a page as by the address bar."""
        self.page.goto(self.origin + path)

    def arrives(self, path: str) -> None:
        """Wait until the window has arrived at a path, and assert it."""
        expect(self.page).to_have_url(re.compile(re.escape(self.origin + path) + r"(\?.*)?$"))
        self.page.wait_for_load_state()

    def tab(self) -> Window:
        """Open another tab of the same browser."""
        return Window(self.context, self.origin, self.watched)

    def field(self, label: str) -> Locator:
        """Return the visible input with exactly this label."""
        labelled = self.page.get_by_label(label, exact=True)
        return self.page.locator("input:visible, select:visible").and_(labelled)

    def button(self, name: str, section: str = "") -> Locator:
        """Return the visible button with exactly this name, on the whole page or in the box with a heading."""
        place = self.section(section) if section else self.page
        return place.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        """Return the visible link with exactly this name."""
        return self.page.get_by_role("link", name=name, exact=True)

    def section(self, title: str) -> Locator:
        """Return the box with this heading."""
        heading = self.page.get_by_role("heading", name=title, exact=True, level=2)
        return self.page.locator("section.panel").filter(has=heading)

    def says(self, text: str) -> None:
        """Wait until a text is shown, and assert it."""
        expect(self.page.get_by_text(text, exact=True).locator("visible=true").first).to_be_visible()

    def log_in(self, words: Words, name: str = "erika", password: str = PASSWORD) -> None:
        """Take the first step of the login, on the login page that is shown or opened."""
        if self.path != "/login":
            self.open("/login")
        self.field(words.username).fill(name)
        self.field(words.password).fill(password)
        self.button(words.log_in).click()

    def answer(self, words: Words, code: str) -> None:
        """Take the second step of the login."""
        self.says(words.asked_for)
        self.field(words.code).fill(code)
        self.button(words.log_in).click()

    def choose(self, entry: str) -> None:
        """Choose an entry of the user menu at the top right."""
        menu = self.page.locator(".user-menu")
        menu.locator("summary").click()
        menu.locator("a, button").filter(has_text=entry).click()

    @contextmanager
    def refused(self, status: int, path: str) -> Iterator[None]:
        """Expect that exactly one request of the block is refused."""
        assert self.watched.refusals == []
        with self.page.expect_response(lambda response: urlsplit(response.url).path == path and response.status >= 400):
            yield
        assert self.watched.refusals == [(status, path)]
        self.watched.refusals.clear()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _EXPECTED.match(message.text):
            self.watched.complaints.append(message.text)

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.watched.refusals.append((response.status, urlsplit(response.url).path))


def new_window(browser: Browser, origin: str, language: str, width: int, **options: Any) -> Window:
    """Open a window of a browser that has never been here; options as for Playwright's ``new_context``."""
    height = 844 if width == NARROW else 900
    context = browser.new_context(locale=LOCALES[language], viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(TIMEOUT)
    context.add_init_script(WATCH)
    return Window(context, origin, Watched())
