# SPDX-License-Identifier: MIT
"""SQLite: one file for one machine. Reads need no lock; writes take theirs at once and come one after another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from ccm_core.db.engine import LOCKED, Database, Limits
from ccm_core.errors import Busy, ConfigError

_SUFFIXES = ("", "-wal", "-shm")
"""Of the files that SQLite keeps beside one another."""


class ImmediateSQLite(SQLiteDialect_pysqlite):
    """SQLite whose transactions take the write lock at once, so that a read in them is never stale."""

    supports_statement_cache = True

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin with the write lock (the driver would begin late and could then fail half-way)."""
        dbapi_connection.execute("BEGIN IMMEDIATE")


registry.register("sqlite.immediate", __name__, "ImmediateSQLite")


class SqliteDatabase(Database):
    """One database file.

    Connections are kept, one for each thread that reads and one for the writes of all: taking one from a pool and
    giving it back costs more than a query.
    """

    def __init__(self, url: str, limits: Limits) -> None:
        super().__init__(url, limits)
        self.path = Path(self.url.database or "")
        self._reads = self._engine("sqlite", isolation_level="AUTOCOMMIT")
        self._writes = self._engine("sqlite+immediate", isolation_level=None)
        self._reading = threading.local()
        self._writing = threading.Lock()
        self._kept: Connection | None = None

    def _engine(self, drivername: str, *, isolation_level: str | None) -> Engine:
        url = self.url.set(
            drivername=drivername, query={"mode": "rw", "uri": "true"}, database=f"file:{quote(str(self.path))}"
        )
        options: dict[str, Any] = {"isolation_level": isolation_level} if isolation_level else {}
        engine = create_engine(
            url,
            connect_args={"timeout": self._limits.wait_seconds, "isolation_level": None},
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

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.path)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give this thread's own connection."""
        kept: Connection | None = getattr(self._reading, "connection", None)
        with _sentences():
            if kept is None:
                kept = self._reading.connection = self._reads.connect()
            yield kept

    @contextmanager
    def _writer(self) -> Iterator[Connection]:
        # One writer per process: SQLite's own waiting is a poll and unfair between threads.
        if not self._writing.acquire(timeout=self._limits.wait_seconds):
            raise Busy(LOCKED)
        try:
            with _sentences():
                if self._kept is None:
                    self._kept = self._writes.connect()
                yield self._kept
        finally:
            self._writing.release()

    @contextmanager
    def rebuild(self) -> Iterator[Connection]:
        """Foreign keys are off meanwhile: a table is changed by replacing it, which would delete what refers to it."""
        with self._writing, _sentences(), self._writes.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA foreign_keys=0")  # has no effect inside a transaction
            try:
                with connection.begin():
                    highest = _highest_ids(connection)
                    yield connection
                    _restore(connection, highest)
                    _check_references(connection)
            finally:
                driver.execute("PRAGMA foreign_keys=1")

    def dispose(self) -> None:
        """Close this thread's reader and the writer; the readers of other threads end when these let go of them."""
        kept: Connection | None = getattr(self._reading, "connection", None)
        for connection in (kept, self._kept):
            if connection is not None:
                connection.close()
        self._reading, self._kept = threading.local(), None

    def time(self) -> None:
        """Return nothing: the file is on this machine."""

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.exists()

    def prepare(self) -> None:
        """Create the file, readable by its owner alone, if it does not exist."""
        try:
            self.path.touch(mode=0o600)
        except OSError as error:
            raise ConfigError("%(path)s cannot be created: %(error)s.", path=self.path, error=error.strerror) from error

    def remove(self) -> None:
        """Remove the files."""
        self.dispose()
        for suffix in _SUFFIXES:
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def check(self) -> None:
        """Raise ConfigError when the file is missing, damaged or cannot be written."""
        if not self.path.is_file():
            raise ConfigError(
                "%(path)s does not exist. Run «ccm init», or set CCM_DATA_DIR or CCM_DATABASE_URL.", path=self.path
            )
        try:
            with self.write() as connection:
                connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1")
        except (Busy, DBAPIError) as error:
            cause = error.__cause__ if isinstance(error, Busy) else error
            raise ConfigError(
                "%(path)s cannot be used: %(error)s. Mend the file or its permissions, or make space on the disk.",
                path=self.path,
                error=getattr(cause, "orig", None) or cause,
            ) from error


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


def _highest_ids(connection: Connection) -> dict[str, int]:
    if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").first():
        return {}
    return {row.name: row.seq for row in connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")}


def _restore(connection: Connection, highest: dict[str, int]) -> None:
    """Let no replaced table hand out the id of a deleted row again."""
    for table, number in highest.items():
        if _highest_ids(connection).get(table, -1) < number:
            connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            connection.exec_driver_sql("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, number))


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise ConfigError(
            "The upgrade was undone: a row of %(table)s refers to a row that does not exist.", table=broken[0]
        )
