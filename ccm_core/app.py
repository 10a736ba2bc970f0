# SPDX-License-Identifier: MIT
"""Puts the web application together; wiring only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial

import structlog
from flask import Flask, Response, request

from ccm_core.config import Settings
from ccm_core.services.metrics import NewMetrics, no_metrics
from ccm_core.services.parts import Clock, Parts, assemble
from ccm_core.web import (
    account,
    audit,
    confirmation,
    headers,
    health,
    login,
    password_reset,
    plugin_admin,
    plugin_pages,
    session,
    start,
    static_files,
    user_admin,
)
from ccm_core.web.clients import host_of
from ccm_core.web.context import Web
from ccm_core.web.dispatch import endpoint
from ccm_core.web.errors import error_page
from ccm_core.web.guards import MOST_BYTES
from ccm_core.web.request_ids import WithRequestId
from ccm_core.web.routing import Rule
from ccm_core.web.templating import PluginTemplates, Templates

MODULES = (
    start,
    login,
    session,
    confirmation,
    account,
    password_reset,
    plugin_pages,
    plugin_admin,
    user_admin,
    audit,
)
FILES = ("/static/<digest>/<name>", "/static/plugins/<name>/<digest>/<path:path>", "/healthz", "/readyz")
"""What needs neither instance nor session."""
TIDY_SECONDS = 3600.0


def create_app(settings: Settings, clock: Clock = time.time, parts: Parts | None = None) -> Flask:
    """Return the application of one worker process; raises ConfigError when it cannot be used."""
    parts = parts or assemble(settings, clock, new_metrics=node_metrics(settings, workers=1))
    parts.metrics.begin_worker()
    web = Web(
        parts,
        Templates(parts.texts),
        PluginTemplates(parts.registry, parts.plugin_texts, parts.texts, parts.faults.report),
    )
    app = Flask("ccm_core", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MOST_BYTES, MAX_FORM_MEMORY_SIZE=MOST_BYTES)
    # Else «//» in a path is answered before the host name is looked at.
    app.url_map.merge_slashes = False
    for path, rules in rules_by_path(rule for module in MODULES for rule in module.RULES).items():
        # A page at «…/» is one at «…» too, without a redirect; never the other way round.
        options = {"methods": list(rules), "strict_slashes": not path.endswith("/")}
        app.add_url_rule(path, path, endpoint(web, rules), provide_automatic_options=False, **options)
    _add_files(app, web)
    app.register_error_handler(Exception, lambda error: error_page(web, request, error))
    with_headers = headers.WithHeaders(_measured(app.wsgi_app, parts), secure=settings.secure)
    app.wsgi_app = WithRequestId(with_headers, settings.trusted_proxies)  # type: ignore[method-assign]  # Flask's way
    parts.plugins.load_active()
    return app


def rules_by_path(rules: Iterable[Rule]) -> dict[str, dict[str, Rule]]:
    """Return the rules of every path by method."""
    found: dict[str, dict[str, Rule]] = {}
    for rule in rules:
        found.setdefault(rule.path, {})[rule.method] = rule
    return found


def node_metrics(settings: Settings, workers: int) -> NewMetrics:
    """Return what makes the figures that so many worker processes share, or nothing where nobody may read them."""
    if not settings.metrics_from:
        return no_metrics
    from ccm_core.services.figures import Figures  # noqa: PLC0415 - costs nothing where it is not used

    pages = {(rule.path, rule.method) for module in MODULES for rule in module.RULES} | {
        (path, "GET") for path in FILES
    }
    return partial(Figures, pages, workers)


def _measured(app: headers.WsgiApp, parts: Parts) -> headers.WsgiApp:
    """Let the figures be counted and read, if there are any."""
    if not parts.metrics.counts:
        return app
    from ccm_core.web.metrics import WithMetrics  # noqa: PLC0415 - costs nothing where it is not used

    return WithMetrics(app, parts)


def start_background(
    parts: Parts, stop: threading.Event, *, tidy_seconds: float = TIDY_SECONDS
) -> tuple[threading.Thread, ...]:
    """Start the delivery of mails and the tidy-up of one worker process."""

    def tidy() -> None:
        while not stop.wait(tidy_seconds):
            try:
                parts.tidy.run(parts.clock())
            except Exception as error:  # noqa: BLE001 - the thread must outlive a locked database
                structlog.get_logger("tidy").warning("tidy.failed", error=type(error).__name__)

    threads = (
        threading.Thread(target=parts.outbox.run, args=(stop,), name="mail", daemon=True),
        threading.Thread(target=tidy, name="tidy", daemon=True),
    )
    for thread in threads:
        thread.start()
    return threads


def _add_files(app: Flask, web: Web) -> None:
    registry, settings = web.parts.registry, web.parts.settings

    def plugin_file(name: str, digest: str, path: str) -> Response:
        instance = web.parts.instances.by_host(host_of(request, settings.trusted_proxies), web.parts.clock())
        return static_files.plugin_file(registry, instance.active if instance else (), name, digest, path)

    views: tuple[Callable[..., Response], ...] = (
        static_files.host_file,
        plugin_file,
        health.healthz,
        lambda: health.readyz(web.parts),
    )
    for path, view in zip(FILES, views, strict=True):
        app.add_url_rule(path, path, view, methods=["GET"], provide_automatic_options=False)
