# SPDX-License-Identifier: MIT
"""What the services tell whoever counts it; nobody does unless the figures are to be seen from outside.

No user, instance or address is ever told: a label is one of few words, a plugin's name, a hook or a page's rule.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

from ccm_core.plugin_api import Purpose

SignIn = Literal["succeeded", "password_refused", "code_refused", "failed"]
"""How a sign-in ended, or a step of it. ``failed``: nobody could judge it, since no factor worked or all changed."""
Outcome = Literal["shown", "passed", "refused", "failed"]
Attempt = Literal["password", "code", "code_stopped", "reset_request", "refused_request"]


class Metrics:
    """Counts nothing. Each method is called once what it tells of is committed; none raises."""

    counts = False
    """Whether anybody counts."""

    def begin_worker(self) -> None:
        """A worker process, this one, begins to answer requests."""

    def sign_in(self, result: SignIn) -> None:
        """A sign-in ended, or a step of it was refused."""

    def challenge(self, plugin: str, purpose: Purpose, outcome: Outcome) -> None:
        """A plugin's challenge was shown, or an answer to it judged. ``failed``: nobody could judge it."""

    def throttled(self, attempt: Attempt) -> None:
        """An attempt has to wait; nothing else was done about it."""

    def hash_waits(self, change: int) -> None:
        """So many more password hashes wait for a thread (-1: one fewer)."""

    def hash_runs(self, change: int) -> None:
        """So many more password hashes are being computed (-1: one fewer)."""

    def hash_refused(self) -> None:
        """The queue of password hashes was full."""

    def plugin_failed(self, plugin: str, hook: str) -> None:
        """A plugin failed; ``hook`` is empty when it could not be loaded."""

    def request(self, rule: str, method: str, status: str, seconds: float) -> None:
        """A request of a page (``rule`` is empty when there is none) was answered with a status such as ``200``."""


NO_METRICS = Metrics()
NewMetrics = Callable[[Collection[str]], Metrics]
"""Makes what counts for the plugins of these names."""


def no_metrics(_plugins: Collection[str]) -> Metrics:
    """Let nobody count."""
    return NO_METRICS
