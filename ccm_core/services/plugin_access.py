# SPDX-License-Identifier: MIT
"""How a user stands to the active plugins: allowed, enrolled. Allowed governs set-ups, never whether a login asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, delete, literal, select, union_all

from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.db.functions import insert as upsert
from ccm_core.errors import Conflict
from ccm_core.services import accounts
from ccm_core.services.accounts import Account
from ccm_core.services.activations import ActivationRows
from ccm_core.services.instances import Instance
from ccm_core.services.sessions import Session
from ccm_core.services.user_admin import Actor

_a, _e = m.access.c, m.enrolment.c
_STANDINGS = union_all(
    select(_a.plugin, literal(0).label("enrolled")).where(
        _a.user_id == bindparam("user"), _a.instance_id == bindparam("instance")
    ),
    select(_e.plugin, literal(1)).where(_e.user_id == bindparam("user"), _e.confirmed),
)
"""Plugins for which a user is selected (0), and with which the user is enrolled (1)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """``allowed``: may begin a set-up now. ``enrolled``: has a confirmed enrolment."""

    allowed: bool
    enrolled: bool

    @property
    def visible(self) -> bool:
        """Whether the plugin's pages and sections exist for the user."""
        return self.allowed or self.enrolled


class PluginAccess:
    """Reads and changes how users stand to plugins."""

    def __init__(self, database: Database, rows: ActivationRows) -> None:
        self._database = database
        self._rows = rows

    def own_standings(self, instance: Instance, session: Session) -> Mapping[str, Standing]:
        """Return the signed-in user's standing to each active plugin, by name."""
        if all(active.everyone for active in instance.active.values()):  # then the session has told everything
            return _standings(instance, frozenset(), session.enrolled)
        return self.standings(instance, session.account)

    def visible(self, instance: Instance, account: Account, name: str) -> bool:
        """Whether a user has an active plugin, which takes no query where everyone has it."""
        active = instance.active[name]
        return (active.admits and active.everyone) or self.standings(instance, account)[name].visible

    def standings(self, instance: Instance, account: Account) -> Mapping[str, Standing]:
        """Return a user's standing to each active plugin, by name."""
        if not instance.active:
            return {}
        with self._database.read() as connection:
            rows = connection.execute(_STANDINGS, {"user": account.id, "instance": instance.id}).all()
        return _standings(instance, *(frozenset(plugin for plugin, mark in rows if mark == kind) for kind in (0, 1)))

    def allow(self, instance: Instance, name: str, now: float, actor: Actor, user_id: int | None = None) -> None:
        """Enable the plugin for one user, or for everyone; raises NotFound when it is not active."""
        with self._database.write() as connection:
            old = self._rows.active(connection, instance, name, now)
            if user_id is None:
                self._rows.write(connection, instance, replace(old, everyone=True), now)
                self._rows.record(connection, instance, "plugin.allowed_everyone", name, now, actor, None)
                return
            account = accounts.lock(connection, instance, user_id)
            values = {"instance_id": instance.id, "plugin": name, "user_id": account.id}
            connection.execute(upsert(m.access).values(values).on_conflict_do_nothing())
            self._rows.record(connection, instance, "plugin.allowed", name, now, actor, account)

    def revoke(self, instance: Instance, name: str, user_id: int, now: float, actor: Actor) -> bool:
        """Withdraw the plugin from one user; an enrolment is removed and the user told. Whether there was one.

        Raises Conflict while everyone may use it, NotFound when the plugin is not active.
        """
        with self._database.write() as connection:
            old = self._rows.active(connection, instance, name, now)
            account = accounts.lock(connection, instance, user_id)
            if old.everyone:
                raise Conflict(
                    "%(plugin)s is enabled for everyone. Limit it to selected users first, then revoke it from "
                    "%(name)s.",
                    plugin=name,
                    name=account.name,
                )
            a = m.access.c
            mine = (a.instance_id == instance.id, a.plugin == name, a.user_id == account.id)
            connection.execute(delete(m.access).where(*mine))
            removed = self._rows.withdraw(connection, instance, name, account, now)
            self._rows.record(connection, instance, "plugin.revoked", name, now, actor, account, enrolled=bool(removed))
        return bool(removed)

    def selected(self, instance: Instance, name: str, most: int = 500) -> tuple[int, ...]:
        """Return the ids of some of the selected users, the same ones each time."""
        query = select(_a.user_id).where(_a.instance_id == instance.id, _a.plugin == name)
        with self._database.read() as connection:
            return tuple(connection.execute(query.order_by(_a.user_id).limit(most)).scalars())

    def select_users(self, instance: Instance, name: str, now: float, actor: Actor) -> None:
        """Limit the plugin to selected users: those who are enrolled stay selected."""
        with self._database.write() as connection:
            old = self._rows.active(connection, instance, name, now)
            e = m.enrolment.c
            mine = (e.instance_id == instance.id, e.plugin == name, e.confirmed)
            enrolled = select(e.instance_id, e.plugin, e.user_id).where(*mine).distinct()
            chosen = upsert(m.access).from_select(["instance_id", "plugin", "user_id"], enrolled)
            connection.execute(chosen.on_conflict_do_nothing())
            self._rows.write(connection, instance, replace(old, everyone=False), now)
            self._rows.record(connection, instance, "plugin.limited", name, now, actor, None)


def _standings(instance: Instance, selected: frozenset[str], enrolled: frozenset[str]) -> Mapping[str, Standing]:
    return {
        name: Standing(active.admits and (active.everyone or name in selected), name in enrolled)
        for name, active in sorted(instance.active.items())
    }
