# SPDX-License-Identifier: MIT
"""The window that is still open: the state of its session, and unlocking it with the password."""

from __future__ import annotations

from flask import Response

from ccm_core.errors import Throttled
from ccm_core.services.proofs import Denied
from ccm_core.services.unlock import REFUSED
from ccm_core.web import guards
from ccm_core.web.context import Context
from ccm_core.web.routing import Access, Rule


def state(context: Context) -> Response:
    """Tell the open page how its session stands; never counts as activity."""
    session = context.session
    if session is None:
        return context.json({"state": "none", "lock_in": None, "user": None})
    lock_in = context.parts.sessions.lock_in(session, context.now) if session.state == "active" else None
    return context.json({"state": session.state, "lock_in": lock_in, "user": session.account.name})


def unlock(context: Context) -> Response:
    """Unlock the session. Every refusal is one answer, also when there is no session any more (H54)."""
    parts, session, password = context.parts, context.session, context.field("password")
    try:
        if session is None:
            parts.unlocks.refuse_nobody(context.instance, password, context.client, context.now)
        elif session.state == "active" and guards.page_token_fits(context):
            # Another window of this browser was faster.
            return _unlocked(context, parts.sessions.lock_in(session, context.now))
        else:
            proof = guards.page_token_fits(context)
            token = parts.unlocks.unlock(
                context.instance, session, password, context.client, context.now, page_proof=proof
            )
            context.renew(token)
            return _unlocked(context, float(parts.settings.session_idle_seconds))
    except (Denied, Throttled) as error:
        status, sentence = (429, context.say(error)) if isinstance(error, Throttled) else (403, "")
        response = context.json({"state": "locked", "message": sentence or context.texts.gettext(REFUSED)}, status)
        if isinstance(error, Throttled):
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    raise RuntimeError("An attempt without a session was not refused.")


def _unlocked(context: Context, lock_in: float) -> Response:
    return context.json({"state": "active", "lock_in": lock_in})


RULES = (
    Rule("GET", "/session", state, Access.OWN_CHECKS),
    Rule("POST", "/session/unlock", unlock, Access.OWN_CHECKS),
)
