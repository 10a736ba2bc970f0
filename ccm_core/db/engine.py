# SPDX-License-Identifier: MIT
"""The two ways to the database, whichever it is: a read without a transaction, and a short write unit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, make_url

from ccm_core.config import Settings
from ccm_core.texts import marked as _

LOCKED = _("The database cannot take the request at present. Please try again in a moment.")
_AFTER_COMMIT = "after commit"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a database one process takes, and for how long it waits; see the settings ``database_…``.

    ``wait_seconds``: for its turn, and then for locks that others hold. SQLite knows no other limit.
    """

    connections: int = 8
    wait_seconds: float = 10
    timeout_seconds: float = 20
    pooler: bool = False


class Database(ABC):
    """Where everything is kept. Safe for threads; a process that forks calls ``dispose`` first.

    What differs between SQLite and PostgreSQL stays below this class and in ``functions.py``.
    """

    def __init__(self, url: str, limits: Limits) -> None:
        self.url = make_url(url)
        self._limits = limits

    @property
    @abstractmethod
    def name(self) -> str:
        """What sentences call it; holds no password."""

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """Give a connection that cannot write and sees, at each statement, what is committed. Raises Busy."""

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give one transaction: commits at the end, rolls back on any exception. No slow work inside.

        Raises Busy when the database stays locked or cannot take the write.
        """
        with self._writer() as connection:
            acts: list[Callable[[], None]] = []
            connection.info[_AFTER_COMMIT] = acts
            with connection.begin():
                yield connection
        for act in acts:
            act()

    @abstractmethod
    def _writer(self) -> AbstractContextManager[Connection]:
        """Give a connection for one transaction, when it is this caller's turn. Raises Busy."""

    @abstractmethod
    def rebuild(self) -> AbstractContextManager[Connection]:
        """Like ``write``, alone of its kind, for as long as it takes: for migrations, which replace whole tables."""

    @abstractmethod
    def dispose(self) -> None:
        """Close the kept connections, so that none is shared with a forked process; those of other threads end too."""

    @abstractmethod
    def time(self) -> float | None:
        """Return the time that its server tells, in seconds since 1970; None: it has no clock of its own."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is anything of ours in it. Raises ConfigError when nobody can tell."""

    @abstractmethod
    def prepare(self) -> None:
        """Prepare an empty one for its tables; raises ConfigError."""

    @abstractmethod
    def remove(self) -> None:
        """Undo ``prepare`` and all that came after it."""

    @abstractmethod
    def check(self) -> None:
        """Raise ConfigError, with a sentence that names the database and the mend, when it does not answer."""


def open_database(url: str, limits: Limits = Limits()) -> Database:
    """Return the database of a URL; nothing is connected yet. Each kind loads its own driver alone."""
    if make_url(url).get_backend_name() == "postgresql":
        from ccm_core.db.postgresql import PostgresqlDatabase  # noqa: PLC0415

        return PostgresqlDatabase(url, limits)
    from ccm_core.db.sqlite import SqliteDatabase  # noqa: PLC0415

    return SqliteDatabase(url, limits)


def database_of(settings: Settings) -> Database:
    """Return the database that the settings name, with their limits."""
    limits = Limits(
        settings.database_connections,
        settings.database_wait_seconds,
        settings.database_timeout_seconds,
        settings.database_pooler,
    )
    return open_database(settings.database_url, limits)


def after_commit(connection: Connection, act: Callable[[], None]) -> None:
    """Do something once the transaction of ``Database.write`` is committed; it is forgotten when that rolls back."""
    connection.info.setdefault(_AFTER_COMMIT, []).append(act)
