# SPDX-License-Identifier: MIT
"""What a browser does against this project, in the steps and with the client of the peers' load."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import client  # of the peers' bench, in a copy of which this runs
import flows

TOO_MANY = 429
SETUP = "/plugins/twofactor/setup"
client.CSRF = re.compile(rb'name="(csrfmiddlewaretoken|csrf_token|page_token)"[^>]*?value="([^"]+)"')


class Browser(client.Browser):
    """Sends to every system what a browser behind a proxy sends; each user has a network of its own."""

    async def _do(self, head: str, body: bytes = b"") -> Any:
        slot, kind, number = self.slot, self.user[:1], int(self.user[1:] or 0)
        first = {"u": "10", "n": "11"}.get(kind, "12")
        lines = f"X-Forwarded-For: {first}.{number // 256}.{number % 256}.1\r\nSec-Fetch-Site: same-origin\r\n"
        self.slot = _Proxied(slot, lines.encode())
        try:
            return await super()._do(head, body)
        finally:
            self.slot = slot


class _Proxied:
    """A connection that adds header lines."""

    def __init__(self, slot: Any, lines: bytes) -> None:
        self._slot = slot
        self._lines = lines
        self.port = slot.port

    async def send(self, data: bytes) -> Any:
        request, rest = data.split(b"\r\n", 1)
        return await self._slot.send(request + b"\r\n" + self._lines + rest)


class Ccm(flows.Allauth):
    """This project. ``turned_away`` counts sign-ins that were told to come again, and did."""

    login, page, code_get = "/login", "/account", True

    def __init__(self) -> None:
        self.turned_away = 0

    async def sudo(self, browser: Browser) -> None:
        """A fresh sign-in is recent enough for the set-up."""

    async def password(self, browser: Browser) -> None:
        page = browser.last
        form = {"username": browser.user, "password": flows.PASSWORD}
        while (answer := await browser.post(self.login, form)).status == TOO_MANY:
            self.turned_away += 1
            await asyncio.sleep(int(dict(answer.headers)["retry-after"]))
            browser.last = page
        assert answer.status == 303, (answer.status, answer.body[-1500:])

    async def code(self, browser: Browser) -> None:
        form = {"code": client.totp(flows.SECRET), "factor": "twofactor"}
        answer = await browser.post("/login/challenge", form)
        assert answer.status == 303, (answer.status, answer.body[-1500:])

    async def landing(self, browser: Browser) -> None:
        answer = await browser.follow()
        _check(answer, browser.user.encode())

    async def page_view(self, browser: Browser) -> None:
        answer = await browser.get(self.page)
        _check(answer, b"Disable 2-factor authentication")

    async def enrol(self, browser: Browser) -> int:
        answer = await browser.post(f"{SETUP}/begin", {})
        assert answer.status == 303, (answer.status, answer.body[-1500:])
        answer = await browser.follow()
        _check(answer, b"<svg")
        return 2


def _check(answer: Any, part: bytes) -> None:
    assert answer.status == 200, (answer.status, answer.body[-1500:])
    assert part in answer.body, answer.body[-1500:]
