# SPDX-License-Identifier: MIT
"""The pages of the sign-in: password, challenge, log-out."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from flask import Response

from ccm_core.errors import CcmError, Throttled
from ccm_core.services.pending_logins import Pending
from ccm_core.services.proofs import Denied
from ccm_core.services.sessions import Session
from ccm_core.texts import marked as _
from ccm_core.web import challenges, guards
from ccm_core.web.context import Context, Message
from ccm_core.web.cookies import LOGIN, SESSION
from ccm_core.web.forms import LoginForm, errors_of
from ccm_core.web.paths import own_path
from ccm_core.web.routing import Access, Rule

DONE = {
    "password": _("Your new password was saved. You can log in with it now."),
    "logout": _("You have been logged out."),
}


def show(context: Context) -> Response:
    """The first dialog."""
    done = DONE.get(context.request.args.get("done", ""))
    messages = [Message("success", context.texts.gettext(done))] if done else []
    return context.render("login.html", next=_next(context), messages=messages)


def password(context: Context) -> Response:
    """Take name and password: on to the challenge, or straight into a session."""
    form = LoginForm(context.request.form)
    if not form.validate():
        return _again(context, form, errors=errors_of(form, context.texts), status=400)
    name, typed = form.username.data or "", form.password.data or ""
    session, pending = context.cookies.get(SESSION), context.cookies.get(LOGIN)
    try:
        step = context.parts.logins.password(
            context.instance, name, typed, context.client, context.now, old_session=session, old_pending=pending
        )
    except (Denied, Throttled) as error:
        return _again(context, form, error=error, status=429 if isinstance(error, Throttled) else 401)
    target = own_path(context.field("next"))
    context.cookies.set(SESSION, step.session_token or "")
    if pending or step.pending_token:
        context.cookies.set(LOGIN, step.pending_token or "")
    if step.session_token:
        return context.redirect(target)
    return context.redirect("/login/challenge" + (f"?next={quote(target, safe='')}" if target != "/" else ""))


def challenge(context: Context) -> Response:
    """The second dialog."""
    pending = _pending(context)
    return _draw_challenge(context, pending) if pending else context.redirect("/login")


def code(context: Context) -> Response:
    """Take the answer to the challenge, or «Back»."""
    if context.field("action") == "back":
        context.parts.logins.cancel(context.cookies.get(LOGIN))
        context.cookies.set(LOGIN, "")
        return context.redirect("/login")
    pending = _pending(context)
    if pending is None:
        instance, client, now, reason = context.instance, context.client, context.now, "no pending login"
        context.parts.refusals.note("code.refused", instance, client, now, about=None, reason=reason, purpose="login")
        return context.redirect("/login")
    plugin = context.field("factor")
    if plugin not in pending.plugins:
        plugin = pending.plugins[0]
    try:
        token = context.parts.logins.code(
            context.instance,
            pending,
            plugin,
            context.field("code"),
            context.client,
            context.now,
            old_session=context.cookies.get(SESSION),
        )
    except (Denied, Throttled) as error:
        return _refused(context, error)
    context.cookies.set(LOGIN, "")
    context.cookies.set(SESSION, token)
    return context.redirect(_next(context))


def logout(context: Context) -> Response:
    """End the browser's session, active, locked or not counting at present, and any pending login."""
    parts, session = context.parts, context.session
    fits = guards.public_token_fits(context)
    if not fits and (session is not None or context.cookies.get(LOGIN)):
        guards.refuse(context, "page token")
    # Without a session that counts there is none whose token the page could hold, and nothing that anybody would miss.
    if context.cookies.get(LOGIN):
        parts.logins.cancel(context.cookies.get(LOGIN))
    if session is not None:
        _end(context, session)
    elif context.cookies.get(SESSION):  # what an activated plugin made void would count again without that plugin
        with parts.database.write() as connection:
            parts.sessions.end_by_token(connection, context.cookies.get(SESSION))
    context.cookies.set(SESSION, "")
    context.cookies.set(LOGIN, "")
    response = context.redirect("/login?done=logout" if fits else "/login")
    # Never "cookies": browsers would then drop those of the redirect too.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _end(context: Context, session: Session) -> None:
    parts, about = context.parts, session.account
    with parts.database.write() as connection:
        parts.sessions.end(connection, session.id)
        parts.audit.record(connection, "logout", context.instance.id, context.now, about=about, client=context.client)


def _next(context: Context) -> str:
    target = own_path(context.field("next") or context.request.args.get("next", ""))
    return "/" if target.startswith(("/login", "/logout", "/session")) else target


def _again(
    context: Context,
    form: LoginForm,
    *,
    errors: dict[str, str] | None = None,
    error: CcmError | None = None,
    status: int,
) -> Response:
    response = context.render(
        "login.html",
        status=status,
        next=_next(context),
        values={"username": form.username.data},
        errors=errors or {},
        error=context.say(error) if error else None,
    )
    return _with_retry(response, error)


def _pending(context: Context) -> Pending | None:
    token = context.cookies.get(LOGIN)
    pending = context.parts.logins.pending(context.instance, token, context.now) if token else None
    return pending if pending and pending.rows else None


def _refused(context: Context, error: CcmError) -> Response:
    """Show the challenge again with the reason, or the first dialog once the pending login is over."""
    status = 429 if isinstance(error, Throttled) else 401
    pending = _pending(context)
    if pending is not None:
        return _with_retry(_draw_challenge(context, pending, error, status), error)
    context.cookies.set(LOGIN, "")
    response = context.render("login.html", status=status, next=_next(context), error=context.say(error))
    return _with_retry(response, error)


def _draw_challenge(context: Context, pending: Pending, error: CcmError | None = None, status: int = 200) -> Response:
    drawn = challenges.draw(context, "login", partial(context.parts.logins.show, context.instance, pending))
    if drawn is None:
        return challenges.unavailable(context, pending.account, pending.plugins, "login", error)
    return context.render(
        "challenge.html",
        status=status,
        part=drawn.part,
        factor=drawn.factor,
        others=drawn.others,
        next=_next(context),
        error=context.say(error) if error else None,
    )


def _with_retry(response: Response, error: CcmError | None) -> Response:
    if isinstance(error, Throttled):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


RULES = (
    Rule("GET", "/login", show, Access.PUBLIC),
    Rule("POST", "/login", password, Access.PUBLIC),
    Rule("GET", "/login/challenge", challenge, Access.PUBLIC),
    Rule("POST", "/login/challenge", code, Access.PUBLIC),
    Rule("POST", "/logout", logout, Access.OWN_CHECKS),
)
