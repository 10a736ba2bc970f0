# SPDX-License-Identifier: MIT
"""Deletes what is over: run by the delivery thread once an hour and by ``ccm tidy``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from ccm_core.db.engine import Database
from ccm_core.services import mailed_links
from ccm_core.services.audit import Audit
from ccm_core.services.enrolments import Enrolments
from ccm_core.services.login import LoginService
from ccm_core.services.outbox import Outbox
from ccm_core.services.sessions import Sessions
from ccm_core.services.throttle import Throttle


@dataclass(frozen=True, slots=True)
class Tidy:
    """Everything that forgets, a batch at a time: sign-ins go on in between, and memory does not grow."""

    database: Database
    sessions: Sessions
    logins: LoginService
    ledger: Enrolments
    throttle: Throttle
    outbox: Outbox
    audit: Audit

    def run(self, now: float, told: Callable[[int, str], None] = lambda _count, _what: None) -> int:
        """Delete what is over; returns how many audit entries were old enough to go.

        ``told`` learns after each batch how many rows of a kind have gone.
        """
        for forget, what in (
            (self.sessions.forget, "sessions"),
            (self.logins.forget, "pending logins"),
            (self.ledger.forget, "unfinished set-ups"),
            (self.throttle.forget, "counters"),
            (mailed_links.forget, "links"),
            (self.outbox.forget, "mails"),
        ):
            self._all(forget, now, what, told)
        return self._all(self.audit.forget, now, "audit entries", told)

    def _all(
        self, forget: Callable[[Connection, float], int], now: float, what: str, told: Callable[[int, str], None]
    ) -> int:
        total = 0
        while True:
            with self.database.write() as connection:
                count = forget(connection, now)
            if not count:
                return total
            total += count
            told(total, f"{what} deleted")
