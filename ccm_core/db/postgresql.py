# SPDX-License-Identifier: MIT
"""PostgreSQL: for any number of machines. Reads are single statements; writes are short READ COMMITTED transactions.

Whoever writes locks the rows that he decides by first and reads them afterwards, in the order instances, users,
sessions, pending logins, enrolments, throttle: any other order could end in a deadlock, which is answered like a
lock that stays.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ccm_core.db.engine import Database, Limits
from ccm_core.db.kept import Cursor, Driver, Kept
from ccm_core.db.models import metadata, version
from ccm_core.errors import Busy, ConfigError

OLDEST = 15
CONNECT_SECONDS = 5
"""Unless the URL has a ``connect_timeout``."""
SILENCE = 1.25
"""A server that says nothing for so many times what a statement may take is gone, whatever it seems."""
REBUILDING = 192024
"""The advisory lock of whoever changes the tables."""
_ABOUT = text("SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding')")
_LIMITED = text("SELECT current_setting('statement_timeout') <> '0' AND current_setting('lock_timeout') <> '0'")


class PostgresqlDatabase(Database):
    """One database of a PostgreSQL server."""

    def __init__(self, url: str, limits: Limits) -> None:
        super().__init__(url, limits)
        reads = limits.connections // 2
        self._reads = Kept(self._engine(reading=True), reads, limits.wait_seconds)
        self._writes = Kept(self._engine(reading=False), limits.connections - reads, limits.wait_seconds)
        self._reading = threading.local()

    def _engine(self, *, reading: bool) -> Engine:
        engine = create_engine(
            self.url.set(drivername="postgresql+psycopg"),
            isolation_level="AUTOCOMMIT" if reading else "READ COMMITTED",
            poolclass=NullPool,
            use_native_hstore=False,
            hide_parameters=True,  # a failed statement is logged: names, addresses and hashes are not
        )
        own, session = self._own(reading=reading)
        silence = self._silence

        def connect(_dialect: object, _record: object, _arguments: object, options: dict[str, Any]) -> Driver:
            given = {"connect_timeout": CONNECT_SECONDS, **options, "client_encoding": "utf8", "cursor_factory": Cursor}
            driver = Driver.connect(**given, **own, autocommit=True)
            driver.silence = silence
            if session:
                driver.execute(session)
            return driver

        event.listen(engine, "do_connect", connect)
        return engine

    def _own(self, *, reading: bool) -> tuple[dict[str, Any], str]:
        """Return what the driver is told, and what each connection is set to.

        A pooler gives every transaction another of the server's connections: there nothing can be set or prepared.
        """
        if self._limits.pooler:
            return {"prepare_threshold": None}, ""
        timeout, wait = (round(1000 * seconds) for seconds in (self._limits.timeout_seconds, self._limits.wait_seconds))
        session = f"SET statement_timeout = {timeout}; SET lock_timeout = {wait}; SET timezone = 'UTC'"
        session += f"; SET idle_in_transaction_session_timeout = {timeout}"
        return {}, session + ("; SET default_transaction_read_only = on" if reading else "")

    @property
    def _silence(self) -> float:
        return SILENCE * self._limits.timeout_seconds

    @property
    def name(self) -> str:
        """The URL without user and password."""
        port = f":{self.url.port}" if self.url.port else ""
        return f"postgresql://{self.url.host or ''}{port}/{self.url.database}"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give one of the reading connections; within a read the same one again."""
        own: Connection | None = getattr(self._reading, "connection", None)
        if own is not None:
            yield own
            return
        with self._reads.taken() as connection:
            self._reading.connection = connection
            try:
                yield connection
            finally:
                self._reading.connection = None

    @contextmanager
    def _writer(self) -> Iterator[Connection]:
        with self._writes.taken() as connection:
            yield connection

    @contextmanager
    def rebuild(self) -> Iterator[Connection]:
        """Wait for others who do the same, on this node or another.

        For a table that is in use only half as long as requests wait for one: these queue up behind us meanwhile.
        """
        with self._writer() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, Driver)
            driver.silence = None
            try:
                with connection.begin():
                    connection.execute(text("SET LOCAL statement_timeout = 0"))
                    connection.execute(text("SET LOCAL lock_timeout = 0"))
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": REBUILDING})
                    connection.execute(text(f"SET LOCAL lock_timeout = {round(500 * self._limits.wait_seconds)}"))
                    yield connection
            finally:
                driver.silence = self._silence

    def dispose(self) -> None:
        """Close the connections that nobody uses."""
        for kept in (self._reads, self._writes):
            kept.close()

    def time(self) -> float:
        """Return the server's time."""
        with self.read() as connection:
            return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())

    def exists(self) -> bool:
        """Whether the database holds our tables."""
        self.check()
        with self.read() as connection:
            return inspect(connection).has_table(version.name)

    def prepare(self) -> None:
        """Nothing to do: the database itself is its administrator's work."""
        self.check()

    def remove(self) -> None:
        """Remove the tables."""
        with self.rebuild() as connection:
            metadata.drop_all(connection)
            version.drop(connection, checkfirst=True)
        self.dispose()

    def check(self) -> None:
        """Raise ConfigError when the server does not answer, is too old, or does not keep text as UTF-8."""
        try:
            with self.write() as connection:
                found, encoding = connection.execute(_ABOUT).one()
                limited = connection.execute(_LIMITED).scalar_one()
        except (Busy, DBAPIError) as error:
            cause = error.__cause__ if isinstance(error, Busy) else error
            raise ConfigError(
                "%(name)s cannot be used: %(error)s. Start PostgreSQL, create the database, or correct "
                "CCM_DATABASE_URL.",
                name=self.name,
                error=" ".join(str(getattr(cause, "orig", None) or cause).split()),
            ) from error
        if found < OLDEST:
            raise ConfigError(
                "%(name)s is PostgreSQL %(found)d. Use version %(oldest)d or newer.",
                name=self.name,
                found=found,
                oldest=OLDEST,
            )
        if encoding != "UTF8":
            raise ConfigError(
                "%(name)s keeps text as %(encoding)s. Create it anew with ENCODING 'UTF8' and TEMPLATE template0.",
                name=self.name,
                encoding=encoding,
            )
        if not limited:
            raise ConfigError(
                "%(name)s sets no statement_timeout or no lock_timeout, and behind a pooler we cannot. Run «ALTER ROLE "
                "%(user)s SET statement_timeout = '20s'», the same with lock_timeout = '10s', and restart the pooler.",
                name=self.name,
                user=self.url.username or "ccm",
            )
