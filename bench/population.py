# SPDX-License-Identifier: MIT
"""The people of a large deployment, as rows: made one after another, so that any number takes the same memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Table

from ccm_core.db import models as m
from ccm_core.services.enrolments import NO_COUNTER, place
from ccm_core.services.instances import CLOUD
from ccm_core.services.vault import Vault

PLUGIN = "twofactor"
DAY = 86400
AUDIT_DAYS = 360
"""How far the trail goes back: a little less than what is kept."""
SESSION_DAYS = 60
FIRST_USER = 1001
"""Ids below are those of accounts that were there before."""
FIRST = ("anna", "ben", "clara", "david", "erika", "felix", "greta", "hans", "ida", "jonas", "klara", "lukas", "mia")
LAST = ("bauer", "fischer", "hoffmann", "klein", "koch", "meyer", "mueller", "neumann", "schmidt", "wagner", "weber")
EVENTS = ("login.succeeded", "login.succeeded", "login.succeeded", "login.refused", "code.refused", "logout")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

_USER = "id instance_id name name_key email email_key role password_hash created_at"
_SESSION = (
    "token_hash family instance_id user_id stamp plugin_generation full_login_at recent_at password_at seen_at"
    " user_agent network"
)
_OUTBOX = "instance_id kind user_id recipient subject message_id created_at delivered_at attempts"

Row = tuple[object, ...]


@dataclass(frozen=True)
class Size:
    """How many of what."""

    users: int
    instances: int
    sessions: int
    audit: int
    in_one: int
    """Users of the first instance, the one that is measured; the others are spread over the rest."""

    def scaled(self, scale: float) -> Size:
        """Return the same shape, smaller."""
        numbers = (max(int(number * scale), 1000) for number in (self.users, self.sessions, self.audit, self.in_one))
        users, sessions, audit, in_one = numbers
        return Size(users, max(int(self.instances * scale), 2), sessions, audit, in_one)


SMALL = Size(users=1000, instances=10, sessions=5000, audit=20_000, in_one=1000)
FULL = Size(users=1_000_000, instances=10_000, sessions=5_000_000, audit=20_000_000, in_one=100_000)


@dataclass(frozen=True)
class Part:
    """The rows of one table."""

    table: Table
    columns: tuple[str, ...]
    count: int
    row: Callable[[int], Row]

    def rows(self) -> Iterator[Row]:
        """Make all rows, in order."""
        return map(self.row, range(self.count))


@dataclass(frozen=True)
class Person:
    """User number ``number`` of a population: every even one has a second factor, whose secret follows from it."""

    number: int

    @property
    def id(self) -> int:
        """The user's id."""
        return FIRST_USER + self.number

    @property
    def name(self) -> str:
        """The user's name, told apart by the number."""
        number = self.number
        return f"{FIRST[number % len(FIRST)]}.{LAST[number // len(FIRST) % len(LAST)]}{number}"

    @property
    def enrolled(self) -> bool:
        """Whether the user has a second factor."""
        return self.number % 2 == 0

    @property
    def secret(self) -> bytes:
        """What the user's app would hold."""
        return hashlib.sha1(f"secret of {self.number}".encode(), usedforsecurity=False).digest()


