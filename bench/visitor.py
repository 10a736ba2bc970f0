# SPDX-License-Identifier: MIT
"""A browser, as light as can be: one connection a request, cookies, the page token of the last page."""

from __future__ import annotations

import base64
import hmac
import html
import re
import struct
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlencode

PERIOD = 30
SETUP = "/plugins/twofactor/setup"
_TOKEN = re.compile(r'name="page_token" value="([^"]+)"')
_SECRET = re.compile(r"[?&]secret=([A-Z2-7]+)")


def code_of(secret: str, now: float) -> str:
    """Return the code of a base32 secret (RFC 6238), by the bench's own few lines."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(now // PERIOD)), "sha1")
    offset = digest[-1] & 15
    number: int = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


class Refused(AssertionError):
    """An answer was not the expected one; ``retry_after``: the seconds that it asks to wait, if any."""

    def __init__(self, what: str, status: int, retry_after: int | None) -> None:
        super().__init__(what)
        self.status = status
        self.retry_after = retry_after


@dataclass
class Visitor:
    """One browser. Each method raises Refused unless the answer is the expected one."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    body: str = ""
    location: str = ""

    def get(self, path: str, *, status: int = 200) -> None:
        """Open a page."""
        self._send("GET", path, None, status)

    def post(self, path: str, *, status: int = 303, **fields: str) -> None:
        """Send a form with the page token of the last page."""
        found = _TOKEN.search(self.body)
        assert found, f"the page before {path} holds no form"
        self._send("POST", path, urlencode({**fields, "page_token": found[1]}), status)

    def first_step(self, name: str, password: str) -> None:
        """Open the login page and send name and password."""
        self.get("/login")
        self.post("/login", username=name, password=password)

    def sign_in(self, name: str, password: str, secret: str, now: float) -> None:
        """Sign in with a code in five requests: two dialogs, each opened and sent, and the page after them."""
        self.first_step(name, password)
        self.get("/login/challenge")
        self.post("/login/challenge", code=code_of(secret, now), factor="twofactor")
        self.get("/")
        assert "/logout" in self.body

    def begin_setup(self) -> str:
        """Begin a set-up and return its secret, which the set-up page shows."""
        self.get("/account")
        self.post(f"{SETUP}/begin")
        self.get(SETUP)
        found = _SECRET.search(html.unescape(self.body))
        assert found, "the set-up page holds no key URI"
        return found[1]

    def _send(self, method: str, path: str, body: str | None, status: int) -> None:
        origin = f"http://127.0.0.1:{self.port}"
        headers = {"User-Agent": "bench", "Accept": "text/html", "Connection": "close", "Sec-Fetch-Site": "same-origin"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        self.body = response.read().decode()
        self.location = response.headers.get("Location", "")
        for line in response.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        if response.status != status:
            wait = int(response.headers.get("Retry-After", 0)) or None
            raise Refused(f"{method} {path}: {response.status}\n{self.body[-1500:]}", response.status, wait)
