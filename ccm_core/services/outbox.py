# SPDX-License-Identifier: MIT
"""Mails are rows written in the transaction of the change that they tell of, and delivered afterwards.

At least once: a mail comes twice only if the process dies between the server's yes and our commit, with the same
Message-ID. Bodies are sealed, and emptied after delivery.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog
from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from ccm_core.db import models as m
from ccm_core.db.engine import Database, after_commit
from ccm_core.db.functions import delete_batch
from ccm_core.errors import NotFound
from ccm_core.services.tokens import without_tokens
from ccm_core.services.vault import Vault

LEASE_SECONDS = 120
DELIVERED_SECONDS = 30 * 86400
POLL_SECONDS = 2.0
BATCH = 10
LONGEST_RETRY_SECONDS = 3600
MAIL = "mail"
MOST_COUNTED = 10_000
MOST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as it goes out; ``number`` rises with every message."""

    number: int
    recipient: str
    subject: str
    body: str
    message_id: str
    date: float


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of the outbox as the console lists it."""

    id: int
    created: float
    recipient: str
    subject: str
    delivered: float | None
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many messages have not gone out, counted up to ``MOST_COUNTED``, and the age of the oldest in seconds."""

    count: int
    oldest: float


class Transport(Protocol):
    """A way to send; raises OSError (or a subclass, such as SMTP errors) when it could not."""

    def send(self, mail: Mail) -> None:
        """Hand the message over."""


Prepare = Callable[[Connection, int, float, Mapping[str, str]], None]
"""Turns a request row (instance id, time, its values) into mails, in the transaction that removes the request."""

_o = m.outbox.c
_DUE = select(_o.created_at).where(_o.due_at >= 0.0).order_by(_o.due_at).limit(MOST_COUNTED).subquery()
_WAITING = select(func.count(), func.min(_DUE.c.created_at))
"""By the index on ``due_at``, in which what has gone out stands apart."""
_WAITS = _o.due_at > 0
"""What has not gone out: few rows, whose times are indexed. A delivered one is never due."""


