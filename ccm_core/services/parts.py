# SPDX-License-Identifier: MIT
"""All services of one process, put together once."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from ccm_core.config import Settings
from ccm_core.db.engine import Database
from ccm_core.plugin_manager.calls import Calls
from ccm_core.plugin_manager.discovery import discover
from ccm_core.plugin_manager.registry import Registry
from ccm_core.services.account_changes import AccountChanges
from ccm_core.services.activations import ActivationRows
from ccm_core.services.audit import Audit
from ccm_core.services.confirmation import ConfirmationService
from ccm_core.services.enrolments import Enrolments
from ccm_core.services.factor_changes import FactorParts
from ccm_core.services.faults import Faults
from ccm_core.services.instances import Instances
from ccm_core.services.keys import Keys
from ccm_core.services.login import LoginService
from ccm_core.services.mails import Mails
from ccm_core.services.outbox import Outbox
from ccm_core.services.password_reset import PasswordResetService, ResetParts
from ccm_core.services.passwords import Passwords
from ccm_core.services.plugin_access import PluginAccess
from ccm_core.services.plugin_texts import PluginTexts
from ccm_core.services.plugins import PluginAdmin
from ccm_core.services.proofs import Proofs
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
    tidy: Tidy
    keys: Keys


def host_version() -> str:
    """Return the installed version of the host."""
    return version("ccm-core")


def assemble(
    settings: Settings, clock: Clock, *, plugin_path: Sequence[str] | None = None, reserved: Collection[str] = ()
) -> Parts:
    """Put the services together; raises ConfigError when key file or settings cannot be used.

    ``plugin_path`` limits where plugins are looked for; ``reserved`` names they cannot take.
    """
    database, vault, texts = Database(settings.database_url), Vault(settings.key_file), host_texts()
    node = f"{socket.gethostname()}:{settings.data_dir}"
    faults = Faults(database, clock, node)
    registry = Registry(discover(host_version(), plugin_path, reserved), faults.report)
    calls, plugin_texts, audit = Calls(registry, faults.report), PluginTexts(registry), Audit(database)
    throttle, instances = Throttle(vault), Instances(database, settings)
    sessions, ledger = Sessions(database, settings), Enrolments(database, vault)
    outbox = Outbox(database, vault, clock, transport_for(settings), settings.host)
    mails = Mails(outbox, texts)
    stops = Stops(throttle, mails, audit)
    passwords = Passwords(settings.hash_concurrency or os.cpu_count() or 1, settings.password_min_length)
    proofs = Proofs(database, passwords, throttle, ledger, instances, calls, audit, faults.report)
    rows = ActivationRows(instances, ledger, sessions, mails, audit)
    logins = LoginService(database, settings, vault, proofs, throttle, sessions, ledger, calls, audit, stops)
    resets = PasswordResetService(
        ResetParts(
            database,
            settings,
            instances,
            passwords,
            proofs,
            sessions,
            ledger,
            throttle,
            calls,
            audit,
            mails,
            outbox,
            stops,
            plugin_texts,
        )
    )
    return Parts(
        settings=settings,
        clock=clock,
        database=database,
        vault=vault,
        texts=texts,
        plugin_texts=plugin_texts,
        registry=registry,
        calls=calls,
        instances=instances,
        sessions=sessions,
        logins=logins,
        unlocks=UnlockService(database, proofs, sessions, ledger, throttle, audit),
        confirmations=ConfirmationService(database, proofs, sessions, ledger, throttle, audit, stops),
        resets=resets,
        changes=AccountChanges(database, settings, passwords, proofs, sessions, throttle, audit, mails),
        factors=FactorParts(database, ledger, proofs, sessions, throttle, audit, mails, stops),
        access=PluginAccess(database, ledger, rows),
        plugins=PluginAdmin(database, registry, instances, ledger, faults, rows),
        users=UserAdmin(database, passwords, sessions, ledger, throttle, resets, mails, audit),
        faults=faults,
        outbox=outbox,
        audit=audit,
        tidy=Tidy(database, settings, sessions, logins, ledger, throttle, outbox, audit),
        keys=Keys(database, settings.key_file, vault),
    )
