# SPDX-License-Identifier: MIT
"""Options of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tools that change code in one process, such as mutation testing, see what the functional tests run."""
    parser.addoption("--in-process", action="store_true", help="let one application of the test process be the host")
