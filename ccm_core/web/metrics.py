# SPDX-License-Identifier: MIT
"""The node's figures in the text format of Prometheus, for the addresses that may read them; for nobody else a page.

The answer is given before Flask looks for a rule: to everybody else ``/metrics`` is like any unknown path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from flask import Request, Response, request

from ccm_core.services.parts import Parts
from ccm_core.web.clients import reads_metrics
from ccm_core.web.headers import Start, WsgiApp

PATH = "/metrics"


class WithMetrics:
    """A WSGI application that measures every request and answers those that ask for the figures."""

    def __init__(self, app: WsgiApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer a request."""
        if environ.get("PATH_INFO") == PATH and self._reads(environ):
            return self._answer()(environ, start_response)
        began, rule, status = perf_counter(), "", ""

        def start(line: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            nonlocal rule, status
            rule, status = request.url_rule.rule if request.url_rule else "", line
            return start_response(line, headers, *error)

        try:
            return self._app(environ, start)
        finally:
            self._parts.metrics.request(rule, environ["REQUEST_METHOD"], status, perf_counter() - began)

    def _reads(self, environ: dict[str, Any]) -> bool:
        settings = self._parts.settings
        asked = Request(environ, populate_request=False)
        return asked.method == "GET" and reads_metrics(asked, settings.metrics_from, settings.trusted_proxies)

    def _answer(self) -> Response:
        from ccm_core.web.exposition import CONTENT_TYPE, text  # noqa: PLC0415 - a start does not wait for the library

        return Response(text(self._parts), content_type=CONTENT_TYPE)
