# SPDX-License-Identifier: MIT
"""``ccm audit``."""

import pytest

from tests.unit.cli.conftest import NOON, Console


def note(console: Console, count: int, event: str, at: float) -> None:
    parts = console.parts()
    instance = parts.instances.get(None, at)
    with parts.database.write() as connection:
        for _ in range(count):
            parts.audit.record(connection, event, instance.id, at)
    parts.database.dispose()


def test_the_trail_is_shown_oldest_first_with_actor_and_detail(console: Console) -> None:
    console.now += 60
    console.add("erika")
    assert console.done("audit").out.splitlines() == [
        "TIME (UTC)           EVENT       USER   BY       FROM     DETAIL",
        "2023-11-14 22:13:20  user.added  anna   console  console  role=administrator",
        "2023-11-14 22:14:20  user.added  erika  console  console  role=user",
    ]
    assert console.done("audit", "--json").rows[-1] == {
        "id": 2,
        "at": NOON + 60,
        "event": "user.added",
        "actor": "console",
        "network": "console",
        "user": "erika",
        "detail": {"role": "user"},
    }


def test_the_latest_hundred_are_shown(console: Console) -> None:
    note(console, 150, "early", NOON)
    note(console, 50, "late", NOON + 1)
    assert console.events() == ["early"] * 50 + ["late"] * 50


def test_since_shows_everything_since_then(console: Console) -> None:
    note(console, 3, "early", NOON + 99)
    note(console, 1201, "late", NOON + 100)
    console.now = NOON + 160
    for since in ("2023-11-14T22:15:00", "2023-11-14T23:15:00+01:00", "1m"):
        assert [row["event"] for row in console.done("audit", "--json", "--since", since).rows] == ["late"] * 1201


def test_user_shows_what_concerns_one(console: Console) -> None:
    console.add("erika")
    assert [row["user"] for row in console.done("audit", "--user", "erika", "--json").rows] == ["erika"]
    assert console.done("audit", "--user", "nobody").out == ""
    assert len(console.done("audit", "--user", "console", "--json").rows) == 2


@pytest.mark.parametrize("since", ["yesterday", "", "2023-13-01", "1y", "-5m", "1234567890123d"])
def test_a_bad_time_is_one_sentence(console: Console, since: str) -> None:
    assert "is no time such as 2026-01-31" in console.refused("audit", "--since", since)
