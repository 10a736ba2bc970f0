# SPDX-License-Identifier: MIT
"""Lists and times as people see them."""

import json
from collections.abc import Iterator

import pytest

from ccm_core.cli.tables import HELD, show
from ccm_core.cli.times import utc


def test_columns_are_as_wide_as_their_widest_cell(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"a": "x", "b": 7, "c": True}, {"a": "longer than the heading", "b": None, "c": False}]
    show(rows, {"a": "HEADING", "b": "N", "c": "C"}, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "HEADING                  N  C",
        "x                        7  yes",
        "longer than the heading     no",
    ]


def test_what_could_move_the_cursor_is_blanked_for_people_and_escaped_for_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [{"a": "red\x1b[31m\nnext", "b": ["x\r", "y"], "c": {"k": "\x07"}}]
    show(rows, {"a": "A", "b": "B", "c": "C"}, as_json=False)
    assert capsys.readouterr().out.splitlines()[1] == "red [31m next  x , y  k="
    show(rows, {"a": "A"}, as_json=True)
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "\x1b" not in printed


def test_nothing_is_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    show([], {"a": "A"}, as_json=False)
    show([], {"a": "A"}, as_json=True)
    assert capsys.readouterr().out == "[]\n"


def test_a_point_in_time_is_utc_to_the_second() -> None:
    assert utc(1_111_111_109.9) == "2005-03-18 01:58:29"
    assert utc(0.0) == "1970-01-01 00:00:00"
    assert utc(None) == "never"


@pytest.mark.parametrize("as_json", [True, False])
def test_rows_are_printed_as_they_come(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    printed: list[str] = []

    def rows() -> Iterator[dict[str, object]]:
        for number in range(3 * HELD):
            if number and number % HELD == 0:
                printed.append(capsys.readouterr().out)
            yield {"a": number}

    show(rows(), {"a": "A"}, as_json=as_json)
    printed.append(capsys.readouterr().out)
    assert [str(last) in part for last, part in zip((HELD - 1, 2 * HELD - 1, 3 * HELD - 1), printed, strict=True)] == [
        True
    ] * 3
    whole = "".join(printed)
    numbers = [row["a"] for row in json.loads(whole)] if as_json else [int(line) for line in whole.splitlines()[1:]]
    assert numbers == list(range(3 * HELD))


def test_a_wide_cell_far_down_pushes_the_rest_of_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"a": "x" * (1 + number // HELD), "b": "y"} for number in range(HELD + 1)]
    show(rows, {"a": "A", "b": "B"}, as_json=False)
    assert capsys.readouterr().out.splitlines()[-2:] == ["x  y", "xx  y"]
