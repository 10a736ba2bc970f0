# SPDX-License-Identifier: MIT
"""Users of a large deployment who sign in, read, set up and administer, and what of it is measured."""

from __future__ import annotations

import base64
from itertools import cycle

from bench.deployment import PASSWORD, Installation
from bench.population import Person, Population
from bench.turns import Load
from bench.visitor import PERIOD, SETUP, Visitor

SIGNING_IN = 20


class Residents:
    """People spread over the whole of the first instance."""

    def __init__(self, installation: Installation, population: Population) -> None:
        size = population.size.in_one
        self._installation = installation
        self._step = size // 2 // SIGNING_IN * 2
        self._turns = cycle(Person(number * self._step) for number in range(SIGNING_IN))
        self._last = (SIGNING_IN - 1) * self._step
        self._middle = Person(size // 2 // self._step * self._step + 2)  # none of those above
        self._newcomer = Person(self._middle.number + 1)
        names = sorted(Person(number).name for number in range(size))
        self._half = names[len(names) // 2]
        self._entries = population.size.audit // 2
        self.reader, self.beginner, self.pending, self.admin = (Visitor(installation.port) for _ in range(4))

    def begin(self) -> None:
        """Sign everybody in anew, since the clock moves on."""
        now = self._installation.clock.move(PERIOD)
        secret = base64.b32encode(self._middle.secret).decode()
        self.reader.sign_in(self._middle.name, PASSWORD, secret, now)
        self.beginner.first_step(self._newcomer.name, PASSWORD)
        self.beginner.begin_setup()
        self.pending.first_step(self._middle.name, PASSWORD)
        self.admin.first_step(Person(1).name, PASSWORD)

    def sign_in(self) -> None:
        """Let the next one sign in with a code; the clock moves on when all have had their turn."""
        person = next(self._turns)
        clock = self._installation.clock
        now = clock.move(PERIOD) if person.number == 0 else clock()
        secret = base64.b32encode(person.secret).decode()
        Visitor(self._installation.port).sign_in(person.name, PASSWORD, secret, now)

    def open_login(self) -> None:
        """Somebody new opens the first dialog."""
        Visitor(self._installation.port).get("/login")

    def administer(self, path: str) -> None:
        """The administrator opens a page; ``{half}`` stands for the name in the middle, and so on."""
        places = {"half": self._half, "name": self._middle.name, "id": self._middle.id, "entry": self._entries}
        self.admin.get(path.format(**places))


def _admin(name: str, path: str) -> Load[Residents]:
    return Load(name, 5, lambda people: people.administer(path))


USERS, AUDIT, ONE = "/admin/users", "/admin/audit", "/admin/plugins/twofactor"
LOADS: tuple[Load[Residents], ...] = (
    Load("sign-in with code, 5 requests", 4, Residents.sign_in),
    Load("login page", 20, Residents.open_login),
    Load("code page", 15, lambda people: people.pending.get("/login/challenge")),
    Load("account page", 15, lambda people: people.reader.get("/account")),
    Load("set-up page", 5, lambda people: people.beginner.get(SETUP)),
    Load("session endpoint", 20, lambda people: people.reader.get("/session")),
    _admin("users", USERS),
    _admin("users, from the middle on", f"{USERS}?after={{half}}"),
    _admin("users, found by their beginning", f"{USERS}?q=mia.we"),
    _admin("users, found in the middle", f"{USERS}?q=mueller"),
    _admin("users, found by name", f"{USERS}?q={{name}}"),
    _admin("users, nobody found", f"{USERS}?q=nobody-at-all"),
    _admin("one user", f"{USERS}/{{id}}"),
    _admin("audit trail", AUDIT),
    _admin("audit trail, from the middle on", f"{AUDIT}?after={{entry}}"),
    _admin("audit trail of one user", f"{AUDIT}?user={{name}}"),
    _admin("audit trail, one kind of event", f"{AUDIT}?event=login"),
    _admin("audit trail, a rare kind", f"{AUDIT}?event=plugin"),
    _admin("audit trail, user and kind", f"{AUDIT}?user={{name}}&event=login"),
    _admin("plugins", "/admin/plugins"),
    _admin("users of a plugin", ONE),
    _admin("users of a plugin, from the middle", f"{ONE}?after={{half}}"),
    _admin("users of a plugin, found", f"{ONE}?q=mia.we"),
)
