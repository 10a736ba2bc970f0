# SPDX-License-Identifier: MIT
"""The scripts behind make: on a machine that lacks something they say what, and stop."""

import shutil
import subprocess
from pathlib import Path

from tests.packaging.environment import ROOT


def tool(
    name: str, programs: Path, *, folder: Path = ROOT / "tools", **replies: str
) -> subprocess.CompletedProcess[str]:
    """Run a script on a machine whose only programs are ``replies``: shell commands by name."""
    programs.mkdir()
    for program, command in replies.items():
        file = programs / program
        file.write_text(f"#!/bin/sh\n{command}\n", "utf-8")
        file.chmod(0o755)
    path = {"PATH": str(programs)}
    return subprocess.run([folder / name], env=path, capture_output=True, text=True, check=False)


def test_a_python_that_is_too_old_is_refused_with_the_mend(tmp_path: Path) -> None:
    done = tool("find-python", tmp_path / "bin", python3="exit 1")
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed and was not found" in done.stderr


def test_a_newer_python_under_another_name_is_found(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    done = tool("find-python", programs, **{"python3": "exit 1", "python3.12": "exit 0"})
    assert (done.returncode, done.stdout) == (0, f"{programs}/python3.12\n")


def test_a_python_without_venv_is_refused_with_the_mend(tmp_path: Path) -> None:
    done = tool("find-python", tmp_path / "bin", python3='case "$2" in *ensurepip*) exit 1;; esac')
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr


def test_missing_programs_are_named_where_they_cannot_be_installed(tmp_path: Path) -> None:
    done = tool(
        "test-programs", tmp_path / "bin", chromium="exit 0", promtool="exit 0", id="echo 1000", **{"apt-get": "exit 0"}
    )
    assert done.returncode == 1
    assert "(apt install oathtool zbar-tools)" in done.stderr


def test_missing_programs_are_installed_by_root(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    done = tool(
        "test-programs",
        tmp_path / "bin",
        chromium="exit 0",
        zbarimg="exit 0",
        promtool="exit 0",
        id="echo 0",
        env='/usr/bin/env "$@"',
        **{"apt-get": f'echo "$@" >> {asked}'},
    )
    assert done.returncode == 0, done.stderr
    assert asked.read_text("utf-8").splitlines()[-1].endswith("install --yes --no-install-recommends oathtool")


def test_of_prometheus_the_one_program_is_taken_without_installing_its_server(tmp_path: Path) -> None:
    """The script lies in a folder of its own, so that it unpacks there."""
    asked, own = tmp_path / "asked", tmp_path / "project" / "tools"
    own.mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "test-programs", own)
    found = dict.fromkeys(("chromium", "oathtool", "zbarimg"), "exit 0")
    unpack = 'test "$1" = --extract && mkdir -p "$3/usr/bin" && : > "$3/usr/bin/promtool"'
    apt = f'echo "$@" >> {asked}; case "$*" in *download*) : > prometheus_1_all.deb;; esac'
    kept = {name: f'exec /bin/{name} "$@"' for name in ("mkdir", "mv", "rm")}
    here = tmp_path / "bin"
    replies = {"id": "echo 0", "env": '/usr/bin/env "$@"', "apt-get": apt, "dpkg-deb": unpack}
    done = tool("test-programs", here, folder=own, **found, **kept, **replies)
    assert done.returncode == 0, done.stderr
    assert [line.split()[-1] for line in asked.read_text("utf-8").splitlines()] == ["update", "prometheus"]
    assert "install" not in asked.read_text("utf-8")
    assert [file.name for file in (own.parent / ".programs").iterdir()] == ["promtool"]
