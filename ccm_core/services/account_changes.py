# SPDX-License-Identifier: MIT
"""Sensitive changes that people make to their own account: password and e-mail address."""

from __future__ import annotations

from sqlalchemy import update

from ccm_core.config import Settings
from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.errors import InputError, NotFound
from ccm_core.services import accounts, instances, mailed_links
from ccm_core.services.accounts import Profile
from ccm_core.services.audit import Audit
from ccm_core.services.clients import Client
from ccm_core.services.endings import end_logins
from ccm_core.services.instances import Instance
from ccm_core.services.mails import Mails
from ccm_core.services.passwords import Passwords
from ccm_core.services.proofs import CHANGED, Denied, Proofs
from ccm_core.services.sessions import Session, Sessions
from ccm_core.services.throttle import Throttle

MOST_LINKS_PER_HOUR = 5


class AccountChanges:
    """Changes one's own account. The web layer has asked for a recent login before."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        passwords: Passwords,
        proofs: Proofs,
        sessions: Sessions,
        throttle: Throttle,
        audit: Audit,
        mails: Mails,
    ) -> None:
        self._database = database
        self._settings = settings
        self._passwords = passwords
        self._proofs = proofs
        self._sessions = sessions
        self._throttle = throttle
        self._audit = audit
        self._mails = mails

    def profile(self, instance: Instance, session: Session, profile: Profile, client: Client, now: float) -> None:
        """Save names and language; raises InputError."""
        with self._database.write() as connection:
            account = accounts.lock(connection, instance, session.account.id)
            accounts.save_profile(connection, account, profile)
            self._audit.record(connection, "account.profile_saved", instance.id, now, about=account, client=client)

    def password(
        self, instance: Instance, session: Session, current: str, new: str, repeated: str, client: Client, now: float
    ) -> str:
        """Change the password and return the session's new token; the other sessions end (ASVS 6.2.3, 7.4.3).

        Raises InputError for an unfit new password or a wrong current one, Throttled or Busy.
        """
        mine = session.account
        self._passwords.check_new(new, repeated, accounts.context_words(instance, mine.name, mine.email))
        checked = self._proofs.check_password(instance, mine.name, current, client, now)
        if not checked.right:
            self._audit.note("account.password_refused", instance.id, now, about=mine, client=client)
            raise InputError("current_password", "This is not your current password.")
        new_hash = self._passwords.hash(new)
        with self._database.write() as connection:
            account = self._proofs.unchanged(connection, instance, mine, now).account
            connection.execute(update(m.user).where(m.user.c.id == account.id).values(password_hash=new_hash))
            stamp, _ = end_logins(connection, self._sessions, account.id, now, keep=session.id)
            token = self._sessions.replace_token(connection, session, now, stamp=stamp)
            if token is None:
                raise Denied("changed", CHANGED, guess=False)
            self._throttle.take_back_password(connection, checked.attempt)
            self._mails.send(connection, "password_changed", instance, account)
            self._audit.record(connection, "account.password_changed", instance.id, now, about=account, client=client)
        return token

    def ask_email(self, instance: Instance, session: Session, email: str, client: Client, now: float) -> None:
        """Mail a link to a new address, which counts once the link was opened; raises InputError."""
        address = accounts.checked_email(email)
        seconds = self._settings.reset_seconds
        with self._database.write() as connection:
            account = accounts.lock(connection, instance, session.account.id)
            if accounts.key_of(address) == accounts.key_of(account.email):
                raise InputError("email", "This is your e-mail address already.")
            if mailed_links.recent(connection, account.id, "email", now - 3600) >= MOST_LINKS_PER_HOUR:
                raise InputError("email", "Too many links were sent. Please try again in an hour.")
            accounts.check_free(connection, instance, email=address, own=account.id)
            token = mailed_links.create(connection, "email", instance.id, account.id, now, seconds, address)
            link = f"{instance.origin}/account/email/{token}"
            self._mails.send(connection, "email_link", instance, account, to=address, link=link, minutes=seconds // 60)
            self._audit.record(connection, "account.email_asked", instance.id, now, about=account, client=client)

    def new_email(self, instance: Instance, token: str, now: float) -> str:
        """Return the address that a link confirms, without using it up; raises NotFound."""
        with self._database.read() as connection:
            return mailed_links.find(connection, "email", instance.id, token, now).email or ""

    def confirm_email(self, instance: Instance, session: Session, token: str, client: Client, now: float) -> str:
        """Let a new address count and return the session's new token; the old address gets a notice.

        Raises NotFound for a used or old link and for one of another user, InputError when the address is taken.
        """
        with self._database.write() as connection:
            instances.lock(connection, instance.id)
            account = accounts.lock(connection, instance, session.account.id)
            link = mailed_links.find(connection, "email", instance.id, token, now)
            if link.user_id != account.id or not link.email:
                raise NotFound(mailed_links.INVALID)
            accounts.check_free(connection, instance, email=link.email, own=account.id)
            values = {"email": link.email, "email_key": accounts.key_of(link.email)}
            connection.execute(update(m.user).where(m.user.c.id == account.id).values(values))
            stamp, _ = end_logins(connection, self._sessions, account.id, now, keep=session.id)
            new_token = self._sessions.replace_token(connection, session, now, stamp=stamp)
            if new_token is None:
                raise Denied("changed", CHANGED, guess=False)
            self._mails.send(connection, "email_changed", instance, account, to=account.email, email=link.email)
            self._audit.record(connection, "account.email_changed", instance.id, now, about=account, client=client)
        return new_token
