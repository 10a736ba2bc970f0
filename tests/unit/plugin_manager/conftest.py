# SPDX-License-Identifier: MIT
"""Plugins that look installed, and a notebook for what is reported about them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ccm_core.plugin_manager.calls import Calls
from ccm_core.plugin_manager.discovery import PluginRecord
from ccm_core.plugin_manager.faults import Fault
from ccm_core.plugin_manager.registry import Registry
from tests.bad_plugins import installed

Install = Callable[..., dict[str, PluginRecord]]


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """Give a function that installs plugins of ``tests/bad_plugins`` by their stems and returns their records."""
    with ExitStack() as stack:
        yield lambda *stems: stack.enter_context(installed(tmp_path, *stems))


@pytest.fixture
def faults() -> list[Fault]:
    return []


@pytest.fixture
def calls_of(install: Install, faults: list[Fault]) -> Callable[..., Calls]:
    """Give a function that installs plugins and returns the calls to them."""
    return lambda *stems: Calls(Registry(install(*stems), faults.append), faults.append)
