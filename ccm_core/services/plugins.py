# SPDX-License-Identifier: MIT
"""Plugin management: which plugins are active in an instance, and their settings."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection, delete, select, update

from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.errors import Conflict, NotFound, PluginRefused
from ccm_core.plugin_manager.discovery import PluginRecord
from ccm_core.plugin_manager.registry import Registry
from ccm_core.services.activations import ActivationRows
from ccm_core.services.enrolments import Enrolments
from ccm_core.services.faults import Faults, Recorded
from ccm_core.services.instances import ACTIVE, INACTIVE, Activation, Instance, Instances
from ccm_core.services.plugin_settings import checked_settings
from ccm_core.services.user_admin import Actor

State = Literal["active", "inactive", "broken", "missing"]


@dataclass(frozen=True, slots=True)
class PluginView:
    """A plugin as an administrator sees it. ``reason`` says why it is broken or missing.

    ``notes`` are sentences for its author, as far as the plugin is loaded here.
    """

    name: str
    record: PluginRecord | None
    state: State
    active: bool
    reason: str
    by_plan: bool
    everyone: bool
    admits: bool
    users: int
    faults: tuple[Recorded, ...]
    notes: tuple[str, ...] = ()


class PluginAdmin:
    """Manages the plugins of an instance. Every change is one transaction and audited with its actor."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        instances: Instances,
        ledger: Enrolments,
        faults: Faults,
        rows: ActivationRows,
    ) -> None:
        self._database = database
        self._registry = registry
        self._instances = instances
        self._ledger = ledger
        self._faults = faults
        self._rows = rows
        self._missing: frozenset[str] = frozenset()

    def load_active(self) -> None:
        """Load every plugin that is active anywhere, when a server starts; failures are reported and stop nothing."""
        a, p = m.activation.c, m.plan_plugin.c
        with self._database.read() as connection:
            names = set(connection.execute(select(a.plugin).where(a.state != INACTIVE).distinct()).scalars())
            names |= set(connection.execute(select(p.plugin).distinct()).scalars())
        self._missing = frozenset(names - set(self._registry.records))
        for name in sorted(names - self._missing):
            with suppress(PluginRefused):
                self._registry.get(name)

    def broken(self, now: float) -> Mapping[str, Literal["broken", "missing"]]:
        """Return what is active somewhere and could not be loaded in this process, or was not installed at its start.

        Asks the database only about what cannot be used here. Raises Busy.
        """
        suspects = self._missing.union(self._registry.failed())
        if not suspects:
            return {}
        with self._database.read() as connection:
            found = [name for name in sorted(suspects) if _is_active(connection, name, now)]
        return {name: "missing" if name in self._missing else "broken" for name in found}

    def listed(self, instance: Instance, most: int | None = None) -> tuple[PluginView, ...]:
        """Return every installed plugin, and every one that the instance has something of, by name.

        Users are counted up to one more than ``most``.
        """
        users, kept, faults = self._ledger.users_of(instance, (), most), self._rows_of(instance), self._faults.latest()
        names = {*self._registry.records, *kept, *instance.active, *users}
        return tuple(self._view(instance, name, users.get(name, 0), faults.get(name, ())) for name in sorted(names))

    def get(self, instance: Instance, name: str, most: int | None = None) -> PluginView:
        """Return one plugin, as in the list; raises NotFound."""
        users = self._ledger.users_of(instance, (), most)
        if (
            name in self._registry.records
            or name in instance.active
            or name in users
            or name in self._rows_of(instance)
        ):
            return self._view(instance, name, users.get(name, 0), self._faults.of(name))
        raise NotFound("There is no plugin %(name)s. See «ccm plugins list».", name=name[:64])

    def _rows_of(self, instance: Instance) -> frozenset[str]:
        a = m.activation.c
        with self._database.read() as connection:
            return frozenset(connection.execute(select(a.plugin).where(a.instance_id == instance.id)).scalars())

    def activate(self, instance: Instance, name: str, now: float, actor: Actor) -> None:
        """Load and validate the plugin, then make it active; raises PluginRefused, and then changes nothing."""
        self._registry.retry(name, self._faults.retries().get(name, 0))
        self._registry.get(name)
        with self._database.write() as connection:
            fresh = self._instances.locked(connection, instance.id, now)
            if name in fresh.active and fresh.active[name].admits:
                return
            old = fresh.active.get(name) or self._kept(connection, instance, name)
            self._rows.write(connection, instance, old, now, state=ACTIVE)
            self._rows.changed(connection, instance, "plugin.activated", name, now, actor)

    def deactivate(self, instance: Instance, name: str, now: float, actor: Actor) -> None:
        """Make the plugin inactive; enrolments stay and count again on re-activation. Raises NotFound."""
        with self._database.write() as connection:
            fresh = self._instances.locked(connection, instance.id, now)
            old = fresh.active.get(name)
            if old is None:
                raise NotFound("The plugin %(name)s is not active.", name=name)
            self._rows.write(connection, instance, old, now, state=INACTIVE)
            users = self._ledger.users_of(instance, (name,))[name]
            self._rows.changed(connection, instance, "plugin.deactivated", name, now, actor, enrolled_users=users)

    def save_settings(self, instance: Instance, name: str, typed: Mapping[str, str], now: float, actor: Actor) -> None:
        """Save the plugin's settings; raises InputError naming the field, NotFound, or PluginRefused."""
        self.get(instance, name)
        form = self._registry.get(name).settings
        if form is None:
            raise NotFound("The plugin %(name)s has no settings.", name=name)
        values = checked_settings(form, typed)
        with self._database.write() as connection:
            old = self._rows.active(connection, instance, name, now)
            self._rows.write(connection, instance, replace(old, settings=values), now)
            self._rows.record(
                connection, instance, "plugin.settings_saved", name, now, actor, None, fields=sorted(values)
            )

    def purge(self, instance: Instance, name: str, now: float, actor: Actor) -> int:
        """Remove everything that the instance has of a plugin that is not active; returns how many enrolments.

        Works when the plugin's code is gone. Raises Conflict while it is active.
        """
        with self._database.write() as connection:
            if name in self._instances.locked(connection, instance.id, now).active:
                raise Conflict("The plugin %(name)s is active. Deactivate it first.", name=name)
            e = m.enrolment.c
            mine = (e.instance_id == instance.id, e.plugin == name)
            users = connection.execute(select(e.user_id).where(*mine, e.confirmed).distinct()).scalars().all()
            self._rows.withdraw_all(connection, instance, name)
            for table in (m.store, m.access):
                connection.execute(delete(table).where(table.c.instance_id == instance.id, table.c.plugin == name))
            a = m.activation.c
            kept = update(m.activation).where(a.instance_id == instance.id, a.plugin == name)
            # The row stays inactive, so that a plan does not bring the plugin back by itself.
            connection.execute(kept.values(settings={}, everyone=False, state=INACTIVE))
            self._rows.changed(connection, instance, "plugin.purged", name, now, actor, enrolments_removed=len(users))
        return len(users)

    def retry(self, instance: Instance, name: str, now: float, actor: Actor) -> None:
        """Let every process try a failed plugin again at its next request.

        Raises NotFound, or PluginRefused when it fails here.
        """
        self.get(instance, name)
        number = self._faults.ask_retry(name)
        with self._database.write() as connection:
            self._rows.record(connection, instance, "plugin.retried", name, now, actor, None)
        self._registry.retry(name, number)
        self._registry.get(name)

    def _view(self, instance: Instance, name: str, users: int, faults: tuple[Recorded, ...]) -> PluginView:
        record, activation = self._registry.records.get(name), instance.active.get(name)
        state: State = "active" if activation else "inactive"
        reason = faults[0].reason if faults else ""
        if record is None:
            state, reason = "missing", str(PluginRefused(name, "The plugin %(name)s is not installed.", name=name))
        elif record.problem:
            state, reason = "broken", record.problem
        elif any(fault.hook == "" for fault in faults) or (activation and faults):
            state = "broken"
        everyone, admits = (activation.everyone, activation.admits) if activation else (False, False)
        by_plan = bool(activation and activation.by_plan)
        notes = next((plugin.notes for plugin in self._registry.loaded() if plugin.name == name), ())
        return PluginView(
            name, record, state, activation is not None, reason, by_plan, everyone, admits, users, faults, notes
        )

    def _kept(self, connection: Connection, instance: Instance, name: str) -> Activation:
        """Return what was kept of an inactive plugin: its access mode and settings."""
        a = m.activation.c
        query = select(a.everyone, a.settings).where(a.instance_id == instance.id, a.plugin == name)
        row = connection.execute(query).first()
        return Activation(name, row.everyone, settings=row.settings) if row else Activation(name, everyone=False)


def _is_active(connection: Connection, name: str, now: float) -> bool:
    """Whether an instance has a plugin, by itself or by a plan."""
    a, p = m.activation.c, m.plan_plugin.c
    own = select(a.plugin).where(a.plugin == name, a.state != INACTIVE)
    planned = select(p.plugin).where(p.plugin == name, p.from_at <= now)
    return any(connection.execute(query.limit(1)).first() is not None for query in (own, planned))
