# SPDX-License-Identifier: MIT
"""The thread that tidies outlives a locked database."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import func, select
from structlog.testing import capture_logs

from ccm_core.app import start_background
from ccm_core.db import models as m
from ccm_core.services.instances import Instance
from ccm_core.services.parts import Parts
from ccm_core.services.throttle import DAY
from tests.databases import locked
from tests.unit.services.conftest import Watch, give_up_at_once


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
    give_up_at_once(parts.database)
    with capture_logs() as logs, locked(parts.database) as let_go, background(parts, tidy_seconds=0.01):
        assert becomes(lambda: {"event": "tidy.failed", "error": "Busy", "log_level": "warning"} in logs)
        assert entries(parts) == 1
        let_go()
        assert becomes(lambda: entries(parts) == 0)
