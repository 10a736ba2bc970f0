# SPDX-License-Identifier: MIT
"""All services of one process, put together once."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from ccm_core.config import Settings
from ccm_core.db.engine import Database, database_of
from ccm_core.plugin_manager.calls import Calls
from ccm_core.plugin_manager.discovery import PluginRecord, discover
from ccm_core.plugin_manager.registry import Registry
from ccm_core.services.account_changes import AccountChanges
from ccm_core.services.activations import ActivationRows
from ccm_core.services.announcements import Announcements
from ccm_core.services.audit import Audit
from ccm_core.services.confirmation import ConfirmationService
from ccm_core.services.enrolments import Enrolments
from ccm_core.services.factor_changes import FactorParts
from ccm_core.services.faults import Faults
from ccm_core.services.hashing import LIBRARIES, Hasher
from ccm_core.services.instances import Instances
from ccm_core.services.keys import Keys
from ccm_core.services.login import LoginService
from ccm_core.services.mails import Mails
from ccm_core.services.metrics import Metrics, NewMetrics, no_metrics
from ccm_core.services.outbox import Outbox
from ccm_core.services.password_reset import PasswordResetService, ResetParts
from ccm_core.services.passwords import Passwords
from ccm_core.services.plugin_access import PluginAccess
from ccm_core.services.plugin_texts import PluginTexts
from ccm_core.services.plugins import PluginAdmin
from ccm_core.services.proofs import Proofs
from ccm_core.services.refusals import Refusals
from ccm_core.services.sessions import Sessions
from ccm_core.services.stops import Stops
from ccm_core.services.throttle import Throttle
from ccm_core.services.tidy import Tidy
from ccm_core.services.transports import transport_for
from ccm_core.services.unlock import UnlockService
from ccm_core.services.user_admin import UserAdmin
from ccm_core.services.vault import Vault
from ccm_core.texts import Texts, host_texts

Clock = Callable[[], float]
"""Tells the time in seconds since 1970 (UTC); the process's only one."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the web layer and the console work with."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    database: Database
    vault: Vault
    texts: Texts
    plugin_texts: PluginTexts
    registry: Registry
    calls: Calls
    instances: Instances
    sessions: Sessions
    logins: LoginService
    unlocks: UnlockService
    confirmations: ConfirmationService
    resets: PasswordResetService
    changes: AccountChanges
    factors: FactorParts
    access: PluginAccess
    plugins: PluginAdmin
    users: UserAdmin
    faults: Faults
    outbox: Outbox
    audit: Audit
    refusals: Refusals
    tidy: Tidy
    keys: Keys


