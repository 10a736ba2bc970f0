# SPDX-License-Identifier: MIT
"""Forgotten passwords and first passwords: a mailed link, a new password.

Asking does the same for every input (ASVS 6.3.8); only a POST with the link changes anything. Nobody is signed in
by it. Product mode (the default): the new password also removes the second factor, with every plugin broken too.
Strict mode (``CCM_RESET_KEEPS_SECOND_FACTOR``): the link counts as the first factor, a code must pass, and the
factor stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, update

from ccm_core.config import Settings
from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.errors import NotFound, PluginFailed
from ccm_core.plugin_api import Reset
from ccm_core.plugin_manager.calls import Calls
from ccm_core.services import accounts, mailed_links
from ccm_core.services.accounts import Account
from ccm_core.services.audit import Audit
from ccm_core.services.clients import CONSOLE, Client
from ccm_core.services.endings import end_logins
from ccm_core.services.enrolments import Enrolments, Row, of_active
from ccm_core.services.instances import Instance, Instances
from ccm_core.services.login import Shown
from ccm_core.services.mailed_links import ACTIVATION_SECONDS, Kind
from ccm_core.services.mails import Mails
from ccm_core.services.outbox import Outbox
from ccm_core.services.passwords import Passwords
from ccm_core.services.plugin_texts import PluginTexts
from ccm_core.services.proofs import CHANGED, Denied, Fresh, Proofs, Subject
from ccm_core.services.sessions import Sessions
from ccm_core.services.stops import Stops
from ccm_core.services.throttle import Throttle

REQUEST = "forgot"
MOST_MAILS_PER_HOUR = 3


@dataclass(frozen=True, slots=True)
class ResetParts:
    """The services that a reset needs."""

    database: Database
    settings: Settings
    instances: Instances
    passwords: Passwords
    proofs: Proofs
    sessions: Sessions
    ledger: Enrolments
    throttle: Throttle
    calls: Calls
    audit: Audit
    mails: Mails
    outbox: Outbox
    stops: Stops
    plugin_texts: PluginTexts


@dataclass(frozen=True, slots=True)
class Opened:
    """A valid link that somebody opened, which changes nothing."""

    account: Account
    removes_factor: bool
    strict: tuple[Row, ...]
    """In strict mode the enrolments of which one must be proved; empty otherwise."""


class PasswordResetService:
    """Mails links and sets new passwords."""

    def __init__(self, parts: ResetParts) -> None:
        self._parts = parts
        parts.outbox.prepares(REQUEST, self.prepare)

    def request(self, instance: Instance, typed: str, client: Client, now: float) -> None:
        """Take a request for a link: one row for any input; the delivery looks the user up. Raises Throttled."""
        values = {"typed": typed[:320], "network": client.network}
        with self._parts.database.write() as connection:
            self._parts.throttle.count_reset_request(connection, instance.id, client, now)
            self._parts.outbox.request(connection, REQUEST, instance.id, values)

    def prepare(self, connection: Connection, instance_id: int, now: float, values: Mapping[str, str]) -> None:
        """Turn a request into a mail, if there is such a user, at most three an hour (ASVS 2.4.1)."""
        parts = self._parts
        instance = parts.instances.by_id(connection, instance_id, now)
        account = accounts.find(connection, instance, values["typed"])
        if account is None or account.disabled:
            return
        accounts.lock(connection, instance, account.id)  # two requests at once count each other
        client = Client(values["network"], "")
        kind: Kind = "activation" if account.password_hash is None else "reset"
        if mailed_links.recent(connection, account.id, kind, now - 3600) >= MOST_MAILS_PER_HOUR:
            parts.audit.record(connection, "reset.too_many", instance_id, now, about=account, client=client)
            return
        self.send_link(connection, instance, account, now, client=client)

    def send_link(
        self,
        connection: Connection,
        instance: Instance,
        account: Account,
        now: float,
        *,
        actor: str = "",
        client: Client = CONSOLE,
    ) -> None:
        """Mail a link in the caller's transaction: for a first password if the account has none yet."""
        parts = self._parts
        first = account.password_hash is None
        kind: Kind = "activation" if first else "reset"
        seconds = ACTIVATION_SECONDS if first else parts.settings.reset_seconds
        token = mailed_links.create(connection, kind, instance.id, account.id, now, seconds)
        path = f"/activate/{token}" if first else f"/password/reset/{token}"
        letter = "activation_link" if first else "reset_link"
        if not first and self._removes_factor(connection, account):
            letter = "reset_link_factor"
        link = instance.origin + path
        parts.mails.send(connection, letter, instance, account, link=link, minutes=seconds // 60)
        event = f"{kind}.link_sent"
        parts.audit.record(connection, event, instance.id, now, about=account, actor=actor, client=client)

    def open(self, instance: Instance, kind: Kind, token: str, now: float) -> Opened:
        """Return what a link is for, without using it up; raises NotFound."""
        with self._parts.database.read() as connection:
            link = mailed_links.find(connection, kind, instance.id, token, now)
            account = accounts.get(connection, instance, link.user_id)
            if account.disabled:
                raise NotFound(mailed_links.INVALID)
            rows = self._parts.ledger.confirmed(account.id, connection)
        strict = of_active(rows, instance) if self._parts.settings.reset_keeps_second_factor else ()
        return Opened(account, bool(rows) and not self._parts.settings.reset_keeps_second_factor, strict)

    def show(
        self, instance: Instance, opened: Opened, wanted: str, without: frozenset[str] = frozenset()
    ) -> Shown | None:
        """Strict mode: return the wanted factor's challenge, else the first that works, but for ``without``."""
        names = sorted({row.plugin for row in opened.strict} - without)
        for name in sorted(names, key=lambda one: one != wanted):
            try:
                challenge = self._parts.proofs.challenge(self._subject(instance, opened, name))
            except PluginFailed:
                continue
            return Shown(name, challenge, tuple(other for other in names if other != name))
        return None

    def set_password(
        self,
        instance: Instance,
        kind: Kind,
        token: str,
        password: str,
        repeated: str,
        client: Client,
        now: float,
        *,
        plugin: str,
        answer: str,
    ) -> None:
        """Set a new password: in one transaction password, factors, sessions, notice. Nobody is signed in.

        Raises NotFound for a used or old link, InputError for an unfit password, Denied when something changed
        meanwhile; in strict mode Throttled too.
        """
        parts = self._parts
        opened = self.open(instance, kind, token, now)
        account = opened.account
        context = accounts.context_words(instance, account.name, account.email)
        parts.passwords.check_new(password, repeated, context)
        new_hash = parts.passwords.hash(password)
        if not opened.strict:
            cleared, sentences = self._ask_plugins(instance, opened)
            with parts.database.write() as connection:
                fresh = parts.proofs.unchanged(connection, instance, account, now)
                if fresh.needed and parts.settings.reset_keeps_second_factor:
                    raise Denied("changed", CHANGED, guess=False)
                self._apply(connection, fresh, kind, token, new_hash, client, now, sentences, cleared)
            return

        def count(connection: Connection) -> None:
            parts.throttle.count_code(connection, account.id, now)

        def grant(connection: Connection, fresh: Fresh, _row: Row) -> None:
            self._apply(connection, fresh, kind, token, new_hash, client, now, (), frozenset())

        def refuse(connection: Connection, denied: Denied) -> None:
            parts.stops.notice(connection, instance, account, denied, now)

        names = {row.plugin for row in opened.strict}
        subject = self._subject(instance, opened, plugin if plugin in names else min(names))
        parts.proofs.take_code(subject, answer, client, now, count=count, grant=grant, refuse=refuse)

    def _apply(
        self,
        connection: Connection,
        fresh: Fresh,
        kind: Kind,
        token: str,
        new_hash: str,
        client: Client,
        now: float,
        sentences: tuple[str, ...],
        cleared: frozenset[str],
    ) -> None:
        parts, instance, account = self._parts, fresh.instance, fresh.account
        mailed_links.use(connection, mailed_links.find(connection, kind, instance.id, token, now))
        mine = update(m.user).where(m.user.c.id == account.id)
        connection.execute(mine.values(password_hash=new_hash))
        end_logins(connection, parts.sessions, account.id, now)
        keeps = parts.settings.reset_keeps_second_factor
        removed = 0 if keeps else parts.ledger.remove(connection, account.id)
        if not keeps:
            parts.throttle.clear_codes(connection, account.id)
        letter = "password_reset_factor" if removed else "password_reset"
        if kind == "reset":
            parts.mails.send(connection, letter, instance, account, more=sentences)
        event = f"{kind}.password_set"
        parts.audit.record(
            connection,
            event,
            instance.id,
            now,
            about=account,
            client=client,
            factors_removed=removed,
            cleared_by_plugins=sorted(cleared),
        )

    def _ask_plugins(self, instance: Instance, opened: Opened) -> tuple[frozenset[str], tuple[str, ...]]:
        """Announce the reset to the active plugins that the user is enrolled with; the host removes the rows anyway."""
        if not opened.removes_factor:
            return frozenset(), ()
        parts, user = self._parts, opened.account.to_plugin()
        cleared: set[str] = set()
        sentences = []
        rows = of_active(parts.ledger.confirmed(opened.account.id), instance)
        for plugin in sorted({row.plugin for row in rows}):
            try:
                sentence = parts.calls.password_reset(plugin, Reset(user, partial(cleared.add, plugin)))
            except PluginFailed:
                continue
            if sentence:
                sentences.append(parts.plugin_texts.into(plugin, user.language).gettext(sentence))
        return frozenset(cleared), tuple(sentences)

    def _removes_factor(self, connection: Connection, account: Account) -> bool:
        if self._parts.settings.reset_keeps_second_factor:
            return False
        return bool(self._parts.ledger.confirmed(account.id, connection))

    def _subject(self, instance: Instance, opened: Opened, plugin: str) -> Subject:
        rows = tuple(row for row in opened.strict if row.plugin == plugin)
        return Subject(instance, opened.account, plugin, rows, "login")
