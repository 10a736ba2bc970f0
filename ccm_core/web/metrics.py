# SPDX-License-Identifier: MIT
"""The node's figures in the text format of Prometheus, for the addresses that may read them; for nobody else a page.

The answer is given before Flask looks for a rule: to everybody else ``/metrics`` is like any unknown path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from time import perf_counter
from typing import Any

from flask import Request, Response, request
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import CollectorRegistry

from ccm_core.errors import Busy
from ccm_core.services.figures import BOUNDS, Family, Figures
from ccm_core.services.parts import Parts, host_version
from ccm_core.web.clients import reads_metrics
from ccm_core.web.headers import Start, WsgiApp

PATH = "/metrics"
_LIMITS = (*(str(bound) for bound in BOUNDS), "+Inf")


class WithMetrics:
    """A WSGI application that measures every request and answers those that ask for the figures."""

    def __init__(self, app: WsgiApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer a request."""
        if environ.get("PATH_INFO") == PATH and self._reads(environ):
            body = text(self._parts)
            return Response(body, content_type=CONTENT_TYPE_PLAIN_0_0_4)(environ, start_response)
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


class _Collector:
    """What Prometheus's library asks for the figures."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """Yield every family: what the processes have counted, and what the database knows."""
        figures = self._parts.metrics
        if isinstance(figures, Figures):
            numbers = figures.totals()
            yield from (_metric(family, numbers) for family in figures.families)
        yield from _from_database(self._parts)
        version = GaugeMetricFamily("ccm_build_info", "1, for the version that runs.", labels=["version"])
        version.add_metric([host_version()], 1)
        yield version


def text(parts: Parts) -> bytes:
    """Return all figures of the node as text."""
    registry = CollectorRegistry()
    registry.register(_Collector(parts))
    return generate_latest(registry)


def _metric(family: Family, numbers: list[float]) -> Metric:
    if family.kind == "histogram":
        return _histogram(family, numbers)
    of_kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = of_kind(family.name, family.text, labels=family.labels)
    for labels, at in family.places():
        metric.add_metric(labels, numbers[at])
    return metric


def _histogram(family: Family, numbers: list[float]) -> Metric:
    """Return the series that have anything to tell: most pages are never answered in most ways."""
    metric = HistogramMetricFamily(family.name, family.text, labels=family.labels)
    for labels, at in family.places():
        *buckets, seconds = numbers[at : at + family.width]
        if any(buckets):
            metric.add_metric(labels, list(zip(_LIMITS, accumulate(buckets), strict=True)), seconds)
    return metric


def _from_database(parts: Parts) -> Iterator[Metric]:
    """Yield what every node tells alike; while the database is gone, that."""
    broken = GaugeMetricFamily("ccm_plugin_broken", "1, for a plugin that is active and unusable.", labels=["plugin"])
    try:
        waiting = parts.outbox.waiting()
        for name in parts.plugins.broken(parts.clock()):
            broken.add_metric([name], 1)
    except Busy:
        yield GaugeMetricFamily("ccm_database_up", "Whether the database answers.", value=0)
        return
    yield GaugeMetricFamily("ccm_database_up", "Whether the database answers.", value=1)
    yield GaugeMetricFamily("ccm_outbox_messages", "Messages that have not gone out.", value=waiting.count)
    yield GaugeMetricFamily("ccm_outbox_oldest_seconds", "Age of the oldest of them.", value=waiting.oldest)
    yield broken
