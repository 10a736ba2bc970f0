# SPDX-License-Identifier: MIT
"""What a command works with: settings and services, opened when first needed, and one instance."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, update_wrapper
from typing import Concatenate, ParamSpec

import click

from ccm_core import config
from ccm_core.cli.names import COMMANDS
from ccm_core.config import Settings
from ccm_core.db.engine import Database, database_of
from ccm_core.db.migration import check_revision
from ccm_core.errors import NotFound
from ccm_core.services.accounts import Account
from ccm_core.services.instances import Instance
from ccm_core.services.metrics import NewMetrics, no_metrics
from ccm_core.services.parts import Clock, Parts, assemble
from ccm_core.services.user_admin import Actor

P = ParamSpec("P")
ACTOR = Actor()
"""The console in the audit trail."""


class Host:
    """The host as the console sees it; nothing is read before a command needs it."""

    def __init__(self, clock: Clock, environment: Mapping[str, str] | None) -> None:
        self.clock = clock
        self.environment = os.environ if environment is None else environment
        self.new_metrics: NewMetrics = no_metrics
        self._opened: list[Database] = []

    @cached_property
    def settings(self) -> Settings:
        """All settings; raises ConfigError."""
        return config.load(self.environment)

    @cached_property
    def database(self) -> Database:
        """The database, which may still miss migrations; raises ConfigError when it cannot be used."""
        database = database_of(self.settings)
        self._opened.append(database)
        database.check()
        return database

    @cached_property
    def parts(self) -> Parts:
        """All services; raises ConfigError when database, migrations or key file are not in order."""
        check_revision(self.database)
        parts = assemble(self.settings, self.clock, reserved=COMMANDS, new_metrics=self.new_metrics)
        self._opened.append(parts.database)
        return parts

    def with_workers(self, workers: int) -> Host:
        """Return a host for a number of worker processes, which share the processors for their password hashes."""
        host = Host(self.clock, self.environment)
        share = max(1, (os.cpu_count() or 1) // workers)
        host.settings = replace(self.settings, hash_concurrency=self.settings.hash_concurrency or share)
        return host

    def at(self, host: str | None) -> Desk:
        """Return the desk of the instance with this host name (None: the only one); raises NotFound or Conflict."""
        now = self.clock()
        return Desk(self.parts, self.parts.instances.get(host, now), now)

    def close(self) -> None:
        """Close what was opened."""
        for database in self._opened:
            database.dispose()


pass_host = click.make_pass_decorator(Host)


@dataclass(frozen=True, slots=True)
class Desk:
    """One instance and the services to work on it with, at the time at which the command began."""

    parts: Parts
    instance: Instance
    now: float

    def account(self, name: str) -> Account:
        """Return the account with this user name or e-mail address; raises NotFound."""
        found = self.parts.users.find(self.instance, name)
        if found is None:
            raise NotFound("There is no user %(name)s. See «ccm users list».", name=name[:64])
        return found


INSTANCE = "Host name of the instance; needed when there are several."


def for_instance(function: Callable[Concatenate[Desk, P], None]) -> Callable[P, None]:
    """Give a command the option ``--instance`` and, as first argument, the desk of that instance."""

    @click.option("--instance", "host", metavar="HOST", help=INSTANCE)
    @click.pass_context
    def at_desk(ctx: click.Context, /, *args: P.args, **kwargs: P.kwargs) -> None:
        host = kwargs.pop("host")
        assert host is None or isinstance(host, str)
        opened = ctx.find_object(Host)
        assert opened is not None
        function(opened.at(host), *args, **kwargs)

    return update_wrapper(at_desk, function)
