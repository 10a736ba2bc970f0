# SPDX-License-Identifier: MIT
"""Every parser of outside input with what it promises, for Hypothesis (``make test``) and atheris (``make fuzz``).

A check takes any text, and raises when the parser raises what it does not document, or answers what it must not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.fuzz.from_operators import Files, moment
from tests.hostile.fuzz.from_people import CODES, code, email, key_address, name, password, plugin_settings, row_id
from tests.hostile.fuzz.from_requests import (
    PageTokens,
    StaticFiles,
    addresses,
    cookies,
    form,
    host,
    language,
    next_path,
    path_in_logs,
    user_agent,
)

MOST_SECONDS = 1.0
"""Processor time of one input of at most 64 KiB; each takes a few milliseconds."""
ODD = (
    "",
    " ",
    "\0",
    "\t",
    "\r\n",
    "\x7f",
    "\x85",
    "\u2028",
    "\ud800",
    "ä",
    "ß",
    "İ",
    "ﷺ",
    "\N{DIGIT THREE}\u20e3",
    "٣",
)
ODD += ("９", "\U0001f511", "e\u0301", "\u202e", "%", "%00", "%ff", "%C3%A4", "..", "'--", "<b>", "{{7*7}}", "9" * 40)
"""Pieces that some parser somewhere has stumbled over."""


@dataclass(frozen=True)
class Parser:
    """A check, and pieces of which inputs are made that get past the first comparison."""

    check: Callable[[str], None]
    words: tuple[str, ...]

    def run(self, text: str) -> float:
        """Check one input; returns the CPU seconds that it took."""
        began = time.thread_time()
        self.check(text)
        return time.thread_time() - began


URLS = ("http://", "https://a.example", "HTTPS://a.example", "smtp://", "a.example", "[::1]", ":80", ":99999", "@", "/")
URLS += (
    "?",
    "#",
    "60",
    "true",
    "10.0.0.0/8",
    "::/0",
    "fe80::%1",
    ",",
    "file:",
    "sqlite:///",
    "999999999",
    "%41",
    "u:p@h",
)
NAMES = ("idle", "CCM_SESSION_IDLE_SECONDS", "CCM_BASE_URL", "CCM_MAIL_URL", "CCM_TRUSTED_PROXIES", "CCM_MAIL_FROM")
TOML = ("session_idle_seconds", "base_url", "mail_url", "trusted_proxies", "audit_days", " = ", '"', "[", "]", "{", "}")
TOML += ("'", '"""', "\n", "0x", "1e9", "-", "_", "#", "\\u", "1979-05-27", "nan", ".", "9" * 5000, "f" * 5000)
HOPS = (
    "127.0.0.1",
    "203.0.113.9",
    "2001:db8::1",
    "::ffff:203.0.113.9",
    "fe80::%",
    "%",
    ",",
    ", ",
    "/24",
    ":80",
    "unknown",
)
FIELDS = ("username", "password", "new_password", "first_name", "language", "email", "role", "page_token", "code")
WORDS: dict[str, tuple[str, ...]] = {
    "next path": ("/", "//", "\\", "@", "evil.example", ":", "http:", "%2f", "?", "#", ";"),
    "path in logs": ("/password/reset", "/activate", "/account/email", "/", "\n"),
    "language": ("de", "en", "-AT", ";", "q=", "0.5", ",", "*", "nan", "inf", "1e999", "-1"),
    "host": ("a.example", ":", "80", "[", "]", "::1", "@", "/", "?", "%", ",", "\N{FULLWIDTH SOLIDUS}"),
    "addresses": HOPS,
    "static file": ("app.css", "/", "..", ".", "x" * 300, "static", "./"),
    "user agent": ("Mozilla/5.0", "Edg", "Chrome", "Safari", "Android", "(", "iPad", " ", "/"),
    "cookies": ("ccm_session", "ccm_login", "__Host-", "=", ";", '"', "\\073", "A" * 43, "$Path"),
    "page token": ("A" * 43, "_" * 43, "=", "+", "/", "-", "A", "\n"),
    "form": (*FIELDS, "=", "&", "+", ";", "%", "%C3", "%A4", "\xc3%A4", "a" * 500),
    "id": ("9" * 19, "0", "1", "9", "-", "+", ".", "_", "e"),
    "name": ("erika", "console", "@", "＠", "ﬃ", "a" * 64, "ﬁ" * 40, "."),
    "email": ("a@b.example", "a=?utf-8?q?b?=@b.example", "@", ".", "..", "?=", ",", "<", ">", '"', "(", ")", "!", "+"),
    "password": ("password", "erika", "1234567890", "qwertz", "a" * 250, "ﷺ" * 60),
    "plugin settings": ("issuer", "-", "1", "9" * 9, "true", "red", "ä" * 200),
    "code": (*CODES, " ", "0", "1", "123456"),
    "key address": ("ACME", ":", "%3A", "&", "secret=", "?", "/", "\n", "\U0001f511" * 64),
    "settings file": (*TOML, *URLS),
    "environment": (*NAMES, "=", "\n", *URLS),
    "key file": ("0000000a", ":", "A" * 43 + "=", "\n", " ", "=", "ffffffff", "0" * 8),
    "sealed data": ("\1", "\0\0\0\n", "\0" * 12, "\xff"),
    "time": ("2026-01-31", "T", "08:00", "+14:00", "Z", "-W01-1", "0001-01-01", "24h", "9", "m", "d"),
}


def parsers(folder: Path) -> dict[str, Parser]:
    """Return every parser by name; those of files write into the folder."""
    files = Files(folder)
    checks: dict[str, Callable[[str], None]] = {
        "next path": next_path,
        "path in logs": path_in_logs,
        "language": language,
        "host": host,
        "addresses": addresses,
        "static file": StaticFiles(folder).check,
        "user agent": user_agent,
        "cookies": cookies,
        "page token": PageTokens(folder).check,
        "form": form,
        "id": row_id,
        "name": name,
        "email": email,
        "password": password,
        "plugin settings": plugin_settings,
        "code": code,
        "key address": key_address,
        "settings file": files.settings_file,
        "environment": files.environment,
        "key file": files.key_file,
        "sealed data": files.sealed,
        "time": moment,
    }
    return {about: Parser(check, WORDS[about]) for about, check in checks.items()}
