# SPDX-License-Identifier: MIT
"""Every request has an id: in a header of the answer, in every line logged meanwhile, on the page of a failure."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from structlog.contextvars import bind_contextvars, reset_contextvars

from ccm_core.config import Network
from ccm_core.web.clients import trusts
from ccm_core.web.headers import Start, WsgiApp

HEADER = "X-Request-ID"
KEY = "ccm-request-id"
"""Where the WSGI environment holds it."""
_GIVEN = re.compile(r"[0-9A-Fa-f-]{16,64}", re.ASCII)
"""What proxies make, nginx's 32 hexadecimal digits and UUIDs; nothing of ours that is secret looks like it."""
_LETTERS = str.maketrans("0123456789", "ghijkmnpqr")


def new_id() -> str:
    """Return 16 random letters: without digits, an id is never taken for a login code."""
    return secrets.token_hex(8).translate(_LETTERS)


class WithRequestId:
    """A WSGI application that gives each request an id; a proxy's own counts if the proxy is trusted."""

    def __init__(self, app: WsgiApp, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer a request."""
        name = environ[KEY] = self._given(environ) or new_id()

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            return start_response(status, [*headers, (HEADER, name)], *error)

        before = bind_contextvars(request_id=name)
        try:
            return self._app(environ, start)
        finally:
            reset_contextvars(**before)  # the thread answers other requests next

    def _given(self, environ: dict[str, Any]) -> str:
        given: str = environ.get("HTTP_X_REQUEST_ID", "")
        fits = given and _GIVEN.fullmatch(given) and trusts(environ.get("REMOTE_ADDR", ""), self._trusted)
        return given if fits else ""
