# SPDX-License-Identifier: MIT
"""``ccm audit``: who did what, when, from where."""

from __future__ import annotations

from collections.abc import Iterable

import click

from ccm_core.cli.context import Desk, for_instance
from ccm_core.cli.tables import as_json, show
from ccm_core.cli.times import Moment
from ccm_core.services.audit import Entry

COLUMNS = {
    "at": "TIME (UTC)",
    "event": "EVENT",
    "user": "USER",
    "actor": "BY",
    "network": "FROM",
    "detail": "DETAIL",
}
LATEST = 100


@click.command()
@click.option("--user", default="", metavar="USER", help="Only what concerns this user or was done by this user.")
@click.option("--since", type=Moment(), metavar="T", help="Everything since 2026-01-31, 2026-01-31T08:00 (UTC) or 24h.")
@as_json
@for_instance
def audit(desk: Desk, user: str, since: float | None, as_json: bool) -> None:
    """Show the audit trail, oldest first: the latest 100 entries, or all since a time."""
    trail, instance = desk.parts.audit, desk.instance.id
    entries: Iterable[Entry]
    if since is None:
        entries = reversed(trail.entries(instance, user=user, limit=LATEST))
    else:
        entries = trail.since(instance, since, user)
    show(map(_row, entries), COLUMNS, as_json=as_json)


def _row(entry: Entry) -> dict[str, object]:
    keys = ("id", "at", "event", "actor", "network")
    return {key: getattr(entry, key) for key in keys} | {"user": entry.user_name, "detail": dict(entry.detail)}
