# SPDX-License-Identifier: MIT
"""The table of docs/security.md: every requirement stands in it once, and what it names exists."""

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
STATES = {"yes", "note", "no", "n/a"}


def rows() -> list[tuple[str, str, str, str]]:
    page = (ROOT / "docs" / "security.md").read_text("utf-8").partition("## Requirement by requirement")[2]
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
    for path, test in re.findall(r"`([\w/.-]+\.py)::(\w+)`", tests):
        assert f"def {test}(" in (ROOT / path).read_text("utf-8"), test
    assert tests.count("`") == 2 * len(re.findall(r"`[\w/.-]+\.py::\w+`", tests)), "not a test"


def test_what_is_said_to_be_met_has_a_file_or_a_test() -> None:
    bare = [name for name, state, where, tests in ROWS if state == "yes" and "`" not in where + tests]
    assert bare == ["6.2.10", "6.4.2"]  # what does not exist here at all
