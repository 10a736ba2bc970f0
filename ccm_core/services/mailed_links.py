# SPDX-License-Identifier: MIT
"""Links that travel by mail: to reset a password, to activate an account, to confirm an address.

256 random bits, kept as a hash, of one purpose, used once, the newest only (ASVS 6.4.1, 6.5.4; NIST 800-63B 4.2.1.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from ccm_core.db import models as m
from ccm_core.db.functions import delete_batch
from ccm_core.errors import NotFound
from ccm_core.services.tokens import new_token, token_hash
from ccm_core.texts import marked as _

Kind = Literal["reset", "activation", "email"]
ACTIVATION_SECONDS = 86400
INVALID = _("This link is not valid any more. It was used, it ran out, or a newer one was sent.")


@dataclass(frozen=True, slots=True)
class Link:
    """A valid link: whose, and for ``email`` which new address."""

    id: int
    user_id: int
    email: str | None


_l = m.mailed_link.c
PENDING_EMAIL = (
    select(_l.email)
    .where(_l.user_id == m.user.c.id, _l.kind == "email", _l.expires_at > bindparam("now"))
    .correlate(m.user)
    .scalar_subquery()
)
"""The new address that waits for its link to be opened, as a column of a query for a user at a time ``now``."""


def create(
    connection: Connection,
    kind: Kind,
    instance_id: int,
    user_id: int,
    now: float,
    seconds: int,
    email: str | None = None,
) -> str:
    """Create the user's only valid link of a kind and return its token."""
    old = update(m.mailed_link).where(_l.user_id == user_id, _l.kind == kind, _l.expires_at > now)
    connection.execute(old.values(expires_at=now))
    token = new_token()
    values: dict[str, object] = {
        "kind": kind,
        "token_hash": token_hash(token),
        "instance_id": instance_id,
        "user_id": user_id,
    }
    values |= {"email": email, "created_at": now, "expires_at": now + seconds}
    connection.execute(insert(m.mailed_link).values(values))
    return token


def find(connection: Connection, kind: Kind, instance_id: int, token: str, now: float) -> Link:
    """Return the link of a token without using it up; raises NotFound."""
    query = select(_l.id, _l.user_id, _l.email).where(
        _l.token_hash == token_hash(token), _l.kind == kind, _l.instance_id == instance_id, _l.expires_at > now
    )
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(INVALID)
    return Link(*row)


def use(connection: Connection, link: Link) -> None:
    """Use a link up; raises NotFound when another request was faster."""
    if connection.execute(delete(m.mailed_link).where(_l.id == link.id)).rowcount != 1:
        raise NotFound(INVALID)


def end(connection: Connection, user_id: int, now: float) -> None:
    """End the user's links to a new password and to a new address."""
    links = update(m.mailed_link).where(_l.user_id == user_id, _l.kind != "activation", _l.expires_at > now)
    connection.execute(links.values(expires_at=now))


def recent(connection: Connection, user_id: int, kind: Kind, since: float) -> int:
    """Return how many links of a kind were made for the user since a time and not used."""
    query = select(func.count()).where(_l.user_id == user_id, _l.kind == kind, _l.created_at > since)
    return connection.execute(query).scalar_one()


def forget(connection: Connection, now: float) -> int:
    """Delete some links that ran out, a day later: until then they count against a flood of mails."""
    return delete_batch(connection, m.mailed_link, and_(_l.expires_at <= now, _l.created_at < now - 86400))
