# SPDX-License-Identifier: MIT
"""A browser without a screen: cookies, the headers that browsers send, forms filled in as they are on the page."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http.cookies import SimpleCookie
from typing import Any

import httpx

from ccm_core.testing.pages import HtmlPage

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
MOST_REDIRECTS = 5


class Browser:
    """One browser of one person, at one instance. ``page`` is what it shows, ``response`` the last answer.

    ``clock`` tells the person what time it is at the host under test, in seconds since 1970.

    ``client`` is the way to the server; one of ``Host.client_of_each_worker`` leads to one worker process.
    """

    def __init__(
        self,
        origin: str,
        client: httpx.Client,
        *,
        language: str = "en",
        user_agent: str = CHROME,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.origin = origin
        self.clock = clock
        self.cookies: dict[str, str] = {}
        self.headers = {
            "Host": origin.partition("//")[2],
            "User-Agent": user_agent,
            "Accept-Language": language,
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Dest": "document",
        }
        self.client = client
        self.on_page: Callable[[str], object] | None = None
        """Is given the HTML of each page that is shown."""
        self.response = httpx.Response(0)
        self.page = HtmlPage("")
        self.path = ""

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str | None] | None = None, **options: Any
    ) -> httpx.Response:
        """Send one request with the cookies, and take in the cookies of the answer; follows nothing.

        ``headers`` are sent in place of those of the same name, which None leaves out; ``options`` are httpx's.
        """
        sent: dict[str, str | None] = {**self.headers, **(headers or {})}
        if method not in {"GET", "HEAD", "OPTIONS"}:
            sent.setdefault("Origin", self.origin)
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        kept = {name: value for name, value in sent.items() if value is not None}
        response = self.client.request(method, path, headers=kept, **options)
        for line in response.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel.value:
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
        return response

    def get(self, path: str, **options: Any) -> HtmlPage:
        """Open a page and follow redirects."""
        return self._show(path, self.send("GET", path, **options))

    def post(self, path: str, fields: dict[str, str], **options: Any) -> HtmlPage:
        """Send a form as it is given, and follow redirects."""
        return self._show(path, self.send("POST", path, data=fields, **options))

    def submit(self, action: str, **fields: str) -> HtmlPage:
        """Fill in the form of the shown page that posts to an address, and send it."""
        return self.post(action, self.page.form(action).fields | fields)

    def confirm(self, password: str, **fields: str) -> HtmlPage:
        """Pass the shown confirmation, and press the button by which an interrupted form goes on."""
        self.submit("/confirm", password=password, **fields)
        for form in self.page.forms:
            if "approval" in form.fields:
                return self.post(form.action, form.fields)
        return self.page

    def unlock(self, password: str) -> httpx.Response:
        """Do what the dialog over the open page does; the page stays as it is."""
        fields = self.page.form("/session/unlock").fields | {"password": password}
        headers = {"Sec-Fetch-Dest": "empty", "Accept": "application/json"}
        return self.send("POST", "/session/unlock", data=fields, headers=headers)

    def session(self) -> dict[str, Any]:
        """Return what the open page learns of its session: ``state``, ``lock_in``, ``user``. This is no activity."""
        answer = self.send("GET", "/session", headers={"Sec-Fetch-Dest": "empty"})
        return dict(answer.json())

    def log_in(self, name: str, password: str) -> HtmlPage:
        """Open the login page and take the first step."""
        self.get("/login")
        return self.submit("/login", username=name, password=password)

    def _show(self, path: str, response: httpx.Response) -> HtmlPage:
        for _ in range(MOST_REDIRECTS):
            if response.status_code not in {301, 302, 303, 307, 308}:
                break
            path = response.headers["location"].removeprefix(self.origin)
            response = self.send("GET", path)
        self.response, self.path = response, path
        self.page = HtmlPage(response.text if "html" in response.headers.get("content-type", "") else "")
        if self.on_page:
            self.on_page(self.page.html)
        return self.page
