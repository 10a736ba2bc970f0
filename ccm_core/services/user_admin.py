# SPDX-License-Identifier: MIT
"""User administration: administrators add, disable and delete accounts and send links.

They never set a password, change an address or see a secret (ASVS 6.4.6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.errors import Conflict, InputError
from ccm_core.services import accounts, instances, user_list
from ccm_core.services.accounts import ADMINISTRATOR, USER, Account
from ccm_core.services.audit import Audit
from ccm_core.services.clients import CONSOLE, Client
from ccm_core.services.endings import end_logins
from ccm_core.services.enrolments import Enrolments
from ccm_core.services.instances import Instance
from ccm_core.services.mails import Mails
from ccm_core.services.password_reset import PasswordResetService
from ccm_core.services.passwords import Passwords
from ccm_core.services.sessions import Sessions
from ccm_core.services.throttle import Throttle
from ccm_core.services.user_list import Listed, UserPage


@dataclass(frozen=True, slots=True)
class Actor:
    """Who administers: the name for the trail, and from where."""

    name: str = "console"
    client: Client = CONSOLE


_u = m.user.c


class UserAdmin:
    """Manages the users of an instance. Every change is one transaction and audited with its actor."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        sessions: Sessions,
        ledger: Enrolments,
        throttle: Throttle,
        resets: PasswordResetService,
        mails: Mails,
        audit: Audit,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._ledger = ledger
        self._throttle = throttle
        self._resets = resets
        self._mails = mails
        self._audit = audit

    def add(
        self,
        instance: Instance,
        name: str,
        email: str,
        role: str,
        now: float,
        actor: Actor,
        *,
        password: str | None = None,
    ) -> Account:
        """Add a user, who gets an activation link by mail unless the console gives a password; raises InputError."""
        name, email = accounts.checked_name(name), accounts.checked_email(email)
        if role not in {ADMINISTRATOR, USER}:
            raise InputError("role", "Please choose one of the roles.")
        password_hash = None
        if password is not None:
            self._passwords.check_new(password, None, accounts.context_words(instance, name, email))
            password_hash = self._passwords.hash(password)
        values = {"instance_id": instance.id, "name": name, "name_key": accounts.key_of(name), "email": email}
        values |= {"email_key": accounts.key_of(email), "role": role, "created_at": now}
        with self._database.write() as connection:
            instances.lock(connection, instance.id)
            accounts.check_free(connection, instance, name=name, email=email)
            row = values | {"password_hash": password_hash}
            user_id = connection.execute(insert(m.user).values(row).returning(_u.id)).scalar_one()
            account = accounts.get(connection, instance, user_id)
            self._record(connection, "user.added", account, now, actor, role=role)
            if password_hash is None:
                self._resets.send_link(connection, instance, account, now, actor=actor.name, client=actor.client)
        return account

    def set_disabled(self, instance: Instance, user_id: int, now: float, actor: Actor, *, disabled: bool) -> None:
        """Disable or enable an account; its sessions end. Raises NotFound, or Conflict for the last administrator."""
        with self._database.write() as connection:
            instances.lock(connection, instance.id)
            account = accounts.lock(connection, instance, user_id)
            if disabled:
                accounts.check_not_last_administrator(connection, instance, account)
            connection.execute(update(m.user).where(_u.id == account.id).values(disabled=disabled))
            end_logins(connection, self._sessions, account.id, now)
            self._record(connection, "user.disabled" if disabled else "user.enabled", account, now, actor)

    def set_role(self, instance: Instance, user_id: int, role: str, now: float, actor: Actor) -> None:
        """Change the role; sessions end. Raises NotFound, InputError, or Conflict for the last administrator."""
        if role not in {ADMINISTRATOR, USER}:
            raise InputError("role", "Please choose one of the roles.")
        with self._database.write() as connection:
            instances.lock(connection, instance.id)
            account = accounts.lock(connection, instance, user_id)
            if account.role == role:
                return
            accounts.check_not_last_administrator(connection, instance, account)
            connection.execute(update(m.user).where(_u.id == account.id).values(role=role))
            end_logins(connection, self._sessions, account.id, now)
            self._record(connection, "user.role_changed", account, now, actor, role=role)

    def remove(self, instance: Instance, user_id: int, now: float, actor: Actor) -> None:
        """Delete an account and all that hangs on it; raises NotFound, or Conflict for the last administrator."""
        with self._database.write() as connection:
            instances.lock(connection, instance.id)
            account = accounts.lock(connection, instance, user_id)
            accounts.check_not_last_administrator(connection, instance, account)
            connection.execute(delete(m.user).where(_u.id == account.id))
            self._record(connection, "user.deleted", account, now, actor)

    def send_link(self, instance: Instance, user_id: int, now: float, actor: Actor) -> None:
        """Mail a link to set a password; raises NotFound, or Conflict for a disabled account."""
        with self._database.write() as connection:
            account = accounts.lock(connection, instance, user_id)
            if account.disabled:
                raise Conflict("%(name)s is disabled. Enable the account first.", name=account.name)
            self._resets.send_link(connection, instance, account, now, actor=actor.name, client=actor.client)

    def reset_factor(self, instance: Instance, user_id: int, now: float, actor: Actor) -> int:
        """Remove all second factors of a user, end the sessions, tell the user; returns how many there were."""
        with self._database.write() as connection:
            account = accounts.lock(connection, instance, user_id)
            end_logins(connection, self._sessions, account.id, now)
            removed = self._ledger.remove(connection, account.id)
            self._throttle.clear_codes(connection, account.id)
            if removed:
                self._mails.send(connection, "factor_removed", instance, account)
            self._record(connection, "factor.reset", account, now, actor, removed=removed)
        return removed

    def end_sessions(self, instance: Instance, user_id: int, now: float, actor: Actor) -> int:
        """End a user's sessions; returns how many."""
        with self._database.write() as connection:
            account = accounts.lock(connection, instance, user_id)
            ended = self._sessions.end_all(connection, account.id)
            self._record(connection, "user.sessions_ended", account, now, actor, count=ended)
        return ended

    def end_session(self, instance: Instance, user_id: int, session_id: int, now: float, actor: Actor) -> None:
        """End one of a user's sessions; raises NotFound."""
        with self._database.write() as connection:
            account = accounts.lock(connection, instance, user_id)
            self._sessions.end_one(connection, account, session_id)
            self._record(connection, "user.sessions_ended", account, now, actor, count=1)

    def get(self, instance: Instance, user_id: int) -> Account:
        """Return one account; raises NotFound."""
        with self._database.read() as connection:
            return accounts.get(connection, instance, user_id)

    def has_administrator(self, instance: Instance) -> bool:
        """Whether anybody can administer the instance: an administrator with a password who is not disabled."""
        able = select(_u.id).where(_u.instance_id == instance.id, _u.role == ADMINISTRATOR, _u.disabled.is_(False))
        with self._database.read() as connection:
            return connection.execute(able.where(_u.password_hash.is_not(None)).limit(1)).first() is not None

    def find(self, instance: Instance, typed: str) -> Account | None:
        """Return the account with this name or e-mail address, or None."""
        with self._database.read() as connection:
            return accounts.find(connection, instance, typed)

    def listed(
        self, instance: Instance, *, search: str = "", after: str = "", before: str = "", limit: int = user_list.PAGE
    ) -> UserPage:
        """Return users by name, or those whom a text finds, after or before a key that another page gave."""
        with self._database.read() as connection:
            if search:
                return user_list.found(connection, instance, search, after, limit)
            return user_list.by_name(connection, instance, after, before, limit)

    def everyone(self, instance: Instance) -> Iterator[Listed]:
        """Yield all users by name, read a page at a time."""
        page = self.listed(instance, limit=user_list.READ)
        yield from page.users
        while page.after:
            page = self.listed(instance, after=page.after, limit=user_list.READ)
            yield from page.users

    def allowed(self, instance: Instance, plugin: str, users: tuple[Account, ...]) -> Mapping[int, bool]:
        """Return, per user id, whether the user is selected for a plugin."""
        a = m.access.c
        ids = [account.id for account in users]
        query = select(a.user_id).where(a.instance_id == instance.id, a.plugin == plugin, a.user_id.in_(ids))
        with self._database.read() as connection:
            selected = set(connection.execute(query).scalars())
        return {user_id: user_id in selected for user_id in ids}

    def enrolled(self, plugin: str, users: tuple[Account, ...]) -> frozenset[int]:
        """Return the ids of those users who are enrolled with a plugin."""
        e = m.enrolment.c
        ids = [account.id for account in users]
        query = select(e.user_id).where(e.plugin == plugin, e.confirmed, e.user_id.in_(ids))
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def _record(
        self, connection: Connection, event: str, account: Account, now: float, actor: Actor, **detail: Any
    ) -> None:
        self._audit.record(
            connection, event, account.instance_id, now, about=account, actor=actor.name, client=actor.client, **detail
        )
