# SPDX-License-Identifier: MIT
"""The audit trail: who did what, when, from where. Written in the transaction of the change that it tells of.

No password, code, secret, token or session id is ever part of an entry (ASVS 16.2.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import structlog
from sqlalchemy import ColumnElement, Connection, insert, literal_column, select, union_all

from ccm_core.db import models as m
from ccm_core.db.engine import Database, after_commit
from ccm_core.db.functions import delete_batch, different
from ccm_core.services.clients import CONSOLE, Client
from ccm_core.services.metrics import NO_METRICS, Metrics, SignIn

_t = m.audit.c
_INSERT = insert(m.audit)
_ENTRY = select(_t.id, _t.at, _t.event, _t.user_id, _t.user_name, _t.actor, _t.network, _t.detail)
_BY_PEOPLE = _t.actor != literal_column("''")
"""Written out as the index of actors has it, which else is not used."""
_KEPT_LENGTH = 64
NOT_JUDGED = frozenset({"failed", "over", "changed", "no pending login"})
"""Reasons for which the host refused a code, whatever it was."""
EXPORTED = 500
"""Entries that are read at once."""
CLOCKS_DIFFER = 86400
"""Seconds by which an entry may seem older than one that was written before it: clocks differ, or are set back."""


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
        self,
        instance_id: int,
        *,
        user: str = "",
        event: str = "",
        since: float = 0,
        before: int = 0,
        above: int | None = None,
        limit: int = 50,
    ) -> tuple[Entry, ...]:
        """Newest first; ``event`` is a prefix such as ``login``.

        The latest, or those next below the id ``before`` or next above the id ``above``.
        """
        here = [
            _t.instance_id == instance_id,
            *([_t.at >= since] if since else []),
            *([_t.id < before] if before else []),
        ]
        backwards = above is not None
        with self._database.read() as connection:
            ways = self._ways(connection, instance_id, user, event)
            key = _t.id.asc() if backwards else _t.id.desc()
            each = [_ENTRY.where(*here, _t.id > (above or 0), *way).order_by(key).limit(limit) for way in ways]
            if len(each) > 1:
                found = union_all(*(select(one.subquery()) for one in each)).subquery()
                each = [select(found).order_by(found.c.id.asc() if backwards else found.c.id.desc()).limit(limit)]
            entries = tuple(Entry(*row) for query in each for row in connection.execute(query))
        return entries[::-1] if backwards else entries

    def _ways(self, connection: Connection, instance_id: int, user: str, event: str) -> list[list[ColumnElement[bool]]]:
        """Return which entries a filter finds: sets without a common entry, each in the order of an index."""
        kind = [_t.event.startswith(event, autoescape=True)] if event else []
        if user:
            return [[_t.user_name == user, *kind], [_BY_PEOPLE, _t.actor == user, _t.user_name != user, *kind]]
        if not event:
            return [[]]
        names = connection.execute(select(different(_t.event, _t.instance_id == instance_id))).scalars()
        return [[_t.event == name] for name in names if name and name.startswith(event)]

    def since(self, instance_id: int, since: float, user: str = "") -> Iterator[Entry]:
        """Yield all entries from a time on, oldest first, read a page at a time."""
        last = self._before(instance_id, since - CLOCKS_DIFFER)
        while page := self.entries(instance_id, user=user, since=since, above=last, limit=EXPORTED):
            yield from reversed(page)
            last = page[0].id

    def _before(self, instance_id: int, at: float) -> int:
        """Return an id below which everything is older, by halving: ids and times rise together, but for the clocks."""
        mine = select(_t.id, _t.at).where(_t.instance_id == instance_id)
        with self._database.read() as connection:
            newest = connection.execute(mine.order_by(_t.id.desc()).limit(1)).first()
            low, high = 0, newest.id if newest else 0
            while low < high:
                middle = (low + high) // 2
                row = connection.execute(mine.where(_t.id > middle).order_by(_t.id).limit(1)).first()
                if row is not None and row.at < at:
                    low = row.id
                else:
                    high = middle
        return low

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
