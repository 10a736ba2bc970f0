# SPDX-License-Identifier: MIT
"""Instances, told apart by host name, with their active plugins; and the plans of the cloud edition."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from types import MappingProxyType

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from ccm_core.config import Settings
from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.db.functions import insert as upsert
from ccm_core.db.functions import rows_as_json
from ccm_core.errors import Conflict, InputError, NotFound

ON_PREMISE = "on-premise"
CLOUD = "cloud"
PLAN_LENGTH = 64
PAGE = 500
"""Instances that are read at once."""
ACTIVE, INACTIVE, ENDED = "active", "inactive", "ended"
"""States of an activation row. ``ended``: the plan no longer includes it; active, but admits no new enrolments."""


@dataclass(frozen=True, slots=True)
class Activation:
    """A plugin that is active in an instance: who may begin a set-up, and its settings."""

    plugin: str
    everyone: bool
    admits: bool = True
    by_plan: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PluginState:
    """What changes about an instance: its active plugins by name, and the number that rises when they change."""

    generation: int
    active: Mapping[str, Activation]


@dataclass(frozen=True)
class Instance:
    """One backend. Its active plugins are read with the session or when asked for; a write reads them again."""

    id: int
    host: str
    edition: str
    origin: str
    read: Callable[[], PluginState] = field(repr=False, compare=False)

    @cached_property
    def _state(self) -> PluginState:
        return self.read()

    def saw(self, state: PluginState) -> None:
        """Take the state that was just read together with something else."""
        self.__dict__["_state"] = state

    @property
    def plugin_generation(self) -> int:
        """Rises with every activation and deactivation."""
        return self._state.generation

    @property
    def active(self) -> Mapping[str, Activation]:
        """The active plugins by name."""
        return self._state.active


_i, _a, _p = m.instance.c, m.activation.c, m.plan_plugin.c
_BY_HOST = select(_i.id, _i.edition).where(_i.host == bindparam("host"))
_ROWS = rows_as_json(_a.plugin, _a.state, _a.everyone, _a.settings)
_ACTIVATIONS = select(_ROWS).where(_a.instance_id == _i.id).scalar_subquery()
STATE_COLUMNS = (_i.plugin_generation.label("instance_generation"), _i.plan_id, _ACTIVATIONS.label("activations"))
"""What ``plugin_state`` needs: all activations in one value, so that they multiply no rows of another query."""
STATE = select(_i.host, _i.edition, *STATE_COLUMNS).where(_i.id == bindparam("id"))
"""What ``Instances.of_row`` needs."""
_LOCK = select(_i.id).where(_i.id == bindparam("id")).with_for_update(key_share=True)
_PLAN = select(_p.plugin).where(_p.plan_id == bindparam("plan"), _p.from_at <= bindparam("now"))


def plugin_state(connection: Connection, row: RowMapping, now: float) -> PluginState:
    """Return the active plugins that a row with ``STATE_COLUMNS`` tells of, and those of the plan."""
    own, off = _activations(row["activations"])
    if row["plan_id"] is None:
        return PluginState(row["instance_generation"], own)
    active = dict(own)
    for plugin in connection.execute(_PLAN, {"plan": row["plan_id"], "now": now}).scalars():
        if plugin in active:
            active[plugin] = replace(active[plugin], admits=True, by_plan=True)
        elif plugin not in off:
            active[plugin] = Activation(plugin, everyone=True, by_plan=True)
    return PluginState(row["instance_generation"], active)


@lru_cache(maxsize=1024)
def _activations(rows: str) -> tuple[Mapping[str, Activation], frozenset[str]]:
    """Return what an instance's rows say is active and what is not: read once for each text, not for each request."""
    found = json.loads(rows)
    active = {
        name: Activation(name, bool(everyone), state == ACTIVE, settings=MappingProxyType(settings))
        for name, state, everyone, settings in found
        if state in {ACTIVE, ENDED}
    }
    return MappingProxyType(active), frozenset(name for name, *_ in found if name not in active)


