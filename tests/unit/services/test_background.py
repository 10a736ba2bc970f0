# SPDX-License-Identifier: MIT
"""The thread that tidies outlives a locked database."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from sqlalchemy import func, select
from structlog.testing import capture_logs

from ccm_core.app import start_background
from ccm_core.db import models as m
from ccm_core.services.instances import Instance
from ccm_core.services.parts import Parts
from ccm_core.services.throttle import DAY
from tests.unit.services.conftest import Watch


@contextmanager
def locked(parts: Parts) -> Iterator[sqlite3.Connection]:
    """Let another connection hold the database, until it rolls back; ours gives up at once."""
    with parts.database.write() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    with closing(sqlite3.connect(parts.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


@contextmanager
def background(parts: Parts, *, tidy_seconds: float) -> Iterator[None]:
    """Run the threads until the block ends."""
    stop = threading.Event()
    threads = start_background(parts, stop, tidy_seconds=tidy_seconds)
    try:
        yield
    finally:
        stop.set()
        parts.outbox._wake.set()
        for thread in threads:
            thread.join(10)


def becomes(true: Callable[[], bool]) -> bool:
    """Whether something comes true within 10 seconds."""
    wait = threading.Event()
    return any(true() or wait.wait(0.01) for _ in range(1000))


def entries(parts: Parts) -> int:
    with parts.database.read() as connection:
        return connection.execute(select(func.count()).select_from(m.audit)).scalar_one()


def test_the_tidy_up_is_done_the_next_time_when_the_database_was_locked(
    parts: Parts, instance: Instance, clock: Watch
) -> None:
    with parts.database.write() as connection:
        parts.audit.record(connection, "plugin.test", instance.id, clock.now - 366 * DAY)
    with capture_logs() as logs, locked(parts) as holder, background(parts, tidy_seconds=0.01):
        assert becomes(lambda: {"event": "tidy.failed", "error": "Busy", "log_level": "warning"} in logs)
        assert entries(parts) == 1
        holder.execute("ROLLBACK")
        assert becomes(lambda: entries(parts) == 0)
