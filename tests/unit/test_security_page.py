# SPDX-License-Identifier: MIT
"""docs/security.md states every limit as the code has it, and the chance to guess that follows (ASVS 6.1.1)."""

import re
from collections.abc import Callable, Iterator
from functools import reduce
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from ccm_core.db import models as m
from ccm_core.errors import Throttled
from ccm_core.services import (
    account_changes,
    announcements,
    enrolments,
    mailed_links,
    password_reset,
    passwords,
    sessions,
    throttle,
    unlock,
)
from ccm_core.services.clients import Client
from ccm_core.services.throttle import DAY, CodeStopped, Throttle
from ccm_core.services.vault import Ring, Vault, new_key, write_ring
from ccm_core.testing.databases import create_tables
from ccm_core.web import guards
from tests.databases import database_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text("utf-8")
STATED = re.findall(r"`([A-Z_]+(?:\.[a-z]+)?) = (\d+)`", PAGE)
MODULES = (account_changes, announcements, enrolments, guards, mailed_links, password_reset, passwords, sessions)
MODULES += (throttle, unlock)
MIDNIGHT = 20_000.0 * DAY
RIGHT_CODES, CODES = 3, 10**6


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    database = database_of(tmp_path)
    database.prepare()
    create_tables(database)
    with database.write() as opened:
        opened.execute(insert(m.instance).values(id=1, host="h", edition="cloud", created_at=0))
        names = {"name": "e", "name_key": "e", "email": "e@x", "email_key": "e@x", "role": "user"}
        opened.execute(insert(m.user).values(id=1, instance_id=1, created_at=0, **names))
        yield opened
    database.dispose()


@pytest.fixture
def counters(tmp_path: Path) -> Throttle:
    key_id, key = new_key()
    write_ring(tmp_path / "keys", Ring({key_id: key}))
    return Throttle(Vault(tmp_path / "keys"))


def guesses(attempt: Callable[[float], object], days: float) -> int:
    """Return how many attempts somebody makes who tries again at the first moment that is allowed."""
    now, made = MIDNIGHT, 0
    while now < MIDNIGHT + days * DAY:
        try:
            attempt(now)
            made += 1
        except CodeStopped:
            now = (now // DAY + 1) * DAY
        except Throttled as throttled:
            now += max(throttled.retry_after - 1, 1)  # the answer rounds up
    return made


def chance(tries: int) -> str:
    probability = 1 - (1 - RIGHT_CODES / CODES) ** tries
    return f"{tries:,} | {probability:.2%}, 1 in {1 / probability:,.0f} |".replace("%", " %")


@pytest.mark.parametrize(("name", "value"), STATED, ids=[name for name, _ in STATED])
def test_a_stated_limit_is_the_one_of_the_code(name: str, value: str) -> None:
    path = name.split(".")
    owners = [module for module in MODULES if hasattr(module, path[0])]
    assert owners
    assert {reduce(getattr, path, owner) for owner in owners} == {int(value)}


def test_every_limit_of_the_counters_is_stated() -> None:
    bounds = [name for name, value in vars(throttle).items() if isinstance(value, throttle.Bound)]
    assert {f"{name}.free" for name in bounds} <= {name for name, _ in STATED}
    assert {name for name in vars(throttle) if name.startswith("CODE_")} <= {name for name, _ in STATED}


@pytest.mark.parametrize(("span", "days"), [("a day", 1), ("30 days", 30), ("a year", 365)])
def test_the_chance_to_guess_a_code_is_the_stated_one(
    connection: Connection, counters: Throttle, span: str, days: int
) -> None:
    tries = guesses(lambda now: counters.count_code(connection, 1, now), days)
    assert f"| {span} | {chance(tries)}" in PAGE


def test_the_guesses_at_a_password_are_the_stated_ones(connection: Connection, counters: Throttle) -> None:
    numbers = count()

    def from_one_network(now: float) -> None:
        counters.count_password(connection, 1, "erika", Client("192.0.2.0/24", ""), now, known=True)

    def from_everywhere(now: float) -> None:
        counters.count_password(connection, 1, "otto", Client(f"network {next(numbers)}", ""), now, known=False)

    assert f"{guesses(from_one_network, 1)} guesses a day from one network" in PAGE
    assert f"{guesses(from_everywhere, 1):,} a day from all networks together" in PAGE
