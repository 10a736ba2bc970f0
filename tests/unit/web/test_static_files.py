# SPDX-License-Identifier: MIT
"""Static files: found under the hash of their content alone, and never outside their folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.wrappers import Response

from ccm_core.errors import NotFound
from ccm_core.plugin_manager.registry import Registry
from ccm_core.web import static_files
from tests.bad_plugins import installed


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with installed(tmp_path, "working", "import_error") as records:
        yield Registry(records, [].append)


def plugin_file(registry: Registry, plugin: str, digest: str, path: str, active: tuple[str, ...] = ()) -> Response:
    return static_files.plugin_file(registry, active or (plugin,), plugin, digest, path)


def test_a_file_of_the_host_is_found_under_its_hash_and_kept() -> None:
    _, _, digest, name = static_files.static_url("app.css").split("/")
    answer = static_files.host_file(digest, name)
    assert answer.mimetype == "text/css"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.data == (static_files.FOLDER / "app.css").read_bytes()


@pytest.mark.parametrize(("digest", "name"), [("0" * 16, "app.css"), ("x", "none.css"), ("", "../app.py"), ("x", "..")])
def test_no_other_file_of_the_host_is_found(digest: str, name: str) -> None:
    with pytest.raises(NotFound):
        static_files.host_file(digest, name)


def test_a_file_that_does_not_exist_has_no_address() -> None:
    with pytest.raises(KeyError):
        static_files.static_url("none.css")


def test_a_file_of_an_active_plugin_is_found(registry: Registry) -> None:
    digest = registry.get("working").static_hash
    assert plugin_file(registry, "working", digest, "working.css").mimetype == "text/css"


FOREIGN = ["none.css", "../__init__.py", "..", "", "/etc/passwd", "x/../../__init__.py", "."]
FOREIGN += ["working.css\0", "x" * 5000, "x/" * 3000, "working.css/x"]


@pytest.mark.parametrize("path", FOREIGN)
def test_nothing_outside_the_folder_is_found(registry: Registry, path: str) -> None:
    digest = registry.get("working").static_hash
    with pytest.raises(NotFound):
        plugin_file(registry, "working", digest, path)


def test_another_version_has_another_address(registry: Registry) -> None:
    with pytest.raises(NotFound):
        plugin_file(registry, "working", "0" * 16, "working.css")


@pytest.mark.parametrize("plugin", ["importerror", "nonesuch", "..", ""])
def test_plugins_that_cannot_be_loaded_have_no_files(registry: Registry, plugin: str) -> None:
    with pytest.raises(NotFound):
        plugin_file(registry, plugin, "0" * 16, "x.css")


def test_asking_for_a_file_loads_no_plugin_that_is_not_active(registry: Registry) -> None:
    with pytest.raises(NotFound):
        plugin_file(registry, "working", "0" * 16, "working.css", active=("twofactor",))
    assert registry.loaded() == ()