def host_version() -> str:
    """Return the installed version of the host."""
    return version("ccm-core")


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the services stand on."""

    settings: Settings
    metrics: Metrics
    database: Database
    vault: Vault
    faults: Faults
    registry: Registry
    calls: Calls
    audit: Audit
    throttle: Throttle
    instances: Instances
    sessions: Sessions
    ledger: Enrolments
    outbox: Outbox
    mails: Mails
    stops: Stops
    passwords: Passwords
    proofs: Proofs
    texts: Texts
    plugin_texts: PluginTexts


def assemble(
    settings: Settings,
    clock: Clock,
    *,
    plugin_path: Sequence[str] | None = None,
    reserved: Collection[str] = (),
    hasher: Hasher | None = None,
    new_metrics: NewMetrics = no_metrics,
) -> Parts:
    """Put the services together; raises ConfigError when key file or settings cannot be used.

    ``plugin_path`` limits where plugins are looked for; ``reserved`` names they cannot take; ``hasher``: what
    hashes passwords, if not the usual; ``new_metrics`` makes what counts for those that were found.
    """
    records = discover(host_version(), plugin_path, reserved)
    ground = _ground(settings, clock, host_texts(), records, new_metrics(records), hasher)
    return _assembled(ground, settings, clock)


def _assembled(g: _Ground, settings: Settings, clock: Clock) -> Parts:
    rows = ActivationRows(g.instances, g.ledger, g.sessions, g.mails, g.audit)
    access = PluginAccess(g.database, rows)
    announcements = Announcements(g.database, g.calls, access.visible, g.mails, g.plugin_texts)
    logins = LoginService(
        g.database, settings, g.vault, g.proofs, g.throttle, g.sessions, announcements, g.audit, g.stops
    )
    resets = PasswordResetService(_reset_parts(g))
    confirmations = ConfirmationService(g.database, g.proofs, g.sessions, g.ledger, g.throttle, g.audit, g.stops)
    changes = AccountChanges(g.database, settings, g.passwords, g.proofs, g.sessions, g.throttle, g.audit, g.mails)
    users = UserAdmin(g.database, g.passwords, g.sessions, g.ledger, g.throttle, resets, g.mails, g.audit)
    return Parts(
        settings=settings,
        clock=clock,
        metrics=g.metrics,
        database=g.database,
        vault=g.vault,
        texts=g.texts,
        plugin_texts=g.plugin_texts,
        registry=g.registry,
        calls=g.calls,
        instances=g.instances,
        sessions=g.sessions,
        logins=logins,
        unlocks=UnlockService(g.database, g.proofs, g.sessions, g.audit),
        confirmations=confirmations,
        resets=resets,
        changes=changes,
        factors=FactorParts(g.database, g.ledger, g.proofs, g.sessions, g.throttle, g.audit, g.mails, g.stops),
        access=access,
        plugins=PluginAdmin(g.database, g.registry, g.instances, g.ledger, g.faults, rows),
        users=users,
        faults=g.faults,
        outbox=g.outbox,
        audit=g.audit,
        refusals=Refusals(g.database, g.throttle, g.audit),
        tidy=Tidy(g.database, g.sessions, logins, g.ledger, g.throttle, g.outbox, g.audit),
        keys=Keys(g.database, settings.key_file, g.vault),
    )


def _ground(
    settings: Settings,
    clock: Clock,
    texts: Texts,
    records: Mapping[str, PluginRecord],
    metrics: Metrics,
    hasher: Hasher | None,
) -> _Ground:
    database, vault = database_of(settings), Vault(settings.key_file)
    faults = Faults(database, clock, f"{socket.gethostname()}:{settings.data_dir}", metrics)
    registry, audit, throttle = (
        Registry(records, faults.report),
        Audit(database, settings.audit_days, metrics),
        Throttle(vault, resets_help=not settings.reset_keeps_second_factor, metrics=metrics),
    )
    calls, instances, ledger = (
        Calls(registry, faults.report),
        Instances(database, settings),
        Enrolments(database, vault),
    )
    outbox = Outbox(database, vault, clock, transport_for(settings), settings.host)
    mails = Mails(outbox, texts)
    passwords = _passwords(settings, metrics, hasher or LIBRARIES[settings.hash_library]())
    return _Ground(
        settings=settings,
        metrics=metrics,
        database=database,
        vault=vault,
        faults=faults,
        registry=registry,
        calls=calls,
        audit=audit,
        throttle=throttle,
        instances=instances,
        sessions=Sessions(database, settings, audit, mails),
        ledger=ledger,
        outbox=outbox,
        mails=mails,
        stops=Stops(throttle, mails, audit),
        passwords=passwords,
        proofs=Proofs(database, passwords, throttle, ledger, instances, calls, audit, faults.report, metrics),
        texts=texts,
        plugin_texts=PluginTexts(registry),
    )


def _passwords(settings: Settings, metrics: Metrics, hasher: Hasher) -> Passwords:
    threads = settings.hash_concurrency or os.cpu_count() or 1
    return Passwords(threads, settings.password_min_length, hasher, metrics)


def _reset_parts(g: _Ground) -> ResetParts:
    return ResetParts(
        database=g.database,
        settings=g.settings,
        instances=g.instances,
        passwords=g.passwords,
        proofs=g.proofs,
        sessions=g.sessions,
        ledger=g.ledger,
        throttle=g.throttle,
        calls=g.calls,
        audit=g.audit,
        mails=g.mails,
        outbox=g.outbox,
        stops=g.stops,
        plugin_texts=g.plugin_texts,
    )
