# SPDX-License-Identifier: MIT
"""Thousands of random stories, after each act of which the product must agree with the model.

``make test`` tells the same 2,000 every time, 250 of them on PostgreSQL too; ``make model`` tells 50,000 others.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest
import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.deployment import Deployment, deployment
from tests.model.stories import Stories

PARTS = 8
RANDOM = int(os.environ.get("MODEL_STORIES", "0"))
"""How many random stories to tell; 0: the same 2,000 as always."""
ACTS = 12 if RANDOM else 8

REACHED = (
    "a session is active",
    "a session is locked",
    "a session is none",
    "sign in: it worked",
    "sign in: a code is asked",
    "sign in: it was refused",
    "answer with *: it worked",
    "answer with the [ouw]* code: it was refused",
    "back",
    "log out of the active session: *",
    "log out of the [ln]o* session: *",
    "unlock the locked session with own page: it worked",
    "unlock the locked session with *, wrongly: it was refused",
    "unlock the locked session with [!o]* page*: it was refused",
    "visit: it worked",
    "visit: the login page",
    "confirm: it worked",
    "confirm: it was refused",
    "change the password: it worked",
    "begin a set-up: it worked",
    "*: there is no such page",
    "finish a set-up with *: it worked",
    "finish a set-up with *: it was refused",
    "disable with *",
    "complete a link of an enrolled user: it worked",
    "complete a link of a*: there is no such page",
    "re* of an enrolled user",
    "allow of *",
    "the plugin is switched off, was on",
    "the plugin is switched on, was off",
    "replay a cookie that was *: none",
)
"""What each part must reach in some of its stories, so that agreeing means something."""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The deployment, silent: a hundred thousand lines of log would be kept for nobody."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with deployment(tmp_path_factory.mktemp("model")) as ready:
        yield ready
    structlog.reset_defaults()


class Part:
    """A part of the stories; each class may run in another process."""

    number = 0

    def test_every_session_stands_as_the_model_says_after_every_act(self, deployed: Deployment) -> None:
        tally: Counter[str] = Counter()

        def story() -> Stories:
            return Stories(deployed, tally)

        chosen = settings(
            max_examples=(RANDOM or 2000) // PARTS,
            stateful_step_count=ACTS,
            # A story of eight acts can be read as it is; looking for a shorter one can take minutes.
            phases=[Phase.generate, Phase.shrink] if RANDOM else [Phase.generate],
            derandomize=not RANDOM,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(story if RANDOM else seed(self.number)(story), settings=chosen)
        sys.stdout.writelines(f"{count:6}  {what}\n" for what, count in sorted(tally.items()))
        missed = [pattern for pattern in REACHED if not any(fnmatchcase(what, pattern) for what in tally)]
        assert missed == []


class TestPart1(Part):
    number = 1


class TestPart2(Part):
    number = 2


class TestPart3(Part):
    number = 3


class TestPart4(Part):
    number = 4


class TestPart5(Part):
    number = 5


class TestPart6(Part):
    number = 6


class TestPart7(Part):
    number = 7


class TestPart8(Part):
    number = 8
