# SPDX-License-Identifier: MIT
"""Proving oneself again before a sensitive change: the password, and a code when enrolled (ASVS 7.5.1, 7.5.3).

Makes the login recent and gives the session a new token; does not prolong its overall life.
"""

from __future__ import annotations

from sqlalchemy import Connection

from ccm_core.db.engine import Database
from ccm_core.errors import PluginFailed
from ccm_core.plugin_api import Challenge
from ccm_core.services.audit import Audit
from ccm_core.services.clients import Client
from ccm_core.services.enrolments import Enrolments, Row
from ccm_core.services.instances import Instance
from ccm_core.services.login import Shown
from ccm_core.services.proofs import CHANGED, CheckedPassword, Denied, Fresh, Proofs, Subject
from ccm_core.services.sessions import Session, Sessions
from ccm_core.services.stops import Stops
from ccm_core.services.throttle import Throttle
from ccm_core.texts import marked as _

WRONG = _("That is not correct.")


class ConfirmationService:
    """Confirms who sits in front of a signed-in browser."""

    def __init__(
        self,
        database: Database,
        proofs: Proofs,
        sessions: Sessions,
        ledger: Enrolments,
        throttle: Throttle,
        audit: Audit,
        stops: Stops,
    ) -> None:
        self._database = database
        self._proofs = proofs
        self._sessions = sessions
        self._ledger = ledger
        self._throttle = throttle
        self._audit = audit
        self._stops = stops

    def plugins(self, instance: Instance, session: Session) -> tuple[str, ...]:
        """Return the factors of which one must be passed too; empty: the password is enough."""
        return tuple(sorted(session.enrolled & instance.active.keys()))

    def show(
        self, instance: Instance, session: Session, wanted: str, without: frozenset[str] = frozenset()
    ) -> Shown | None:
        """Return the wanted factor's challenge, else the first that works, but for ``without``; None: none works."""
        names = [name for name in self.plugins(instance, session) if name not in without]
        for name in sorted(names, key=lambda one: one != wanted):
            try:
                challenge: Challenge = self._proofs.challenge(self._subject(instance, session, name))
            except PluginFailed:
                continue
            return Shown(name, challenge, tuple(other for other in names if other != name))
        return None

    def confirm(
        self,
        instance: Instance,
        session: Session,
        password: str,
        plugin: str,
        answer: str,
        client: Client,
        now: float,
        *,
        password_alone: bool = False,
    ) -> str:
        """Return the session's new token. The code is looked at only after a right password.

        ``password_alone``: before a page that itself asks for a fresh code. Raises Denied, Throttled or Busy.
        """
        checked = self._proofs.check_password(instance, session.account.name, password, client, now)
        if not checked.right:
            about = session.account
            self._audit.note("confirmation.refused", instance.id, now, about=about, client=client, reason="password")
            raise Denied("password", WRONG)
        names = self.plugins(instance, session)
        if password_alone or not names:
            with self._database.write() as connection:
                fresh = self._proofs.unchanged(connection, instance, session.account, now)
                if fresh.needed and not password_alone:
                    raise Denied("changed", CHANGED, guess=False)
                return self._grant(connection, session, checked, client, now, None, full=not fresh.needed)

        def count(connection: Connection) -> None:
            self._throttle.count_code(connection, session.account.id, now)

        def grant(connection: Connection, _fresh: Fresh, row: Row) -> str:
            return self._grant(connection, session, checked, client, now, row, full=True)

        def refuse(connection: Connection, denied: Denied) -> None:
            self._throttle.take_back_password(connection, checked.attempt)
            self._stops.notice(connection, instance, session.account, denied, now)

        subject = self._subject(instance, session, plugin if plugin in names else names[0])
        return self._proofs.take_code(subject, answer, client, now, count=count, grant=grant, refuse=refuse)

    def _grant(
        self,
        connection: Connection,
        session: Session,
        checked: CheckedPassword,
        client: Client,
        now: float,
        row: Row | None,
        *,
        full: bool,
    ) -> str:
        changes: dict[str, object] = {"password_at": now}
        if full:
            changes["recent_at"] = now
        if row is not None:
            changes["passed_enrolment"] = row.id
        token = self._sessions.replace_token(connection, session, now, **changes)
        if token is None:
            raise Denied("changed", CHANGED, guess=False)
        self._proofs.accept_password(connection, checked)
        about, factor = session.account, row.plugin if row else None
        event = "confirmation.succeeded"
        self._audit.record(connection, event, about.instance_id, now, about=about, client=client, factor=factor)
        return token

    def _subject(self, instance: Instance, session: Session, plugin: str) -> Subject:
        rows = self._ledger.confirmed(session.account.id)
        own = tuple(row for row in rows if row.plugin == plugin and plugin in instance.active)
        return Subject(instance, session.account, plugin, own, "confirmation")
