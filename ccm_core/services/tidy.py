# SPDX-License-Identifier: MIT
"""Deletes what is over: run by the delivery thread once an hour and by ``ccm tidy``."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_core.config import Settings
from ccm_core.db.engine import Database
from ccm_core.services import mailed_links
from ccm_core.services.audit import Audit
from ccm_core.services.enrolments import Enrolments
from ccm_core.services.login import LoginService
from ccm_core.services.outbox import Outbox
from ccm_core.services.sessions import Sessions
from ccm_core.services.throttle import DAY, Throttle

DELIVERED_DAYS = 30


@dataclass(frozen=True, slots=True)
class Tidy:
    """Everything that forgets. Each step is a short write of its own, so that sign-ins go on in between."""

    database: Database
    settings: Settings
    sessions: Sessions
    logins: LoginService
    ledger: Enrolments
    throttle: Throttle
    outbox: Outbox
    audit: Audit

    def run(self, now: float) -> int:
        """Delete what is over; returns how many audit entries were old enough to go."""
        for forget in (self.sessions.forget, self.logins.forget, self.ledger.forget, self.throttle.forget):
            with self.database.write() as connection:
                forget(connection, now)
        with self.database.write() as connection:
            mailed_links.forget(connection, now)
            self.outbox.forget(connection, now - DELIVERED_DAYS * DAY)
        removed = 0
        while True:
            with self.database.write() as connection:
                count = self.audit.forget(connection, now - self.settings.audit_days * DAY)
            removed += count
            if not count:
                return removed
