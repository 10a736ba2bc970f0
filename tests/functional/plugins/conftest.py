# SPDX-License-Identifier: MIT
"""A host whose server processes find the plugins of ``tests/bad_plugins`` beside the real one.

Not longer than this folder's tests: other tests of the same process must not find the plugins on their path.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ccm_core.testing.host import Host, running_host
from tests.bad_plugins import announce, installed

STEMS = (
    "working",
    "challenge_raises",
    "challenge_exits",
    "challenge_none",
    "import_error",
    "reset_raises",
    "sections_raise",
    "signed_in_raises",
    "signed_in_tells",
    "templates_fail",
    "unknown_hook",
    "verify_hangs",
    "verify_raises",
    "view_confirms",
    "view_raises",
)
DRAWN = ("signed_in_tells", "verify_hangs", "verify_raises")
"""Those that must get as far as being drawn: they need a template, so their modules become packages."""
BROKEN = "raise RuntimeError('not yet')\n"


@pytest.fixture(scope="package")
def plugin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the plugins lie; ``later`` cannot be imported until a test mends its module."""
    folder = tmp_path_factory.mktemp("plugins")
    announce(folder, distribution="ccm-later", name="later", target="later")
    (folder / "later.py").write_text(BROKEN, "utf-8")
    return folder


@pytest.fixture(scope="package")
def host(tmp_path_factory: pytest.TempPathFactory, plugin_folder: Path) -> Iterator[Host]:
    home = tmp_path_factory.mktemp("host")
    with installed(plugin_folder, *STEMS):
        for stem in DRAWN:
            (plugin_folder / stem / "templates").mkdir(parents=True)
            (plugin_folder / f"{stem}.py").rename(plugin_folder / stem / "__init__.py")
            (plugin_folder / stem / "templates" / "challenge.html").write_text('<input name="code">', "utf-8")
        with running_host(home, plugin_path=[plugin_folder]) as running:
            yield running
