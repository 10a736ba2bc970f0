# SPDX-License-Identifier: MIT
"""Lists: aligned text for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import click

from ccm_core.cli.times import utc

as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON list; times are seconds since 1970 in UTC."
)
TIMES = frozenset({"at", "created_at", "delivered_at", "last_login_at", "from_at"})
"""Keys whose values are points in time."""


def show(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str], *, as_json: bool) -> None:
    """Print rows: as JSON with all their keys, else the ``columns``, a heading per key; nothing for no rows."""
    if as_json:
        click.echo(json.dumps([dict(row) for row in rows], ensure_ascii=False))
        return
    if not rows:
        return
    lines = [tuple(columns.values()), *(tuple(_cell(key, row[key]) for key in columns) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


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
