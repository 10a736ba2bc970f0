# SPDX-License-Identifier: MIT
"""User administration: the list, adding, and one user's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Response

from ccm_core.errors import CcmError, Conflict, InputError
from ccm_core.plugin_api import Account as PluginAccount
from ccm_core.services.accounts import ADMINISTRATOR, Account
from ccm_core.services.plugin_access import Standing
from ccm_core.services.sessions import MISSING
from ccm_core.texts import marked as _
from ccm_core.web import confirmation
from ccm_core.web.account import DrawnSection, draw_sections, sessions_of
from ccm_core.web.context import Context
from ccm_core.web.forms import NewUserForm, errors_of, id_of
from ccm_core.web.plugin_admin import user_id_of
from ccm_core.web.routing import Access, Confirmation, Rule
from ccm_core.web.user_list import asked_for

PAGE = "/admin/users"


@dataclass(frozen=True, slots=True)
class Person:
    """A user as the templates draw it."""

    id: int
    name: str
    display_name: str
    email: str
    role: str
    state: str
    last_login: float | None
    second_factor: bool
    first_name: str
    last_name: str
    company: str
    created: float


@dataclass(frozen=True, slots=True)
class Factor:
    """A confirmed enrolment."""

    plugin: str
    label: str
    created: float
    last_used: float | None


@dataclass(frozen=True, slots=True)
class PluginOfUser:
    """An active plugin and the user."""

    name: str
    label: str
    mode: str
    allowed: bool
    enrolled: bool


def show_all(context: Context) -> Response:
    """The list, with the form to add a user."""
    return _draw_all(context)


def add(context: Context) -> Response:
    """Add a user, who gets an activation link by mail."""
    form = NewUserForm(context.request.form)
    if not form.validate():
        return _draw_all(context, errors=errors_of(form, context.texts), typed=form.data, status=400)
    values = [(getattr(form, name).data or "") for name in ("name", "email", "role")]
    if values[2] == ADMINISTRATOR:
        sentence = context.texts.gettext("Add %(name)s as an administrator, who manages users and plugins.")
        elsewhere = confirmation.every_time(context, sentence % {"name": values[0]})
        if elsewhere is not None:
            return elsewhere
    try:
        account = context.parts.users.add(context.instance, values[0], values[1], values[2], context.now, context.actor)
    except InputError as error:
        return _draw_all(context, errors={error.field: context.say(error)}, typed=form.data, status=400)
    sentence = context.texts.gettext("%(name)s was added. A link to choose a password was sent to %(email)s.")
    return context.redirect(f"{PAGE}/{account.id}", sentence % {"name": account.name, "email": account.email})


def show(context: Context) -> Response:
    """One user."""
    return _draw(context)


def act(change: Callable[[Context, int], object], message: str) -> Callable[[Context], Response]:
    """Return the view of a button on the user's page: the change, then the page with a message."""

    def view(context: Context) -> Response:
        user_id = user_id_of(context.args["id"])
        try:
            change(context, user_id)
        except (Conflict, InputError) as error:
            return _draw(context, error=error)
        own = user_id == context.account.id and change is not _link
        page = "/login" if own else f"{PAGE}/{user_id}"
        return context.redirect(page, "" if own else context.texts.gettext(message))

    return view


def delete(context: Context) -> Response:
    """Delete a user."""
    user_id = user_id_of(context.args["id"])
    try:
        context.parts.users.remove(context.instance, user_id, context.now, context.actor)
    except Conflict as error:
        return _draw(context, error=error)
    return context.redirect(PAGE, context.texts.gettext("The user was deleted."))


def end_sessions(context: Context) -> Response:
    """End one of a user's sessions, or all."""
    user_id, parts = user_id_of(context.args["id"]), context.parts
    if context.field("all"):
        parts.users.end_sessions(context.instance, user_id, context.now, context.actor)
    else:
        chosen = id_of(context.field("session"), MISSING)
        parts.users.end_session(context.instance, user_id, chosen, context.now, context.actor)
    return context.redirect(f"{PAGE}/{user_id}", context.texts.gettext("The session was ended."))


def _disable(context: Context, user_id: int) -> None:
    context.parts.users.set_disabled(context.instance, user_id, context.now, context.actor, disabled=True)


def _enable(context: Context, user_id: int) -> None:
    context.parts.users.set_disabled(context.instance, user_id, context.now, context.actor, disabled=False)


def _role(context: Context, user_id: int) -> None:
    context.parts.users.set_role(context.instance, user_id, context.field("role"), context.now, context.actor)