def _row(connection: Connection, instance_id: int) -> RowMapping:
    row = connection.execute(STATE, {"id": instance_id}).mappings().first()
    if row is None:
        raise NotFound("This instance no longer exists.")
    return row


def lock(connection: Connection, instance_id: int) -> None:
    """Lock an instance's row to the end of the transaction, for what must stay true among its users or plugins."""
    connection.execute(_LOCK, {"id": instance_id})


class Instances:
    """Finds and manages instances."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._known: dict[str, tuple[int, str]] = {}

    def by_host(self, host: str, now: float) -> Instance | None:
        """Return the instance with this lower-case host name, or None. Its id and edition never change."""
        if host not in self._known:
            with self._database.read() as connection:
                row = connection.execute(_BY_HOST, {"host": host}).first()
            if row is None:
                return None
            self._known[host] = (row.id, row.edition)
        instance_id, edition = self._known[host]

        def read() -> PluginState:
            with self._database.read() as connection:
                return plugin_state(connection, _row(connection, instance_id), now)

        return Instance(instance_id, host, edition, self._settings.origin_of(host), read)

    def by_id(self, connection: Connection, instance_id: int, now: float) -> Instance:
        """Return an instance as the caller's connection sees it; raises NotFound."""
        return self.of_row(connection, instance_id, _row(connection, instance_id), now)

    def of_row(self, connection: Connection, instance_id: int, row: RowMapping, now: float) -> Instance:
        """Return an instance from a row of ``STATE``, which another query may have read with something else."""
        state, host = plugin_state(connection, row, now), row["host"]
        return Instance(instance_id, host, row["edition"], self._settings.origin_of(host), lambda: state)

    def locked(self, connection: Connection, instance_id: int, now: float) -> Instance:
        """Lock the instance's row, before that of any user, and read it anew: for changes that others must not cross.

        Sign-ins do not wait for it. Raises NotFound.
        """
        lock(connection, instance_id)
        return self.by_id(connection, instance_id, now)

    def get(self, host: str | None, now: float) -> Instance:
        """Return the instance of a console option ``--instance``; raises NotFound or Conflict with the mend."""
        hosts = self.oldest()
        if host is None and len(hosts) > 1:
            raise Conflict("There are several instances: say which with --instance HOST («ccm instances list»).")
        found = self.by_host((host or next(iter(hosts), "")).casefold(), now)
        if found is None:
            raise NotFound(
                "There is no instance %(host)s. See «ccm instances list», or run «ccm init».", host=host or ""
            )
        return found

    def oldest(self) -> Mapping[str, str]:
        """Return host name and edition of the two oldest instances, the oldest first.

        They tell whether there is only one, and whether any is of the cloud edition: at most one is not.
        """
        return {host: edition for _, host, edition in self._page(0, 2)}

    def hosts(self) -> Iterator[tuple[str, str]]:
        """Yield host names with their editions, oldest first, read a page at a time."""
        page = self._page(0, PAGE)
        while page:
            yield from ((host, edition) for _, host, edition in page)
            page = self._page(page[-1][0], PAGE)

    def _page(self, after: int, most: int) -> list[tuple[int, str, str]]:
        query = select(_i.id, _i.host, _i.edition).where(_i.id > after).order_by(_i.id).limit(most)
        with self._database.read() as connection:
            return [(row.id, row.host, row.edition) for row in connection.execute(query)]

    def add(self, host: str, edition: str, plan: str | None, now: float) -> int:
        """Create an instance; raises InputError or Conflict."""
        name = host.strip().casefold()
        allowed = set("abcdefghijklmnopqrstuvwxyz0123456789.-:")
        if not 0 < len(name) <= 253 or set(name) - allowed or name[0] in "-." or name[-1] == "-":
            raise InputError("host", "%(host)s is not a host name.", host=host)
        with self._database.write() as connection:
            if connection.execute(select(_i.id).where(_i.host == name)).first():
                raise Conflict("The instance %(host)s exists already.", host=name)
            plan_id = self._plan_id(connection, plan) if plan else None
            values = {"host": name, "edition": edition, "plan_id": plan_id, "created_at": now}
            return connection.execute(insert(m.instance).values(values).returning(_i.id)).scalar_one()

    def include(self, plan: str, plugin: str, from_at: float, now: float) -> None:
        """Let a plan, created when new, include a plugin from a time on; raises InputError or Conflict."""
        if not 0 < len(plan) <= PLAN_LENGTH or not plan.isprintable():
            raise InputError(
                "plan", "The name of a plan needs 1 to %(count)d characters that can be printed.", count=PLAN_LENGTH
            )
        with self._database.write() as connection:
            statement = upsert(m.plan).values(name=plan).on_conflict_do_nothing()
            connection.execute(statement)
            plan_id = self._plan_id(connection, plan)
            same = (_p.plan_id == plan_id, _p.plugin == plugin)
            begun = connection.execute(select(_p.from_at).where(*same)).scalar()
            if begun is not None and begun <= now < from_at:
                raise Conflict(
                    "The plan %(plan)s includes %(plugin)s already. A plan can only add: end it with --exclude first.",
                    plan=plan,
                    plugin=plugin,
                )
            values = {"plan_id": plan_id, "plugin": plugin, "from_at": from_at}
            row = upsert(m.plan_plugin).values(values)
            row = row.on_conflict_do_update(index_elements=["plan_id", "plugin"], set_={"from_at": from_at})
            connection.execute(row)

    def exclude(self, plan: str, plugin: str, now: float) -> None:
        """End a plan's plugin: it stays active for those who are enrolled and admits no new ones."""
        with self._database.write() as connection:
            plan_id = self._plan_id(connection, plan)
            ids = connection.execute(select(_i.id).where(_i.plan_id == plan_id).order_by(_i.id)).scalars().all()
            for instance_id in ids:
                self._end(connection, instance_id, {plugin}, now)
            connection.execute(delete(m.plan_plugin).where(_p.plan_id == plan_id, _p.plugin == plugin))

    def assign(self, host: str, plan: str, now: float) -> None:
        """Put an instance on another plan; what only the old one included stays for those who are enrolled."""
        with self._database.write() as connection:
            row = connection.execute(select(_i.id).where(_i.host == host.casefold())).first()
            if row is None:
                raise NotFound("There is no instance %(host)s. See «ccm instances list».", host=host)
            plan_id = self._plan_id(connection, plan)
            kept = connection.execute(_PLAN, {"plan": plan_id, "now": now}).scalars().all()
            before = self.locked(connection, row[0], now)
            lost = {a.plugin for a in before.active.values() if a.by_plan and a.plugin not in kept}
            self._end(connection, row[0], lost, now)
            connection.execute(update(m.instance).where(_i.id == row[0]).values(plan_id=plan_id))

    def _end(self, connection: Connection, instance_id: int, plugins: set[str], now: float) -> None:
        active = self.locked(connection, instance_id, now).active
        for plugin in plugins & {a.plugin for a in active.values() if a.by_plan}:
            old = active[plugin]
            values = {"state": ENDED, "everyone": old.everyone, "settings": dict(old.settings), "changed_at": now}
            row = upsert(m.activation).values(instance_id=instance_id, plugin=plugin, **values)
            connection.execute(row.on_conflict_do_update(index_elements=["instance_id", "plugin"], set_=values))

    def _plan_id(self, connection: Connection, name: str) -> int:
        plan = select(m.plan.c.id).where(m.plan.c.name == name).with_for_update(key_share=True)
        found = connection.execute(plan).scalar()
        if found is None:
            raise NotFound("There is no plan %(plan)s. Create it with «ccm instances plan … --include».", plan=name)
        return found
