# SPDX-License-Identifier: MIT
"""Return addresses: only paths of our own are followed (ASVS 3.7.2, CVE-2023-49438)."""

from __future__ import annotations

LENGTH = 2000
_PRINTABLE = frozenset(chr(code) for code in range(0x21, 0x7F)) - {"\\"}


def own_path(path: str, default: str = "/") -> str:
    """Return a path of this host as it is, and ``default`` for everything else.

    A path starts with exactly one slash and holds printable ASCII without a backslash: browsers read backslashes,
    tabs and line breaks in ways that lead to other hosts.
    """
    fits = path.startswith("/") and not path.startswith("//") and len(path) <= LENGTH
    return path if fits and set(path) <= _PRINTABLE else default
