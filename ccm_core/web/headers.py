# SPDX-License-Identifier: MIT
"""The headers that every answer carries, errors included (ASVS 3.4, 14.3.2)."""

from __future__ import annotations

from flask import Response

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
HSTS = "max-age=31536000; includeSubDomains"


def finish(response: Response, *, secure: bool) -> Response:
    """Add the headers; what a view set about caching stays."""
    for name, value in ALWAYS.items():
        response.headers.add(name, value)  # no view sets one of them, so nothing needs to be looked for
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    if secure:
        response.headers["Strict-Transport-Security"] = HSTS
    return response
