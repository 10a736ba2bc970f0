# SPDX-License-Identifier: MIT
"""The audit trail: who did what, when, from where. Written in the transaction of the change that it tells of.

No password, code, secret, token or session id is ever part of an entry (ASVS 16.2.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import structlog
from sqlalchemy import Connection, insert, select

from ccm_core.db import models as m
from ccm_core.db.engine import Database, after_commit
from ccm_core.db.functions import delete_batch
from ccm_core.services.clients import CONSOLE, Client
from ccm_core.services.metrics import NO_METRICS, Metrics, SignIn

_INSERT = insert(m.audit)
_KEPT_LENGTH = 64
NOT_JUDGED = frozenset({"failed", "over", "changed", "no pending login"})
"""Reasons for which the host refused a code, whatever it was."""


class Named(Protocol):
    """Whom an entry concerns: an account, or what is left of one."""

    @property
    def id(self) -> int:
        """The user's id."""

    @property
    def name(self) -> str:
        """The user's name at that time."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail. ``user_name`` is whom it concerns, ``actor`` who did it (empty: that user)."""

    id: int
    at: float
    event: str
    user_id: int | None
    user_name: str
    actor: str
    network: str
    detail: Mapping[str, object] = field(default_factory=dict)


class Audit:
    """Writes and reads the trail, kept for ``days``; each entry is a line of the log too, and sign-ins are counted."""

    def __init__(self, database: Database, days: int, metrics: Metrics = NO_METRICS) -> None:
        self._database = database
        self._seconds = days * 86400
        self._metrics = metrics
        self._log = structlog.get_logger("audit")

    def record(
        self,
        connection: Connection,
        event: str,
        instance_id: int,
        now: float,
        *,
        about: Named | None = None,
        actor: str = "",
        client: Client = CONSOLE,
        **detail: object,
    ) -> None:
        """Add an entry in the caller's transaction. ``detail`` is JSON."""
        name = about.name[:_KEPT_LENGTH] if about else ""
        user_id = about.id if about else None
        values = {"event": event, "instance_id": instance_id, "at": now, "user_id": user_id, "user_name": name}
        values |= {"actor": actor[:_KEPT_LENGTH], "network": client.network}
        values["detail"] = {key: value for key, value in detail.items() if value is not None}
        connection.execute(_INSERT, values)
        line = {"instance": instance_id, "user": name, "actor": actor, "network": client.network, **detail}
        after_commit(connection, partial(self._log.info, event, **line))
        result = _result(event, detail)
        if result:
            after_commit(connection, partial(self._metrics.sign_in, result))

    def note(
        self, event: str, instance_id: int, now: float, *, about: Named | None, client: Client, **detail: Any
    ) -> None:
        """Add an entry in a transaction of its own: for refusals, whose transaction is rolled back."""
        with self._database.write() as connection:
            self.record(connection, event, instance_id, now, about=about, client=client, **detail)

    def entries(
        self, instance_id: int, *, user: str = "", event: str = "", since: float = 0, before: int = 0, limit: int = 50
    ) -> tuple[Entry, ...]:
        """Newest first, below the id ``before`` if given; ``event`` is a prefix such as ``login``."""
        t = m.audit.c
        query = select(t.id, t.at, t.event, t.user_id, t.user_name, t.actor, t.network, t.detail)
        query = query.where(t.instance_id == instance_id, t.at >= since)
        if user:
            query = query.where((t.user_name == user) | (t.actor == user))
        if event:
            query = query.where(t.event.startswith(event, autoescape=True))
        if before:
            query = query.where(t.id < before)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(t.id.desc()).limit(limit))
            return tuple(Entry(*row) for row in rows)

    def forget(self, connection: Connection, now: float) -> int:
        """Delete some entries that are older than they are kept; returns how many."""
        return delete_batch(connection, m.audit, m.audit.c.at < now - self._seconds)


def _result(event: str, detail: Mapping[str, object]) -> SignIn | None:
    """Return what an entry says of a sign-in, if it tells of one."""
    if event == "login.succeeded":
        return "succeeded"
    if event == "login.refused":
        return "password_refused"
    if event == "code.refused" and detail["purpose"] == "login":
        return "failed" if detail["reason"] in NOT_JUDGED else "code_refused"
    return None
