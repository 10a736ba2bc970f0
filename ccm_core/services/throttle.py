# SPDX-License-Identifier: MIT
"""Every counter against guessing. An attempt is counted before it is checked, so a parallel burst gains nothing.

Passwords (ASVS 6.3.1, NIST 800-63B 3.2.2): growing delays, never a lock that a stranger could cause (ASVS 6.1.1).
Codes: the counter moves only after a right password, so a hard stop is safe there.
``docs/security.md`` states the resulting chance to guess a code.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    update,
)

from ccm_core.db import models as m
from ccm_core.db.functions import delete_batch, insert
from ccm_core.errors import Throttled
from ccm_core.services import counters
from ccm_core.services.clients import Client
from ccm_core.services.metrics import NO_METRICS, Attempt, Metrics
from ccm_core.services.vault import Vault
from ccm_core.texts import marked as _

DAY = 86400
CODE_TRIES = 5
CODE_PAUSE_SECONDS = 30
CODE_LONGEST_PAUSE_SECONDS = 900
CODE_WINDOW_DAYS = 30
CODE_STOP = 100
KNOWN_NETWORK_DAYS = 90
WAIT = _("Too many attempts. Please wait %(seconds)d seconds and try again.")
STOPPED = _(
    "Login codes are stopped for this account after too many wrong ones. "
    "Set a new password with «Forgot your password?», or ask your administrator."
)
STOPPED_STRICT = _("Login codes are stopped for this account after too many wrong ones. Ask your administrator.")


class CodeStopped(Throttled):
    """100 wrong codes in 30 days: only a password reset or an administrator helps."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One counter: after ``free`` attempts 1, 2, 4 … seconds up to ``longest``; forgotten after ``life`` seconds.

    ``fixed``: the life runs from the first attempt and the block lasts to its end, else from the latest attempt.
    """

    name: str
    free: int
    longest: int
    life: int
    fixed: bool = False


ACCOUNT_AND_NETWORK = Bound("account and network", free=5, longest=900, life=DAY)
ACCOUNT = Bound("account", free=10, longest=60, life=DAY)
NETWORK = Bound("network", free=30, longest=60, life=60, fixed=True)
REFUSALS = Bound("refused requests of a network", free=120, longest=60, life=60, fixed=True)
RESET_REQUESTS = Bound("reset requests of a network", free=20, longest=3600, life=3600, fixed=True)

_now: BindParameter[float] = bindparam("now")
_known = insert(m.known_network)
_KNOWN = _known.on_conflict_do_update(index_elements=["user_id", "network"], set_={"seen_at": _known.excluded.seen_at})

_c, _d = m.code_counter.c, m.code_day.c
_user: BindParameter[int] = bindparam("user")
_PAUSED = select(_c.paused_until).where(_c.user_id == _user)
_WRONG_CODES = select(func.coalesce(func.sum(_d.count), 0)).where(_d.user_id == _user, _d.day > bindparam("since"))
_over = _c.streak + 1 - CODE_TRIES
_pause = case((_over > 5, CODE_LONGEST_PAUSE_SECONDS), else_=literal(CODE_PAUSE_SECONDS).op("<<")(_over))
_capped = case((_pause > CODE_LONGEST_PAUSE_SECONDS, CODE_LONGEST_PAUSE_SECONDS), else_=_pause)
# Long ago, not just now: a clock that is set back, or another node's, must not make a pause of it.
_COUNT_CODE = (
    insert(m.code_counter)
    .on_conflict_do_update(
        index_elements=["user_id"],
        set_={"streak": _c.streak + 1, "paused_until": case((_over < 0, 0.0), else_=_now + _capped)},
        where=_c.paused_until <= _now,
    )
    .returning(_c.user_id)
)
_today: BindParameter[int] = bindparam("today")
_one: Select[int, int, int] = select(_user, _today, literal(1)).where(_WRONG_CODES.scalar_subquery() < CODE_STOP)
_COUNT_DAY = (
    insert(m.code_day)
    .from_select(["user_id", "day", "count"], _one)
    .on_conflict_do_update(index_elements=["user_id", "day"], set_={"count": _d.count + 1})
    .returning(_d.day)
)
_TAKE_BACK_DAY = (
    update(m.code_day).where(_d.user_id == _user, _d.day == _today, _d.count > 0).values(count=_d.count - 1)
)
_END_PAUSE = update(m.code_counter).where(_c.user_id == _user).values(streak=0, paused_until=0.0)
_FORGIVE = (
    update(m.code_counter)
    .where(_c.user_id == _user)
    .values(
        streak=case((_c.streak > 0, _c.streak - 1), else_=0),
        paused_until=case((_c.streak - 1 >= CODE_TRIES, _c.paused_until), else_=0.0),
    )
)


@dataclass(frozen=True, slots=True)
class PasswordAttempt:
    """A counted attempt: the rows it moved, and the one that a right password clears."""

    keys: tuple[bytes, ...]
    cleared: bytes


class Throttle:
    """Counts attempts. Every method works in the caller's transaction."""

    def __init__(self, vault: Vault, *, resets_help: bool = True, metrics: Metrics = NO_METRICS) -> None:
        self._vault = vault
        self._metrics = metrics
        self._stopped = STOPPED if resets_help else STOPPED_STRICT

    def _key(self, counted: str) -> bytes:
        return self._vault.mac("throttle", counted.encode())

    def network_key(self, instance_id: int, client: Client) -> bytes:
        """Return the keyed hash under which a network is remembered."""
        return self._key(f"network|{instance_id}|{client.network}")

    def count_password(
        self, connection: Connection, instance_id: int, name_key: str, client: Client, now: float, *, known: bool
    ) -> PasswordAttempt:
        """Count one attempt for a typed name, known or unknown alike.

        ``known``: this network signed the account in within 90 days, so the account-wide delay does not hold it.
        Raises Throttled, and then nothing is counted (the caller's transaction must roll back).
        """
        person = f"{instance_id}|{name_key}"
        own = self._key(f"both|{person}|{client.network}")
        rows = [(own, ACCOUNT_AND_NETWORK), (self.network_key(instance_id, client), NETWORK)]
        if not known:
            rows.append((self._key(f"account|{person}"), ACCOUNT))
        self._count(connection, rows, now, "password")
        return PasswordAttempt(tuple(key for key, _ in rows), own)

    def count_reset_request(self, connection: Connection, instance_id: int, client: Client, now: float) -> None:
        """Count one request for a reset mail, the same for every input; raises Throttled (ASVS 2.4.1)."""
        key = self._key(f"reset|{instance_id}|{client.network}")
        self._count(connection, [(key, RESET_REQUESTS)], now, "reset_request")

    def _count(self, connection: Connection, rows: list[tuple[bytes, Bound]], now: float, attempt: Attempt) -> None:
        """Count in all rows, or in none when one of them holds the caller back: then raises Throttled."""
        values: dict[str, object] = {"now": now}
        # In the order of their keys, as they are taken back: two who wait for each other's rows would never end.
        for number, (key, bound) in enumerate(sorted(rows, key=_first)):
            new = (key, 1, 0.0, now, bound.free, bound.longest, bound.life, bound.fixed)
            values |= {f"{name}{number}": value for name, value in zip(counters.COUNTED, new, strict=True)}
        counted = connection.execute(counters.COUNT[len(rows)], values).all()
        if len(counted) < len(rows):
            until = connection.execute(counters.BLOCKED, {"keys": [key for key, _ in rows]}).scalar_one()
            self._metrics.throttled(attempt)
            raise _wait(until - now)

    def take_back_password(self, connection: Connection, attempt: PasswordAttempt) -> None:
        """The password was right: its own counts go back, and this network's count for the account is cleared."""
        connection.execute(counters.TAKE_BACK, {"keys": attempt.keys, "cleared": attempt.cleared})

    def forgive_password(self, connection: Connection, attempt: PasswordAttempt) -> None:
        """Nobody could check the password: its own counts go back, and nothing is cleared."""
        connection.execute(counters.TAKE_BACK, {"keys": attempt.keys, "cleared": b""})

    def count_network(self, connection: Connection, instance_id: int, client: Client, now: float) -> None:
        """Count an attempt that names nobody; raises Throttled."""
        self._count(connection, [(self.network_key(instance_id, client), NETWORK)], now, "password")

    def count_refusal(self, connection: Connection, instance_id: int, client: Client, now: float) -> None:
        """Count a request that was refused before anything was checked; raises Throttled."""
        key = self._key(f"refusals|{instance_id}|{client.network}")
        self._count(connection, [(key, REFUSALS)], now, "refused_request")

    def remember_network(
        self, connection: Connection, instance_id: int, user_id: int, client: Client, now: float
    ) -> None:
        """Note that a network signed the account in."""
        row = {"user_id": user_id, "network": self.network_key(instance_id, client), "seen_at": now}
        connection.execute(_KNOWN, row)

    def count_code(self, connection: Connection, user_id: int, now: float) -> None:
        """Count one code attempt of an account whose password was right; raises Throttled or CodeStopped."""
        first = {"user_id": user_id, "streak": 1, "paused_until": 0.0, "now": now}
        counted = connection.execute(_COUNT_CODE, first).first()
        days = {"user": user_id, "today": _day(now), "since": _day(now) - CODE_WINDOW_DAYS}
        if counted and connection.execute(_COUNT_DAY, days).first():
            return
        if counted or self.wrong_codes(connection, user_id, now) >= CODE_STOP:
            self._metrics.throttled("code_stopped")
            raise CodeStopped(self._stopped, DAY)
        until = connection.execute(_PAUSED, {"user": user_id}).scalar_one()
        self._metrics.throttled("code")
        raise _wait(until - now)

    def wrong_codes(self, connection: Connection, user_id: int, now: float) -> int:
        """Return how many codes of the last 30 days were counted and not taken back."""
        values = {"user": user_id, "since": _day(now) - CODE_WINDOW_DAYS}
        return int(connection.execute(_WRONG_CODES, values).scalar_one())

    def take_back_code(self, connection: Connection, user_id: int, counted_at: float) -> None:
        """The code was right: pause and doubling end, and its own count of the day goes back."""
        connection.execute(_END_PAUSE, {"user": user_id})
        connection.execute(_TAKE_BACK_DAY, {"user": user_id, "today": _day(counted_at)})

    def forgive_code(self, connection: Connection, user_id: int, counted_at: float) -> None:
        """The attempt was no guess, since nobody could judge it: only its own count goes back, no pause ends early."""
        connection.execute(_FORGIVE, {"user": user_id})
        connection.execute(_TAKE_BACK_DAY, {"user": user_id, "today": _day(counted_at)})

    def clear_codes(self, connection: Connection, user_id: int) -> None:
        """A password reset or an administrator lifts pause and stop."""
        connection.execute(delete(m.code_counter).where(m.code_counter.c.user_id == user_id))
        connection.execute(delete(m.code_day).where(m.code_day.c.user_id == user_id))

    def forget(self, connection: Connection, now: float) -> int:
        """Delete some rows that can no longer hold anybody; returns how many."""
        known = m.known_network
        return (
            delete_batch(connection, m.throttle, m.throttle.c.started_at < now - 2 * DAY)
            + delete_batch(connection, m.code_day, _d.day <= _day(now) - CODE_WINDOW_DAYS)
            + delete_batch(connection, known, known.c.seen_at <= now - KNOWN_NETWORK_DAYS * DAY)
        )


def _first(row: tuple[bytes, Bound]) -> bytes:
    return row[0]


def _day(at: float) -> int:
    return int(at / DAY)


def _wait(seconds: float) -> Throttled:
    whole = int(seconds) + 1
    return Throttled(WAIT, whole, seconds=whole)
