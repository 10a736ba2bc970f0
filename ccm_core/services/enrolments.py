# SPDX-License-Identifier: MIT
"""The ledger: which user has bound which factor. The host keeps it, whatever becomes of the plugin's code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter

from sqlalchemy import Connection, RowMapping, and_, bindparam, delete, func, insert, or_, select, update

from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.db.functions import delete_batch, different
from ccm_core.errors import Conflict
from ccm_core.plugin_api import Enrolment, Passed
from ccm_core.services.instances import Instance
from ccm_core.services.sessions import Session
from ccm_core.services.vault import Vault

PENDING_SECONDS = 600
SETUP_TRIES = 5
NO_COUNTER = -1
DATA_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Row:
    """One enrolment as a read saw it; ``data`` is still sealed."""

    id: int
    user_id: int
    plugin: str
    label: str
    confirmed: bool
    pending_until: float | None
    family: bytes | None
    data: bytes = field(repr=False)
    counter: int = NO_COUNTER
    version: int = 0
    tries: int = 0
    created_at: float = 0.0
    last_used_at: float | None = None


_e = m.enrolment.c
_COLUMNS = (
    _e.id,
    _e.user_id,
    _e.plugin,
    _e.label,
    _e.confirmed,
    _e.pending_until,
    _e.family,
    _e.data,
    _e.counter,
    _e.version,
    _e.tries,
    _e.created_at,
    _e.last_used_at,
)
_ROW = select(*_COLUMNS)
JOINED_COLUMNS = tuple(column.label(f"enrolment_{column.key}") for column in _COLUMNS)
"""For a query that reads a user's confirmed enrolments together with something else: an outer join, one row each."""
_JOINED = itemgetter(*(column.key for column in JOINED_COLUMNS))
_CONFIRMED = _ROW.where(_e.user_id == bindparam("user"), _e.confirmed).order_by(_e.plugin, _e.id)
_APPLY = (
    update(m.enrolment)
    .where(
        _e.id == bindparam("row"),
        _e.version == bindparam("read_version"),
        _e.counter < bindparam("passed_counter"),
        _e.confirmed == bindparam("was_confirmed"),
    )
    .values(counter=bindparam("passed_counter"), version=_e.version + 1, last_used_at=bindparam("now"))
)
_PENDING = _ROW.where(
    _e.user_id == bindparam("user"),
    _e.plugin == bindparam("plugin"),
    ~_e.confirmed,
    _e.family == bindparam("family"),
    _e.pending_until > bindparam("now"),
)


