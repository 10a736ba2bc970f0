# SPDX-License-Identifier: MIT
"""Paths: which return addresses are followed, and how a path is written into logs."""

from __future__ import annotations

import re

LENGTH = 2000
_TOKEN = re.compile(r"^(/password/reset|/activate|/account/email)/.*", re.DOTALL)
_PRINTABLE = frozenset(chr(code) for code in range(0x21, 0x7F)) - {"\\"}


def own_path(path: str, default: str = "/") -> str:
    """Return a path of this host as it is, and ``default`` for everything else (ASVS 3.7.2, CVE-2023-49438).

    A path starts with exactly one slash and holds printable ASCII without a backslash: browsers read backslashes,
    tabs and line breaks in ways that lead to other hosts.
    """
    fits = path.startswith("/") and not path.startswith("//") and len(path) <= LENGTH
    return path if fits and set(path) <= _PRINTABLE else default


def masked(path: str) -> str:
    """Return at most 100 characters of a path for log and audit trail, without a mailed link's token (ASVS 16.2.5)."""
    return _TOKEN.sub(r"\1/…", path)[:100]
