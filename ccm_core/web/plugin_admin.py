# SPDX-License-Identifier: MIT
"""Plugin management: every installed plugin, its state and reason, its settings and who may use it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Response

from ccm_core.errors import CcmError, InputError, PluginRefused
from ccm_core.plugin_api import SettingField
from ccm_core.services.plugin_settings import effective_settings
from ccm_core.services.plugins import PluginView
from ccm_core.texts import marked as _
from ccm_core.web.context import Context
from ccm_core.web.forms import id_of
from ccm_core.web.routing import Access, Confirmation, Rule
from ccm_core.web.user_list import asked_for

PAGE = "/admin/plugins"
MOST_COUNTED = 1000
"""Users of a plugin that a page counts: of more it says that they are more."""
NO_USER = _("There is no such user.")


@dataclass(frozen=True, slots=True)
class ShownPlugin:
    """A plugin as the templates draw it."""

    name: str
    label: str
    version: str
    author: str
    description: str
    homepage: str | None
    state: str
    reason: str
    notes: tuple[str, ...]
    users: int
    more_users: bool
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class ShownUser:
    """A user and the plugin."""

    id: int
    name: str
    email: str
    allowed: bool
    enrolled: bool


def show_all(context: Context) -> Response:
    """All plugins."""
    views = context.parts.plugins.listed(context.instance, MOST_COUNTED)
    return context.render("admin_plugins.html", plugins=[_shown(context, view) for view in views])


def show(context: Context) -> Response:
    """One plugin."""
    return _draw(context)


def activate(context: Context) -> Response:
    """Load, validate and activate; a refusal changes nothing and shows the reason."""
    name = context.args["name"]
    try:
        context.parts.plugins.get(context.instance, name)
        context.parts.plugins.activate(context.instance, name, context.now, context.actor)
    except PluginRefused as refused:
        return context.redirect(f"{PAGE}/{name}", context.say(refused), "error")
    return context.redirect(f"{PAGE}/{name}", context.texts.gettext("The plugin was activated."))


def deactivate(context: Context) -> Response:
    """Deactivate: enrolments stay, and count again on re-activation."""
    context.parts.plugins.deactivate(context.instance, context.args["name"], context.now, context.actor)
    return context.redirect(f"{PAGE}/{context.args['name']}", context.texts.gettext("The plugin was deactivated."))


def everyone(context: Context) -> Response:
    """Activate directly for all users."""
    context.parts.access.allow(context.instance, context.args["name"], context.now, context.actor)
    return _back(context, _("The plugin is now enabled for all users."))


def select(context: Context) -> Response:
    """Limit the plugin to selected users."""
    context.parts.access.select_users(context.instance, context.args["name"], context.now, context.actor)
    return _back(context, _("The plugin is now limited to selected users."))


def allow(context: Context) -> Response:
    """Enable the plugin for one user."""
    user_id = user_id_of(context.field("user"))
    context.parts.access.allow(context.instance, context.args["name"], context.now, context.actor, user_id)
    return _back(context, _("The plugin was enabled for the user."))


def revoke(context: Context) -> Response:
    """Withdraw the plugin from one user, with its enrolment."""
    user_id = user_id_of(context.field("user"))
    context.parts.access.revoke(context.instance, context.args["name"], user_id, context.now, context.actor)
    return _back(context, _("The plugin was withdrawn from the user."))


def save_settings(context: Context) -> Response:
    """Save the plugin's settings."""
    typed = {key: values[0] for key, values in context.request.form.lists()}
    try:
        context.parts.plugins.save_settings(context.instance, context.args["name"], typed, context.now, context.actor)
    except InputError as error:
        return _draw(context, errors={error.field: context.say(error)}, typed=typed, status=400)
    return _back(context, _("The settings were saved."))


def purge(context: Context) -> Response:
    """Remove everything that the instance has of a plugin."""
    context.parts.plugins.purge(context.instance, context.args["name"], context.now, context.actor)
    return context.redirect(PAGE, context.texts.gettext("Everything that was kept for the plugin was removed."))


def retry(context: Context) -> Response:
    """Let every process try a failed plugin again."""
    name = context.args["name"]
    try:
        context.parts.plugins.retry(context.instance, name, context.now, context.actor)
    except PluginRefused as refused:
        return context.redirect(f"{PAGE}/{name}", context.say(refused), "error")
    return _back(context, _("The plugin could be loaded again."))


def user_id_of(text: str) -> int:
    """Return a user's id from a form or an address; raises NotFound for anything else."""
    return id_of(text, NO_USER)


def _affected(text: str) -> Callable[[Context], str]:
    """Return the sentence of a dangerous act with the number of users whom it affects."""

    def reason(context: Context) -> str:
        view = context.parts.plugins.get(context.instance, context.args["name"], MOST_COUNTED)
        users = context.texts.ngettext(
            "%(count)s user has a second factor of this plugin.",
            "%(count)s users have a second factor of this plugin.",
            view.users,
        )
        if view.users > MOST_COUNTED:
            users = context.texts.gettext("More than %(count)s users have a second factor of this plugin.")
        label = _shown(context, view).label
        return f"{context.texts.gettext(text) % {'plugin': label}} {users % {'count': min(view.users, MOST_COUNTED)}}"

    return reason


