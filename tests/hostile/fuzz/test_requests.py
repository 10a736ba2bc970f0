# SPDX-License-Identifier: MIT
"""Any request by anybody to any route: a whole answer that is no failure, and no change by what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

import pytest

from ccm_core.app import create_app
from tests.hostile.fuzz import requests
from tests.hostile.fuzz.stage import WHO, Sent, Stage
from tests.model.deployment import deployment

REPEATS = 4


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with deployment(tmp_path_factory.mktemp("stage")) as deployed:
        yield Stage(deployed, create_app(deployed.settings, deployed.clock, deployed.console))


class Choices:
    """Choices that are random, and the same every time."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def pick(self, choices: Sequence[str]) -> str:
        return self._random.choice(choices)

    def text(self) -> str:
        return "".join(
            chr(self._random.choice((self.number(127), self.number(0x10FFFF)))) for _ in range(self.number(9))
        )

    def number(self, most: int) -> int:
        return self._random.randint(0, most)


@pytest.mark.parametrize("who", WHO)
def test_whatever_is_asked_the_answer_is_sound_and_what_was_refused_changes_nothing(stage: Stage, who: str) -> None:
    statuses: Counter[int] = Counter()
    for method, path in stage.routes():
        for number in range(REPEATS):
            sent = requests.request(Choices(f"{number} {who} {method} {path}"), method, path)
            statuses[stage.ask(stage.caller(who), sent)] += 1
    assert {200, 303, 400, 403, 404, 405, 411, 415} <= set(statuses), statuses


@pytest.mark.parametrize("who", ["nobody", "admin"])
@pytest.mark.parametrize("path", ["/login", "/account", "/admin/users", "/confirm"])
def test_a_letter_of_which_only_one_byte_is_encoded_is_refused(stage: Stage, who: str, path: str) -> None:
    """The server in front refuses it already; another one may not."""
    assert stage.ask(stage.caller(who), Sent("GET", path, query="next=\xc3%A4")) == 400
    body = "page_token=<page_token>&next=\xc3%A4"
    assert stage.ask(stage.caller(who), Sent("POST", path, body=body)) == 400
