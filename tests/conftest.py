# SPDX-License-Identifier: MIT
"""Options of the whole suite, Hypothesis as all tests use it, and the order in which a mutant meets the tests."""

import os
import re
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from ccm_core.testing.databases import SERVER
from ccm_core.testing.hashes import QUICK
from ccm_core.testing.nodes import PROXY
from tests.postgresql import quick_place, running_server

# The same examples every time, no deadline that a busy machine misses, no files in the tree.
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.load_profile("same")

NO_DATABASE = (
    "plugins/signins/tests/test_devices.py",
    "plugins/twofactor/tests/test_key_uri.py",
    "plugins/twofactor/tests/test_qr_code.py",
    "plugins/twofactor/tests/test_totp.py",
    "plugins/twofactor/tests/test_translations.py",
    "tests/browser/",
    "tests/hostile/fuzz/test_parsers.py",
    "tests/packaging/",
    "tests/test_architecture.py",
    "tests/unit/plugin_manager/",
    "tests/unit/test_",
)
"""Tests that open no database, or one that is there for the file alone, or look at pages: once is enough."""
SAME = (
    "plugins/signins/tests/test_contract.py",
    "plugins/twofactor/tests/test_contract.py",
    "tests/functional/plugins/test_contract_suite.py",
    "tests/functional/test_console_postgresql.py",
    "tests/hostile/test_crashes.py",
    "tests/hostile/faulty/",
    "tests/hostile/test_one_gate.py",
    "tests/nodes/",
    "tests/unit/cli/",
    "tests/unit/db/test_postgresql",
)
"""Tests that start a PostgreSQL server of their own, or look at faults of plugins, at who calls the gate, at what the
console prints, or kill one server, as tests/nodes do with nodes and databases: two nodes may be told from one by them,
but not one database from the other."""
STORIES = re.compile(r"tests/model/test_stories\.py::TestPart[2-8]\b")
"""Of the 2,000 stories 250 are told on PostgreSQL too."""
NGINX = Path(__file__).resolve().parents[1] / "docs" / "deploy" / "nginx.conf"
LEFT = pytest.StashKey[dict[str, int]]()
KILLERS = Path(".killers")
"""In the folder of the mutants: for each changed function, which tests noticed a change of it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tools that change code in one process, such as mutation testing, see what the functional tests run."""
    help_database = "which database every host under test gets"
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help=help_database)
    help_nodes = "run every host under test as two nodes behind nginx; needs --database=postgresql"
    parser.addoption("--nodes", type=int, choices=(1, 2), default=1, help=help_nodes)
    help_absence = "seconds for which tests/nodes keep the database away, at least"
    parser.addoption("--absence", type=float, default=0, help=help_absence)
    parser.addoption("--in-process", action="store_true", help="let one application of the test process be the host")


def pytest_configure(config: pytest.Config) -> None:
    """Start the PostgreSQL server that all test processes share, and let hosts run as two nodes."""
    os.environ[QUICK] = "1"
    if config.getoption("--nodes") == 2:
        if config.getoption("--database") != "postgresql":
            raise pytest.UsageError("--nodes=2 needs --database=postgresql: SQLite serves one machine")
        os.environ[PROXY] = str(NGINX)
    if config.getoption("--database") == "postgresql" and not hasattr(config, "workerinput"):
        stack = ExitStack()
        os.environ[SERVER] = stack.enter_context(running_server(quick_place())).url
        config.add_cleanup(stack.close)


def killers() -> Path | None:
    """Return the list of the function whose mutant mutmut is testing in this process."""
    function, separator, _ = os.environ.get("MUTANT_UNDER_TEST", "").rpartition("__mutmut_")
    return KILLERS / function if separator else None


def is_once_enough(item: pytest.Item) -> bool:
    """Whether a test that runs on SQLite says nothing new on PostgreSQL."""
    told = STORIES.match(item.nodeid) and "MODEL_STORIES" not in os.environ
    return bool(told or item.nodeid.startswith(NO_DATABASE) or item.get_closest_marker("sqlite"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the tests that noticed other changes of the same function: most mutants then meet a single test."""
    if config.getoption("--database") == "postgresql":
        own = () if config.getoption("--nodes") == 2 else SAME
        left = [item for item in items if is_once_enough(item) or item.nodeid.startswith(own)]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
    if config.getoption("--nodes") == 2:
        left = [item for item in items if item.get_closest_marker("one_node")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
        left_out(config).update(Counter(item.get_closest_marker("one_node").args[0] for item in left))
    known = killers()
    if known and known.is_file():
        counted = Counter(known.read_text("utf-8").splitlines())
        items.sort(key=lambda item: -counted[item.nodeid])


def left_out(config: pytest.Config) -> dict[str, int]:
    """Return how many tests the two nodes were spared, by reason; a process of xdist hands it to the main one."""
    output = getattr(config, "workeroutput", None)
    counted: dict[str, int] = config.stash.setdefault(LEFT, {}) if output is None else output.setdefault("left", {})
    return counted


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a process of xdist left out: each collects the same tests."""
    left_out(node.config).update(getattr(node, "workeroutput", {}).get("left", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which tests do not run on two nodes, and why."""
    for reason, count in sorted(left_out(config).items()):
        terminalreporter.write_line(f"{count} for one node alone: {reason}")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember which test noticed a change."""
    known = killers()
    if known and report.failed:
        KILLERS.mkdir(exist_ok=True)
        with known.open("a", encoding="utf-8") as lines:
            lines.write(report.nodeid + "\n")
