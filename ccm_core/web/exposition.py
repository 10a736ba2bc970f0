# SPDX-License-Identifier: MIT
"""The figures in the text format of Prometheus, written by its library."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import CollectorRegistry

from ccm_core.errors import Busy
from ccm_core.services.figures import BOUNDS, Family, Figures
from ccm_core.services.parts import Parts, host_version

__all__ = ["CONTENT_TYPE", "text"]

_LIMITS = (*(str(bound) for bound in BOUNDS), "+Inf")


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
