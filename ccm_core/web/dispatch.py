# SPDX-License-Identifier: MIT
"""From a request to a view: instance, session, guards, confirmation, view, cookies."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from flask import Request, Response, request
from werkzeug.exceptions import MisdirectedRequest, NotFound

from ccm_core.services.instances import CLOUD, Instance
from ccm_core.web import confirmation, guards
from ccm_core.web.clients import client_of, host_of
from ccm_core.web.context import Context, Web
from ccm_core.web.cookies import SESSION, Cookies
from ccm_core.web.errors import error_page
from ccm_core.web.routing import Access, Rule

SILENT = frozenset({"/session"})
"""Paths whose requests never count as activity."""


def endpoint(web: Web, rules: dict[str, Rule]) -> Callable[..., Response]:
    """Return the Flask view of one path, for the rules of its methods."""

    def handle(**args: str) -> Response:
        incoming = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - each access by proxy costs
        rule = rules["GET" if incoming.method == "HEAD" else incoming.method]
        cookies = Cookies(web.parts.settings.secure, incoming)
        try:
            response = _answer(web, incoming, rule, cookies, args)
        except Exception as error:  # noqa: BLE001 - every error becomes a page
            response = error_page(web, incoming, error)
        cookies.apply(response)
        return response

    return handle


def _answer(web: Web, incoming: Request, rule: Rule, cookies: Cookies, args: dict[str, str]) -> Response:
    now = web.parts.clock()
    host = host_of(incoming, web.parts.settings.trusted_proxies)
    instance = web.parts.instances.by_host(host, now)
    if instance is None:
        return _unknown_host(web, incoming)
    guards.check_body(incoming)
    guards.check_text(incoming)
    _retry_plugins(web, instance)
    token = cookies.get(SESSION)
    client = client_of(incoming, web.parts.settings.trusted_proxies)
    session = web.parts.sessions.look(token, instance, now, client) if token else None
    context = Context(web, incoming, instance, client, cookies, now, session, args)
    elsewhere = guards.check(context, rule)
    if elsewhere is not None:
        return elsewhere
    if session is not None and rule.access is not Access.OWN_CHECKS and _is_activity(incoming):
        web.parts.sessions.touch(session, now)
    return confirmation.required(context, rule) or rule.view(context)


def _unknown_host(web: Web, incoming: Request) -> Response:
    """On-premise, another name leads to the only one; in the cloud edition it is nobody's (design, section 10)."""
    hosts = web.parts.instances.oldest()
    if CLOUD in hosts.values() or not hosts:
        raise NotFound
    if incoming.method not in {"GET", "HEAD"}:
        raise MisdirectedRequest
    response = Response(status=308)
    origin = web.parts.settings.origin_of(next(iter(hosts)))
    query = incoming.query_string.decode("ascii", "ignore")
    response.headers["Location"] = origin + quote(incoming.path) + (f"?{query}" if query else "")
    return response


def _is_activity(incoming: Request) -> bool:
    """A POST, or a GET of a document; never what a script fetches in the background."""
    if incoming.method == "POST":
        return True
    return incoming.headers.get("Sec-Fetch-Dest", "document") == "document" and incoming.path not in SILENT


def _retry_plugins(web: Web, instance: Instance) -> None:
    """An administrator's wish to try a failed plugin again reaches every process with its next request."""
    registry = web.parts.registry
    failed = registry.failed()
    if failed and not instance.active.keys().isdisjoint(failed):
        for name, number in web.parts.faults.retries().items():
            registry.retry(name, number)
