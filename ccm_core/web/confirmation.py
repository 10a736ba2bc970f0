# SPDX-License-Identifier: MIT
"""The page ``/confirm``: proving oneself again before a sensitive change, and going on with it afterwards."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl, quote, urlencode

from flask import Response
from werkzeug.exceptions import BadRequest

from ccm_core.errors import CcmError, Throttled
from ccm_core.services.proofs import Denied
from ccm_core.texts import marked as _
from ccm_core.web import challenges, page_tokens
from ccm_core.web.context import Context
from ccm_core.web.paths import own_path
from ccm_core.web.routing import Access, Confirmation, Rule

APPROVAL = "approval"
PLUGIN_PAGES = "/plugins/"
FIELDS_LENGTH = 8000
OWN_FIELDS = frozenset({"page_token", APPROVAL})
"""Fields of the host in every form: neither repeated nor shown to plugins."""
NEUTRAL = _("Please confirm that it is you before you go on.")


@dataclass(frozen=True, slots=True)
class Goal:
    """What goes on after the confirmation: a page ``next_path``, or the POST to ``target`` with its encoded fields."""

    reason: str
    next_path: str = "/"
    target: str = ""
    fields: str = ""

    @property
    def path(self) -> str:
        """Where it leads."""
        return self.target or self.next_path


def required(context: Context, rule: Rule) -> Response | None:
    """Return the confirmation page when the rule needs one, else None."""
    sessions = context.parts.sessions
    if rule.confirmation is Confirmation.NONE:
        return None
    if rule.confirmation is Confirmation.RECENT and sessions.recent(context.active, context.now):
        return None
    reason = rule.reason(context) if rule.reason else context.texts.gettext(NEUTRAL)
    return every_time(context, reason) if rule.confirmation is Confirmation.ALWAYS else ask(context, reason, rule.after)


def every_time(context: Context, reason: str) -> Response | None:
    """Return None when this very request was confirmed, else the confirmation page."""
    return _use_up(context) if _approved(context) else ask(context, reason)


def _use_up(context: Context) -> Response | None:
    """Let an approval count once: it is bound to the session's token, which changes now."""
    with context.parts.database.write() as connection:
        token = context.parts.sessions.replace_token(connection, context.active, context.now)
    if token is None:
        return context.redirect("/")
    context.renew(token)
    return None


def ask(context: Context, reason: str, after: str = "") -> Response:
    """Draw the confirmation for the request at hand.

    A POST goes on with one button afterwards, unless it holds a password or a code, or more than the button can carry:
    that is typed anew on ``after``.
    """
    if context.request.method != "POST":
        return context.redirect(f"/confirm?next={quote(own_path(context.path), safe='')}")
    fields = [(name, value) for name, value in context.request.form.items(multi=True) if name not in OWN_FIELDS]
    carried = urlencode(fields)
    if len(carried) > FIELDS_LENGTH or any(name == "code" or "password" in name for name, _ in fields):
        return context.redirect(f"/confirm?next={quote(after or context.request.path, safe='')}")
    return _draw(context, Goal(reason, target=context.request.path, fields=carried))


def show(context: Context) -> Response:
    """GET: ask before a page."""
    return _draw(context, Goal(context.texts.gettext(NEUTRAL), own_path(context.request.args.get("next", ""))))


def confirm(context: Context) -> Response:
    """POST: check, then go on."""
    goal = _goal(context)
    if context.field("way"):
        return _draw(context, goal)
    try:
        token = context.parts.confirmations.confirm(
            context.instance,
            context.active,
            context.field("password"),
            context.field("factor"),
            context.field("code"),
            context.client,
            context.now,
            password_alone=_password_alone(context, goal.path),
        )
    except (Denied, Throttled) as error:
        return _draw(context, goal, error=error, status=429 if isinstance(error, Throttled) else 400)
    context.renew(token)
    if not goal.target:
        return context.redirect(goal.next_path)
    pairs = [pair for pair in parse_qsl(goal.fields, keep_blank_values=True) if pair[0] not in OWN_FIELDS]
    pairs.append((APPROVAL, _approval(context, token, goal.target, pairs)))
    return context.render("confirm_again.html", text=goal.reason, target=goal.target, fields=pairs)


def _goal(context: Context) -> Goal:
    """Read from the form what goes on; raises BadRequest when it was made longer than any that we draw."""
    fields = context.field("fields")
    if len(fields) > FIELDS_LENGTH:
        raise BadRequest
    reason = context.field("reason")[:500] or context.texts.gettext(NEUTRAL)
    return Goal(reason, own_path(context.field("next")), own_path(context.field("target"), ""), fields)


def _draw(context: Context, goal: Goal, *, error: CcmError | None = None, status: int = 200) -> Response:
    drawn, service = None, context.parts.confirmations
    needed = service.plugins(context.instance, context.active)
    if needed and not _password_alone(context, goal.path):
        drawn = challenges.draw(context, "confirmation", partial(service.show, context.instance, context.active))
        if drawn is None:
            return challenges.unavailable(context, context.account, needed, "confirmation", error)
    response = context.render(
        "confirm.html",
        status=status,
        reason=goal.reason,
        part=drawn.part if drawn else None,
        factor=drawn.factor if drawn else None,
        others=drawn.others if drawn else (),
        next=goal.next_path,
        target=goal.target,
        fields=goal.fields,
        error=context.say(error) if error else None,
    )
    if isinstance(error, Throttled):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _password_alone(context: Context, target: str) -> bool:
    """Before the pages of the one plugin that the user is enrolled with, which ask for a fresh code themselves."""
    if not target.startswith(PLUGIN_PAGES):
        return False
    enrolled = context.parts.confirmations.plugins(context.instance, context.active)
    return enrolled == (target.removeprefix(PLUGIN_PAGES).partition("/")[0],)


def _approval(context: Context, session_token: str, target: str, fields: list[tuple[str, str]]) -> str:
    """Bind the confirmation to the session's new token, the target and what will be sent to it."""
    return page_tokens.make(context.parts.vault, "approval", _digest(session_token, target, fields))


def _approved(context: Context) -> bool:
    form = context.request.form
    fields = [(name, value) for name, value in form.items(multi=True) if name not in OWN_FIELDS]
    digest = _digest(context.cookies.get("ccm_session"), context.request.path, fields)
    recent = context.parts.sessions.recent(context.active, context.now)
    return recent and page_tokens.fits(context.parts.vault, "approval", digest, form.get(APPROVAL, ""))


def _digest(session_token: str, target: str, fields: list[tuple[str, str]]) -> bytes:
    return hashlib.sha256("\n".join((session_token, target, urlencode(sorted(fields)))).encode()).digest()


RULES = (
    Rule("GET", "/confirm", show, Access.SESSION),
    Rule("POST", "/confirm", confirm, Access.SESSION),
)
