# SPDX-License-Identifier: MIT
"""The headers that every answer carries, errors included (ASVS 3.4, 14.3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Start = Callable[..., Callable[[bytes], object]]
WsgiApp = Callable[[dict[str, Any], Start], Iterable[bytes]]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    # With no-referrer browsers send «Origin: null» and every form would fail.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
NOT_KEPT = ("Cache-Control", "no-store")
HSTS = "max-age=31536000; includeSubDomains"


class WithHeaders:
    """A WSGI application whose every answer carries the headers; what it says about caching stays.

    They are added to the finished answer, since adding them to Flask's costs as much as checking the page token.
    """

    def __init__(self, app: WsgiApp, *, secure: bool) -> None:
        self._app = app
        self._always = [*ALWAYS.items(), *([("Strict-Transport-Security", HSTS)] if secure else [])]

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer a request."""

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            kept = any(name == "Cache-Control" for name, _ in headers)
            return start_response(status, [*headers, *self._always, *(() if kept else (NOT_KEPT,))], *error)

        return self._app(environ, start)
