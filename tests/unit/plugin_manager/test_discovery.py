# SPDX-License-Identifier: MIT
"""What is known of a plugin without its code, and why a record cannot be used."""

import importlib.metadata
import sys
from pathlib import Path

import pytest

from ccm_core.plugin_manager.discovery import PluginRecord, discover
from tests.bad_plugins import announce
from tests.unit.plugin_manager.conftest import Install


def found(folder: Path, **options: object) -> dict[str, PluginRecord]:
    return discover("1.0.0", [str(folder)], **options)


def problem_of(folder: Path, name: str, **options: object) -> str:
    problem = found(folder, **options)[name].problem
    assert problem is not None
    return problem


def test_discovery_imports_nothing(install: Install) -> None:
    before = set(sys.modules)
    records = install("import_exits", "working")
    assert set(records) == {"importexits", "working"}
    assert set(sys.modules) == before


def test_a_record_holds_what_the_metadata_say(tmp_path: Path) -> None:
    announce(
        tmp_path,
        distribution="ccm-words",
        name="words",
        target="ccm_words.plugin:plugin [extra]",
        version="2.1",
        requires="CCM_core>=1,<2",
        headers=(
            "Summary: Secret words: asks for a word\n"
            "Author-email: Érika Muster <erika@example.org>, admin@example.org\n"
            "Project-URL: Source, https://example.org/words\nProject-URL: Trap, javascript:alert(1)\n"
            "Home-page: http://example.org\nRequires-Dist: ccm-core[testing]>=7; extra == 'test'\n"
        ),
    )
    assert found(tmp_path) == {
        "words": PluginRecord(
            name="words",
            label="Secret words",
            version="2.1",
            author="Érika Muster, admin@example.org",
            summary="asks for a word",
            links=(("Source", "https://example.org/words"), ("Homepage", "http://example.org")),
            distribution="ccm-words",
            target="ccm_words.plugin:plugin",
            requires_host="<2,>=1",
            problem=None,
        )
    }


def test_a_label_has_at_most_40_characters(tmp_path: Path) -> None:
    for name, length in (("short", 40), ("long", 41)):
        announce(tmp_path, distribution=name, name=name, target=name, headers=f"Summary: {'x' * length}: y\n")
    assert {name: record.label for name, record in found(tmp_path).items()} == {"short": "x" * 40, "long": "Long"}


@pytest.mark.parametrize("summary", ["Asks for a word", f"{'A long sentence ' * 3}: and more"])
def test_without_a_label_in_the_summary_the_name_is_the_label(tmp_path: Path, summary: str) -> None:
    announce(tmp_path, distribution="ccm-words", name="words", target="words", headers=f"Summary: {summary}\n")
    record = found(tmp_path)["words"]
    assert (record.label, record.summary) == ("Words", summary)


def test_the_author_field_comes_before_the_address(tmp_path: Path) -> None:
    headers = "Author: The authors\nAuthor-email: x@example.org\nMaintainer: Nobody\n"
    announce(tmp_path, distribution="ccm-words", name="words", target="words", headers=headers)
    assert found(tmp_path)["words"].author == "The authors"


def test_without_an_author_the_maintainer_is_named(tmp_path: Path) -> None:
    headers = "Maintainer-email: Somebody <x@example.org>\n"
    announce(tmp_path, distribution="ccm-words", name="words", target="words", headers=headers)
    assert found(tmp_path)["words"].author == "Somebody"


def test_metadata_may_be_old_or_missing(tmp_path: Path) -> None:
    place = announce(tmp_path, distribution="ccm-words", name="words", target="words")
    (place / "METADATA").rename(place / "PKG-INFO")
    assert found(tmp_path)["words"].distribution == "ccm-words"
    (place / "PKG-INFO").unlink()
    record = found(tmp_path)["words"]
    assert (record.distribution, record.version, record.author, record.label) == ("", "", "", "Words")


def test_the_first_reason_is_told(tmp_path: Path) -> None:
    announce(tmp_path, distribution="ccm-words", name="words", target="no module", requires="ccm-core @@ 1")
    announce(tmp_path, distribution="ccm-vague", name="vague", target="no module", requires="ccm-core>=99")
    assert "plugin words cannot be read" in problem_of(tmp_path, "words")
    assert "plugin vague names no module" in problem_of(tmp_path, "vague")


@pytest.mark.parametrize("name", ["Words", "two_words", "../x", "9words", "wörter", "x" * 65, "two-words"])
def test_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    announce(tmp_path, distribution="ccm-words", name=name, target="words")
    assert f"name {name!r} of the distribution ccm-words is not allowed" in problem_of(tmp_path, name)