def _link(context: Context, user_id: int) -> None:
    context.parts.users.send_link(context.instance, user_id, context.now, context.actor)


def _reset_factor(context: Context, user_id: int) -> None:
    context.parts.users.reset_factor(context.instance, user_id, context.now, context.actor)


def _about(text: str) -> Callable[[Context], str]:
    def reason(context: Context) -> str:
        account = context.parts.users.get(context.instance, user_id_of(context.args["id"]))
        return context.texts.gettext(text) % {"name": account.name}

    return reason


def _person(account: Account, factors: int) -> Person:
    state = "disabled" if account.disabled else "invited" if account.password_hash is None else "active"
    return Person(
        id=account.id,
        name=account.name,
        display_name=account.display_name,
        email=account.email,
        role=account.role,
        state=state,
        last_login=account.last_login_at,
        second_factor=factors > 0,
        first_name=account.first_name,
        last_name=account.last_name,
        company=account.company,
        created=account.created_at,
    )


def _draw_all(
    context: Context,
    *,
    errors: dict[str, str] | None = None,
    typed: dict[str, object] | None = None,
    status: int = 200,
) -> Response:
    asked = asked_for(context)
    page = context.parts.users.listed(context.instance, **asked)
    return context.render(
        "admin_users.html",
        status=status,
        users=[_person(one.account, one.factors) for one in page.users],
        paging=page,
        **asked,
        values=typed or {},
        errors=errors or {},
    )


def _draw(context: Context, *, error: CcmError | None = None) -> Response:
    user_id = user_id_of(context.args["id"])
    account = context.parts.users.get(context.instance, user_id)
    rows = context.parts.factors.ledger.confirmed(account.id)
    standings = context.parts.access.standings(context.instance, account)
    return context.render(
        "admin_user.html",
        status=200 if error is None else 409 if isinstance(error, Conflict) else 400,
        error=context.say(error) if error else None,
        person=_person(account, len(rows)),
        factors=[
            Factor(
                context.plugin_label(row.plugin),
                context.plugin_text(row.plugin)(row.label),
                row.created_at,
                row.last_used_at,
            )
            for row in rows
        ],
        plugins=[_plugin(context, name, standing) for name, standing in standings.items()],
        sessions=sessions_of(context, account),
        sections=_sections(context, account, standings),
    )


def _plugin(context: Context, name: str, standing: Standing) -> PluginOfUser:
    mode = "everyone" if context.instance.active[name].everyone else "selected"
    return PluginOfUser(name, context.plugin_label(name), mode, standing.allowed, standing.enrolled)


def _sections(context: Context, account: Account, standings: Mapping[str, Standing]) -> list[DrawnSection]:
    user = account.to_plugin(context.language)
    subjects = {
        name: PluginAccount(user, standing.enrolled, standing.allowed, context.plugin_store(name, account))
        for name, standing in standings.items()
    }
    return draw_sections(context, context.parts.calls.user_sections(subjects) if subjects else ())


ADMIN, ALWAYS, RECENT = Access.ADMINISTRATOR, Confirmation.ALWAYS, Confirmation.RECENT
ONE = f"{PAGE}/<id>"
RESET_REASON = _about(
    _("Remove the second factor of %(name)s: the user signs in by password alone and is told by mail.")
)
ROLE_REASON = _about(_("Change the role of %(name)s."))
DELETE_REASON = _about(_("Delete the user %(name)s with everything that belongs to the account."))
RULES = (
    Rule("GET", PAGE, show_all, ADMIN),
    Rule("POST", PAGE, add, ADMIN, RECENT),
    Rule("GET", ONE, show, ADMIN),
    Rule("POST", f"{ONE}/disable", act(_disable, _("The user was disabled.")), ADMIN, RECENT),
    Rule("POST", f"{ONE}/enable", act(_enable, _("The user was enabled.")), ADMIN, RECENT),
    Rule("POST", f"{ONE}/password-link", act(_link, _("A link to set a password was sent.")), ADMIN, RECENT),
    Rule("POST", f"{ONE}/role", act(_role, _("The role was changed.")), ADMIN, ALWAYS, ROLE_REASON),
    Rule(
        "POST",
        f"{ONE}/reset-factor",
        act(_reset_factor, _("The second factor was removed.")),
        ADMIN,
        ALWAYS,
        RESET_REASON,
    ),
    Rule("POST", f"{ONE}/delete", delete, ADMIN, ALWAYS, DELETE_REASON),
    Rule("POST", f"{ONE}/sessions", end_sessions, ADMIN, RECENT),
)
