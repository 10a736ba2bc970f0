# SPDX-License-Identifier: MIT
"""The pages of a forgotten password, and of the first password of a new account."""

from __future__ import annotations

from functools import partial

from flask import Response

from ccm_core.errors import CcmError, InputError, NotFound, Throttled
from ccm_core.services.mailed_links import Kind
from ccm_core.services.password_reset import Opened
from ccm_core.services.proofs import Denied
from ccm_core.web import challenges
from ccm_core.web.context import Context
from ccm_core.web.forms import ForgotForm, NewPasswordForm, errors_of
from ccm_core.web.routing import Access, Rule


def forgot(context: Context) -> Response:
    """Ask whose password is to be reset."""
    return context.render("forgot.html", keeps_factor=context.parts.settings.reset_keeps_second_factor)


def send(context: Context) -> Response:
    """Take the request; one answer for every input."""
    form = ForgotForm(context.request.form)
    if not form.validate():
        return context.render(
            "forgot.html",
            status=400,
            keeps_factor=context.parts.settings.reset_keeps_second_factor,
            values={"username": form.username.data},
            errors=errors_of(form, context.texts),
        )
    context.parts.resets.request(context.instance, form.username.data or "", context.client, context.now)
    return context.render("forgot_sent.html", minutes=context.parts.settings.reset_seconds // 60)


def open_link(context: Context) -> Response:
    """A mailed link was opened: ask for the new password. Changes nothing."""
    kind = _kind(context)
    try:
        opened = context.parts.resets.open(context.instance, kind, context.args["token"], context.now)
    except NotFound:
        return _invalid(context, kind)
    return _draw(context, kind, opened)


def save(context: Context) -> Response:
    """Save the new password; nobody is signed in by it."""
    kind = _kind(context)
    resets, token = context.parts.resets, context.args["token"]
    try:
        opened = resets.open(context.instance, kind, token, context.now)
        form = NewPasswordForm(context.request.form)
        if not form.validate():
            return _draw(context, kind, opened, errors=errors_of(form, context.texts), status=400)
        try:
            resets.set_password(
                context.instance,
                kind,
                token,
                form.new_password.data or "",
                form.repeat_password.data or "",
                context.client,
                context.now,
                plugin=context.field("factor"),
                answer=context.field("code"),
            )
        except InputError as error:
            return _draw(context, kind, opened, errors={error.field: context.say(error)}, status=400)
        except (Denied, Throttled) as error:
            return _draw(context, kind, opened, error=error, status=429 if isinstance(error, Throttled) else 400)
    except NotFound:
        return _invalid(context, kind)
    return context.redirect("/login?done=password")


def _kind(context: Context) -> Kind:
    return "activation" if context.request.path.startswith("/activate/") else "reset"


def _invalid(context: Context, kind: Kind) -> Response:
    return context.render("link_invalid.html", status=404, kind=kind)


def _draw(
    context: Context,
    kind: Kind,
    opened: Opened,
    *,
    errors: dict[str, str] | None = None,
    error: CcmError | None = None,
    status: int = 200,
) -> Response:
    drawn = None
    if opened.strict:
        drawn = challenges.draw(context, "login", partial(context.parts.resets.show, context.instance, opened))
        if drawn is None:
            plugins = sorted({row.plugin for row in opened.strict})
            return challenges.unavailable(context, opened.account, plugins, "login", error)
    response = context.render(
        "reset.html",
        status=status,
        activation=kind == "activation",
        removes_factor=opened.removes_factor,
        part=drawn.part if drawn else None,
        factor=drawn.factor if drawn else None,
        others=drawn.others if drawn else (),
        name=opened.account.name,
        min_length=context.parts.settings.password_min_length,
        errors=errors or {},
        error=context.say(error) if error else None,
    )
    if isinstance(error, Throttled):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


RULES = (
    Rule("GET", "/password/forgot", forgot, Access.PUBLIC),
    Rule("POST", "/password/forgot", send, Access.PUBLIC),
    Rule("GET", "/password/reset/<token>", open_link, Access.PUBLIC),
    Rule("POST", "/password/reset/<token>", save, Access.PUBLIC),
    Rule("GET", "/activate/<token>", open_link, Access.PUBLIC),
    Rule("POST", "/activate/<token>", save, Access.PUBLIC),
)
