# SPDX-License-Identifier: MIT
"""The two ways to the database: a read without a transaction, and a short write unit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from ccm_core.errors import Busy, ConfigError
from ccm_core.texts import marked as _

BUSY_SECONDS = 10
"""How long a write waits for other threads, and then for another process's write, before the answer is 503."""
LOCKED = _("The database cannot take the request at present. Please try again in a moment.")
_AFTER_COMMIT = "after commit"


class ImmediateSQLite(SQLiteDialect_pysqlite):
    """SQLite whose transactions take the write lock at once, so that a read in them is never stale."""

    supports_statement_cache = True

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin with the write lock (the driver would begin late and could then fail half-way)."""
        dbapi_connection.execute("BEGIN IMMEDIATE")


registry.register("sqlite.immediate", __name__, "ImmediateSQLite")


class Database:
    """One database file. Safe for threads; a process that forks calls ``dispose`` first.

    Connections are kept, one for each thread that reads and one for the writes of all: taking one from a pool and
    giving it back costs more than a query.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.path = Path(self.url.database or "")
        self._reader = self._engine("sqlite", isolation_level="AUTOCOMMIT")
        self._writer = self._engine("sqlite+immediate", isolation_level=None)
        self._reading = threading.local()
        self._writing = threading.Lock()
        self._writes: Connection | None = None

    def _engine(self, drivername: str, *, isolation_level: str | None) -> Engine:
        url = self.url.set(
            drivername=drivername, query={"mode": "rw", "uri": "true"}, database=f"file:{quote(str(self.path))}"
        )
        options: dict[str, Any] = {"isolation_level": isolation_level} if isolation_level else {}
        engine = create_engine(
            url,
            connect_args={"timeout": BUSY_SECONDS, "isolation_level": None},
            poolclass=NullPool,
            hide_parameters=True,  # a failed statement is logged: names, addresses and hashes are not
            **options,
        )
        reading = isolation_level is not None

        def prepare(connection: Any, _record: object) -> None:
            for pragma in _pragmas(reading=reading):
                connection.execute(f"PRAGMA {pragma}")

        event.listen(engine, "connect", prepare)
        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that cannot write and sees, at each statement, what is committed."""
        kept: Connection | None = getattr(self._reading, "connection", None)
        try:
            if kept is None:
                kept = self._reading.connection = self._reader.connect()
            yield kept
        except DatabaseError as error:
            _tell(error)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: commits at the end, rolls back on any exception. No slow work inside.

        Raises Busy when the database stays locked or cannot take the write.
        """
        # One writer per process: SQLite's own waiting is a poll and unfair between threads.
        if not self._writing.acquire(timeout=BUSY_SECONDS):
            raise Busy(LOCKED)
        try:
            with _sentences():
                if self._writes is None:
                    self._writes = self._writer.connect()
                told: list[Callable[[], None]] = []
                self._writes.info[_AFTER_COMMIT] = told
                with self._writes.begin():
                    yield self._writes
        finally:
            self._writing.release()
        for tell in told:
            tell()

    @contextmanager
    def rebuild(self) -> Iterator[Connection]:
        """Like ``write``, with foreign keys off: for migrations, which replace whole tables."""
        with self._writing, _sentences(), self._writer.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA foreign_keys=0")  # has no effect inside a transaction
            try:
                with connection.begin():
                    yield connection
            finally:
                driver.execute("PRAGMA foreign_keys=1")

    def dispose(self) -> None:
        """Close the kept connections, so that none is shared with a forked process; those of other threads end too."""
        kept: Connection | None = getattr(self._reading, "connection", None)
        for connection in (kept, self._writes):
            if connection is not None:
                connection.close()
        self._reading, self._writes = threading.local(), None


def after_commit(connection: Connection, act: Callable[[], None]) -> None:
    """Do something once the transaction of ``Database.write`` is committed; it is forgotten when that rolls back."""
    connection.info.setdefault(_AFTER_COMMIT, []).append(act)


def _pragmas(*, reading: bool) -> tuple[str, ...]:
    if reading:
        return ("query_only=1", "cache_size=-128")
    return ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=1", "secure_delete=1", "cache_size=-2048")


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        _tell(error)


def _tell(error: DatabaseError) -> NoReturn:
    """Turn what the driver says into Busy: locked, full, not writable; or into ConfigError: damaged."""
    if isinstance(error, OperationalError):
        raise Busy(LOCKED) from error
    if type(error) is not DatabaseError:  # its subclasses tell of faults of a statement, not of the file
        raise error
    raise ConfigError("The database is damaged: %(error)s. Restore it from a backup.", error=error.orig) from error


def create_file(url: str) -> None:
    """Create the database file, readable by its owner alone, if it does not exist; raises ConfigError."""
    path = Path(make_url(url).database or "")
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise ConfigError("%(path)s cannot be created: %(error)s.", path=path, error=error.strerror) from error


def check_reachable(database: Database) -> None:
    """Raise ConfigError, with a sentence that names the file and the mend, when the database does not answer."""
    if not database.path.is_file():
        raise ConfigError(
            "%(path)s does not exist. Run «ccm init», or set CCM_DATA_DIR or CCM_DATABASE_URL.", path=database.path
        )
    try:
        with database.write() as connection:
            connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1")
    except (Busy, DBAPIError) as error:
        cause = error.__cause__ if isinstance(error, Busy) else error
        raise ConfigError(
            "%(path)s cannot be used: %(error)s. Mend the file or its permissions, or make space on the disk.",
            path=database.path,
            error=getattr(cause, "orig", None) or cause,
        ) from error
