# SPDX-License-Identifier: MIT
"""The end of the long counter: when codes are stopped, the user is told (NIST 800-63B 3.2.2)."""

from __future__ import annotations

from sqlalchemy import Connection

from ccm_core.services.accounts import Account
from ccm_core.services.audit import Audit
from ccm_core.services.instances import Instance
from ccm_core.services.mails import Mails
from ccm_core.services.proofs import Denied
from ccm_core.services.throttle import CODE_STOP, Throttle


class Stops:
    """Tells the user, once, that code entry was stopped."""

    def __init__(self, throttle: Throttle, mails: Mails, audit: Audit) -> None:
        self._throttle = throttle
        self._mails = mails
        self._audit = audit

    def notice(self, connection: Connection, instance: Instance, account: Account, denied: Denied, now: float) -> None:
        """After a refused code, in its transaction: write the mail if this was the last one before the stop."""
        if not denied.guess or self._throttle.wrong_codes(connection, account.id, now) != CODE_STOP:
            return
        self._mails.send(connection, "codes_stopped", instance, account)
        self._audit.record(connection, "code.stopped", instance.id, now, about=account, count=CODE_STOP)
