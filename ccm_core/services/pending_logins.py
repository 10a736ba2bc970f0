# SPDX-License-Identifier: MIT
"""Pending logins: between a right password and the last passed challenge. They open nothing by themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, and_, bindparam, select

from ccm_core.db import models as m
from ccm_core.services import accounts, enrolments
from ccm_core.services.accounts import Account
from ccm_core.services.enrolments import Row
from ccm_core.services.instances import STATE_COLUMNS, Instance, plugin_state
from ccm_core.services.throttle import CODE_TRIES
from ccm_core.services.tokens import token_hash


@dataclass(frozen=True, slots=True)
class Pending:
    """A pending login: a right password, and the factors of which one must be passed. It is no session."""

    id: int
    account: Account
    rows: tuple[Row, ...]
    tries: int
    state_plugin: str | None
    state: bytes | None = field(repr=False)

    @property
    def plugins(self) -> tuple[str, ...]:
        """The factors to choose from, by name."""
        return tuple(sorted({row.plugin for row in self.rows}))


_p, _e = m.pending_login.c, m.enrolment.c
_LOOK = (
    select(
        _p.id.label("pending_id"),
        _p.tries,
        _p.state_plugin,
        _p.state,
        *accounts.COLUMNS,
        *enrolments.JOINED_COLUMNS,
        *STATE_COLUMNS,
    )
    .select_from(
        m.pending_login.join(m.user, m.user.c.id == _p.user_id)
        .join(m.instance, m.instance.c.id == _p.instance_id)
        .outerjoin(m.enrolment, and_(_e.user_id == _p.user_id, _e.confirmed))
    )
    .where(
        _p.token_hash == bindparam("hash"),
        _p.instance_id == bindparam("instance"),
        _p.expires_at > bindparam("now"),
        _p.tries < CODE_TRIES,
        _p.stamp == m.user.c.stamp,
    )
    .order_by(_e.plugin, _e.id)
)


def look(connection: Connection, instance: Instance, token: str, now: float) -> Pending | None:
    """Return the pending login of a token, or None when it is over.

    One query, which tells the ledger and the instance's active plugins too.
    """
    values = {"hash": token_hash(token), "instance": instance.id, "now": now}
    found = connection.execute(_LOOK, values).mappings().all()
    if not found or found[0]["disabled"]:
        return None
    instance.saw(plugin_state(connection, found[0], now))
    row, rows = found[0], enrolments.of_active(enrolments.from_joined(found), instance)
    names = ("tries", "state_plugin", "state")
    return Pending(row["pending_id"], accounts.from_row(row), rows, *(row[name] for name in names))
