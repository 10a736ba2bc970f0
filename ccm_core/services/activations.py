# SPDX-License-Identifier: MIT
"""What every change to a plugin's activation has in common: row, generation, trail, withdrawing a factor."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select, update

from ccm_core.db import models as m
from ccm_core.db.functions import insert
from ccm_core.errors import NotFound
from ccm_core.services import accounts
from ccm_core.services.accounts import Account
from ccm_core.services.audit import Audit
from ccm_core.services.endings import end_logins
from ccm_core.services.enrolments import Enrolments
from ccm_core.services.instances import ACTIVE, Activation, Instance, Instances
from ccm_core.services.mails import Mails
from ccm_core.services.sessions import Sessions
from ccm_core.services.user_admin import Actor


class ActivationRows:
    """Works in the caller's transaction."""

    def __init__(
        self, instances: Instances, ledger: Enrolments, sessions: Sessions, mails: Mails, audit: Audit
    ) -> None:
        self._instances = instances
        self._ledger = ledger
        self._sessions = sessions
        self._mails = mails
        self._audit = audit

    def active(self, connection: Connection, instance: Instance, name: str, now: float) -> Activation:
        """Lock the instance and return the activation of an active plugin; raises NotFound."""
        found = self._instances.locked(connection, instance.id, now).active.get(name)
        if found is None:
            raise NotFound("The plugin %(name)s is not active. Activate it first.", name=name)
        return found

    def write(
        self, connection: Connection, instance: Instance, value: Activation, now: float, *, state: str | None = None
    ) -> None:
        """Write an activation; without ``state`` a row keeps its own, and a plan's plugin gets a row of its own."""
        values: dict[str, object] = {"everyone": value.everyone, "settings": dict(value.settings), "changed_at": now}
        new = {"instance_id": instance.id, "plugin": value.plugin, "state": state or ACTIVE, **values}
        changed = values | ({"state": state} if state else {})
        statement = insert(m.activation).values(new)
        connection.execute(statement.on_conflict_do_update(index_elements=["instance_id", "plugin"], set_=changed))

    def withdraw(self, connection: Connection, instance: Instance, name: str, account: Account, now: float) -> int:
        """Remove what a user has of a plugin, end the sessions and tell the user; returns how many enrolments."""
        end_logins(connection, self._sessions, account.id, now)
        removed = self._ledger.remove(connection, account.id, name)
        s = m.store.c
        connection.execute(delete(m.store).where(s.plugin == name, s.user_id == account.id))
        if removed:
            self._mails.send(connection, "factor_removed", instance, account)
        return removed

    def withdraw_all(self, connection: Connection, instance: Instance, name: str) -> None:
        """Remove every enrolment of a plugin in an instance and tell its users, in few statements for any number."""
        e, s = m.enrolment.c, m.session.c
        mine = (e.instance_id == instance.id, e.plugin == name)
        users = select(e.user_id).where(*mine, e.confirmed).distinct()
        told = connection.execute(select(*accounts.COLUMNS).where(m.user.c.id.in_(users))).mappings().all()
        connection.execute(update(m.user).where(m.user.c.id.in_(users)).values(stamp=m.user.c.stamp + 1))
        connection.execute(delete(m.session).where(s.user_id.in_(users)))
        connection.execute(delete(m.pending_login).where(m.pending_login.c.user_id.in_(users)))
        connection.execute(delete(m.enrolment).where(*mine))
        for row in told:
            self._mails.send(connection, "factor_removed", instance, accounts.from_row(row))

    def changed(
        self, connection: Connection, instance: Instance, event: str, name: str, now: float, actor: Actor, **detail: Any
    ) -> None:
        """Raise the generation, at which locked sessions stop being unlockable, and audit."""
        i = m.instance.c
        raised = update(m.instance).where(i.id == instance.id).values(plugin_generation=i.plugin_generation + 1)
        connection.execute(raised)
        self.record(connection, instance, event, name, now, actor, None, **detail)

    def record(
        self,
        connection: Connection,
        instance: Instance,
        event: str,
        name: str,
        now: float,
        actor: Actor,
        about: Account | None,
        **detail: Any,
    ) -> None:
        """Audit a change by its actor."""
        who = actor.name
        self._audit.record(
            connection, event, instance.id, now, about=about, actor=who, client=actor.client, plugin=name, **detail
        )
