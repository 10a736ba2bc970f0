# SPDX-License-Identifier: MIT
"""Connections to PostgreSQL that are kept open: how many, for how long one waits, and what becomes of a dead one."""

from __future__ import annotations

import select
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from ccm_core.db.engine import LOCKED
from ccm_core.errors import Busy

_T = TypeVar("_T")
_READ_ONLY = "25006"
"""What a standby says, and a primary that has become one."""
_NO_TABLE = "42P01"
"""What a database says that was emptied, or is being restored."""


class Cursor(psycopg.Cursor[Any]):
    """A cursor whose failures say what is wrong, and not with which values: to some the server adds the whole row."""

    def execute(self, *arguments: Any, **options: Any) -> Cursor:
        """Execute a statement; raises psycopg's errors without details."""
        with _without_details():
            return super().execute(*arguments, **options)

    def executemany(self, *arguments: Any, **options: Any) -> None:
        """Execute a statement for several rows; raises psycopg's errors without details."""
        with _without_details():
            super().executemany(*arguments, **options)


class _without_details:  # noqa: N801 - used like a function; one made of a generator costs ten times as much
    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, psycopg.Error) and error.diag.message_primary:
            error.args = (error.diag.message_primary,)


class Driver(psycopg.Connection[Any]):
    """A connection that does not wait for ever: a server that is gone can leave a socket that looks alive."""

    silence: float | None = None

    def wait(self, gen: PQGen[_T], interval: float = 0.1, timeout: float | None = None) -> _T:
        """Wait for the server, for ``silence`` seconds at most; raises OperationalError."""
        try:
            return super().wait(gen, interval, timeout or self.silence)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:  # the answer may still come: never read it
                self.pgconn.finish()
            raise


def _alive(connection: Connection) -> bool:
    """Whether nobody has ended a connection that was idle: its end, and the reason for it, could be read by now."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, Driver)
    if driver.closed:
        return False
    look = select.poll()
    look.register(driver.fileno(), select.POLLIN)
    return not look.poll(0)


class Kept:
    """So many connections of one kind at most; they are kept open, and the latest used is taken first.

    One that ended while it was idle, as all do when the server restarts, is replaced before anything is sent through
    it. Nothing is ever sent twice: of a COMMIT whose answer is lost nobody knows whether it counts.
    """

    def __init__(self, engine: Engine, most: int, wait_seconds: float) -> None:
        self._engine = engine
        self._wait_seconds = wait_seconds
        self._turn = threading.BoundedSemaphore(most)
        self._idle: deque[Connection] = deque()

    @contextmanager
    def taken(self) -> Iterator[Connection]:
        """Wait for a turn and give a connection; raises Busy."""
        if not self._turn.acquire(timeout=self._wait_seconds):
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
            connection = self._idle.pop()
        except IndexError:
            return self._engine.connect()
        if _alive(connection):
            return connection
        connection.invalidate()
        self._give_back(connection)
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


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        _tell(error)


def _tell(error: DBAPIError) -> NoReturn:
    """Turn what the driver says into Busy: gone, locked, full, not writable, empty; faults of a statement stay."""
    cause = error.orig
    gone = isinstance(cause, psycopg.OperationalError) or error.connection_invalidated
    if gone or getattr(cause, "sqlstate", None) in {_READ_ONLY, _NO_TABLE}:
        raise Busy(LOCKED) from error
    raise error
