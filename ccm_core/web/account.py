# SPDX-License-Identifier: MIT
"""Account settings: what people change about themselves, their open sessions, and the plugins' sections."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response
from markupsafe import Markup

from ccm_core.errors import CcmError, InputError, NotFound, PluginFailed, Throttled
from ccm_core.plugin_api import Account as PluginAccount
from ccm_core.plugin_manager.calls import Sections
from ccm_core.services.accounts import Account, Profile
from ccm_core.services.proofs import Denied
from ccm_core.services.sessions import MISSING
from ccm_core.services.user_agents import browser_of
from ccm_core.web.context import Context
from ccm_core.web.forms import ChangePasswordForm, EmailForm, ProfileForm, errors_of, id_of
from ccm_core.web.routing import Access, Confirmation, Rule


@dataclass(frozen=True, slots=True)
class DrawnSection:
    """A plugin's section, or a note in its place."""

    title: str
    part: Markup | None
    note: str | None


@dataclass(frozen=True, slots=True)
class ShownSession:
    """One line of the list of open sessions."""

    id: int
    browser: str
    network: str
    first_seen: float
    last_seen: float
    current: bool


def show(context: Context) -> Response:
    """The account page."""
    return _draw(context)


def save_profile(context: Context) -> Response:
    """Save names and language."""
    form = ProfileForm(context.request.form)
    if not form.validate():
        return _draw(context, errors=errors_of(form, context.texts), typed=form.data, status=400)
    profile = Profile(
        *((getattr(form, name).data or "") for name in ("first_name", "last_name", "company", "language"))
    )
    try:
        context.parts.changes.profile(context.instance, context.active, profile, context.client, context.now)
    except InputError as error:
        return _draw(context, errors={error.field: context.say(error)}, typed=form.data, status=400)
    texts = context.parts.texts.into(context.language_for(profile.language))
    return context.redirect("/account", texts.gettext("Your data was saved."))


def change_email(context: Context) -> Response:
    """Mail a link to a new address."""
    form = EmailForm(context.request.form)
    if not form.validate():
        return _draw(context, errors=errors_of(form, context.texts), typed=form.data, status=400)
    email = form.email.data or ""
    try:
        context.parts.changes.ask_email(context.instance, context.active, email, context.client, context.now)
    except InputError as error:
        return _draw(context, errors={error.field: context.say(error)}, typed=form.data, status=400)
    sentence = context.texts.gettext("A link was sent to %(email)s. The address counts once you have opened it.")
    return context.redirect("/account", sentence % {"email": email.strip()})


