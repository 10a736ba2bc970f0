# SPDX-License-Identifier: MIT
"""The folders of a plugin: where they are sought, and what may not lie in them."""

import shutil
from pathlib import Path

import pytest

from ccm_core.errors import PluginRefused
from ccm_core.plugin_manager.discovery import discover
from ccm_core.plugin_manager.loading import load
from tests.bad_plugins import announce
from tests.unit.plugin_manager.conftest import Install


def test_what_lies_beside_a_module_without_a_package_is_not_its_own(install: Install, tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "secret.txt").write_text("somebody else's")
    loaded = load(install("challenge_missing")["challengemissing"])
    assert (loaded.static, loaded.static_hash, loaded.templates) == (None, "", None)


@pytest.mark.parametrize("kind", ["templates", "translations", "static"])
def test_a_file_that_leads_out_of_its_folder_is_refused(install: Install, tmp_path: Path, kind: str) -> None:
    record = install("working")["working"]
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "working" / kind / "link.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(PluginRefused, match=f"{kind}/link.txt of the plugin working leads out of its folder"):
        load(record)


def test_a_folder_that_leads_out_of_the_plugin_is_refused(install: Install, tmp_path: Path) -> None:
    record = install("working")["working"]
    (tmp_path / "working" / "static" / "working.css").unlink()
    (tmp_path / "working" / "static").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "working" / "static").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PluginRefused, match="static of the plugin working leads out of its folder"):
        load(record)


def test_a_link_inside_the_folder_is_fine(install: Install, tmp_path: Path) -> None:
    record = install("working")["working"]
    (tmp_path / "working" / "static" / "link.css").symlink_to("working.css")
    assert load(record).static is not None


def test_the_folders_lie_beside_the_module_of_a_package(tmp_path: Path, install: Install) -> None:
    install("working")
    (tmp_path / "working" / "part.py").write_text((tmp_path / "working" / "__init__.py").read_text())
    announce(tmp_path, distribution="ccm-part", name="part", target="working.part")
    assert load(discover("1.0.0", [str(tmp_path)])["part"]).templates == tmp_path / "working" / "templates"


def test_a_plugin_without_folders_has_none(tmp_path: Path, install: Install) -> None:
    record = install("working")["working"]
    for kind in ("templates", "translations", "static"):
        shutil.rmtree(tmp_path / "working" / kind)
    loaded = load(record)
    assert (loaded.templates, loaded.translations, loaded.static, loaded.static_hash) == (None, None, None, "")


def test_the_hash_of_static_files_follows_name_and_content(install: Install, tmp_path: Path) -> None:
    record = install("working")["working"]
    style = tmp_path / "working" / "static" / "working.css"
    hashes = [load(record).static_hash, load(record).static_hash]
    style.write_text("p {}\n")
    hashes.append(load(record).static_hash)
    style.rename(style.with_name("other.css"))
    hashes.append(load(record).static_hash)
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
    assert all(len(found) == 16 for found in hashes)
