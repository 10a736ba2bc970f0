# SPDX-License-Identifier: MIT
"""A browser's name and system from its user agent, for lists and mails that people read; never for a decision."""

from __future__ import annotations

import re

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_WORD = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""Whoever calls chooses this word: without dots and slashes no mail program takes it for an address to follow."""


def browser_of(user_agent: str) -> str:
    """Return such as ``Firefox, Linux``; what the agent begins with when it is no known browser; empty for none."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if not browser:
        word = _WORD.match(user_agent)
        return word[0] if word else ""
    return f"{browser}, {system}" if system else browser
