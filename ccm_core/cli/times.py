# SPDX-License-Identifier: MIT
"""Points in time as people type and read them; everything is UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import click

_UNITS = {"m": 60, "h": 3600, "d": 86400}


class Moment(click.ParamType[float]):
    """A date, a date with a time, or a span back from now; becomes seconds since 1970."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read ``2026-01-31``, ``2026-01-31T08:00``, ``2026-01-31T08:00+01:00``, or ``90m``, ``24h``, ``7d``."""
        if isinstance(value, float):
            return value
        if span := re.fullmatch(r"([0-9]{1,6})([mhd])", value):
            return now_of(ctx) - int(span[1]) * _UNITS[span[2]]
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time such as 2026-01-31, 2026-01-31T08:00 or 24h.", param, ctx)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def now_of(ctx: click.Context | None) -> float:
    """Return the time of the console's clock."""
    context = ctx or click.get_current_context()
    return float(context.find_root().obj.clock())


def utc(seconds: float | None) -> str:
    """Return a point in time to the second."""
    if seconds is None:
        return "never"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
