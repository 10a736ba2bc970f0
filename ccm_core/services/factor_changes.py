# SPDX-License-Identifier: MIT
"""What a plugin's page can do to the ledger for the signed-in user, each in one whole transaction.

Proof, ledger, stamp, fresh session token, other sessions ended, audit and mail belong together (ASVS 7.4.3, 6.3.7);
a plugin cannot forget one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ccm_core.db.engine import Database
from ccm_core.errors import CcmError, Conflict, Throttled
from ccm_core.plugin_api import Enrolment, Passed, Purpose, Refused, Verdict
from ccm_core.services.accounts import Account
from ccm_core.services.audit import Audit
from ccm_core.services.clients import Client
from ccm_core.services.endings import end_logins
from ccm_core.services.enrolments import Enrolments, Row
from ccm_core.services.instances import Instance
from ccm_core.services.mails import Mails
from ccm_core.services.proofs import CHANGED, Denied, Fresh, Proofs, Subject
from ccm_core.services.sessions import Session, Sessions
from ccm_core.services.stops import Stops
from ccm_core.services.throttle import Throttle

Count = Callable[[Connection], None]
Grant = Callable[[Connection, Fresh, Row], Passed]
Refuse = Callable[[Connection, Denied], None]


@dataclass(frozen=True, slots=True)
class FactorParts:
    """The services that a change of a factor needs."""

    database: Database
    ledger: Enrolments
    proofs: Proofs
    sessions: Sessions
    throttle: Throttle
    audit: Audit
    mails: Mails
    stops: Stops


class FactorChanges:
    """One plugin's view of the ledger in one request; the plugin API's ``Enrolments``.

    ``allowed``: the user may begin a set-up; ``recent``: the login is recent and strong enough to bind a factor.
    ``say`` tells an error in the reader's language; ``session_token`` is the session's fresh token after a change,
    for the web layer to hand to the browser.
    """

    def __init__(
        self,
        parts: FactorParts,
        instance: Instance,
        session: Session,
        plugin: str,
        client: Client,
        now: float,
        *,
        allowed: bool,
        recent: bool,
        say: Callable[[CcmError], str],
    ) -> None:
        self._parts = parts
        self._instance = instance
        self._session = session
        self._plugin = plugin
        self._client = client
        self._now = now
        self._allowed = allowed
        self._recent = recent
        self._say = say
        self._renewed: str | None = None
        self.session_token: str | None = None

    def pending(self) -> Enrolment | None:
        """Return the set-up that this session began and that has not run out."""
        row = self._parts.ledger.pending(self._session, self._plugin, self._now)
        return self._parts.ledger.unsealed(self._instance, row) if row else None

    def confirmed(self) -> tuple[Enrolment, ...]:
        """Return what the user's logins are bound to with this plugin."""
        return tuple(self._parts.ledger.unsealed(self._instance, row) for row in self._confirmed())

    def begin(self, label: str, data: bytes) -> Enrolment:
        """Begin a set-up; raises Conflict when the user is not allowed to or the label is enrolled already."""
        if not self._allowed:
            raise Conflict("This second factor is not enabled for you.")
        if not self._recent:
            raise Conflict("Your last login is too long ago for this. Please log in anew.")
        with self._parts.database.write() as connection:
            fresh = self._parts.proofs.unchanged(connection, self._instance, self._session.account, self._now)
            if self._plugin not in fresh.instance.active:
                raise Conflict("This second factor is not enabled for you.")
            row_id = self._parts.ledger.begin(connection, self._session, self._plugin, label, data, self._now)
            self._record(connection, "factor.setup_begun", fresh.account)
        return Enrolment(row_id, label, data, -1, confirmed=False)

    def confirm(self, answer: str) -> Verdict:
        """Finish the set-up; wrong answers count in it, five drop it."""
        row = self._parts.ledger.pending(self._session, self._plugin, self._now)
        if row is None:
            return Refused("over", CHANGED)
        ledger = self._parts.ledger

        def count(connection: Connection) -> None:
            if not self._allowed or not ledger.count_setup_try(connection, row.id):
                raise Denied("changed", CHANGED, guess=False)

        def grant(connection: Connection, fresh: Fresh, confirmed: Row) -> Passed:
            self._finish(connection, fresh.account, "factor.enabled", confirmed.id)
            self._parts.mails.send(connection, "factor_enabled", self._instance, fresh.account)
            return Passed(confirmed.id)

        def refuse(connection: Connection, _denied: Denied) -> None:
            ledger.drop_exhausted(connection, row.id)

        return self._take("setup", (row,), answer, count, grant, refuse)

    def withdraw(self, answer: str) -> Verdict:
        """Remove the confirmed enrolment that the answer proves."""

        def count(connection: Connection) -> None:
            self._parts.throttle.count_code(connection, self._session.account.id, self._now)

        def grant(connection: Connection, fresh: Fresh, row: Row) -> Passed:
            # The session passed a factor; with another one left it goes on as if it had passed that.
            self._finish(connection, fresh.account, "factor.disabled", min(fresh.needed - {row.id}, default=None))
            self._parts.mails.send(connection, "factor_disabled", self._instance, fresh.account)
            return Passed(row.id)

        def refuse(connection: Connection, denied: Denied) -> None:
            self._parts.stops.notice(connection, self._instance, self._session.account, denied, self._now)

        return self._take("removal", self._confirmed(), answer, count, grant, refuse)

    def _take(
        self, purpose: Purpose, rows: tuple[Row, ...], answer: str, count: Count, grant: Grant, refuse: Refuse
    ) -> Verdict:
        subject = Subject(self._instance, self._session.account, self._plugin, rows, purpose)
        try:
            passed = self._parts.proofs.take_code(
                subject, answer, self._client, self._now, count=count, grant=grant, refuse=refuse
            )
        except Denied as denied:
            return Refused(denied.reason, denied.message, denied.retry_after)
        except Throttled as throttled:
            return Refused("throttled", self._say(throttled), throttled.retry_after)
        self.session_token = self._renewed
        return passed

    def _confirmed(self) -> tuple[Row, ...]:
        rows = self._parts.ledger.confirmed(self._session.account.id)
        return tuple(row for row in rows if row.plugin == self._plugin)

    def _finish(self, connection: Connection, account: Account, event: str, passed: int | None) -> None:
        """Raise the stamp, renew this session, end the others and what is pending, and write the trail."""
        sessions = self._parts.sessions
        stamp, ended = end_logins(connection, sessions, account.id, self._now, keep=self._session.id)
        changes = {"stamp": stamp, "passed_enrolment": passed}
        self._renewed = sessions.replace_token(connection, self._session, self._now, **changes)
        if self._renewed is None:
            raise Denied("changed", CHANGED, guess=False)
        self._record(connection, event, account, sessions_ended=ended)

    def _record(self, connection: Connection, event: str, account: Account, **detail: Any) -> None:
        self._parts.audit.record(
            connection,
            event,
            self._instance.id,
            self._now,
            about=account,
            client=self._client,
            plugin=self._plugin,
            **detail,
        )
