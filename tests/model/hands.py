# SPDX-License-Identifier: MIT
"""What people do in a browser, over HTTP: each act, and what they see of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx

from ccm_core.testing.browser import Browser
from tests.model.deployment import PLUGIN, Worker
from tests.model.world import Seen, State

PAGES = f"/plugins/{PLUGIN}"
OTHER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
QUIETLY = {"Sec-Fetch-Dest": "empty"}
"""As a script asks, which is no activity."""

_TOKEN = re.compile(r'name="page_token" value="([^"]+)"')
_SECRET = re.compile(r'value="([A-Z2-7]{32})"')
_STATUS = {400: Seen.REFUSED, 401: Seen.REFUSED, 403: Seen.REFUSED, 404: Seen.MISSING, 429: Seen.WAIT}
_PLACES = {"/login": Seen.LOG_IN, "/confirm": Seen.CONFIRM}


class Hands:
    """One browser and who sits there. ``page`` is the token of a page that was drawn in its session and stays open."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.page = ""

    @property
    def cookie(self) -> str:
        return self.browser.cookies.get("ccm_session", "")

    def at(self, worker: Worker) -> Hands:
        """Let a worker answer from now on."""
        self.browser.client = worker  # type: ignore[assignment]  # all that the browser asks of a client
        return self

    def sign_in(self, name: str, password: str) -> Seen:
        return self._in(self._public("/login", username=name, password=password), {"/login/challenge": Seen.CODE})

    def answer(self, typed: str) -> Seen:
        return self._in(self._public("/login/challenge", code=typed), {})

    def back(self) -> None:
        self._public("/login/challenge", action="back")

    def log_out(self, *, from_page: bool) -> Seen:
        return _seen(self._own("/logout") if from_page else self._public("/logout"))

    def unlock(self, password: str, page: str, *, same_agent: bool) -> Seen:
        headers = QUIETLY if same_agent else QUIETLY | {"User-Agent": OTHER_AGENT}
        fields = {"password": password, "page_token": page}
        return _seen(self.browser.send("POST", "/session/unlock", headers=headers, data=fields))

    def visit(self) -> Seen:
        return _seen(self.browser.send("GET", "/account"))

    def confirm(self, password: str, typed: str, *, before_code: bool) -> Seen:
        goal = f"{PAGES}/disable" if before_code else "/account"
        return _seen(self._own("/confirm", password=password, code=typed, next=goal), {goal: Seen.DONE})

    def change_password(self, current: str, new: str) -> Seen:
        fields = {"current_password": current, "new_password": new, "repeat_password": new}
        return _seen(self._own("/account/password", **fields), {"/account": Seen.DONE})

    def begin(self) -> tuple[Seen, str]:
        """Press the button, and return the secret key of the page that it leads to."""
        setup = f"{PAGES}/setup"
        seen = _seen(self._own(f"{setup}/begin"), {setup: Seen.DONE, "/account": Seen.REFUSED})
        if seen is not Seen.DONE:
            return seen, ""
        found = _SECRET.search(self.browser.send("GET", setup, headers=QUIETLY).text)
        assert found
        return seen, found[1]

    def finish(self, typed: str) -> Seen:
        return self._changed(f"{PAGES}/setup", typed)

    def disable(self, typed: str) -> Seen:
        return self._changed(f"{PAGES}/disable", typed)

    def ask_for_link(self, name: str) -> None:
        assert self._public("/password/forgot", username=name).status_code == 200

    def complete(self, path: str, password: str) -> Seen:
        """Open a mailed link and send its form; what is not valid any more draws none."""
        opened = self.browser.send("GET", path)
        answer = self._public(path, new_password=password, repeat_password=password)
        assert (opened.status_code == 200) == (answer.status_code != 404)
        return _seen(answer, {"/login": Seen.DONE})

    def state(self) -> tuple[State, str | None]:
        """How the open page learns that its session stands, and whose it is."""
        told = self.browser.session()
        return State(told["state"]), told["user"]

    def opens_account(self) -> bool:
        return self.browser.send("GET", "/account", headers=QUIETLY).status_code == 200

    def open_page(self) -> None:
        """Keep the start page open in a window."""
        self.page = _token(self.browser.send("GET", "/"))

    def login_token(self) -> str:
        """Return the page token of the login page."""
        return _token(self.browser.send("GET", "/login"))

    def _in(self, answer: httpx.Response, places: Mapping[str, Seen]) -> Seen:
        seen = _seen(answer, {"/": Seen.DONE, **places})
        if seen is Seen.DONE:
            self.open_page()
        return seen

    def _changed(self, path: str, typed: str) -> Seen:
        """Send a code to a page of the plugin, which leads to the account page; a change gives the session a new id."""
        before = self.cookie
        seen = _seen(self._own(path, code=typed), {"/account": Seen.DONE})
        return Seen.REFUSED if seen is Seen.DONE and self.cookie == before else seen

    def _public(self, path: str, **fields: str) -> httpx.Response:
        return self.browser.send("POST", path, data={"page_token": self.login_token(), **fields})

    def _own(self, path: str, **fields: str) -> httpx.Response:
        return self.browser.send("POST", path, data={"page_token": self.page, **fields})


def _seen(answer: httpx.Response, places: Mapping[str, Seen] | None = None) -> Seen:
    if answer.status_code == 200:
        return Seen.CONFIRM if "Confirm that it is you" in answer.text else Seen.DONE
    if answer.status_code == 303:
        return (_PLACES | dict(places or {}))[answer.headers["location"].partition("?")[0]]
    return _STATUS[answer.status_code]


def _token(answer: httpx.Response) -> str:
    found = _TOKEN.search(answer.text)
    return found[1] if found else ""