def _revoke_reason(context: Context) -> str:
    view = context.parts.plugins.get(context.instance, context.args["name"])
    account = context.parts.users.get(context.instance, user_id_of(context.field("user")))
    sentence = context.texts.gettext(
        "Withdraw the plugin %(plugin)s from %(name)s: a second factor of it is removed, and the user is told."
    )
    return sentence % {"plugin": _shown(context, view).label, "name": account.name}


def _back(context: Context, message: str, error: CcmError | None = None) -> Response:
    target = context.field("next")
    path = target if re.fullmatch(r"/admin/users/[0-9]{1,18}", target) else ""
    sentence = context.say(error) if error else context.texts.gettext(message)
    return context.redirect(path or f"{PAGE}/{context.args['name']}", sentence, "error" if error else "success")


def _shown(context: Context, view: PluginView) -> ShownPlugin:
    record = view.record
    translate = context.plugin_text(view.name)
    state: str = view.state
    if state == "active":
        state = "ended" if not view.admits else "included" if view.by_plan else "active"
    actions = {"deactivate", "access"} if view.active else {"activate", "purge"} if record else {"purge"}
    if record and view.faults:
        actions |= {"retry"}
    return ShownPlugin(
        name=view.name,
        label=translate(record.label) if record else view.name,
        version=record.version if record else "",
        author=record.author if record else "",
        description=_sentence(translate(record.summary)) if record else "",
        homepage=next((url for _, url in record.links if url.startswith("https://")), None) if record else None,
        state=state,
        reason=_reason(context, view),
        notes=view.notes,
        users=min(view.users, MOST_COUNTED),
        more_users=view.users > MOST_COUNTED,
        actions=frozenset(actions),
    )


def _reason(context: Context, view: PluginView) -> str:
    """Return why a plugin does not work. What the plugin's author must mend is English, as in the log."""
    if view.state == "missing":
        return context.texts.gettext("The plugin %(name)s is not installed.") % {"name": view.name}
    return view.reason if view.state == "broken" else ""


def _sentence(text: str) -> str:
    """Begin with a capital letter: the summary of a distribution need not."""
    return text[:1].upper() + text[1:]


def _settings(context: Context, name: str) -> tuple[list[SettingField], dict[str, object]]:
    try:
        form = context.parts.registry.get(name).settings
    except PluginRefused:
        return [], {}
    active = context.instance.active.get(name)
    if form is None or active is None:
        return [], {}
    translate = context.plugin_text(name)
    fields = [
        replace(
            field,
            label=translate(field.label),
            help=translate(field.help) if field.help else "",
            choices=tuple((value, translate(label)) for value, label in field.choices),
        )
        for field in form.fields
    ]
    return fields, effective_settings(form, active.settings)


def _draw(
    context: Context, *, errors: dict[str, str] | None = None, typed: dict[str, str] | None = None, status: int = 200
) -> Response:
    name = context.args["name"]
    view = context.parts.plugins.get(context.instance, name, MOST_COUNTED)
    fields, values = _settings(context, name)
    asked = asked_for(context)
    page = context.parts.users.listed(context.instance, **asked)
    accounts = tuple(one.account for one in page.users)
    allowed = context.parts.users.allowed(context.instance, name, accounts)
    enrolled = context.parts.users.enrolled(name, accounts)
    users = [
        ShownUser(one.id, one.name, one.email, view.everyone or allowed[one.id], one.id in enrolled) for one in accounts
    ]
    return context.render(
        "admin_plugin.html",
        status=status,
        plugin=_shown(context, view),
        settings=fields,
        values=values | (typed or {}),
        errors=errors or {},
        mode="everyone" if view.everyone else "selected",
        users=users,
        paging=page,
        **asked,
    )


ADMIN, ALWAYS = Access.ADMINISTRATOR, Confirmation.ALWAYS
DEACTIVATE = _affected(
    _("Deactivate the plugin %(plugin)s: users with a second factor of it sign in by password alone.")
)
PURGE = _affected(_("Remove everything that is kept for the plugin %(plugin)s: this cannot be undone."))
ONE = f"{PAGE}/<name>"
RULES = (
    Rule("GET", PAGE, show_all, ADMIN),
    Rule("GET", ONE, show, ADMIN),
    Rule("POST", f"{ONE}/activate", activate, ADMIN, Confirmation.RECENT),
    Rule("POST", f"{ONE}/deactivate", deactivate, ADMIN, ALWAYS, DEACTIVATE),
    Rule("POST", f"{ONE}/everyone", everyone, ADMIN, Confirmation.RECENT),
    Rule("POST", f"{ONE}/select", select, ADMIN, Confirmation.RECENT),
    Rule("POST", f"{ONE}/allow", allow, ADMIN, Confirmation.RECENT),
    Rule("POST", f"{ONE}/revoke", revoke, ADMIN, ALWAYS, _revoke_reason),
    Rule("POST", f"{ONE}/settings", save_settings, ADMIN, Confirmation.RECENT),
    Rule("POST", f"{ONE}/purge", purge, ADMIN, ALWAYS, PURGE),
    Rule("POST", f"{ONE}/retry", retry, ADMIN),
)
