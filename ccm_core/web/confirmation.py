# SPDX-License-Identifier: MIT
"""The page ``/confirm``: proving oneself again before a sensitive change, and going on with it afterwards."""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qsl, quote, urlencode

from flask import Response

from ccm_core.errors import CcmError, Throttled
from ccm_core.services.proofs import Denied
from ccm_core.texts import marked as _
from ccm_core.web import page_tokens
from ccm_core.web.context import Context
from ccm_core.web.paths import own_path
from ccm_core.web.routing import Access, Confirmation, Rule

APPROVAL = "approval"
PLUGIN_PAGES = "/plugins/"
FIELDS_LENGTH = 8000
OWN_FIELDS = frozenset({"page_token", APPROVAL})
"""Fields of the host in every form: neither repeated nor shown to plugins."""
NEUTRAL = _("Please confirm that it is you before you go on.")


def required(context: Context, rule: Rule) -> Response | None:
    """Return the confirmation page when the rule needs one, else None."""
    sessions = context.parts.sessions
    if rule.confirmation is Confirmation.NONE:
        return None
    if rule.confirmation is Confirmation.RECENT and sessions.recent(context.active, context.now):
        return None
    if rule.confirmation is Confirmation.ALWAYS and _approved(context):
        return None
    return ask(context, rule.reason(context) if rule.reason else NEUTRAL, rule.after)


def ask(context: Context, reason: str, after: str = "") -> Response:
    """Draw the confirmation for the request at hand.

    A POST goes on with one button afterwards, unless it holds a password or a code: those are typed anew on ``after``.
    """
    if context.request.method != "POST":
        return context.redirect(f"/confirm?next={quote(own_path(context.path), safe='')}")
    fields = [(name, value) for name, value in context.request.form.items(multi=True) if name not in OWN_FIELDS]
    if any(name == "code" or "password" in name for name, _ in fields):
        return context.redirect(f"/confirm?next={quote(after or context.request.path, safe='')}")
    return _draw(context, next_path="", target=context.request.path, fields=urlencode(fields), reason=reason)


def show(context: Context) -> Response:
    """GET: ask before a page."""
    target = own_path(context.request.args.get("next", ""))
    return _draw(context, next_path=target, target="", fields="", reason=context.texts.gettext(NEUTRAL))


def confirm(context: Context) -> Response:
    """POST: check, then go on."""
    target, fields = context.field("target"), context.field("fields")[:FIELDS_LENGTH]
    next_path = own_path(context.field("next"))
    reason = context.field("reason")[:500] or context.texts.gettext(NEUTRAL)
    alone = _password_alone(context, target or next_path)
    try:
        token = context.parts.confirmations.confirm(
            context.instance,
            context.active,
            context.field("password"),
            context.field("factor"),
            context.field("code"),
            context.client,
            context.now,
            password_alone=alone,
        )
    except (Denied, Throttled) as error:
        status = 429 if isinstance(error, Throttled) else 400
        where = {"next_path": next_path, "target": target, "fields": fields, "reason": reason}
        return _draw(context, **where, error=error, status=status)
    context.renew(token)
    if not target or own_path(target) != target:
        return context.redirect(next_path)
    pairs = [pair for pair in parse_qsl(fields, keep_blank_values=True) if pair[0] not in OWN_FIELDS]
    pairs.append((APPROVAL, _approval(context, token, target, pairs)))
    return context.render("confirm_again.html", text=reason, target=target, fields=pairs)


def _draw(
    context: Context,
    *,
    next_path: str,
    target: str,
    fields: str,
    reason: str,
    error: CcmError | None = None,
    status: int = 200,
) -> Response:
    part, factor, others = None, None, []
    if not _password_alone(context, target or next_path):
        service = context.parts.confirmations
        wanted = context.request.args.get("factor", "") or context.field("factor")
        if service.plugins(context.instance, context.active):
            shown = service.show(context.instance, context.active, wanted)
            part = context.draw_challenge(shown.plugin, shown.challenge) if shown else None
            if shown is None or part is None:
                return context.render("login_unavailable.html", status=503)
            factor, others = shown.plugin, [(name, context.plugin_label(name)) for name in shown.others]
    response = context.render(
        "confirm.html",
        status=status,
        reason=reason,
        part=part,
        factor=factor,
        others=others,
        next=next_path,
        target=target,
        fields=fields,
        error=context.say(error) if error else None,
    )
    if isinstance(error, Throttled):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _password_alone(context: Context, target: str) -> bool:
    """Before the pages of the one plugin that the user is enrolled with, which ask for a fresh code themselves."""
    if not target.startswith(PLUGIN_PAGES):
        return False
    enrolled = context.parts.access.enrolled_in_active(context.instance, context.account)
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
