# SPDX-License-Identifier: MIT
"""The tables of docs/security.md: each requirement and published bypass stands there once; what they name exists."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAST = {
    "2": (3, 3, 5, 2),
    "3": (1, 3, 5, 8, 8, 1, 5),
    "6": (3, 12, 8, 6, 8, 4, 2, 4),
    "7": (3, 4, 2, 5, 3, 2),
    "8": (4, 4, 3, 2),
    "11": (4, 5, 5, 4, 2, 2, 2),
    "14": (2, 8, 3),
    "16": (1, 5, 4, 3, 4),
}
"""How many requirements each section of a chapter of OWASP ASVS 5.0.0 has, for the chapters that are held whole."""
OTHERS = (
    "1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.2 1.3.7 1.3.10 1.3.11 1.5.2 4.1.1 4.1.3 4.1.4 4.2.1 12.2.1 12.3.1 13.3.1 "
    "13.4.1 13.4.2 13.4.4 13.4.5 13.4.6 15.1.2 15.2.5 15.3.1 15.3.3 15.3.4 15.3.5 15.3.7 15.4.1 15.4.2"
)
HOSTILE_CASES = 97
"""Numbered acts that ``tests/hostile`` goes through; one more is about recovery codes, which do not exist yet."""
BYPASSES = 42
"""Rows of the table of what was published about other systems."""
STATES = {"yes", "note", "no", "n/a"}


def part(title: str) -> str:
    page = (ROOT / "docs" / "security.md").read_text("utf-8").partition(f"## {title}\n")[2]
    return page.partition("\n## ")[0]


def bypasses() -> list[tuple[str, str]]:
    lines = re.findall(r"^\| (.*?) \| .*? \| (.*?) \|$", part("Published bypasses of other systems"), re.MULTILINE)
    return lines[2:]


def missing(tests: str) -> list[str]:
    """Return the named tests that do not exist."""
    found = re.findall(r"`([\w/.-]+\.py)::(\w+)`", tests)
    return [test for path, test in found if f"def {test}(" not in (ROOT / path).read_text("utf-8")]


def rows() -> list[tuple[str, str, str, str]]:
    page = part("Requirement by requirement")
    lines = re.findall(r"^\| ([\d. ]+) \| (\S+) \| (.*?) \| (.*?)\|$", page, re.MULTILINE)
    assert len(lines) == page.count("\n| ") - 2  # the heading and the line under it
    return lines


def expected() -> set[str]:
    held = (
        f"{chapter}.{section}.{number}"
        for chapter, sections in LAST.items()
        for section, last in enumerate(sections, 1)
        for number in range(1, last + 1)
    )
    return {*held, *OTHERS.split()}


ROWS = rows()
NAMES = [row[0] for row in ROWS]


def test_every_requirement_stands_in_the_table_once() -> None:
    stated = Counter(one for name in NAMES for one in name.split())
    assert set(stated) == expected()
    assert set(stated.values()) == {1}


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_what_a_row_names_exists(row: tuple[str, str, str, str]) -> None:
    _, state, where, tests = row
    assert state in STATES
    for path in re.findall(r"`([a-z_]+/[\w/.-]+)`", where):
        assert (ROOT / path).exists(), path
    assert missing(tests) == []
    assert tests.count("`") == 2 * len(re.findall(r"`[\w/.-]+\.py::\w+`", tests)), "not a test"


def test_what_is_said_to_be_met_has_a_file_or_a_test() -> None:
    bare = [name for name, state, where, tests in ROWS if state == "yes" and "`" not in where + tests]
    assert bare == ["6.2.10", "6.4.2"]  # what does not exist here at all


@pytest.mark.parametrize("row", bypasses(), ids=[name for name, _ in bypasses()])
def test_a_published_bypass_has_a_test_or_a_reason(row: tuple[str, str]) -> None:
    _, here = row
    assert missing(here) == []
    assert "::test_" in here or here == "there are no recovery codes yet"


def test_no_published_bypass_is_left_out() -> None:
    assert len(bypasses()) == BYPASSES


def test_every_hostile_case_has_a_test_that_bears_its_number() -> None:
    files = sorted((ROOT / "tests" / "hostile").rglob("test_*.py"))
    found = re.findall(r"^def test_h(\d\d)_", "\n".join(file.read_text("utf-8") for file in files), re.MULTILINE)
    assert {int(number) for number in found} == set(range(1, HOSTILE_CASES + 1))