class Outbox:
    """Takes and delivers messages; any number of processes may deliver at once."""

    def __init__(
        self, database: Database, vault: Vault, clock: Callable[[], float], transport: Transport, domain: str
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._transport = transport
        self._domain = domain
        self._prepare: dict[str, Prepare] = {}
        self._wake = threading.Event()
        self._log = structlog.get_logger("outbox")

    def prepares(self, kind: str, prepare: Prepare) -> None:
        """Name what turns requests of a kind into mails."""
        self._prepare[kind] = prepare

    def add(
        self, connection: Connection, instance_id: int, recipient: str, subject: str, body: str, user_id: int | None
    ) -> None:
        """Write a mail in the caller's transaction."""
        self._insert(connection, MAIL, instance_id, recipient, " ".join(subject.split()), body, user_id)

    def request(self, connection: Connection, kind: str, instance_id: int, values: Mapping[str, str]) -> None:
        """Write a request that the delivery turns into mails, so that the request itself takes the same work always."""
        self._insert(connection, kind, instance_id, "", "", json.dumps(values), None)

    def _insert(
        self,
        connection: Connection,
        kind: str,
        instance_id: int,
        recipient: str,
        subject: str,
        body: str,
        user_id: int | None,
    ) -> None:
        now = self._clock()
        sealed = self._vault.seal(body.encode("utf-8", "replace"), place=f"instance/{instance_id}/outbox")
        values = {"kind": kind, "instance_id": instance_id, "user_id": user_id, "recipient": recipient}
        values |= {"subject": subject[:255], "body": sealed, "created_at": now, "due_at": now}
        values |= {"message_id": f"<{secrets.token_hex(16)}@{self._domain}>"}
        connection.execute(insert(m.outbox).values(values))
        after_commit(connection, self._wake.set)

    def deliver(self) -> int:
        """Deliver what is due, once; returns how many messages went out."""
        sent = 0
        while rows := self._lease():
            sent += sum(self._deliver(row) for row in rows)
        return sent

    def run(self, stop: threading.Event) -> None:
        """Deliver until told to stop: at once when this process wrote a message, else every two seconds."""
        while not stop.is_set():
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
            try:
                self.deliver()
            except Exception as error:  # noqa: BLE001 - the thread must outlive a locked database
                self._log.warning("outbox.failed", error=type(error).__name__)

    def _lease(self) -> list[Row[*tuple[object, ...]]]:
        now = self._clock()
        due = select(_o.id).where(_o.due_at <= now).order_by(_o.due_at)
        with self._database.read() as connection:
            if connection.execute(due.limit(1)).first() is None:
                return []
        mine = f"{os.getpid()}-{secrets.token_hex(8)}"
        with self._database.write() as connection:
            ids = connection.execute(due.limit(BATCH).with_for_update(skip_locked=True)).scalars().all()
            lease = update(m.outbox).where(_o.id.in_(ids), _o.due_at <= now)
            lease = lease.values(lease=mine, due_at=now + LEASE_SECONDS, attempts=_o.attempts + 1)
            connection.execute(lease)
            return list(connection.execute(select(m.outbox).where(_o.id.in_(ids), _o.lease == mine)))

    def _deliver(self, row: Row[*tuple[object, ...]]) -> bool:
        try:
            body = self._vault.unseal(row.body, place=f"instance/{row.instance_id}/outbox").decode()
            if row.kind != MAIL:
                with self._database.write() as connection:
                    gone = delete(m.outbox).where(_o.id == row.id, _o.lease == row.lease)
                    if connection.execute(gone).rowcount == 1:
                        self._prepare[row.kind](connection, row.instance_id, self._clock(), json.loads(body))
                return False
            if not self._still_mine(row):
                return False
            self._transport.send(Mail(row.id, row.recipient, row.subject, body, row.message_id, row.created_at))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one message must not hold up the others
            self._postpone(row, error)
            return False
        values = {"body": None, "due_at": None, "lease": None, "delivered_at": self._clock(), "error": ""}
        with self._database.write() as connection:
            connection.execute(update(m.outbox).where(_o.id == row.id, _o.lease == row.lease).values(values))
        self._log.info("mail.delivered", id=row.id, instance=row.instance_id)
        return True

    def _still_mine(self, row: Row[*tuple[object, ...]]) -> bool:
        """Renew the lease before sending: the ones before may have taken longer than it lasts."""
        mine = update(m.outbox).where(_o.id == row.id, _o.lease == row.lease)
        with self._database.write() as connection:
            return connection.execute(mine.values(due_at=self._clock() + LEASE_SECONDS)).rowcount == 1

    def _postpone(self, row: Row[*tuple[object, ...]], error: Exception) -> None:
        wait = min(LONGEST_RETRY_SECONDS, 5 * 2 ** min(row.attempts, 10))
        # A mail server that takes a mail for spam may name the link in it.
        said = without_tokens(f"{type(error).__name__}: {error}")[:500]
        values = {"due_at": self._clock() + wait, "lease": None, "error": said}
        with self._database.write() as connection:
            connection.execute(update(m.outbox).where(_o.id == row.id, _o.lease == row.lease).values(values))
        self._log.warning(
            "mail.postponed", id=row.id, instance=row.instance_id, seconds=wait, error=type(error).__name__
        )

    def hurry(self) -> None:
        """Make everything undelivered due now, but for what a process is delivering at this moment."""
        with self._database.write() as connection:
            waiting = update(m.outbox).where(_WAITS, _o.lease.is_(None))
            connection.execute(waiting.values(due_at=self._clock()))

    def listed(self, instance_id: int, limit: int = 200, *, before: int = MOST_ID) -> tuple[Listed, ...]:
        """Return the latest messages of an instance below an id, newest first."""
        query = select(_o.id, _o.created_at, _o.recipient, _o.subject, _o.delivered_at, _o.attempts, _o.error)
        query = query.where(_o.instance_id == instance_id, _o.id < before, _o.kind == MAIL)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_o.id.desc()).limit(limit))
            return tuple(Listed(*row) for row in rows)

    def everything(self, instance_id: int) -> Iterator[Listed]:
        """Yield all messages of an instance, newest first, read a page at a time."""
        page = self.listed(instance_id)
        while page:
            yield from page
            page = self.listed(instance_id, before=page[-1].id)

    def show(self, instance_id: int, mail_id: int) -> tuple[Listed, str | None]:
        """Return a message and its body, None once it is delivered; raises NotFound."""
        query = select(_o.body).where(_o.id == mail_id, _o.instance_id == instance_id, _o.kind == MAIL)
        query = query.add_columns(_o.created_at, _o.recipient, _o.subject, _o.delivered_at, _o.attempts, _o.error)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound("There is no mail %(id)d. See «ccm mail list».", id=mail_id)
        body = self._vault.unseal(row.body, place=f"instance/{instance_id}/outbox").decode() if row.body else None
        return Listed(
            mail_id, row.created_at, row.recipient, row.subject, row.delivered_at, row.attempts, row.error
        ), body

    def waiting(self) -> Waiting:
        """Return how much waits in the whole outbox, and how long. Raises Busy."""
        with self._database.read() as connection:
            count, since = connection.execute(_WAITING).one()
        return Waiting(count, max(0.0, self._clock() - since) if count else 0.0)

    def undelivered(self, older_than: float) -> int:
        """Return how many messages were written before a time and have not gone out."""
        with self._database.read() as connection:
            query = select(_o.id).where(_o.created_at < older_than, _WAITS)
            return len(connection.execute(query.limit(1000)).all())

    def forget(self, connection: Connection, now: float) -> int:
        """Delete some messages that went out long ago; returns how many."""
        before = now - DELIVERED_SECONDS
        return delete_batch(connection, m.outbox, and_(_o.created_at < before, _o.delivered_at < before))