def change_password(context: Context) -> Response:
    """Change the own password."""
    form = ChangePasswordForm(context.request.form)
    if not form.validate():
        return _draw(context, errors=errors_of(form, context.texts), status=400)
    current, new, repeated = (
        (getattr(form, name).data or "") for name in ("current_password", "new_password", "repeat_password")
    )
    try:
        token = context.parts.changes.password(
            context.instance, context.active, current, new, repeated, context.client, context.now
        )
    except InputError as error:
        return _draw(context, errors={error.field: context.say(error)}, status=400)
    except Throttled as error:
        response = _draw(context, error=error, status=429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    context.renew(token)
    return context.redirect("/account", context.texts.gettext("Your password was changed. Other sessions were ended."))


def end_sessions(context: Context) -> Response:
    """End one of one's own sessions, or all others."""
    parts, account = context.parts, context.account
    chosen = None if context.field("all") else id_of(context.field("session"), MISSING)
    with parts.database.write() as connection:
        if chosen is None:
            parts.sessions.end_all(connection, account.id, keep=context.active.id)
        else:
            parts.sessions.end_one(connection, account, chosen)
        event = "account.sessions_ended"
        parts.audit.record(connection, event, context.instance.id, context.now, about=account, client=context.client)
    return context.redirect("/account", context.texts.gettext("The session was ended."))


def confirm_email_page(context: Context) -> Response:
    """The link to a new address was opened: ask once more. Changes nothing."""
    try:
        email = context.parts.changes.new_email(context.instance, context.args["token"], context.now)
    except NotFound:
        return context.render("link_invalid.html", status=404, kind="email")
    return context.render("email_confirm.html", email=email)


def confirm_email(context: Context) -> Response:
    """Let the new address count."""
    token = context.args["token"]
    try:
        email = context.parts.changes.new_email(context.instance, token, context.now)
        renewed = context.parts.changes.confirm_email(
            context.instance, context.active, token, context.client, context.now
        )
    except NotFound:
        return context.render("link_invalid.html", status=404, kind="email")
    except (InputError, Denied) as error:
        return context.render("email_confirm.html", status=400, email=email, error=context.say(error))
    context.renew(renewed)
    return context.redirect("/account", context.texts.gettext("Your new e-mail address counts from now on."))


def sections_of(context: Context) -> list[DrawnSection]:
    """Draw what plugins add to the account page; a failed one becomes a note that names it."""
    standings = context.parts.access.own_standings(context.instance, context.active)
    user = context.account.to_plugin(context.language)
    seen = {
        name: PluginAccount(user, standing.enrolled, standing.allowed, context.plugin_store(name, context.account))
        for name, standing in standings.items()
        if standing.visible
    }
    return draw_sections(context, context.parts.calls.account_sections(seen) if seen else ())


def draw_sections(context: Context, answers: Sections) -> list[DrawnSection]:
    """Draw sections one by one, each in a try of its own."""
    drawn: list[DrawnSection] = []
    for plugin, sections in answers:
        if sections == ():
            continue
        translate = context.plugin_text(plugin)
        try:
            if sections is None:
                raise PluginFailed(plugin, "sections", "")
            drawn += [
                DrawnSection(translate(one.title), context.draw(plugin, one.template, one.context), None)
                for one in sections
            ]
        except PluginFailed:
            label = context.plugin_label(plugin)
            note = context.texts.gettext("The plugin %(plugin)s could not show its part.") % {"plugin": label}
            drawn.append(DrawnSection(label, None, note))
    return drawn


def sessions_of(context: Context, account: Account) -> list[ShownSession]:
    """Return a user's open sessions for the list."""
    own = context.active.id
    return [
        ShownSession(
            one.id,
            browser_of(one.user_agent) or context.texts.gettext("Unknown browser"),
            one.network,
            one.first_seen,
            one.last_seen,
            one.id == own,
        )
        for one in context.parts.sessions.open_of(account, context.now)
    ]


def _draw(
    context: Context,
    *,
    errors: dict[str, str] | None = None,
    error: CcmError | None = None,
    typed: dict[str, object] | None = None,
    status: int = 200,
) -> Response:
    account = context.account
    names = ("first_name", "last_name", "company", "email")
    values = {name: getattr(account, name) for name in names} | {"language": account.language or ""}
    return context.render(
        "account.html",
        status=status,
        values=values | (typed or {}),
        errors=errors or {},
        error=context.say(error) if error else None,
        pending_email=context.active.pending_email,
        min_length=context.parts.settings.password_min_length,
        sessions=sessions_of(context, account),
        sections=sections_of(context),
    )


def _back(context: Context) -> Response:
    return context.redirect("/account")


RECENT = Confirmation.RECENT
RULES = (
    Rule("GET", "/account", show),
    Rule("POST", "/account", save_profile),
    Rule("GET", "/account/email", _back),
    Rule("POST", "/account/email", change_email, confirmation=RECENT, after="/account"),
    Rule("GET", "/account/email/<token>", confirm_email_page),
    Rule("POST", "/account/email/<token>", confirm_email),
    Rule("GET", "/account/password", _back),
    Rule("POST", "/account/password", change_password, Access.SESSION, RECENT, after="/account"),
    Rule("GET", "/account/sessions", _back),
    Rule("POST", "/account/sessions", end_sessions),
)
