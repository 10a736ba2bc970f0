# SPDX-License-Identifier: MIT
"""``ccm plugins new``: what it refuses, and what it writes. That it works, ``tests/packaging`` shows."""

import errno
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from ccm_core.cli.skeletons import SUMMARIES
from tests.unit.cli.conftest import Console
from tests.unit.test_translations import ids_of, template_texts, texts_of

KINDS = sorted(SUMMARIES)


@pytest.fixture
def desk(bare_console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A console without a deployment and with settings that are wrong, in a folder of its own."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    bare_console.settings = {"CCM_LOGIN_SECNODS": "3"}
    return bare_console


def here() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_without_a_deployment_a_plugin_is_written_and_the_next_steps_are_told(desk: Console) -> None:
    told = desk.done("plugins", "new", "letters").out
    assert here() == ["ccm-letters"]
    assert not desk.data.exists()
    for step in ("pip install --editable 'ccm-letters[test]'", "cd ccm-letters && pytest && mypy", "activate letters"):
        assert step in told


def test_the_folder_can_be_chosen(desk: Console, tmp_path: Path) -> None:
    folder = tmp_path / "my plugins"
    told = desk.done("plugins", "new", "letters", "--kind", "factor", "--folder", str(folder)).out
    assert (folder / "ccm_letters" / "plugin.py").exists()
    assert f"cd '{folder}'" in told
    assert here() == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_place_is_left_open_and_everybody_may_read_the_files(desk: Console, kind: str) -> None:
    desk.done("plugins", "new", "letters", "--kind", kind)
    Path("plain").mkdir()
    assert Path("ccm-letters").stat().st_mode == Path("plain").stat().st_mode
    for file in (path for path in Path("ccm-letters").rglob("*") if path.is_file()):
        assert file.suffix != ".in"
        assert not re.search(r"\$\w|\bpackage/", file.read_text("utf-8")), file


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_of_a_new_plugin_has_its_german_line(desk: Console, kind: str) -> None:
    desk.done("plugins", "new", "letters", "--kind", kind)
    package = Path("ccm-letters/ccm_letters")
    shown = template_texts(package / "templates") | {"Letters", SUMMARIES[kind]}
    shown = shown.union(*(texts_of(module, {}).unmarked for module in package.glob("*.py")))
    with (package / "translations" / "de.po").open("rb") as file:
        catalogue = read_po(file, locale="de", abort_invalid=True)
    assert shown <= ids_of(catalogue)
    assert all(message.string for message in catalogue)


@pytest.mark.parametrize("name", ["", "Letters", "2letters", "let-ters", "let_ters", "läters", "../x", "a" * 65])
def test_a_name_that_no_plugin_can_have_is_refused(desk: Console, name: str) -> None:
    told = desk.refused("plugins", "new", "--", name)
    assert told == (
        f"{name[:64]!r} cannot be a plugin's name: take a lower-case letter and up to 63 letters a-z and digits."
    )
    assert here() == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("users", "The name users is a console command of the host: choose another one."),
        ("class", "The name class is a word of the language Python: choose another one."),
        ("core", "The name core is taken, since a package ccm_core is installed: choose another one."),
    ],
)
def test_a_name_that_is_taken_is_refused(desk: Console, name: str, sentence: str) -> None:
    assert desk.refused("plugins", "new", name) == sentence
    assert here() == []


def test_a_folder_that_exists_is_left_alone(desk: Console) -> None:
    sentence = "ccm-letters exists already: remove it, or name another folder with --folder."
    Path("ccm-letters").symlink_to("nowhere")
    assert desk.refused("plugins", "new", "letters") == sentence
    Path("ccm-letters").unlink()
    Path("ccm-letters").mkdir()
    assert desk.refused("plugins", "new", "letters") == sentence
    assert here() == ["ccm-letters"]
    assert list(Path("ccm-letters").iterdir()) == []


def test_a_folder_in_a_place_that_does_not_exist_is_refused(desk: Console) -> None:
    told = desk.refused("plugins", "new", "letters", "--folder", "nowhere/letters")
    assert told == "nowhere/letters cannot be written (No such file or directory): name another folder with --folder."
    assert here() == []


def test_a_full_disk_leaves_nothing_half_written(desk: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def full(path: Path, *arguments: str) -> int:
        if path.name == "plugin.py":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write(path, *arguments)

    monkeypatch.setattr(Path, "write_text", full)
    told = desk.refused("plugins", "new", "letters")
    assert told == "ccm-letters cannot be written (No space left on device): name another folder with --folder."
    assert here() == []
