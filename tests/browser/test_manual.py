# SPDX-License-Identifier: MIT
"""The manual: both languages say the same, show small pictures that exist, and name what stands on the pages."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.browser.album import ROOT, manual, named

IMAGES = ROOT / "docs" / "images"
CATALOGUES = [*ROOT.glob("ccm_core/translations/de.po"), *ROOT.glob("plugins/*/*/translations/de.po")]
LARGEST_PICTURE, ALL_PICTURES = 80_000, 1_500_000


def skeleton(text: str) -> list[str]:
    """Return the marks at the beginnings of lines: headings, numbers, list items, tables, pictures."""
    return re.findall(r"^ *(#+|\d\.|-|\||!(?=\[))", text, re.MULTILINE)


def texts(language: str) -> set[str]:
    """Return all texts of the pages in a language."""
    found: set[str] = set()
    for path in CATALOGUES:
        with path.open("rb") as file:
            for message in read_po(file, locale="de"):
                text = message.id if language == "en" else message.string
                found |= {text} if isinstance(text, str) else set(text)
    return found


def anchor(heading: str) -> str:
    """Return the anchor that repositories on the web give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_both_manuals_have_the_same_parts() -> None:
    assert skeleton(manual("en")) == skeleton(manual("de"))


def test_both_manuals_show_the_same_pictures_each_in_its_language() -> None:
    assert named(manual("de")) == [name.replace(".png", ".de.png") for name in named(manual("en"))]


def test_every_picture_is_there_and_none_is_left_over() -> None:
    pictures = {path.name for path in IMAGES.iterdir()}
    assert pictures == {*named(manual("en")), *named(manual("de"))}


def test_the_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in IMAGES.iterdir()}
    assert [name for name, size in sizes.items() if size > LARGEST_PICTURE] == []
    assert sum(sizes.values()) < ALL_PICTURES


@pytest.mark.parametrize("language", ["en", "de"])
def test_whatever_is_bold_stands_on_the_pages(language: str) -> None:
    bold = re.findall(r"\*\*(.+?)\*\*", manual(language), re.DOTALL)
    assert len(bold) > 30
    assert [text for text in bold if " ".join(text.split()) not in texts(language)] == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_link_to_a_heading_finds_it(language: str) -> None:
    text = manual(language)
    anchors = {anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    linked = re.findall(r"\]\(#([^)]+)\)", text)
    assert len(linked) > 10
    assert [link for link in linked if link not in anchors] == []


def test_the_readme_shows_the_set_up_page() -> None:
    assert "](docs/images/set-up.png)" in Path(ROOT / "README.md").read_text("utf-8")
