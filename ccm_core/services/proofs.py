# SPDX-License-Identifier: MIT
"""One attempt at a proof, the same wherever one is taken: count, check, apply.

1. A short transaction counts the attempt; when a limit is reached nothing is counted and it is refused.
2. The check (a password hash, a plugin's ``verify``) runs with no transaction open.
3. One transaction locks the user's row, reads everything anew, applies the proof, makes the change that it allows,
   and takes the count back. A refusal rolls it back and is audited in a transaction of its own.

Locks are taken in the order users, sessions, pending logins, enrolments, throttle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection, and_, bindparam, update

from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.errors import Busy, CcmError, PluginFailed, SealError
from ccm_core.plugin_api import Challenge, Login, Passed, Purpose, Refused, Verdict
from ccm_core.plugin_manager.calls import FAILED, Calls
from ccm_core.plugin_manager.faults import Fault, Report
from ccm_core.services import accounts
from ccm_core.services.accounts import Account
from ccm_core.services.audit import Audit
from ccm_core.services.clients import Client
from ccm_core.services.enrolments import Enrolments, Row
from ccm_core.services.instances import STATE, Instance, Instances
from ccm_core.services.metrics import NO_METRICS, Metrics
from ccm_core.services.passwords import Passwords
from ccm_core.services.throttle import DAY, KNOWN_NETWORK_DAYS, PasswordAttempt, Throttle
from ccm_core.texts import marked as _

_T = TypeVar("_T")

UNAVAILABLE = _("Signing in with this second factor is not possible at the moment. Please ask your administrator.")
CHANGED = _("Something changed in the meantime. Please begin again.")
USED = _("This code was used already. Please wait for the next one.")


class Denied(CcmError):
    """A proof was refused. ``reason`` goes to the audit trail, the message to the person.

    ``plugin`` names whose catalogue translates the message, if a plugin wrote it. ``guess``: somebody judged the
    proof; what nobody could judge does not count against the account. Only the host says so, whatever the reason is.
    """

    def __init__(
        self, reason: str, message: str, retry_after: int | None = None, plugin: str = "", *, guess: bool = True
    ) -> None:
        super().__init__(message)
        self.guess = guess
        self.plugin = plugin
        self.reason = reason
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class CheckedPassword:
    """A password was checked: whose (None: nobody's or wrong), and the counted attempt to take back."""

    account: Account | None
    right: bool
    attempt: PasswordAttempt
    new_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a code is asked for: the user, the plugin, its rows of the ledger, and why."""

    instance: Instance
    account: Account
    plugin: str
    rows: tuple[Row, ...]
    purpose: Purpose
    state: bytes = b""


@dataclass(frozen=True, slots=True)
class Fresh:
    """What step 3 read anew. ``needed``: the enrolments of which a login must pass one; none: a password is enough."""

    instance: Instance
    account: Account
    needed: frozenset[int]


_e = m.enrolment.c
_FRESH = STATE.add_columns(_e.id.label("enrolment"), _e.plugin).outerjoin_from(
    m.instance, m.enrolment, and_(_e.user_id == bindparam("user"), _e.confirmed)
)


class Proofs:
    """Takes passwords and codes."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        throttle: Throttle,
        enrolments: Enrolments,
        instances: Instances,
        calls: Calls,
        audit: Audit,
        report: Report,
        metrics: Metrics = NO_METRICS,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._throttle = throttle
        self._enrolments = enrolments
        self._instances = instances
        self._calls = calls
        self._audit = audit
        self._report = report
        self._metrics = metrics

    def check_password(
        self, instance: Instance, typed_name: str, password: str, client: Client, now: float
    ) -> CheckedPassword:
        """Steps 1 and 2 for a password; raises Throttled or Busy. Unknown names cost and count alike (ASVS 6.3.8)."""
        network = self._throttle.network_key(instance.id, client)
        since = now - KNOWN_NETWORK_DAYS * DAY
        with self._database.read() as connection:
            account, known = accounts.find_to_log_in(connection, instance, typed_name, network, since)
        # Counted by what was typed: a counter that name and address share would tell that they belong together.
        key = accounts.key_of(typed_name)
        with self._database.write() as connection:
            attempt = self._throttle.count_password(connection, instance.id, key, client, now, known=known)
        try:
            return self._verified(account, password, attempt)
        except Busy:
            with self._database.write() as connection:
                self._throttle.forgive_password(connection, attempt)
            raise

    def accept_password(self, connection: Connection, checked: CheckedPassword) -> None:
        """End step 3, after ``unchanged``: take the count back, and keep the hash that today's settings give."""
        if checked.new_hash and checked.account:
            mine = update(m.user).where(m.user.c.id == checked.account.id)
            connection.execute(mine.values(password_hash=checked.new_hash))
        self._throttle.take_back_password(connection, checked.attempt)

    def check_nobody(self, instance: Instance, password: str, client: Client, now: float) -> None:
        """Do the work of a password check that can only fail, counted for the network alone; raises Throttled, Busy."""
        with self._database.write() as connection:
            self._throttle.count_network(connection, instance.id, client, now)
        self._passwords.verify(None, password)

    def unchanged(self, connection: Connection, instance: Instance, account: Account, now: float) -> Fresh:
        """Begin step 3: lock the user, read everything anew; raises Denied when what was checked changed."""
        locked = accounts.lock(connection, instance, account.id)
        if locked.disabled or (locked.stamp, locked.password_hash) != (account.stamp, account.password_hash):
            raise Denied("changed", CHANGED, guess=False)
        # A statement of its own: one that has waited for the lock may see the rest as it was before.
        rows = connection.execute(_FRESH, {"id": instance.id, "user": locked.id}).mappings().all()
        fresh = self._instances.of_row(connection, instance.id, rows[0], now)
        return Fresh(fresh, locked, frozenset(row["enrolment"] for row in rows if row["plugin"] in fresh.active))

    def _verified(self, account: Account | None, password: str, attempt: PasswordAttempt) -> CheckedPassword:
        right = self._passwords.verify(account.password_hash if account else None, password)
        if not right or account is None or account.disabled:
            return CheckedPassword(account, right=False, attempt=attempt)
        new_hash = self._passwords.hash(password) if self._passwords.outdated(account.password_hash or "") else None
        return CheckedPassword(account, right=True, attempt=attempt, new_hash=new_hash)

    def challenge(self, subject: Subject) -> Challenge:
        """Ask the plugin for its challenge; raises PluginFailed, also when the sealed data cannot be opened."""
        try:
            opened = tuple(self._enrolments.unsealed(subject.instance, row) for row in subject.rows)
        except SealError as error:
            self._report(Fault(subject.plugin, "ccm_login_challenge", str(error)))
            raise PluginFailed(subject.plugin, "ccm_login_challenge", error.message, **error.values) from error
        user = subject.account.to_plugin()
        return self._calls.login_challenge(subject.plugin, Login(subject.purpose, user, opened, subject.state))

    def take_code(
        self,
        subject: Subject,
        answer: str,
        client: Client,
        now: float,
        *,
        count: Callable[[Connection], None],
        grant: Callable[[Connection, Fresh, Row], _T],
        refuse: Callable[[Connection, Denied], None],
    ) -> _T:
        """Take one code: all three steps. ``grant`` makes the change; it is undone when the proof cannot be applied.

        ``count`` counts and raises Throttled at a limit; ``refuse`` gets the denial in the transaction of a refusal.
        Raises Denied, Throttled or Busy; then no change was made.
        """
        with self._database.write() as connection:
            count(connection)
        try:
            verdict = self._verdict(subject, answer, now)
            passed, row = self._matched(subject, verdict)
            with self._database.write() as connection:
                fresh = self.unchanged(connection, subject.instance, subject.account, now)
                if subject.plugin not in fresh.instance.active:
                    raise Denied("changed", CHANGED, guess=False)
                result = grant(connection, fresh, row)
                setup = subject.purpose == "setup"
                if not self._enrolments.apply(connection, row, passed, now, confirm=setup):
                    raise Denied("replayed", USED)
                if subject.purpose == "removal":
                    self._enrolments.remove(connection, fresh.account.id, subject.plugin, row.id)
                if not setup:
                    self._throttle.take_back_code(connection, fresh.account.id, now)
        except Denied as denied:
            self._refuse(subject, denied, client, now, refuse)
            self._metrics.challenge(subject.plugin, subject.purpose, "refused" if denied.guess else "failed")
            raise
        self._metrics.challenge(subject.plugin, subject.purpose, "passed")
        return result

    def _verdict(self, subject: Subject, answer: str, now: float) -> Verdict:
        try:
            challenge = self.challenge(subject)
        except PluginFailed as failed:
            raise Denied("failed", UNAVAILABLE, guess=False) from failed
        return self._calls.verify(subject.plugin, challenge, answer, now)

    def _matched(self, subject: Subject, verdict: Verdict) -> tuple[Passed, Row]:
        """Return a pass with the row that it names. Anything else refuses (CVE-2024-10924, CVE-2026-0723)."""
        if type(verdict) is Passed:
            for row in subject.rows:
                if row.id == verdict.enrolment:
                    return verdict, row
            raise Denied("failed", UNAVAILABLE, guess=False)
        if type(verdict) is Refused and verdict is not FAILED:
            raise Denied(verdict.reason, verdict.message, verdict.retry_after, subject.plugin)
        raise Denied("failed", UNAVAILABLE, guess=False)

    def _refuse(
        self,
        subject: Subject,
        denied: Denied,
        client: Client,
        now: float,
        refuse: Callable[[Connection, Denied], None],
    ) -> None:
        account = subject.account
        with self._database.write() as connection:
            refuse(connection, denied)
            if not denied.guess and subject.purpose != "setup":
                self._throttle.forgive_code(connection, account.id, now)
            self._audit.record(
                connection,
                "code.refused",
                account.instance_id,
                now,
                about=account,
                client=client,
                reason=denied.reason,
                purpose=subject.purpose,
                plugin=subject.plugin,
            )
