# SPDX-License-Identifier: MIT
"""What ends when something that a login needs is changed: sessions, pending logins, mailed links."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete

from ccm_core.db import models as m
from ccm_core.services import accounts, mailed_links
from ccm_core.services.sessions import Sessions

_PENDING = delete(m.pending_login).where(m.pending_login.c.user_id == bindparam("user"))


def end_logins(
    connection: Connection, sessions: Sessions, user_id: int, now: float, *, keep: int | None = None
) -> tuple[int, int]:
    """Raise the stamp and end what began before; returns the new stamp and how many sessions ended.

    ``keep`` is the session that made the change, which must take over the new stamp. Links to a new password or a new
    address end too: whoever asked for one before the change must not undo it afterwards. A link that activates an
    account stays, since there is nothing yet that it could undo. The caller's transaction holds the user's row.
    """
    stamp = accounts.restamp(connection, user_id)
    ended = sessions.end_all(connection, user_id, keep)
    connection.execute(_PENDING, {"user": user_id})
    mailed_links.end(connection, user_id, now)
    return stamp, ended
