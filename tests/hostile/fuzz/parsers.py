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
from tests.hostile.fuzz.from_people import Factor, email, name, password, plugin_settings, row_id
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

    def run(self, text: str) -> None:
        """Check one input and the time that it takes."""
        began = time.thread_time()
        self.check(text)
        assert time.thread_time() - began < MOST_SECONDS


def parsers(folder: Path) -> dict[str, Parser]:
    """Return every parser by name; those of files write into the folder."""
    files, factor, tokens = Files(folder), Factor(), PageTokens(folder)
    names = ("idle", "CCM_SESSION_IDLE_SECONDS", "CCM_BASE_URL", "CCM_MAIL_URL", "CCM_TRUSTED_PROXIES", "CCM_MAIL_FROM")
    values = (
        "http://",
        "https://a.example",
        "HTTPS://a.example",
        "smtp://",
        "a.example",
        "[::1]",
        ":80",
        ":99999",
        "@",
        "/",
        "?",
        "#",
        "60",
    )
    values += ("true", "10.0.0.0/8", "::/0", "fe80::%1", ",", "file:", "sqlite:///", "999999999", "%41", "u:p@h")
    toml = ("session_idle_seconds", "base_url", "mail_url", "trusted_proxies", "audit_days", " = ", '"', "[", "]", "{")
    toml += ("}", "'", '"""', "\n", "0x", "1e9", "-", "_", "#", "\\u", "1979-05-27", "nan", ".", "9" * 5000, "f" * 5000)
    hops = (
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
    fields = ("username", "password", "new_password", "first_name", "language", "email", "role", "page_token", "code")
    return {
        "next path": Parser(next_path, ("/", "//", "\\", "@", "evil.example", ":", "http:", "%2f", "?", "#", ";")),
        "path in logs": Parser(path_in_logs, ("/password/reset", "/activate", "/account/email", "/", "\n")),
        "language": Parser(language, ("de", "en", "-AT", ";", "q=", "0.5", ",", "*", "nan", "inf", "1e999", "-1")),
        "host": Parser(
            host, ("a.example", ":", "80", "[", "]", "::1", "@", "/", "?", "%", ",", "\N{FULLWIDTH SOLIDUS}")
        ),
        "addresses": Parser(addresses, hops),
        "static file": Parser(StaticFiles(folder).check, ("app.css", "/", "..", ".", "x" * 300, "static", "./")),
        "user agent": Parser(user_agent, ("Mozilla/5.0", "Edg", "Chrome", "Safari", "Android", "(", "iPad", " ", "/")),
        "cookies": Parser(cookies, ("ccm_session", "ccm_login", "__Host-", "=", ";", '"', "\\073", "A" * 43, "$Path")),
        "page token": Parser(tokens.check, ("A" * 43, "_" * 43, "=", "+", "/", "-", "A", "\n")),
        "form": Parser(form, (*fields, "=", "&", "+", ";", "%", "%C3", "%A4", "\xc3%A4", "a" * 500)),
        "id": Parser(row_id, ("9" * 19, "0", "1", "9", "-", "+", ".", "_", "e")),
        "name": Parser(name, ("erika", "console", "@", "＠", "ﬃ", "a" * 64, "ﬁ" * 40, ".")),
        "email": Parser(
            email,
            (
                "a@b.example",
                "a=?utf-8?q?b?=@b.example",
                "@",
                ".",
                "..",
                "=?utf-8?q?",
                "?=",
                ",",
                "<",
                ">",
                '"',
                "(",
                ")",
                "!",
                "+",
            ),
        ),
        "password": Parser(password, ("password", "erika", "1234567890", "qwertz", "a" * 250, "ﷺ" * 60)),
        "plugin settings": Parser(plugin_settings, ("issuer", "-", "1", "9" * 9, "true", "red", "ä" * 200)),
        "code": Parser(factor.answer, (*factor.codes, " ", "0", "1", "123456")),
        "key address": Parser(factor.address, ("ACME", ":", "%3A", "&", "secret=", "?", "/", "\n", "\U0001f511" * 64)),
        "settings file": Parser(files.settings_file, toml + values),
        "environment": Parser(files.environment, (*names, "=", "\n", *values)),
        "key file": Parser(files.key_file, ("0000000a", ":", "A" * 43 + "=", "\n", " ", "=", "ffffffff", "0" * 8)),
        "sealed data": Parser(files.sealed, ("\1", "\0\0\0\n", "\0" * 12, "\xff")),
        "time": Parser(
            moment, ("2026-01-31", "T", "08:00", "+14:00", "Z", "-W01-1", "0001-01-01", "24h", "9", "m", "d")
        ),
    }
