# SPDX-License-Identifier: MIT
"""Sessions: active, locked after idling, then gone. ``create`` has one caller, the gate in ``login.py``.

Limits follow NIST 800-63B 2.2.3 and ASVS 7.3: idle and overall, both kept by the server. A session's token is
replaced at every step (ASVS 7.2.4); the swapped-out one is dead at once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from ccm_core.config import Settings
from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.db.functions import delete_batch
from ccm_core.errors import NotFound
from ccm_core.services import accounts, mailed_links
from ccm_core.services.accounts import Account
from ccm_core.services.audit import Audit
from ccm_core.services.clients import CONSOLE, Client
from ccm_core.services.instances import STATE_COLUMNS, Instance, plugin_state
from ccm_core.services.mails import Mails
from ccm_core.services.tokens import new_token, token_hash
from ccm_core.texts import marked as _

MOST_SESSIONS = 10
TOUCH_SECONDS = 60
GRACE_SECONDS = 10
"""A swapped-out token used within this time is a request that was under way; later it is a stolen copy."""

MISSING = _("There is no such session. It has ended already.")

State = Literal["active", "locked"]


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser, as one request sees it. ``enrolled``: plugins with a factor of the user, active or not."""

    id: int
    token_hash: bytes = field(repr=False)
    family: bytes = field(repr=False)
    state: State
    account: Account
    plugin_generation: int
    passed_enrolment: int | None
    enrolled: frozenset[str]
    full_login_at: float
    recent_at: float
    password_at: float
    seen_at: float
    user_agent: str
    notice: list[str] | None = None
    pending_email: str | None = None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One line of the list of open sessions."""

    id: int
    user_agent: str
    network: str
    first_seen: float
    last_seen: float


_s, _e, _r = m.session.c, m.enrolment.c, m.retired_token.c
_LOOK = (
    select(
        _s.id.label("session_id"),
        _s.family,
        _s.stamp.label("session_stamp"),
        _s.plugin_generation,
        _s.passed_enrolment,
        _s.full_login_at,
        _s.recent_at,
        _s.password_at,
        _s.seen_at,
        _s.user_agent,
        _s.notice,
        _e.id.label("enrolment_id"),
        _e.plugin,
        mailed_links.PENDING_EMAIL.label("pending_email"),
        *accounts.COLUMNS,
        *STATE_COLUMNS,
    )
    .select_from(
        m.session.join(m.user, m.user.c.id == _s.user_id)
        .join(m.instance, m.instance.c.id == _s.instance_id)
        .outerjoin(m.enrolment, and_(_e.user_id == _s.user_id, _e.confirmed))
    )
    .where(_s.token_hash == bindparam("hash"), _s.instance_id == bindparam("instance"))
)
_RETIRED = (
    select(_r.session_id, _r.retired_at, *accounts.COLUMNS)
    .select_from(m.retired_token.join(m.session, _s.id == _r.session_id).join(m.user, m.user.c.id == _s.user_id))
    .where(_r.token_hash == bindparam("hash"), _s.instance_id == bindparam("instance"))
)
_TOUCH = (
    update(m.session)
    .where(_s.id == bindparam("session"), _s.seen_at == bindparam("seen"))
    .values(seen_at=bindparam("now"))
)
_INSERT = insert(m.session)
_OPEN = (
    select(_s.id, _s.user_agent, _s.network, _s.full_login_at, _s.seen_at)
    .where(_s.user_id == bindparam("user"), _s.stamp == bindparam("stamp"), _s.full_login_at > bindparam("since"))
    .order_by(_s.seen_at.desc())
)
_OLDEST = select(_s.id).where(_s.user_id == bindparam("user")).order_by(_s.id.desc()).offset(MOST_SESSIONS - 1)


class Sessions:
    """Finds, replaces and ends sessions."""

    def __init__(self, database: Database, settings: Settings, audit: Audit, mails: Mails) -> None:
        self._database = database
        self._audit = audit
        self._mails = mails
        self._idle = settings.session_idle_seconds
        self._max = settings.session_max_seconds
        self._recent = settings.recent_login_seconds

    def look(self, token: str, instance: Instance, now: float, client: Client = CONSOLE) -> Session | None:
        """Return the session of a token, or None. One query, which tells the instance its active plugins too."""
        digest = token_hash(token)
        values = {"hash": digest, "instance": instance.id, "now": now}
        with self._database.read() as connection:
            rows = connection.execute(_LOOK, values).mappings().all()
            if rows:
                instance.saw(plugin_state(connection, rows[0], now))
            else:
                retired = connection.execute(_RETIRED, values).mappings().first()
        if not rows:
            if retired and retired["retired_at"] + GRACE_SECONDS < now:
                self._end_reused(retired["session_id"], instance, accounts.from_row(retired), client, now)
            return None
        row = rows[0]
        account = accounts.from_row(row)
        needed = {one["enrolment_id"] for one in rows if one["plugin"] in instance.active}
        if row["session_stamp"] != account.stamp or account.disabled or now >= row["full_login_at"] + self._max:
            return None
        if needed and row["passed_enrolment"] not in needed:
            return None
        return Session(
            id=row["session_id"],
            token_hash=digest,
            family=row["family"],
            state="locked" if now >= row["seen_at"] + self._idle else "active",
            account=account,
            plugin_generation=row["plugin_generation"],
            passed_enrolment=row["passed_enrolment"],
            enrolled=frozenset(one["plugin"] for one in rows if one["plugin"]),
            full_login_at=row["full_login_at"],
            recent_at=row["recent_at"],
            password_at=row["password_at"],
            seen_at=row["seen_at"],
            user_agent=row["user_agent"],
            notice=row["notice"],
            pending_email=row["pending_email"],
        )

    def lock_in(self, session: Session, now: float) -> float:
        """Seconds until an active session locks."""
        return max(0.0, session.seen_at + self._idle - now)

    def recent(self, session: Session, now: float) -> bool:
        """Whether a full login or a confirmation is recent enough for a sensitive change (ASVS 7.5.1)."""
        return now < session.recent_at + self._recent

    def password_recent(self, session: Session, now: float) -> bool:
        """Whether at least the password was proved recently: enough before a page that asks for a fresh code itself."""
        return now < max(session.recent_at, session.password_at) + self._recent

    def touch(self, session: Session, now: float) -> None:
        """Note activity of an active session, at most once a minute."""
        if session.state == "active" and now >= session.seen_at + TOUCH_SECONDS:
            with self._database.write() as connection:
                connection.execute(_TOUCH, {"session": session.id, "seen": session.seen_at, "now": now})

    def create(
        self,
        connection: Connection,
        instance: Instance,
        account: Account,
        passed: int | None,
        client: Client,
        now: float,
    ) -> str:
        """Create a session in the gate's transaction; return its token. The eleventh ends the oldest (ASVS 7.1.2)."""
        old = connection.execute(_OLDEST, {"user": account.id}).scalars().all()
        if old:
            connection.execute(delete(m.session).where(_s.id.in_(old)))
        token = new_token()
        values = {"token_hash": token_hash(token), "family": secrets.token_bytes(32), "instance_id": instance.id}
        values |= {"user_id": account.id, "stamp": account.stamp, "plugin_generation": instance.plugin_generation}
        values |= {
            "passed_enrolment": passed,
            "full_login_at": now,
            "recent_at": now,
            "password_at": now,
            "seen_at": now,
        }
        connection.execute(_INSERT, values | {"user_agent": client.user_agent, "network": client.network})
        return token

    def replace_token(self, connection: Connection, session: Session, now: float, **changes: object) -> str | None:
        """Give the session a new token and other column values; None when another request was faster or it ended."""
        token = new_token()
        values = {"token_hash": token_hash(token), "seen_at": now, "unlock_failures": 0, **changes}
        mine = update(m.session).where(_s.token_hash == session.token_hash)
        if connection.execute(mine.values(values)).rowcount != 1:
            return None
        retired = {"token_hash": session.token_hash, "session_id": session.id, "retired_at": now}
        connection.execute(insert(m.retired_token).values(retired))
        return token

    def put_notice(self, session_id: int, notice: list[str] | None) -> None:
        """Keep a kind and a text that the session's next page shows once, or forget it."""
        with self._database.write() as connection:
            connection.execute(update(m.session).where(_s.id == session_id).values(notice=notice))

    def end(self, connection: Connection, session_id: int) -> None:
        """End one session and its whole family of tokens."""
        connection.execute(delete(m.session).where(_s.id == session_id))

    def end_by_token(self, connection: Connection, token: str) -> None:
        """End the session that a browser holds, whatever its state."""
        connection.execute(delete(m.session).where(_s.token_hash == token_hash(token)))

    def end_all(self, connection: Connection, user_id: int, keep: int | None = None) -> int:
        """End a user's sessions, but for one to keep; returns how many."""
        statement = delete(m.session).where(_s.user_id == user_id)
        if keep is not None:
            statement = statement.where(_s.id != keep)
        return connection.execute(statement).rowcount

    def open_of(self, account: Account, now: float) -> tuple[OpenSession, ...]:
        """Return a user's sessions that are active or locked, latest first."""
        values = {"user": account.id, "stamp": account.stamp, "since": now - self._max}
        with self._database.read() as connection:
            return tuple(OpenSession(*row) for row in connection.execute(_OPEN, values))

    def end_one(self, connection: Connection, account: Account, session_id: int) -> None:
        """End one of a user's own sessions by its id; raises NotFound."""
        mine = delete(m.session).where(_s.id == session_id, _s.user_id == account.id)
        if connection.execute(mine).rowcount != 1:
            raise NotFound(MISSING)

    def forget(self, connection: Connection, now: float) -> int:
        """Delete some sessions whose longest life is over; returns how many. Whatever ends others deletes them."""
        return delete_batch(connection, m.session, _s.full_login_at <= now - self._max)

    def _end_reused(self, session_id: int, instance: Instance, account: Account, client: Client, now: float) -> None:
        """End a session of whose tokens somebody has a copy, and tell of it: one of the two is a thief."""
        with self._database.write() as connection:
            if connection.execute(delete(m.session).where(_s.id == session_id)).rowcount:
                self._audit.record(connection, "session.reused", instance.id, now, about=account, client=client)
                self._mails.send(connection, "session_copied", instance, account)
