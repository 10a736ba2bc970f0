# SPDX-License-Identifier: MIT
"""People who go on signing in while parts die: each has one code, and nobody gives up before he knows how it ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import SECRET, account, enrol
from tests.functional.phone import Phone
from tests.hostile.acts import CHALLENGE

PEOPLE, AT_ONCE = 9, 4
FIRST = 2
"""So many have signed in when the incident begins."""
SECONDS, HOUR = 60, 3600
SENTENCES = (
    "The database cannot take the request at present. Please try again in a moment.",
    "The service cannot take the request at present. Please try again in a moment.",
)


@dataclass
class Visit:
    """One person who forgot something, then signs in: the last browser, and those that were asked to come again."""

    name: str
    browser: Browser
    refused: list[Browser] = field(default_factory=list)

    @property
    def signed_in(self) -> bool:
        return "ccm_session" in self.browser.cookies


class Crowd:
    """Some people with phones in an instance."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.code = ""
        self.names = [f"person{number}" for number in range(PEOPLE)]
        for name in self.names:
            tenant.add_user(name)
            enrol(tenant, account(tenant, name))
        self._news = threading.Condition()
        self._visits: list[Visit] = []
        self._refusals = 0
        self._cut: tuple[type[Exception], ...] = ()
        self.began = 0.0

    def signs_in_during(self, incident: Callable[[], None], *, kills: bool = False) -> list[Visit]:
        """Let everybody sign in, some at once, while something happens; returns when all know how it ended.

        ``kills``: a process that answers may end, and with it an answer of which only the beginning was sent.
        """
        self._cut = (httpx.RemoteProtocolError,) if kills else ()
        self.tenant.host.clock.move(HOUR)  # counters of the time before are over
        self.began = self.tenant.host.clock.to_step_start()
        self.code = Phone(self.tenant, SECRET).code()
        self._visits, self._refusals = [], 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            ends = [pool.submit(self._visit, number, name) for number, name in enumerate(self.names)]
            with self._news:
                assert self._news.wait_for(lambda: len(self._visits) >= FIRST, SECONDS)
            incident()
            return [end.result() for end in ends]

    def is_refused(self, times: int) -> None:
        """Wait until people were asked to come again so many times."""
        with self._news:
            assert self._news.wait_for(lambda: self._refusals >= times, SECONDS), self._refusals

    def _visit(self, number: int, name: str) -> Visit:
        visit, wait = Visit(name, self.tenant.browser()), threading.Event()
        for act in (self._asks_for_mail, self._signs_in):
            while not self._ended(act, visit, self._browser(visit, number)):
                visit.refused.append(visit.browser)
                with self._news:
                    self._refusals += 1
                    self._news.notify_all()
                assert len(visit.refused) * 0.02 < SECONDS
                wait.wait(0.02)
        with self._news:
            self._visits.append(visit)
            self._news.notify_all()
        return visit

    def _ended(self, act: Callable[[Visit, Browser], bool], visit: Visit, browser: Browser) -> bool:
        """Act, and tell whether there was an answer; one that was cut off is none, as for anybody with a browser."""
        try:
            return act(visit, browser)
        except self._cut:
            return visit.signed_in

    def _browser(self, visit: Visit, number: int) -> Browser:
        visit.browser = self.tenant.browser()
        visit.browser.headers["X-Forwarded-For"] = f"198.18.{number}.1"
        return visit.browser

    def _asks_for_mail(self, visit: Visit, browser: Browser) -> bool:
        browser.get("/password/forgot")
        if answered(browser):
            browser.submit("/password/forgot", username=visit.name)
        taken = answered(browser)
        assert not taken or "a mail with a link is on its way" in browser.page.text, browser.page.text
        return taken

    def _signs_in(self, visit: Visit, browser: Browser) -> bool:
        """Take both steps; whether the code was answered, by yes or no."""
        browser.get("/login")
        if answered(browser):
            browser.submit("/login", username=visit.name, password=PASSWORD)
        if answered(browser):
            assert browser.path == CHALLENGE, browser.page.text
            browser.submit(CHALLENGE, code=self.code)
        return visit.signed_in or answered(browser)


def answered(browser: Browser) -> bool:
    """Whether there was an answer; else it was a sentence that asks to come again."""
    if browser.response.status_code != 503:
        assert browser.response.status_code < 429, browser.page.text  # an answer, be it no: nothing that nobody foresaw
        return True
    assert int(browser.response.headers["Retry-After"]) >= 1
    assert browser.page.headings == ["Please try again"]
    assert any(sentence in browser.page.text for sentence in SENTENCES)
    return False