class Enrolments:
    """Reads and writes the ledger. Writing methods work in the caller's transaction."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def confirmed(self, user_id: int, connection: Connection | None = None) -> tuple[Row, ...]:
        """Return what the user's logins are bound to, by plugin name, active or not."""
        if connection is not None:
            return tuple(Row(*row) for row in connection.execute(_CONFIRMED, {"user": user_id}))
        with self._database.read() as own:
            return self.confirmed(user_id, own)

    def pending(self, session: Session, plugin: str, now: float) -> Row | None:
        """Return the unfinished set-up that this session began."""
        values = {"user": session.account.id, "plugin": plugin, "family": session.family, "now": now}
        with self._database.read() as connection:
            row = connection.execute(_PENDING, values).first()
        return Row(*row) if row else None

    def of_plugin(self, user_id: int, plugin: str, now: float) -> tuple[Row, ...]:
        """Return a user's enrolments with a plugin, oldest first: confirmed ones and set-ups that have not run out."""
        alive = or_(_e.confirmed, _e.pending_until > now)
        query = _ROW.where(_e.user_id == user_id, _e.plugin == plugin, alive).order_by(_e.id)
        with self._database.read() as connection:
            return tuple(Row(*row) for row in connection.execute(query))

    def unsealed(self, instance: Instance, row: Row) -> Enrolment:
        """Return a row as its plugin sees it; raises SealError."""
        data = self._vault.unseal(row.data, place=place(instance.id, row.user_id, row.plugin))
        return Enrolment(row.id, row.label, data, row.counter, row.confirmed)

    def begin(self, connection: Connection, session: Session, plugin: str, label: str, data: bytes, now: float) -> int:
        """Write a pending enrolment, replacing an unfinished one; raises Conflict when the label is enrolled."""
        account = session.account
        if len(data) > DATA_BYTES or not 0 < len(label) <= 64:
            raise Conflict("The plugin %(plugin)s keeps more than an enrolment may hold.", plugin=plugin)
        same = (_e.user_id == account.id, _e.plugin == plugin, _e.label == label)
        if connection.execute(select(_e.id).where(*same, _e.confirmed)).first():
            raise Conflict("This second factor is set up already.")
        connection.execute(delete(m.enrolment).where(*same, ~_e.confirmed))
        sealed = self._vault.seal(data, place=place(account.instance_id, account.id, plugin))
        values = {"instance_id": account.instance_id, "user_id": account.id, "plugin": plugin, "label": label}
        values |= {"confirmed": False, "pending_until": now + PENDING_SECONDS, "family": session.family}
        values |= {"data": sealed, "counter": NO_COUNTER, "created_at": now}
        return connection.execute(insert(m.enrolment).values(values).returning(_e.id)).scalar_one()

    def count_setup_try(self, connection: Connection, enrolment_id: int) -> bool:
        """Count one try to finish a set-up; False, and nothing is counted, when none is left."""
        left = update(m.enrolment).where(_e.id == enrolment_id, ~_e.confirmed, _e.tries < SETUP_TRIES)
        return connection.execute(left.values(tries=_e.tries + 1)).rowcount == 1

    def drop_exhausted(self, connection: Connection, enrolment_id: int) -> None:
        """Drop a set-up after five wrong codes."""
        spent = (_e.id == enrolment_id, ~_e.confirmed, _e.tries >= SETUP_TRIES)
        connection.execute(delete(m.enrolment).where(*spent))

    def apply(self, connection: Connection, row: Row, passed: Passed, now: float, *, confirm: bool) -> bool:
        """Apply a proof to the row that was read before the check, by one conditional update.

        False when the counter is not higher or the row was changed since: single use for every factor and every
        place where a proof is taken (ASVS 6.5.1, RFC 6238 5.2).
        """
        counter = row.counter + 1 if passed.counter is None else passed.counter
        statement = _APPLY
        if passed.data is not None:
            instance_id = select(m.user.c.instance_id).where(m.user.c.id == row.user_id)
            spot = place(connection.execute(instance_id).scalar_one(), row.user_id, row.plugin)
            statement = statement.values(data=self._vault.seal(passed.data, place=spot))
        if confirm:
            statement = statement.values(confirmed=True, pending_until=None, family=None, tries=0)
        read = {"row": row.id, "read_version": row.version, "was_confirmed": row.confirmed}
        return connection.execute(statement, read | {"passed_counter": counter, "now": now}).rowcount == 1

    def remove(self, connection: Connection, user_id: int, plugin: str | None = None, row_id: int | None = None) -> int:
        """Remove enrolments, pending ones too: one, one plugin's, or all of a user; returns how many were confirmed."""
        which = [_e.user_id == user_id]
        if plugin is not None:
            which.append(_e.plugin == plugin)
        if row_id is not None:
            which.append(_e.id == row_id)
        count = select(func.count()).select_from(m.enrolment).where(*which, _e.confirmed)
        confirmed: int = connection.execute(count).scalar_one()
        connection.execute(delete(m.enrolment).where(*which))
        return confirmed

    def users_of(self, instance: Instance, plugins: Iterable[str], most: int | None = None) -> dict[str, int]:
        """Return how many users of the instance are enrolled with each plugin; one more than ``most`` at most."""
        here = _e.instance_id == instance.id
        plugin = different(_e.plugin, here)
        users = select(_e.user_id).where(here, _e.plugin == plugin.c.value, _e.confirmed).distinct()
        some = users.limit(None if most is None else most + 1).correlate(plugin).subquery()
        count = select(func.count()).select_from(some).correlate(plugin).scalar_subquery()
        query = select(plugin.c.value, count).where(plugin.c.value.is_not(None))
        with self._database.read() as connection:
            found = {row[0]: row[1] for row in connection.execute(query) if row[1]}
        return dict.fromkeys(plugins, 0) | found

    def forget(self, connection: Connection, now: float) -> int:
        """Delete some set-ups that ran out; returns how many."""
        return delete_batch(connection, m.enrolment, and_(~_e.confirmed, _e.pending_until <= now))


def from_joined(rows: Iterable[RowMapping]) -> tuple[Row, ...]:
    """Make the enrolments of rows that hold ``JOINED_COLUMNS``; none where there is nothing to join."""
    return tuple(Row(*_JOINED(row)) for row in rows if row["enrolment_id"] is not None)


def place(instance_id: int, user_id: int, plugin: str) -> str:
    """Return what an enrolment's sealed data is bound to."""
    return f"instance/{instance_id}/user/{user_id}/plugin/{plugin}/enrolment"


def of_active(rows: Iterable[Row], instance: Instance) -> tuple[Row, ...]:
    """Return the rows that a login must satisfy: those whose plugin is active."""
    return tuple(row for row in rows if row.plugin in instance.active)
