# SPDX-License-Identifier: MIT
"""What a request must satisfy before its view is called."""

from __future__ import annotations

from urllib.parse import quote, unquote

from flask import Request, Response
from werkzeug.exceptions import BadRequest, Forbidden, LengthRequired, RequestEntityTooLarge, UnsupportedMediaType

from ccm_core.services.accounts import Account
from ccm_core.services.instances import Instance
from ccm_core.web import page_tokens
from ccm_core.web.context import Context
from ccm_core.web.cookies import LOGIN, VISIT
from ccm_core.web.paths import masked, own_path
from ccm_core.web.routing import Access, Rule

MOST_BYTES = 65536
FORM = "application/x-www-form-urlencoded"


def check_body(request: Request) -> None:
    """Refuse a body without a length (411), above 64 KiB (413), or that is no form (415), before any of it is read."""
    if "HTTP_TRANSFER_ENCODING" in request.environ or (request.method == "POST" and request.content_length is None):
        raise LengthRequired
    if (request.content_length or 0) > MOST_BYTES:
        raise RequestEntityTooLarge
    if request.method == "POST" and request.content_length and request.mimetype != FORM:
        raise UnsupportedMediaType


def check_text(request: Request) -> None:
    """Refuse text that is not UTF-8 or holds a NUL (400): no browser sends either, and no database keeps it."""
    for encoded in filter(None, (request.query_string, request.get_data() if request.content_length else b"")):
        try:
            text = unquote(encoded.decode(), errors="strict")
        except UnicodeDecodeError as error:
            raise BadRequest from error
        if "\0" in text:
            raise BadRequest


def same_origin(request: Request, instance: Instance) -> bool:
    """Whether an unsafe request comes from a page of the instance (ASVS 3.5.1).

    Sec-Fetch-Site, if present, is ``same-origin``; Origin, if present, the instance's own; one of the two is there.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is None and origin is None:
        return False
    return site in {None, "same-origin"} and origin in {None, instance.origin}


def page_token_fits(context: Context) -> bool:
    """Whether the form holds the page token of this session, active or locked."""
    session = context.session
    if session is None:
        return False
    return page_tokens.fits(context.parts.vault, "session", session.family, context.field("page_token"))


def public_token_fits(context: Context) -> bool:
    """Whether the form was drawn for this browser before the login, or in its session."""
    visit = context.cookies.get(VISIT)
    if visit and page_tokens.fits(context.parts.vault, "visit", visit.encode(), context.field("page_token")):
        return True
    return page_token_fits(context)


def check(context: Context, rule: Rule) -> Response | None:
    """Return None when the view may be called, or where to go instead; raises Forbidden."""
    if rule.access in {Access.SESSION, Access.ADMINISTRATOR}:
        if context.session is None or context.session.state != "active":
            _note_half_login(context)
            return to_login(context)
        if rule.access is Access.ADMINISTRATOR and not context.account.administrator:
            refuse(context, "not an administrator")
    if context.request.method == "POST":
        if not same_origin(context.request, context.instance):
            refuse(context, "foreign origin")
        fits = public_token_fits if rule.access is Access.PUBLIC else page_token_fits
        if rule.access is not Access.OWN_CHECKS and not fits(context):
            refuse(context, "page token")
    return None


def to_login(context: Context) -> Response:
    """Send the browser to the login, and back to the page afterwards if it was being looked at."""
    target = own_path(context.path) if context.request.method in {"GET", "HEAD"} else "/"
    return context.redirect("/login" + (f"?next={quote(target, safe='')}" if target != "/" else ""))


def refuse(context: Context, reason: str) -> None:
    """Note a refused request in the audit trail and raise Forbidden, or Throttled when there were too many."""
    _note(context, reason, context.session.account if context.session else None)
    raise Forbidden


def _note_half_login(context: Context) -> None:
    """Note who, with the password proved, asks for a page instead of passing the second step (ASVS 16.3.3)."""
    token = context.cookies.get(LOGIN)
    pending = context.parts.logins.pending(context.instance, token, context.now) if token else None
    if pending is not None:
        _note(context, "second step missing", pending.account)


def _note(context: Context, reason: str, about: Account | None) -> None:
    context.parts.refusals.note(
        "request.refused",
        context.instance,
        context.client,
        context.now,
        about=about,
        reason=reason,
        method=context.request.method,
        path=masked(context.request.path),
    )
