# SPDX-License-Identifier: MIT
"""Options of the whole suite, and Hypothesis as all tests use it."""

import pytest
from hypothesis import settings

# The same examples every time, no deadline that a busy machine misses, no files in the tree.
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tools that change code in one process, such as mutation testing, see what the functional tests run."""
    parser.addoption("--in-process", action="store_true", help="let one application of the test process be the host")