class Population:
    """A deployment's rows at a time ``now``, around the instance ``home`` that is there already."""

    def __init__(self, size: Size, home: int, vault: Vault, password_hash: str, now: float) -> None:
        self.size = size
        self._home = home
        self._vault = vault
        self._password_hash = password_hash
        self._now = now

    def parts(self) -> tuple[Part, ...]:
        """Return the tables' rows, each after those that it refers to."""
        size, half = self.size, (self.size.users + 1) // 2
        rows: tuple[tuple[Table, str, int, Callable[[int], Row]], ...] = (
            (m.instance, "id host edition plugin_generation created_at", size.instances - 1, self._instance),
            (m.activation, "instance_id plugin state everyone settings changed_at", size.instances - 1, self._active),
            (m.user, _USER, size.users, self._user),
            (m.enrolment, "instance_id user_id plugin label confirmed data counter created_at", half, self._enrolment),
            (m.known_network, "user_id network seen_at", size.users, self._network),
            (m.code_counter, "user_id streak paused_until", half, self._counter),
            (m.code_day, "user_id day count", half, self._code_day),
            (m.session, _SESSION, size.sessions, self._session),
            (m.outbox, _OUTBOX, half, self._mail),
            (m.audit, "instance_id at event user_id user_name actor network detail", size.audit, self._entry),
        )
        return tuple(Part(table, tuple(columns.split()), count, row) for table, columns, count, row in rows)

    def home_of(self, person: Person) -> int:
        """Return the instance of a user."""
        if person.number < self.size.in_one:
            return self._home
        return self._home + 1 + person.number % (self.size.instances - 1)

    def _instance(self, number: int) -> Row:
        return self._home + 1 + number, f"i{number}.example.org", CLOUD, 1, self._now - AUDIT_DAYS * DAY

    def _active(self, number: int) -> Row:
        return self._home + 1 + number, PLUGIN, "active", True, "{}", self._now - AUDIT_DAYS * DAY

    def _user(self, number: int) -> Row:
        one = Person(number)
        email = f"{one.name}@example.org"
        role = "administrator" if number % 1000 == 1 else "user"
        spread = number / self.size.users
        created = self._now - AUDIT_DAYS * DAY * (1 - spread)
        name = one.name
        return one.id, self.home_of(one), name, name, email, email, role, self._password_hash, created

    def _enrolment(self, number: int) -> Row:
        one = Person(2 * number)
        home = self.home_of(one)
        data = self._vault.seal(one.secret, place=place(home, one.id, PLUGIN))
        return home, one.id, PLUGIN, "Smartphone app", True, data, NO_COUNTER, self._now - DAY

    def _network(self, number: int) -> Row:
        digest = hashlib.sha256(f"network {number}".encode()).digest()
        return FIRST_USER + number, digest, self._now - number % 80 * DAY

    def _counter(self, number: int) -> Row:
        return FIRST_USER + 2 * number, 0, 0.0

    def _code_day(self, number: int) -> Row:
        return FIRST_USER + 2 * number, int(self._now / DAY) - number % 30, 0

    def _session(self, number: int) -> Row:
        one = Person(number % self.size.users)
        token = hashlib.sha256(f"token {number}".encode()).digest()
        family = hashlib.sha256(token).digest()
        began = self._now - DAY - SESSION_DAYS * DAY * (1 - number / self.size.sessions)
        home = self.home_of(one)
        return token, family, home, one.id, 0, 0, began, began, began, began + 600, BROWSER, "203.0.113.0/24"

    def _mail(self, number: int) -> Row:
        one = Person(2 * number)
        written = self._now - 30 * DAY * (1 - 2 * number / self.size.users)
        to, subject = f"{one.name}@example.org", "2-factor authentication was enabled"
        message_id = f"<{number:032x}@example.org>"
        return self.home_of(one), "mail", one.id, to, subject, message_id, written, written + 2, 1

    def _entry(self, number: int) -> Row:
        one = Person(number * 7919 % self.size.users)
        event = EVENTS[number // self.size.users % len(EVENTS)]
        detail = _DETAILS.get(event, "{}")
        at = self._now - DAY * AUDIT_DAYS * (1 - number / self.size.audit)
        return self.home_of(one), at, event, one.id, one.name, "", "203.0.113.0/24", detail


_DETAILS = {
    "login.succeeded": json.dumps({"factor": PLUGIN}),
    "login.refused": json.dumps({"reason": "password"}),
    "code.refused": json.dumps({"reason": "wrong", "purpose": "login", "plugin": PLUGIN}),
}
