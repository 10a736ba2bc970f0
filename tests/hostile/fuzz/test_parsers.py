# SPDX-License-Identifier: MIT
"""Any input to any parser: only the documented answer or error, in little time and memory."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.fuzz.parsers import MOST_SECONDS, ODD, Parser, parsers

NAMES = tuple(parsers(Path()))
EXAMPLES = 150
LARGEST = 65536
MOST_MEMORY = 16 * 2**20
"""Far more than any parser takes for 64 KiB, far less than one that multiplies."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parser]:
    return parsers(tmp_path_factory.mktemp("parsers"))


@pytest.mark.parametrize("name", NAMES)
def test_any_text_gets_the_documented_answer_or_error(made: dict[str, Parser], name: str) -> None:
    parser = made[name]
    pieces = st.one_of(st.sampled_from(parser.words), st.sampled_from(ODD), st.text(max_size=6))

    for text in (*parser.words, *ODD):
        assert parser.run(text) < MOST_SECONDS

    @settings(max_examples=EXAMPLES)
    @given(st.lists(pieces, max_size=10).map("".join))
    def run(text: str) -> None:
        assert parser.run(text) < MOST_SECONDS

    run()


@pytest.mark.parametrize("name", NAMES)
def test_the_largest_input_takes_little_time_and_memory(made: dict[str, Parser], name: str) -> None:
    parser = made[name]
    for word in (*parser.words, *filter(None, ODD)):
        for text in (word * (LARGEST // len(word)), f"{parser.words[0]}{word * (LARGEST // len(word))}x"):
            assert parser.run(text[:LARGEST]) < MOST_SECONDS
    text = "".join(parser.words)
    tracemalloc.start()
    try:
        parser.check((text * (LARGEST // len(text) + 1))[:LARGEST])
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()
