# SPDX-License-Identifier: MIT
"""PostgreSQL: for any number of machines. Reads are single statements; writes are short READ COMMITTED transactions.

Whoever writes locks the rows that he decides by first and reads them afterwards, in the order instances, users,
sessions, pending logins, enrolments, throttle: any other order could end in a deadlock, which is answered like a
lock that stays.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ccm_core.db.engine import BUSY_SECONDS, LOCKED, Database
from ccm_core.db.models import metadata
from ccm_core.errors import Busy, ConfigError

_T = TypeVar("_T")

CONNECTIONS = 8
"""Of one process, at most: half of them read, half write. A request needs one, and for a thirtieth of its time."""
OLDEST = 15
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 20
"""The server ends a statement then; nothing that a request does takes a tenth of it."""
SILENCE_SECONDS = 25
"""A server that says nothing for so long is gone, whatever the network thinks."""
REBUILDING = 192024
"""The advisory lock of whoever changes the tables."""
VERSIONS = "alembic_version"
_READ_ONLY = "25006"
"""What a standby says, and a primary that has become one."""
_SESSION = (
    f"SET statement_timeout = '{STATEMENT_SECONDS}s'; SET lock_timeout = '{BUSY_SECONDS}s';"
    f" SET idle_in_transaction_session_timeout = '{STATEMENT_SECONDS}s'; SET timezone = 'UTC'"
)

_ABOUT = text("SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding')")


class _Driver(psycopg.Connection[Any]):
    """A connection that does not wait for ever: a server that is gone can leave a socket that looks alive."""

    silence: float | None = SILENCE_SECONDS

    def wait(self, gen: PQGen[_T], interval: float = 0.1, timeout: float | None = None) -> _T:
        try:
            return super().wait(gen, interval, timeout or self.silence)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:  # the answer may still come: never read it
                self.pgconn.finish()
            raise


class _Kept:
    """So many connections of one kind at most; they are kept open, and the latest used is taken first."""

    def __init__(self, engine: Engine, most: int) -> None:
        self._engine = engine
        self._turn = threading.BoundedSemaphore(most)
        self._idle: deque[Connection] = deque()

    @contextmanager
    def taken(self) -> Iterator[Connection]:
        """Wait for a turn and give a connection; raises Busy."""
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise Busy(LOCKED)
        try:
            with _sentences():
                connection = self._next()
                try:
                    yield connection
                finally:
                    self._give_back(connection)
        finally:
            self._turn.release()

    def _next(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._engine.connect()

    def _give_back(self, connection: Connection) -> None:
        if not connection.invalidated:
            self._idle.append(connection)
            return
        connection.close()
        self.close()  # what ended this one has ended the others too

    def close(self) -> None:
        """Close those that nobody uses."""
        while self._idle:
            self._idle.pop().close()


class PostgresqlDatabase(Database):
    """One database of a PostgreSQL server."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._reads = _Kept(self._engine(reading=True), CONNECTIONS // 2)
        self._writes = _Kept(self._engine(reading=False), CONNECTIONS // 2)
        self._reading = threading.local()

    def _engine(self, *, reading: bool) -> Engine:
        engine = create_engine(
            self.url.set(drivername="postgresql+psycopg"),
            isolation_level="AUTOCOMMIT" if reading else "READ COMMITTED",
            poolclass=NullPool,
            use_native_hstore=False,
            hide_parameters=True,  # a failed statement is logged: names, addresses and hashes are not
        )
        session = _SESSION + ("; SET default_transaction_read_only = on" if reading else "")

        def connect(_dialect: object, _record: object, _arguments: object, options: dict[str, Any]) -> _Driver:
            own = {"connect_timeout": CONNECT_SECONDS, **options, "client_encoding": "utf8"}
            driver = _Driver.connect(**own, autocommit=True)
            driver.execute(session)
            return driver

        event.listen(engine, "do_connect", connect)
        return engine

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
        """Wait for others who do the same, on this node or another."""
        with self._writer() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, _Driver)
            driver.silence = None
            try:
                with connection.begin():
                    connection.execute(text("SET LOCAL statement_timeout = 0"))
                    connection.execute(text("SET LOCAL lock_timeout = 0"))
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": REBUILDING})
                    yield connection
            finally:
                driver.silence = SILENCE_SECONDS

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
            return inspect(connection).has_table(VERSIONS)

    def prepare(self) -> None:
        """Nothing to do: the database itself is its administrator's work."""
        self.check()

    def remove(self) -> None:
        """Remove the tables."""
        with self.rebuild() as connection:
            metadata.drop_all(connection)
            connection.execute(text(f"DROP TABLE IF EXISTS {VERSIONS}"))
        self.dispose()

    def check(self) -> None:
        """Raise ConfigError when the server does not answer, is too old, or does not keep text as UTF-8."""
        try:
            with self.write() as connection:
                version, encoding = connection.execute(
                    text(
                        "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding')"
                    )
                ).one()
        except (Busy, DBAPIError) as error:
            cause = error.__cause__ if isinstance(error, Busy) else error
            raise ConfigError(
                "%(name)s cannot be used: %(error)s. Start PostgreSQL, create the database, or correct "
                "CCM_DATABASE_URL.",
                name=self.name,
                error=" ".join(str(getattr(cause, "orig", None) or cause).split()),
            ) from error
        if version < OLDEST:
            raise ConfigError(
                "%(name)s is PostgreSQL %(found)d. Use version %(oldest)d or newer.",
                name=self.name,
                found=version,
                oldest=OLDEST,
            )
        if encoding != "UTF8":
            raise ConfigError(
                "%(name)s keeps text as %(encoding)s. Create it anew with ENCODING 'UTF8' and TEMPLATE template0.",
                name=self.name,
                encoding=encoding,
            )


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        _tell(error)


def _tell(error: DBAPIError) -> NoReturn:
    """Turn what the driver says into Busy: gone, locked, a deadlock, full, not writable; faults of a statement stay."""
    cause = error.orig
    if isinstance(cause, psycopg.OperationalError) or getattr(cause, "sqlstate", None) == _READ_ONLY:
        raise Busy(LOCKED) from error
    raise error
