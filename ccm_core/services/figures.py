# SPDX-License-Identifier: MIT
"""The figures of a node: what its worker processes count together, since whoever asks reaches one of them only.

Every series exists from the start, so nobody can make new ones: not by what they ask for, and not by failing.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

from ccm_core.plugin_api import Purpose, hookspecs
from ccm_core.services.metrics import Attempt, Metrics, Outcome, SignIn
from ccm_core.services.shared_numbers import SharedNumbers

Kind = Literal["counter", "gauge", "histogram"]
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds up to which a request belongs to a bucket; what takes longer belongs to one more."""
WIDTH = len(BOUNDS) + 2
"""Numbers of one series of a histogram: its buckets, not added up, and the sum of the seconds."""
OTHER = "other"
"""Stands for a plugin that is not installed, for a hook, method or page that there is none of."""
LOADING = "load"
STATUSES = ("2xx", "3xx", "4xx", "5xx")
HOOKS = (LOADING, *(name for name in vars(hookspecs) if name.startswith("ccm_")), "verify", "view", "template", OTHER)


@dataclass(frozen=True, slots=True)
class Family:
    """Series of one name, told apart by labels. ``start`` is the place of the first one's first number."""

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...]
    series: tuple[tuple[str, ...], ...]
    start: int = 0

    @property
    def width(self) -> int:
        """Numbers that each series takes."""
        return WIDTH if self.kind == "histogram" else 1

    def places(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """Yield the label values of each series and the place of its first number."""
        return ((labels, self.start + number * self.width) for number, labels in enumerate(self.series))


def _wanted(pages: Iterable[tuple[str, str]], plugins: Collection[str]) -> Iterator[Family]:
    """Yield all families; pages are rule and method."""
    names = (*sorted(plugins), OTHER)
    rules = {rule: None for rule, _ in pages} | {OTHER: None}
    requests = product(sorted({*pages, *((rule, OTHER) for rule in rules)}), STATUSES)
    challenges = product(names, get_args(Purpose), get_args(Outcome))

    def one(*words: str) -> tuple[tuple[str, ...], ...]:
        return tuple((word,) for word in words)

    yield Family("ccm_sign_ins", "counter", "Sign-ins by result.", ("result",), one(*get_args(SignIn)))
    yield Family(
        "ccm_challenges",
        "counter",
        "Challenges of second factors that were shown, and answers to them.",
        ("plugin", "purpose", "outcome"),
        tuple(challenges),
    )
    yield Family(
        "ccm_throttled_attempts", "counter", "Attempts that had to wait.", ("attempt",), one(*get_args(Attempt))
    )
    yield Family("ccm_password_hashes_refused", "counter", "Password hashes that found the queue full.", (), ((),))
    yield Family(
        "ccm_password_hashes", "gauge", "Password hashes that run or wait.", ("state",), one("running", "waiting")
    )
    yield Family(
        "ccm_plugin_failures",
        "counter",
        "Failures of plugins.",
        ("plugin", "hook"),
        tuple(product(names, HOOKS)),
    )
    yield Family("ccm_worker_starts", "counter", "Worker processes that were started.", (), ((),))
    yield Family(
        "ccm_http_request_duration_seconds",
        "histogram",
        "Time to answer a request.",
        ("rule", "method", "status"),
        tuple((*page, status) for page, status in requests),
    )


def _placed(families: Iterable[Family]) -> Iterator[Family]:
    start = 0
    for family in families:
        placed = Family(family.name, family.kind, family.text, family.labels, family.series, start)
        yield placed
        start += len(family.series) * family.width


class Figures(Metrics):
    """Counts for all worker processes that are forked after it was made; safe for threads.

    ``pages`` are rule and method of everything that can be asked for. Each worker calls ``begin_worker``.
    """

    counts = True

    def __init__(self, pages: Collection[tuple[str, str]], workers: int, plugins: Collection[str]) -> None:
        self.families = tuple(_placed(_wanted(pages, plugins)))
        self._pages = frozenset(labels[:2] for labels in self.families[-1].series)
        self._places = {(family.name, *labels): at for family in self.families for labels, at in family.places()}
        last = self.families[-1]
        # Twice as many as workers: at a reload the new ones begin before the old ones have ended.
        self._numbers = SharedNumbers(1 + 2 * workers, last.start + len(last.series) * last.width)
        self._plugins = frozenset(plugins)
        self._lock = threading.Lock()

    def totals(self) -> list[float]:
        """Return all numbers, summed up over the processes; ``families`` tells what stands where."""
        return self._numbers.totals()

    def begin_worker(self) -> None:
        """Take a row, on which a dead process may have left hashes that seem to run."""
        self._numbers.take_row()
        for family in self.families:
            for _, at in family.places() if family.kind == "gauge" else ():
                self._numbers.own[at] = 0.0
        self._add(1, "ccm_worker_starts")

    def sign_in(self, result: SignIn) -> None:
        """Count it."""
        self._add(1, "ccm_sign_ins", result)

    def challenge(self, plugin: str, purpose: Purpose, outcome: Outcome) -> None:
        """Count it."""
        self._add(1, "ccm_challenges", self._known(plugin), purpose, outcome)

    def throttled(self, attempt: Attempt) -> None:
        """Count it."""
        self._add(1, "ccm_throttled_attempts", attempt)

    def hash_waits(self, change: int) -> None:
        """Count it."""
        self._add(change, "ccm_password_hashes", "waiting")

    def hash_runs(self, change: int) -> None:
        """Count it."""
        self._add(change, "ccm_password_hashes", "running")

    def hash_refused(self) -> None:
        """Count it."""
        self._add(1, "ccm_password_hashes_refused")

    def plugin_failed(self, plugin: str, hook: str) -> None:
        """Count it."""
        name = hook or LOADING
        self._add(1, "ccm_plugin_failures", self._known(plugin), name if name in HOOKS else OTHER)

    def request(self, rule: str, method: str, status: str, seconds: float) -> None:
        """Count it in its bucket, and the seconds."""
        if (rule, method) not in self._pages:
            rule, method = (rule, OTHER) if (rule, OTHER) in self._pages else (OTHER, OTHER)
        group = f"{status[:1]}xx"
        at = self._places["ccm_http_request_duration_seconds", rule, method, group if group in STATUSES else "5xx"]
        own = self._numbers.own
        with self._lock:
            own[at + bisect_left(BOUNDS, seconds)] += 1
            own[at + WIDTH - 1] += seconds

    def _known(self, plugin: str) -> str:
        return plugin if plugin in self._plugins else OTHER

    def _add(self, change: float, *series: str) -> None:
        with self._lock:
            self._numbers.own[self._places[series]] += change
