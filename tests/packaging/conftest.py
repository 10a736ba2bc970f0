# SPDX-License-Identifier: MIT
"""Both distributions, built once, and a clean environment for each test."""

import sys
from pathlib import Path

import pytest

from tests.packaging.environment import PROJECTS, Environment, run


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return each distribution's wheel, built from its source distribution."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in PROJECTS.values():
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source, cwd=folder)
    return {name: next(folder.glob(f"{name.replace('-', '_')}-*.whl")) for name in PROJECTS}


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path)
