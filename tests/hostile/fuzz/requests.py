# SPDX-License-Identifier: MIT
"""Makes requests of choices, whoever takes them: a random generator in ``make test``, atheris in ``make fuzz``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import quote_plus

from tests.hostile.fuzz.parsers import ODD
from tests.hostile.fuzz.stage import FORM, Sent
from tests.model.deployment import PASSWORDS

METHODS = ("GET", "POST", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "X")
PLACES = {
    "<token>": ("<reset>", "<activation>", "<email>", "A" * 43),
    "<id>": ("<erika>", "<admin>", "0", "9" * 18, "9" * 19),
    "<name>": ("twofactor", "nonesuch", "app.css", ".."),
    "<digest>": ("0" * 16, ""),
    "<path:path>": ("setup", "setup/begin", "disable", "", "..", "x/y"),
}
FIELDS = ("username", "password", "next", "code", "factor", "way", "action", "approval", "fields", "reason", "target")
FIELDS += (
    "first_name",
    "last_name",
    "company",
    "language",
    "email",
    "current_password",
    "new_password",
    "repeat_password",
)
FIELDS += ("name", "role", "user", "session", "all", "issuer", "q", "after", "event", "done", "page_token")
VALUES = ("erika", "admin", *PASSWORDS, "<page_token>", "<erika>", "<admin>", "123456", "twofactor", "back", "/account")
VALUES += (
    "//evil.example",
    "/admin/users",
    "a=b&c=d",
    "administrator",
    "user",
    "en",
    "n@x.example",
    "1",
    "login",
    "x" * 3000,
)
HEADERS = {
    "Accept-Language": ("de", "en;q=0", "*", ",;q=", "x" * 4000),
    "User-Agent": ("Mozilla/5.0 Firefox", "", "x" * 4000),
    "Host": ("", "[", "a b", "evil.example", "[::1]:80", "x" * 300),
    "Origin": ("null", "https://evil.example", "http://", ""),
    "Sec-Fetch-Site": ("same-origin", "cross-site", "none", ""),
    "Sec-Fetch-Dest": ("document", "empty", ""),
    "X-Forwarded-For": ("203.0.113.9", "fe80::%1", ",", "127.0.0.1, 127.0.0.1", "x"),
    "X-Forwarded-Host": ("evil.example", ""),
    "Cookie": ("", "ccm_session=", "ccm_session=" + "A" * 43, "=;;=", "ccm_login=" + "A" * 43, "ccm_visit=x", '"'),
    "Transfer-Encoding": ("chunked", ""),
    "Accept": ("application/json", "*/*"),
    "Content-Encoding": ("gzip",),
}
KINDS = (FORM, FORM, FORM, f"{FORM}; charset=utf-16", "multipart/form-data; boundary=x", "application/json", "", "\xe4")


class Source(Protocol):
    """Where choices come from."""

    def pick(self, choices: Sequence[str]) -> str:
        """Choose one."""

    def text(self) -> str:
        """Make up a short text."""

    def number(self, most: int) -> int:
        """Choose a number from 0."""


def wire(text: str) -> str:
    """Return a text as bytes that a request line or header may hold, written as characters of Latin-1."""
    return re.sub(r"[\0-\x1f\x7f]", "", latin(text))


def latin(text: str) -> str:
    """Return a text's bytes as characters of Latin-1."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def odd(source: Source, likely: Sequence[str]) -> str:
    """Return mostly one of the likely texts, else something else."""
    kind = source.number(9)
    return source.pick(likely) if kind < 7 else source.pick(ODD) if kind < 8 else source.text()


def encoded(source: Source, fields: Sequence[tuple[str, str]]) -> str:
    """Return fields as a form sends them, now and then as they stand or broken."""
    pairs = []
    for name, value in fields:
        if source.number(9):
            value = quote_plus(value, safe="<>", errors="surrogatepass")  # noqa: PLW2901 - as it is sent
        pairs.append(latin(f"{name}={value}"))
    return source.pick(("&", "&", "&", "&&", ";")).join(pairs)


def request(source: Source, method: str, path: str) -> Sent:
    """Return a request, mostly for a route as it is, with fields that exist."""
    for place, values in PLACES.items():
        if place in path:
            path = path.replace(place, odd(source, values))
    path = path if source.number(9) else source.text()
    method = method if source.number(5) else source.pick(METHODS)
    fields = [(odd(source, FIELDS), odd(source, VALUES)) for _ in range(source.number(5))]
    body = encoded(source, [("page_token", "<page_token>"), *fields] if source.number(5) else fields)
    query = encoded(source, [(odd(source, FIELDS), odd(source, VALUES)) for _ in range(source.number(2))])
    headers = {}
    for _ in range(source.number(2)):
        name = source.pick(tuple(HEADERS))
        headers[name] = wire(odd(source, HEADERS[name]))
    kind = KINDS[0] if source.number(9) else source.pick(KINDS)
    body, query = body if method == "POST" else "", wire(query).replace(" ", "+")
    return Sent(method, "/" + latin(path).lstrip("/"), query, body, kind, headers)
