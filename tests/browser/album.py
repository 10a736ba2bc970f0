# SPDX-License-Identifier: MIT
"""The pictures of the manual: taken by the browser story into ``test-results``, named by the manuals."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator

from tests.browser.window import Window

ROOT = Path(__file__).resolve().parents[2]
TAKEN = ROOT / "test-results" / "images"
_PICTURE = re.compile(r"!\[[^\]]*\]\(images/([^)]+)\)")


class Album:
    """Pictures in one language; the English ones have no language in their names."""

    def __init__(self, language: str) -> None:
        self._ending = ".png" if language == "en" else f".{language}.png"
        self.taken: list[str] = []
        TAKEN.mkdir(parents=True, exist_ok=True)

    def take(self, window: Window, name: str, part: Locator | None = None) -> Path:
        """Take a picture of a part, or of all that the window shows, and return its file."""
        self.taken.append(name + self._ending)
        path = TAKEN / self.taken[-1]
        if part is None:
            window.page.screenshot(path=path, animations="disabled", caret="initial")
        else:
            part.screenshot(path=path, animations="disabled", caret="initial")
        return path


def manual(language: str) -> str:
    """Return the text of a manual."""
    return (ROOT / "docs" / f"manual.{language}.md").read_text("utf-8")


def named(text: str) -> list[str]:
    """Return the pictures that a text shows, in its order."""
    return _PICTURE.findall(text)
