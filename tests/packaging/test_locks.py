# SPDX-License-Identifier: MIT
"""The lock files: complete, hashed, in step with the pyproject files, and without a trace of the place of writing."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.environment import PROJECTS, ROOT

ON_TOP = ["fuzz", "mutants"]
LOCKS = ["run", "dev", *ON_TOP]
PIN = re.compile(r"([a-z0-9-]+)==(\S+)( ; [^\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


def text_of(lock: str) -> str:
    """Return a lock file without its comment."""
    return re.sub(r"^#.*\n", "", (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8"), flags=re.MULTILINE)


def pins(lock: str) -> list[tuple[str, str]]:
    """Return names with versions; a name comes twice where Pythons need different versions."""
    return [(match[1], match[2]) for match in PIN.finditer(text_of(lock))]


def versions(lock: str) -> dict[str, str]:
    return dict(pins(lock))


def direct_needs(lock: str) -> list[Requirement]:
    projects = [tomllib.loads((folder / "pyproject.toml").read_text("utf-8")) for folder in PROJECTS.values()]
    groups = projects[0]["dependency-groups"]
    if lock in ON_TOP:
        return [Requirement(need) for need in groups[lock]]
    needs = [need for project in projects for need in project["project"]["dependencies"]]
    needs += groups["build"] + (groups["dev"] if lock == "dev" else [])
    return [need for need in map(Requirement, needs) if need.name not in PROJECTS]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_exact_versions_with_hashes_and_nothing_else(lock: str) -> None:
    assert PIN.sub("", text_of(lock)) == ""
    assert versions(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_direct_requirement_is_met_by_the_locked_version(lock: str) -> None:
    unmet = [
        str(need)
        for need in direct_needs(lock)
        if not any(name == canonicalize_name(need.name) and version in need.specifier for name, version in pins(lock))
    ]
    assert unmet == []


def test_development_uses_the_versions_that_run() -> None:
    assert versions("run").items() <= versions("dev").items()
