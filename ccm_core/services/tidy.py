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

    def run(self, now: float) -> int:
        """Delete what is over; returns how many audit entries were old enough to go."""
        logins = (self.sessions.forget, self.logins.forget, self.ledger.forget, self.throttle.forget)
        for forget in (*logins, mailed_links.forget, self.outbox.forget):
            self._all(forget, now)
        return self._all(self.audit.forget, now)

    def _all(self, forget: Callable[[Connection, float], int], now: float) -> int:
        total = 0
        while True:
            with self.database.write() as connection:
                count = forget(connection, now)
            if not count:
                return total
            total += count
