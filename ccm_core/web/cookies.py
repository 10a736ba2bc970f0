# SPDX-License-Identifier: MIT
"""The three cookies: HttpOnly, SameSite=Lax, without Domain or age, and ``__Host-`` over https (ASVS 3.3.1, 3.3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from flask import Request, Response

Cookie = Literal["ccm_session", "ccm_login", "ccm_visit"]
SESSION: Cookie = "ccm_session"
LOGIN: Cookie = "ccm_login"
VISIT: Cookie = "ccm_visit"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(slots=True)
class Cookies:
    """Reads a request's cookies and collects what the answer sets."""

    secure: bool
    request: Request
    changes: dict[Cookie, str] = field(default_factory=dict)

    def get(self, cookie: Cookie) -> str:
        """Return a cookie's token, empty when it is missing or cannot be one of ours."""
        value = self.changes.get(cookie)
        if value is None:
            value = self.request.cookies.get(self._name(cookie), "")
        return value if _TOKEN.fullmatch(value) else ""

    def set(self, cookie: Cookie, token: str) -> None:
        """Let the answer set a cookie; an empty token removes it."""
        self.changes[cookie] = token

    def apply(self, response: Response) -> None:
        """Write the changes into the answer."""
        for cookie, token in self.changes.items():
            age = None if token else 0
            response.set_cookie(
                self._name(cookie), token, max_age=age, path="/", secure=self.secure, httponly=True, samesite="Lax"
            )

    def _name(self, cookie: Cookie) -> str:
        return f"__Host-{cookie}" if self.secure else cookie
