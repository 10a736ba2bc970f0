# SPDX-License-Identifier: MIT
"""Signing in again in a window that is still open: a locked session and the password, no code.

NIST 800-63B 2.2.3 and 5.1 allow exactly this between the idle and the overall limit. It needs the session's cookie
and the page token that only the open page holds; the web layer checks the token and tells us. Every refusal is one
answer; the fifth ends the session. Nothing here makes a login recent.
"""

from __future__ import annotations

from typing import Any, NoReturn

from sqlalchemy import Connection, update

from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.services.audit import Audit
from ccm_core.services.clients import Client
from ccm_core.services.instances import Instance
from ccm_core.services.proofs import Denied, Proofs
from ccm_core.services.sessions import Session, Sessions
from ccm_core.texts import marked as _

MOST_FAILURES = 5
REFUSED = _("That did not work. Please try again, or log in anew.")


class UnlockService:
    """Unlocks locked sessions."""

    def __init__(self, database: Database, proofs: Proofs, sessions: Sessions, audit: Audit) -> None:
        self._database = database
        self._proofs = proofs
        self._sessions = sessions
        self._audit = audit

    def unlock(
        self, instance: Instance, session: Session, password: str, client: Client, now: float, *, page_proof: bool
    ) -> str:
        """Return the unlocked session's new token. Raises Denied, Throttled or Busy.

        The user comes from the session, never from a form. The password is checked whatever else is wrong, so
        that every refusal takes the same time.
        """
        checked = self._proofs.check_password(instance, session.account.name, password, client, now)
        fits = (
            page_proof
            and session.state == "locked"
            and session.user_agent == client.user_agent
            and session.plugin_generation == instance.plugin_generation
        )
        if not (checked.right and fits):
            self._refuse(session, "password" if fits else "window", client, now)
        with self._database.write() as connection:
            fresh = self._proofs.unchanged(connection, instance, session.account, now)
            passed = not fresh.needed or session.passed_enrolment in fresh.needed
            same = fresh.instance.plugin_generation == session.plugin_generation
            token = self._sessions.replace_token(connection, session, now) if passed and same else None
            if token is not None:
                self._proofs.accept_password(connection, checked)
                self._record(connection, "unlock.succeeded", session, client, now)
        if token is None:
            self._refuse(session, "changed", client, now)
        return token

    def refuse_nobody(self, instance: Instance, password: str, client: Client, now: float) -> NoReturn:
        """Refuse an attempt without a session, with the same work as any other; always raises."""
        self._proofs.check_nobody(instance, password, client, now)
        self._audit.note("unlock.refused", instance.id, now, about=None, client=client, reason="no session")
        raise Denied("window", REFUSED)

    def _refuse(self, session: Session, reason: str, client: Client, now: float) -> NoReturn:
        c = m.session.c
        with self._database.write() as connection:
            counted = update(m.session).where(c.token_hash == session.token_hash)
            counted = counted.values(unlock_failures=c.unlock_failures + 1)
            failures = connection.execute(counted.returning(c.unlock_failures)).scalar()
            if failures is not None and failures >= MOST_FAILURES:
                self._sessions.end(connection, session.id)
            self._record(connection, "unlock.refused", session, client, now, reason=reason)
        raise Denied(reason, REFUSED)

    def _record(
        self, connection: Connection, event: str, session: Session, client: Client, now: float, **detail: Any
    ) -> None:
        account = session.account
        self._audit.record(connection, event, account.instance_id, now, about=account, client=client, **detail)
