# SPDX-License-Identifier: MIT
"""Browsers and systems by their user agents, as people know them."""

import pytest

from ccm_core.services.user_agents import browser_of

CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 {}Safari/537.36{}"
WINDOWS, LINUX = "Windows NT 10.0; Win64; x64", "X11; Linux x86_64"


@pytest.mark.parametrize(
    ("agent", "browser"),
    [
        (CHROME.format(LINUX, "", ""), "Chrome, Linux"),
        (CHROME.format(WINDOWS, "", " Edg/126.0.0.0"), "Edge, Windows"),
        (CHROME.format(WINDOWS, "", " OPR/112.0.0.0"), "Opera, Windows"),
        (CHROME.format("Linux; Android 14; Pixel 8", "Mobile ", ""), "Chrome, Android"),
        (CHROME.format("X11; CrOS x86_64 14541.0.0", "", ""), "Chrome, ChromeOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox, Linux"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15",
            "Safari, macOS",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1", "Safari, iOS"),
        ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1", "Safari, iPadOS"),
        ("curl/8.5.0", "curl"),
        ("x" * 400, "x" * 40),
        ("evil.example/1.0", "evil"),
        ("https://evil.example", "https"),
        ("<b>bold</b>", ""),
        ("M\u00fcller", "M"),
        ("", ""),
    ],
)
def test_a_browser_is_told_with_its_system(agent: str, browser: str) -> None:
    assert browser_of(agent) == browser
