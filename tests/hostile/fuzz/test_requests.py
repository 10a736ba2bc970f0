# SPDX-License-Identifier: MIT
"""Any request by anybody to any route: a whole answer that is no failure, and no change by what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccm_core.app import create_app
from tests.hostile.fuzz import requests
from tests.hostile.fuzz.stage import Sent, Stage
from tests.model.deployment import deployment

EXAMPLES = 200


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with deployment(tmp_path_factory.mktemp("stage")) as deployed:
        yield Stage(deployed, create_app(deployed.settings, deployed.clock, deployed.console))


class Choices:
    """Choices that Hypothesis takes, and makes simple when something is found."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def pick(self, choices: Sequence[str]) -> str:
        return self._draw(st.sampled_from(choices))

    def text(self) -> str:
        return self._draw(st.text(max_size=12))

    def number(self, most: int) -> int:
        return self._draw(st.integers(0, most))


@st.composite
def asked(draw: st.DrawFn, routes: Sequence[tuple[str, str]]) -> tuple[str, Sent]:
    return requests.request(Choices(draw), routes)


@pytest.mark.parametrize("access", ["public", "closed"])
def test_whatever_is_asked_the_answer_is_sound_and_what_was_refused_changes_nothing(stage: Stage, access: str) -> None:
    statuses: Counter[int] = Counter()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(asked(stage.routes(access)))
    def run(one: tuple[str, Sent]) -> None:
        who, sent = one
        statuses[stage.ask(stage.caller(who), sent)] += 1

    run()
    assert {200, 303, 400, 403, 404} <= set(statuses), statuses


@pytest.mark.parametrize("who", ["nobody", "admin"])
@pytest.mark.parametrize("path", ["/login", "/account", "/admin/users", "/confirm"])
def test_a_letter_of_which_only_one_byte_is_encoded_is_refused(stage: Stage, who: str, path: str) -> None:
    """The server in front refuses it already; another one may not."""
    assert stage.ask(stage.caller(who), Sent("GET", path, query="next=\xc3%A4")) == 400
    body = "page_token=<page_token>&next=\xc3%A4"
    assert stage.ask(stage.caller(who), Sent("POST", path, body=body)) == 400
