# SPDX-License-Identifier: MIT
"""Refused requests that nothing else counts: they leave a trace, but a stranger cannot fill the trail with them."""

from __future__ import annotations

from ccm_core.db.engine import Database
from ccm_core.services.accounts import Account
from ccm_core.services.audit import Audit
from ccm_core.services.clients import Client
from ccm_core.services.instances import Instance
from ccm_core.services.throttle import Throttle


class Refusals:
    """Notes what was refused before anything was checked (ASVS 16.3.2, 16.3.3)."""

    def __init__(self, database: Database, throttle: Throttle, audit: Audit) -> None:
        self._database = database
        self._throttle = throttle
        self._audit = audit

    def note(
        self, event: str, instance: Instance, client: Client, now: float, *, about: Account | None, **detail: str
    ) -> None:
        """Add an entry; raises Throttled, with none added, when the network's minute has enough of them."""
        with self._database.write() as connection:
            self._throttle.count_refusal(connection, instance.id, client, now)
            self._audit.record(connection, event, instance.id, now, about=about, client=client, **detail)