def test_the_name_of_a_console_command_is_refused(tmp_path: Path) -> None:
    announce(tmp_path, distribution="ccm-words", name="users", target="words")
    assert found(tmp_path)["users"].problem is None
    assert "'users' of the distribution ccm-words is a console command" in problem_of(
        tmp_path, "users", reserved=["users"]
    )


def test_two_distributions_of_one_name_are_refused_and_both_named(tmp_path: Path) -> None:
    announce(tmp_path, distribution="ccm-words", name="words", target="words")
    announce(tmp_path, distribution="another", name="words", target="other", version="2.0")
    announce(tmp_path, distribution="ccm-good", name="good", target="good")
    assert problem_of(tmp_path, "words") == (
        "The plugin words is announced by another 2.0 (other) and ccm-words 1.0 (words): uninstall all but one."
    )
    assert found(tmp_path)["good"].problem is None


def test_two_versions_of_one_distribution_are_refused(tmp_path: Path) -> None:
    for version in ("1.0", "1.1"):
        announce(tmp_path, distribution="ccm-words", name="words", target="words", version=version)
    assert "ccm-words 1.0 (words) and ccm-words 1.1 (words)" in problem_of(tmp_path, "words")


def test_the_same_distribution_met_twice_is_one(tmp_path: Path) -> None:
    for place in ("site", "checkout"):
        announce(tmp_path / place, distribution="ccm-words", name="words", target="words")
    records = discover("1.0.0", [str(tmp_path / "site"), str(tmp_path / "checkout")])
    assert records["words"].problem is None


@pytest.mark.parametrize(
    ("requires", "fits"),
    [
        ("ccm-core", True),
        ("ccm-core>=1,<2", True),
        ("ccm-core>=2", False),
        ("ccm-core<1", False),
        ("ccm-core>=2; python_version < '3'", True),
        ("ccm-core>=2; python_version >= '3'", False),
        ("something-else>=99", True),
    ],
)
def test_a_plugin_says_which_hosts_it_fits(tmp_path: Path, requires: str, fits: bool) -> None:
    announce(tmp_path, distribution="ccm-words", name="words", target="words", requires=requires)
    problem = found(tmp_path)["words"].problem
    assert (problem is None) is fits
    specifier = requires.partition(";")[0].replace("core", "core ")
    assert fits or f"needs {specifier} and this is 1.0.0" in str(problem)


def test_a_pre_release_of_the_host_can_fit(tmp_path: Path) -> None:
    announce(tmp_path, distribution="ccm-words", name="words", target="words", requires="ccm-core>=1")
    assert discover("1.1.0rc1", [str(tmp_path)])["words"].problem is None


@pytest.mark.parametrize("target", ["", "not a module", "words:", "../words", "words;os"])
def test_an_entry_point_that_names_no_module_is_refused(tmp_path: Path, target: str) -> None:
    announce(tmp_path, distribution="ccm-words", name="words", target=target)
    assert "The plugin words names no module" in problem_of(tmp_path, "words")


def test_metadata_that_cannot_be_read_are_a_problem_of_that_plugin_alone(tmp_path: Path) -> None:
    place = announce(tmp_path, distribution="ccm-words", name="words", target="words")
    (place / "METADATA").write_bytes(b"Name: \xff\n")
    announce(tmp_path, distribution="ccm-vague", name="vague", target="vague", requires="ccm-core @@ 1")
    announce(tmp_path, distribution="ccm-good", name="good", target="good")
    assert "plugin words cannot be read" in problem_of(tmp_path, "words")
    assert "plugin vague cannot be read" in problem_of(tmp_path, "vague")
    assert found(tmp_path)["good"].problem is None


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[ccm.plugins]\nno equals sign\n"])
def test_a_list_of_entry_points_that_cannot_be_read_hides_nobody_else(tmp_path: Path, content: bytes) -> None:
    place = announce(tmp_path, distribution="ccm-words", name="words", target="words")
    (place / "entry_points.txt").write_bytes(content)
    announce(tmp_path, distribution="ccm-good", name="good", target="good")
    assert set(found(tmp_path)) == {"good"}


def test_other_groups_are_none_of_our_business(tmp_path: Path) -> None:
    place = announce(tmp_path, distribution="ccm-words", name="words", target="words")
    (place / "entry_points.txt").write_text("[console_scripts]\nwords = words:main\n")
    assert found(tmp_path) == {}


def test_without_a_path_everything_installed_is_searched(install: Install) -> None:
    assert importlib.metadata.distribution("pluggy") is not None
    install("working")
    assert "working" in discover("1.0.0")
