# SPDX-License-Identifier: MIT
"""The plugins' pages: one host route for all, which checks everything before a plugin's view is called."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response
from werkzeug.exceptions import MethodNotAllowed

from ccm_core.errors import NotFound, PluginFailed, PluginRefused
from ccm_core.plugin_api import Page, PageRequest, Redirect, Route
from ccm_core.plugin_manager.loading import LoadedPlugin
from ccm_core.services.factor_changes import FactorChanges
from ccm_core.services.plugin_access import Standing
from ccm_core.services.plugin_settings import effective_settings
from ccm_core.web import confirmation
from ccm_core.web.context import Context
from ccm_core.web.routing import Rule
from ccm_core.web.static_files import MISSING
from ccm_core.web.templating import plugin_url


def page(context: Context) -> Response:
    """Serve ``/plugins/<name>/<path>``: 404 unless the plugin is active and the user allowed or enrolled."""
    name = context.args["name"]
    standing = context.parts.access.own_standings(context.instance, context.active).get(name)
    if standing is None or not standing.visible:
        raise NotFound(MISSING)
    try:
        plugin = context.parts.registry.get(name)
    except PluginRefused as refused:
        raise PluginFailed(name, "pages", refused.message, **refused.values) from refused
    route, arguments = _match(context, plugin)
    if route.recent_login and not _recent_enough(context, name):
        return _confirm_first(context, route, plugin)
    changes = _changes(context, name, standing)
    try:
        answer = context.parts.calls.view(name, route, _request(context, plugin, changes, arguments))
    finally:
        # What the view changed is committed, also when it fails afterwards.
        if changes.session_token:
            context.renew(changes.session_token)
    if isinstance(answer, Redirect):
        message = context.plugin_text(name)(answer.message) if answer.message else ""
        return context.redirect(answer.to, message)
    return _draw(context, name, answer)


def _match(context: Context, plugin: LoadedPlugin) -> tuple[Route, dict[str, str]]:
    method = "GET" if context.request.method == "HEAD" else context.request.method
    adapter = plugin.url_map.bind("")
    try:
        endpoint, arguments = adapter.match("/" + context.args.get("path", ""), method=method)
    except MethodNotAllowed:
        raise
    except Exception as error:
        raise NotFound(MISSING) from error
    return plugin.routes[int(endpoint)], {name: str(value) for name, value in arguments.items()}


def _recent_enough(context: Context, name: str) -> bool:
    """The password is enough before pages of the only factor, which ask for a fresh code themselves."""
    sessions, session = context.parts.sessions, context.active
    if context.parts.confirmations.plugins(context.instance, context.active) == (name,):
        return sessions.password_recent(session, context.now)
    return sessions.recent(session, context.now)


def _changes(context: Context, name: str, standing: Standing) -> FactorChanges:
    # Binding a factor takes the strength of those at hand (NIST 800-63B 4.1.2.1): a password alone is not recent then.
    recent = context.parts.sessions.recent(context.active, context.now)
    return FactorChanges(
        context.parts.factors,
        context.instance,
        context.active,
        name,
        context.client,
        context.now,
        allowed=standing.allowed,
        recent=recent,
        say=context.say,
    )


def _request(context: Context, plugin: LoadedPlugin, changes: FactorChanges, arguments: dict[str, str]) -> PageRequest:
    name, account = plugin.name, context.account
    settings = effective_settings(plugin.settings, context.instance.active[name].settings)
    form = {key: values[0] for key, values in context.request.form.lists()}
    for own in confirmation.OWN_FIELDS:
        form.pop(own, None)
    return PageRequest(
        method=context.request.method,
        form=form,
        arguments=arguments,
        user=account.to_plugin(context.language),
        now=context.now,
        issuer=context.instance.host,
        settings=settings,
        translate=context.plugin_text(name),
        url=lambda path: plugin_url(name, path),
        store=context.plugin_store(name, account),
        enrolments=changes,
    )


def _confirm_first(context: Context, route: Route, plugin: LoadedPlugin) -> Response:
    """Ask for a confirmation, then go on; a POST with a code goes back to its page, where the code is typed anew."""
    path = context.request.path
    has_page = any(other.method == "GET" and other.path == route.path for other in plugin.routes)
    if context.request.method == "GET":
        return context.redirect(f"/confirm?next={quote(path, safe='')}")
    return confirmation.ask(context, context.texts.gettext(confirmation.NEUTRAL), path if has_page else "/account")


def _draw(context: Context, name: str, answer: Page) -> Response:
    part = context.draw(name, answer.template, answer.context)
    title = context.plugin_text(name)(answer.title)
    return context.render("plugin_page.html", status=answer.status, title=title, part=part)


RULES = (
    Rule("GET", "/plugins/<name>/", page),
    Rule("POST", "/plugins/<name>/", page),
    Rule("GET", "/plugins/<name>/<path:path>", page),
    Rule("POST", "/plugins/<name>/<path:path>", page),
)
