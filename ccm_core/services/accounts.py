# SPDX-License-Identifier: MIT
"""Accounts: finding and locking them, and what people change about their own."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal

from sqlalchemy import BindParameter, Connection, RowMapping, bindparam, exists, or_, select, update

from ccm_core.db import models as m
from ccm_core.errors import Conflict, InputError, NotFound
from ccm_core.plugin_api import User
from ccm_core.services.instances import Instance
from ccm_core.texts import LANGUAGES

Role = Literal["administrator", "user"]
ADMINISTRATOR: Role = "administrator"
USER: Role = "user"
NAME_LENGTH = 64
NAME_KEY_LENGTH = 128
"""Some letters are compared as several: one ligature may become a whole sentence."""
EMAIL_LENGTH = 254
PROFILE_LENGTH = 100
RESERVED_NAMES = frozenset({"console"})
"""The audit trail calls the console so."""
PRODUCT_WORDS = frozenset({"ccm", "ccm19", "ccm-core", "consent manager", "consentmanager", "administrator", "user"})

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Account:
    """A user as one read saw it. ``stamp`` rises with every change of what a login needs."""

    id: int
    instance_id: int
    name: str
    email: str
    role: str
    disabled: bool
    language: str | None
    first_name: str
    last_name: str
    company: str
    password_hash: str | None
    stamp: int
    created_at: float
    last_login_at: float | None

    @property
    def administrator(self) -> bool:
        """Whether this user manages the instance."""
        return self.role == ADMINISTRATOR

    @property
    def display_name(self) -> str:
        """First and last name, else the user name."""
        return f"{self.first_name} {self.last_name}".strip() or self.name

    def to_plugin(self, language: str | None = None) -> User:
        """Return what plugins may know of the user."""
        return User(self.id, self.name, self.email, language or self.language or LANGUAGES[0])


_u = m.user.c
COLUMNS = (
    _u.id,
    _u.instance_id,
    _u.name,
    _u.email,
    _u.role,
    _u.disabled,
    _u.language,
    _u.first_name,
    _u.last_name,
    _u.company,
    _u.password_hash,
    _u.stamp,
    _u.created_at,
    _u.last_login_at,
)
_key: BindParameter[str] = bindparam("key")
_BY_KEY = select(*COLUMNS).where(
    _u.instance_id == bindparam("instance"), or_(_u.name_key == _key, _u.email_key == _key)
)
_KNOWN = exists().where(
    m.known_network.c.user_id == _u.id,
    m.known_network.c.network == bindparam("network"),
    m.known_network.c.seen_at > bindparam("since"),
)
_TO_LOG_IN = _BY_KEY.add_columns(_KNOWN.label("known"))
_BY_ID = select(*COLUMNS).where(_u.instance_id == bindparam("instance"), _u.id == bindparam("id"))
_LOCK = _BY_ID.with_for_update(key_share=True)
_RESTAMP = update(m.user).where(_u.id == bindparam("user")).values(stamp=_u.stamp + 1).returning(_u.stamp)


def key_of(text: str) -> str:
    """Return the form in which names and addresses are compared: NFKC, case-folded, without outer blanks."""
    return unicodedata.normalize("NFKC", text.strip()[:512]).casefold()


_VALUES = itemgetter(*(column.key for column in COLUMNS))


def from_row(row: RowMapping) -> Account:
    """Make an Account of a row that holds ``COLUMNS``."""
    return Account(*_VALUES(row))


def find(connection: Connection, instance: Instance, typed: str) -> Account | None:
    """Return the account with this name or e-mail address, or None."""
    row = connection.execute(_BY_KEY, {"instance": instance.id, "key": key_of(typed)}).mappings().first()
    return from_row(row) if row else None


def find_to_log_in(
    connection: Connection, instance: Instance, typed: str, network: bytes, since: float
) -> tuple[Account | None, bool]:
    """Return the account, and whether this network has signed it in since a time; one query for any input."""
    values = {"instance": instance.id, "key": key_of(typed), "network": network, "since": since}
    row = connection.execute(_TO_LOG_IN, values).mappings().first()
    return (from_row(row), bool(row["known"])) if row else (None, False)


def get(connection: Connection, instance: Instance, user_id: int) -> Account:
    """Return the account with this id; raises NotFound, also for another instance's."""
    row = connection.execute(_BY_ID, {"instance": instance.id, "id": user_id}).mappings().first()
    if row is None:
        raise NotFound("There is no such user.")
    return from_row(row)


