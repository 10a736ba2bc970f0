# SPDX-License-Identifier: MIT
"""What ``ccm plugins new`` writes: each kind installs, is found, passes its own tests and checks, and is shown."""

import json
import re
import sys
from pathlib import Path

import pytest

from ccm_core.cli.skeletons import SUMMARIES
from ccm_core.testing.browser import Browser
from ccm_core.testing.server import client_of
from tests.packaging.environment import Environment, requirements_of, run

RUFF = Path(sys.executable).with_name("ruff")
NAMES = {kind: f"my{kind}" for kind in SUMMARIES}
of_each_kind = pytest.mark.parametrize("kind", NAMES)


@pytest.fixture(scope="module")
def workshop(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment in which a plugin of each kind was written before there was a deployment, and installed."""
    environment = Environment(tmp_path_factory.mktemp("workshop"))
    environment.install(wheels["ccm-core"])
    environment.link(requirements_of(wheels["ccm-core"]), ("testing",))
    environment.link(["hatchling", "mypy"])
    for kind, name in NAMES.items():
        environment.ccm("plugins", "new", name, "--kind", kind)
    projects = [environment.folder / f"ccm-{name}" for name in NAMES.values()]
    environment.pip("install", "--no-index", "--no-deps", "--no-build-isolation", *projects)
    environment.init()
    return environment


def in_project(workshop: Environment, kind: str, *command: str) -> str:
    program = workshop.program("python")
    return run(program, "-m", *command, cwd=workshop.folder / f"ccm-{NAMES[kind]}", env=workshop.env)


def test_new_plugins_are_found_and_shown_in_plugin_management(workshop: Environment) -> None:
    listed = {plugin["name"]: plugin for plugin in json.loads(workshop.ccm("plugins", "list", "--json"))}
    assert {name: (found["state"], found["reason"]) for name, found in listed.items()} == dict.fromkeys(
        NAMES.values(), ("inactive", "")
    )
    with workshop.serving(), client_of(int(workshop.url.rpartition(":")[2])) as client:
        browser = Browser(workshop.url, client)
        browser.log_in("anna", "a long enough password")
        page = browser.get("/admin/plugins")
    for kind, name in NAMES.items():
        assert listed[name]["label"] == name.capitalize()
        assert name.capitalize() in page.headings
        assert SUMMARIES[kind][1:] in page.text  # the page begins it with a capital


@of_each_kind
def test_a_new_plugin_passes_its_own_tests(workshop: Environment, kind: str) -> None:
    told = in_project(workshop, kind, "pytest", "-p", "no:cacheprovider")
    assert " passed in " in told
    assert "skipped" not in told


@of_each_kind
def test_a_new_plugin_has_types_that_fit(workshop: Environment, kind: str) -> None:
    cache = str(workshop.folder / "types")
    assert "no issues found" in in_project(workshop, kind, "mypy", "--strict", "--cache-dir", cache)


@of_each_kind
def test_a_new_plugin_is_formatted_and_lint_finds_nothing(workshop: Environment, kind: str) -> None:
    project = workshop.folder / f"ccm-{NAMES[kind]}"
    assert run(RUFF, "check", "--isolated", "--no-cache", ".", cwd=project) == "All checks passed!\n"
    told = run(RUFF, "format", "--check", "--isolated", "--no-cache", ".", cwd=project)
    assert re.fullmatch(r"[4-9] files already formatted\n", told)
