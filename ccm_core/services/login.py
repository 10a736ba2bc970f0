# SPDX-License-Identifier: MIT
"""From password to session, top to bottom.

    password right ─► pending login ─► one passed challenge, if the ledger asks for one ─► session

``_open_session`` is the one gate: no other code creates sessions. A pending login opens nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, insert, update

from ccm_core.config import Settings
from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.db.functions import delete_batch
from ccm_core.errors import PluginFailed, SealError
from ccm_core.plugin_api import Challenge
from ccm_core.services import pending_logins
from ccm_core.services.accounts import Account
from ccm_core.services.announcements import Announcements
from ccm_core.services.audit import Audit
from ccm_core.services.clients import Client
from ccm_core.services.enrolments import Row
from ccm_core.services.instances import Instance
from ccm_core.services.pending_logins import Pending
from ccm_core.services.proofs import Denied, Fresh, Proofs, Subject
from ccm_core.services.sessions import Sessions
from ccm_core.services.stops import Stops
from ccm_core.services.throttle import CODE_TRIES, Throttle
from ccm_core.services.tokens import new_token, token_hash
from ccm_core.services.vault import Vault
from ccm_core.texts import marked as _

WRONG = _("The user name or password is not correct.")
NO_FACTOR = _("Signing in is not possible at the moment. Please ask your administrator.")


@dataclass(frozen=True, slots=True)
class Step:
    """What the password step leads to: a session's token, or a pending login's."""

    session_token: str | None = field(default=None, repr=False)
    pending_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """A challenge to show: of which plugin, and which other factors the user may choose instead."""

    plugin: str
    challenge: Challenge
    others: tuple[str, ...]


_p = m.pending_login.c
_BEGIN = insert(m.pending_login)
_TRY = update(m.pending_login).where(_p.id == bindparam("pending"), _p.tries < CODE_TRIES).values(tries=_p.tries + 1)
_USE = delete(m.pending_login).where(_p.id == bindparam("pending"), _p.expires_at > bindparam("now"))
_LOGGED_IN = update(m.user).where(m.user.c.id == bindparam("user")).values(last_login_at=bindparam("now"))


class LoginService:
    """The sign-in."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        vault: Vault,
        proofs: Proofs,
        throttle: Throttle,
        sessions: Sessions,
        announcements: Announcements,
        audit: Audit,
        stops: Stops,
    ) -> None:
        self._database = database
        self._settings = settings
        self._vault = vault
        self._proofs = proofs
        self._throttle = throttle
        self._sessions = sessions
        self._announcements = announcements
        self._audit = audit
        self._stops = stops

    def password(
        self,
        instance: Instance,
        name: str,
        password: str,
        client: Client,
        now: float,
        *,
        old_session: str = "",
        old_pending: str = "",
    ) -> Step:
        """Take the password. It ends what the browser holds: a session, a pending login (ASVS 7.2.4).

        Raises Denied, Throttled or Busy.
        """
        checked = self._proofs.check_password(instance, name, password, client, now)
        if checked.account is None or not checked.right:
            # A typed name may be a password in the wrong field: only names of real accounts are kept.
            self._audit.note("login.refused", instance.id, now, about=checked.account, client=client, reason="password")
            raise Denied("password", WRONG)
        with self._database.write() as connection:
            fresh = self._proofs.unchanged(connection, instance, checked.account, now)
            if old_session:
                self._sessions.end_by_token(connection, old_session)
            if old_pending:
                _end_pending(connection, old_pending)
            if fresh.needed:
                step = Step(pending_token=self._begin_pending(connection, fresh.account, now))
            else:
                step = Step(session_token=self._open_session(connection, fresh, None, client, now))
            self._proofs.accept_password(connection, checked)
        if step.session_token:
            self._announcements.signed_in(fresh.instance, fresh.account, None, client, now)
        return step

    def pending(self, instance: Instance, token: str, now: float) -> Pending | None:
        """Return the pending login of a token, or None when it is over."""
        with self._database.read() as connection:
            return pending_logins.look(connection, instance, token, now)

    def show(
        self, instance: Instance, pending: Pending, wanted: str, without: frozenset[str] = frozenset()
    ) -> Shown | None:
        """Return the wanted factor's challenge, else the first that works, but for ``without``; None: none works."""
        names = [name for name in pending.plugins if name not in without]
        for name in sorted(names, key=lambda one: one != wanted):
            try:
                challenge = self._proofs.challenge(self._subject(instance, pending, name))
            except PluginFailed:
                continue
            self._keep_state(pending, name, challenge.state)
            return Shown(name, challenge, tuple(other for other in names if other != name))
        return None

    def code(
        self,
        instance: Instance,
        pending: Pending,
        plugin: str,
        answer: str,
        client: Client,
        now: float,
        *,
        old_session: str = "",
    ) -> str:
        """Take the answer to a challenge and return the session's token. Raises Denied, Throttled or Busy.

        ``old_session``: what the browser got meanwhile, from another window; it ends.
        """

        def count(connection: Connection) -> None:
            if connection.execute(_TRY, {"pending": pending.id}).rowcount != 1:
                raise _over()
            self._throttle.count_code(connection, pending.account.id, now)

        def grant(connection: Connection, fresh: Fresh, row: Row) -> str:
            token = self._open_session(connection, fresh, row, client, now)
            if old_session:
                self._sessions.end_by_token(connection, old_session)
            if connection.execute(_USE, {"pending": pending.id, "now": now}).rowcount != 1:
                raise _over()
            return token

        def refuse(connection: Connection, denied: Denied) -> None:
            connection.execute(delete(m.pending_login).where(_p.id == pending.id, _p.tries >= CODE_TRIES))
            self._stops.notice(connection, instance, pending.account, denied, now)

        subject = self._subject(instance, pending, plugin)
        token = self._proofs.take_code(subject, answer, client, now, count=count, grant=grant, refuse=refuse)
        self._announcements.signed_in(instance, pending.account, plugin, client, now)
        return token

    def cancel(self, token: str) -> None:
        """«Back», or a log-out: the pending login is over."""
        with self._database.write() as connection:
            _end_pending(connection, token)

    def forget(self, connection: Connection, now: float) -> int:
        """Delete some pending logins that ran out; returns how many."""
        return delete_batch(connection, m.pending_login, _p.expires_at <= now)

    def _open_session(
        self, connection: Connection, fresh: Fresh, passed: Row | None, client: Client, now: float
    ) -> str:
        """The gate: everything that the ledger asks for was checked in this transaction, which holds the user's row."""
        factor = passed.plugin if passed else None
        instance, account = fresh.instance, fresh.account
        token = self._sessions.create(connection, instance, account, passed.id if passed else None, client, now)
        connection.execute(_LOGGED_IN, {"user": account.id, "now": now})
        self._throttle.remember_network(connection, instance.id, account.id, client, now)
        self._audit.record(connection, "login.succeeded", instance.id, now, about=account, client=client, factor=factor)
        return token

    def _begin_pending(self, connection: Connection, account: Account, now: float) -> str:
        token = new_token()
        values = {"token_hash": token_hash(token), "instance_id": account.instance_id, "user_id": account.id}
        values |= {"stamp": account.stamp, "expires_at": now + self._settings.login_seconds}
        connection.execute(_BEGIN, values)
        return token

    def _subject(self, instance: Instance, pending: Pending, plugin: str) -> Subject:
        rows = tuple(row for row in pending.rows if row.plugin == plugin)
        return Subject(instance, pending.account, plugin, rows, "login", self._remembered(pending, plugin))

    def _remembered(self, pending: Pending, plugin: str) -> bytes:
        if not pending.state or pending.state_plugin != plugin:
            return b""
        try:
            return self._vault.unseal(pending.state, place=f"pending/{pending.id}")
        except SealError:
            return b""  # the plugin then asks anew; nothing passes without its verdict

    def _keep_state(self, pending: Pending, plugin: str, state: bytes) -> None:
        if not state or state == self._remembered(pending, plugin):
            return
        sealed = self._vault.seal(state, place=f"pending/{pending.id}")
        mine = update(m.pending_login).where(_p.id == pending.id)
        with self._database.write() as connection:
            connection.execute(mine.values(state_plugin=plugin, state=sealed))


def _end_pending(connection: Connection, token: str) -> None:
    connection.execute(delete(m.pending_login).where(_p.token_hash == token_hash(token)))


def _over() -> Denied:
    return Denied("over", NO_FACTOR, guess=False)
