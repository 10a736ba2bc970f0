# SPDX-License-Identifier: MIT
"""Failures of plugins: recorded with host, process, time and reason, shown to administrators, cleared at a restart."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, func, insert, select

from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.db.functions import insert as upsert
from ccm_core.errors import Busy
from ccm_core.plugin_manager.faults import Fault
from ccm_core.services.metrics import NO_METRICS, Metrics

REPEAT_SECONDS = 60
REASON_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Recorded:
    """A failure as the administrator sees it; ``hook`` is empty when the plugin could not be loaded."""

    hook: str
    reason: str
    node: str
    pid: int
    at: float


_f = m.plugin_fault.c


class Faults:
    """Records failures, the same one at most once a minute and process."""

    def __init__(
        self, database: Database, clock: Callable[[], float], node: str, metrics: Metrics = NO_METRICS
    ) -> None:
        self._database = database
        self._clock = clock
        self._node = node
        self._metrics = metrics
        self._lock = threading.Lock()
        self._last: dict[Fault, float] = {}
        self._log = structlog.get_logger("plugins")

    def report(self, fault: Fault) -> None:
        """Record a failure; never raises, since what it tells of is already being handled."""
        self._metrics.plugin_failed(fault.plugin, fault.hook)
        now = self._clock()
        with self._lock:
            if self._last.get(fault, float("-inf")) + REPEAT_SECONDS > now:
                return
            self._last[fault] = now
        reason = fault.reason[:REASON_LENGTH]
        self._log.error("plugin.failed", plugin=fault.plugin, hook=fault.hook, reason=reason)
        values = {"plugin": fault.plugin, "hook": fault.hook, "reason": reason, "node": self._node}
        try:
            with self._database.write() as connection:
                same = (_f.plugin == fault.plugin, _f.hook == fault.hook, _f.reason == reason, _f.node == self._node)
                connection.execute(delete(m.plugin_fault).where(*same))
                connection.execute(insert(m.plugin_fault).values(values | {"pid": os.getpid(), "at": now}))
        except Busy:
            self._log.warning("plugin.failure_not_recorded", plugin=fault.plugin)

    def of(self, plugin: str, limit: int = 5) -> tuple[Recorded, ...]:
        """Return a plugin's latest failures."""
        query = select(_f.hook, _f.reason, _f.node, _f.pid, _f.at).where(_f.plugin == plugin)
        with self._database.read() as connection:
            return tuple(Recorded(*row) for row in connection.execute(query.order_by(_f.at.desc()).limit(limit)))

    def latest(self, limit: int = 5) -> Mapping[str, tuple[Recorded, ...]]:
        """Return the latest failures of each plugin that has any."""
        query = select(_f.plugin, _f.hook, _f.reason, _f.node, _f.pid, _f.at).order_by(_f.plugin, _f.at.desc())
        found: dict[str, tuple[Recorded, ...]] = {}
        with self._database.read() as connection:
            for plugin, *row in connection.execute(query):
                found[plugin] = (*found.get(plugin, ()), Recorded(*row))[:limit]
        return found

    def counts(self) -> Mapping[str, int]:
        """Return how many failures are recorded per plugin."""
        query = select(_f.plugin, func.count()).group_by(_f.plugin)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def clear_node(self) -> None:
        """Forget this node's failures: it starts anew."""
        with self._database.write() as connection:
            connection.execute(delete(m.plugin_fault).where(_f.node == self._node))

    def ask_retry(self, plugin: str) -> int:
        """Clear a plugin's failures and tell every process to try it again."""
        r = m.plugin_retry.c
        statement = upsert(m.plugin_retry).values(plugin=plugin, number=1)
        statement = statement.on_conflict_do_update(index_elements=["plugin"], set_={"number": r.number + 1})
        with self._lock:
            self._last = {fault: at for fault, at in self._last.items() if fault.plugin != plugin}
        with self._database.write() as connection:
            connection.execute(delete(m.plugin_fault).where(_f.plugin == plugin))
            return connection.execute(statement.returning(r.number)).scalar_one()

    def retries(self) -> Mapping[str, int]:
        """Return the number of the latest retry that was asked for, per plugin."""
        with self._database.read() as connection:
            r = m.plugin_retry.c
            return {row[0]: row[1] for row in connection.execute(select(r.plugin, r.number))}
