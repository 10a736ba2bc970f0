# SPDX-License-Identifier: MIT
"""Lists: aligned text for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import click

from ccm_core.cli.progress import output_is_elsewhere, progress
from ccm_core.cli.times import utc

as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON list; times are seconds since 1970 in UTC."
)
TIMES = frozenset({"at", "created_at", "delivered_at", "last_login_at", "from_at"})
"""Keys whose values are points in time."""
HELD = 500
"""Rows that are held and printed at once."""


def show(rows: Iterable[Mapping[str, object]], columns: Mapping[str, str], *, as_json: bool) -> None:
    """Print rows as they come: as JSON with all their keys, else the ``columns``, a heading per key; nothing for none.

    Only so many are held at once: columns are as wide as the first of them need, and a wider cell pushes the rest.
    """
    blocks = _blocks(iter(rows))
    printed = 0
    with progress(shown=output_is_elsewhere()) as told:
        for lines in _as_json(blocks) if as_json else _as_text(blocks, columns):
            click.echo("".join(lines), nl=False)
            printed += len(lines)
            told(printed, "rows")


def _blocks(rows: Iterator[Mapping[str, object]]) -> Iterator[list[Mapping[str, object]]]:
    while block := list(islice(rows, HELD)):
        yield block


def _as_json(blocks: Iterable[list[Mapping[str, object]]]) -> Iterator[list[str]]:
    before = "["
    for block in blocks:
        lines = []
        for row in block:
            lines.append(before + json.dumps(dict(row), ensure_ascii=False))
            before = ", "
        yield lines
    yield ["[]\n" if before == "[" else "]\n"]


def _as_text(blocks: Iterable[list[Mapping[str, object]]], columns: Mapping[str, str]) -> Iterator[list[str]]:
    widths: list[int] = []
    for block in blocks:
        lines = [tuple(_cell(key, row[key]) for key in columns) for row in block]
        if not widths:
            lines.insert(0, tuple(columns.values()))
            widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        yield ["  ".join(map(str.ljust, line, widths)).rstrip() + "\n" for line in lines]


def _cell(key: str, value: object) -> str:
    if key in TIMES and isinstance(value, float | int | None):
        return utc(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return printable(", ".join(f"{name}={inner}" for name, inner in value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return printable(", ".join(map(str, value)))
    return printable("" if value is None else str(value))


def printable(text: str) -> str:
    """Return text without what could move a terminal's cursor or break a line."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