def lock(connection: Connection, instance: Instance, user_id: int) -> Account:
    """Lock the user's row to the end of the transaction and read it anew; raises NotFound."""
    row = connection.execute(_LOCK, {"instance": instance.id, "id": user_id}).mappings().first()
    if row is None:
        raise NotFound("There is no such user.")
    return from_row(row)


def restamp(connection: Connection, user_id: int) -> int:
    """Raise the stamp: sessions and pending logins that began with the old one end. Returns the new stamp."""
    return connection.execute(_RESTAMP, {"user": user_id}).scalar_one()


def checked_name(name: str) -> str:
    """Return a new user name in NFC; raises InputError."""
    text = unicodedata.normalize("NFC", name.strip())
    if not 0 < len(text) <= NAME_LENGTH or len(key_of(text)) > NAME_KEY_LENGTH:
        raise InputError("name", "The user name needs 1 to %(count)d characters.", count=NAME_LENGTH)
    if "@" in key_of(text) or not text.isprintable():
        raise InputError("name", "The user name must not hold «@» or control characters.")
    if key_of(text) in RESERVED_NAMES:
        raise InputError("name", "This user name is reserved.")
    return text


def checked_email(email: str) -> str:
    """Return one plain e-mail address; raises InputError."""
    text = email.strip()
    if len(text) > EMAIL_LENGTH or not _EMAIL.fullmatch(text) or ".." in text or "=?" in text:
        raise InputError("email", "Please enter one valid e-mail address, such as name@example.org.")
    return text


def check_free(connection: Connection, instance: Instance, *, name: str = "", email: str = "", own: int = 0) -> None:
    """Raise InputError when another account of the instance has the name or the address.

    It stays so to the end of the transaction if that has locked the instance.
    """
    base = select(_u.id).where(_u.instance_id == instance.id, _u.id != own)
    if name and connection.execute(base.where(_u.name_key == key_of(name))).first():
        raise InputError("name", "This user name is taken.")
    if email and connection.execute(base.where(_u.email_key == key_of(email))).first():
        raise InputError("email", "Another account has this e-mail address.")


def context_words(instance: Instance, name: str, email: str) -> frozenset[str]:
    """Words that alone make no password: product, host, role, user and e-mail names (ASVS 6.1.2)."""
    local, _, domain = email.casefold().partition("@")
    own = {key_of(name), email.casefold(), local, domain, domain.partition(".")[0]}
    host = {instance.host, instance.host.partition(".")[0]}
    return PRODUCT_WORDS | frozenset(word for word in own | host | set(instance.active) if word)


@dataclass(frozen=True, slots=True)
class Profile:
    """What people change freely about themselves. ``language`` empty: the browser's."""

    first_name: str
    last_name: str
    company: str
    language: str


def save_profile(connection: Connection, account: Account, profile: Profile) -> None:
    """Save names and language; raises InputError and then changes nothing."""
    for field in ("first_name", "last_name", "company"):
        text: str = getattr(profile, field)
        if len(text) > PROFILE_LENGTH or not text.isprintable():
            raise InputError(
                field, "At most %(count)d characters, without control characters, please.", count=PROFILE_LENGTH
            )
    if profile.language and profile.language not in LANGUAGES:
        raise InputError("language", "Please choose one of the languages.")
    values = {"first_name": profile.first_name.strip(), "last_name": profile.last_name.strip()}
    values |= {"company": profile.company.strip()}
    statement = update(m.user).where(_u.id == account.id)
    connection.execute(statement.values(values | {"language": profile.language or None}))


def check_not_last_administrator(connection: Connection, instance: Instance, account: Account) -> None:
    """Raise Conflict when this is the only administrator who can still sign in. The transaction locked the instance."""
    able = (_u.role == ADMINISTRATOR, _u.disabled.is_(False), _u.password_hash.is_not(None))
    others = select(_u.id).where(_u.instance_id == instance.id, _u.id != account.id, *able)
    if account.administrator and not account.disabled and connection.execute(others.limit(1)).first() is None:
        raise Conflict("%(name)s is the last administrator and must stay one.", name=account.name)
