# SPDX-License-Identifier: MIT
"""Thousands of random stories, after each act of which product and model must agree.

``make test`` tells the same ones every time; ``make model`` tells others, and many more (``MODEL_EXAMPLES``).
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.deployment import Deployment, deployment
from tests.model.stories import Stories

PARTS = 4
STORIES, ACTS = 2000, 10
MANY = int(os.environ.get("MODEL_EXAMPLES", "0"))
"""How many random stories to tell instead; 0: the same 2,000 every time."""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The deployment, silent: a hundred thousand lines of log would be kept for nobody."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with deployment(tmp_path_factory.mktemp("model")) as ready:
        yield ready
    structlog.reset_defaults()


class Part:
    """A part of the stories: each class may run in another process."""

    number = 0

    def test_a_session_exists_only_when_the_model_says_so(self, deployed: Deployment) -> None:
        tally: Counter[str] = Counter()

        def story() -> Stories:
            return Stories(deployed, tally)

        chosen = settings(
            max_examples=(MANY or STORIES) // PARTS,
            stateful_step_count=ACTS,
            derandomize=not MANY,
            database=None,
            deadline=None,
            # A story is short enough to be read as it is; finding a shorter one can take minutes.
            phases=[Phase.generate, *([Phase.shrink] if MANY else [])],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(story if MANY else seed(self.number)(story), settings=chosen)
        for line in sorted(tally.items()):
            print(*line, sep="\t")


class TestPart1(Part):
    number = 1
