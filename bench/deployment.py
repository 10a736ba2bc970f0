# SPDX-License-Identifier: MIT
"""A fresh deployment with users who have set up a second factor over HTTP, and the loads that they cause."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from threading import Lock

from bench.processes import Server, free_port, running
from bench.serving import CLOCK_FILE
from bench.visitor import PERIOD, SETUP, Visitor, code_of
from ccm_core.config import Settings, load
from ccm_core.services.installation import NewAccount, install
from ccm_core.services.parts import assemble
from ccm_core.services.user_admin import Actor
from ccm_core.testing.clock import SharedClock

PASSWORD = "correct horse battery staple"
USERS = 40


@dataclass(frozen=True)
class Installation:
    """A data directory, its clock, and the port on which its servers listen."""

    settings: Settings
    clock: SharedClock
    port: int
    environment: dict[str, str]
    users: int
    database_pid: int | None = None

    @contextmanager
    def serving(self, *, real: bool = False, workers: int = 1) -> Iterator[Server]:
        """Run the server with the movable clock, or the real command ``ccm serve``."""
        command = [str(Path(sys.executable).parent / "ccm"), "serve", "--workers", str(workers)]
        if not real:
            command = [sys.executable, "-m", "bench.serving", str(self.port), str(workers)]
        with running(command, self.environment, self.port, self.database_pid) as server:
            yield server


def prepare(
    folder: Path,
    *,
    users: int = USERS,
    database_url: str = "",
    database_pid: int | None = None,
    hash_library: str = "",
) -> Installation:
    """Install the host in a folder, with users and the active plugin; without a URL on SQLite.

    ``database_pid``: the main process of the database's server, whose CPU time then counts as the host's.
    """
    made = installed(folder, users, database_url, database_pid, hash_library)
    settings, clock = made.settings, made.clock
    install(settings, clock, [NewAccount("admin", "admin@example.org", PASSWORD, administrator=True)])
    parts, now = assemble(settings, clock), clock()
    instance = parts.instances.get(None, now)
    parts.plugins.activate(instance, "twofactor", now, Actor())
    parts.access.allow(instance, "twofactor", now, Actor())
    for number in range(users):
        name = f"user{number}"
        parts.users.add(instance, name, f"{name}@example.org", "user", now, Actor(), password=PASSWORD)
    parts.database.dispose()
    return made


def installed(
    folder: Path,
    users: int = USERS,
    database_url: str = "",
    database_pid: int | None = None,
    hash_library: str = "",
) -> Installation:
    """Return the installation that a folder holds, or is to hold, on a new port."""
    port = free_port()
    environment = {"CCM_DATA_DIR": str(folder), "CCM_BASE_URL": f"http://127.0.0.1:{port}", "CCM_HASH_CONCURRENCY": "1"}
    environment |= {"CCM_DATABASE_URL": database_url, "CCM_HASH_LIBRARY": hash_library}
    return Installation(load(environment), SharedClock(folder / CLOCK_FILE), port, environment, users, database_pid)


@dataclass
class Crowd:
    """The users of a running server: most sign in over and over, one reads, one sets up."""

    installation: Installation
    reader: Visitor
    newcomer: Visitor
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._turns = cycle(self.secrets)
        self._first = next(iter(self.secrets))
        self._lock = Lock()

    @classmethod
    def of(cls, installation: Installation) -> Crowd:
        """Let the users set up their second factor through the pages."""
        visitors = {f"user{number}": Visitor(installation.port) for number in range(installation.users)}
        newcomer = visitors.pop("user0")
        secrets = {}
        for name, visitor in visitors.items():
            visitor.first_step(name, PASSWORD)
            secrets[name] = visitor.begin_setup()
            visitor.post(SETUP, code=code_of(secrets[name], installation.clock()))
        secrets.pop("user1")
        crowd = cls(installation, visitors["user1"], newcomer, secrets)
        crowd.renew_setup()
        return crowd

    def sign_in(self) -> Visitor:
        """Let the next user sign in; the clock moves on when all have had their turn, since no code works twice."""
        with self._lock:
            name = next(self._turns)
            now = self.installation.clock.move(PERIOD) if name == self._first else self.installation.clock()
        visitor = Visitor(self.installation.port)
        visitor.sign_in(name, PASSWORD, self.secrets[name], now)
        return visitor

    def open_login_page(self) -> None:
        """Somebody new opens the first dialog."""
        Visitor(self.installation.port).get("/login")

    def open_account_page(self) -> None:
        """A signed-in user with a second factor opens the account settings."""
        self.reader.get("/account")

    def open_setup_page(self) -> None:
        """A user opens the set-up page of a set-up that was begun."""
        self.newcomer.get(SETUP)

    def renew_setup(self) -> None:
        """Begin the set-up anew, before it runs out, with a login that is recent."""
        self.newcomer.first_step("user0", PASSWORD)
        self.newcomer.begin_setup()
