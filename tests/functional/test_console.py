# SPDX-License-Identifier: MIT
"""The console as people and scripts use it: pipes, a terminal, a whole first day."""

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from ccm_core.config import load
from ccm_core.services.parts import assemble
from tests.databases import copy_data
from tests.functional.program import CCM, PASSWORD, Program

INIT = ("init", "--admin", "anna", "--email", "anna@example.org")


def test_the_first_day_of_an_administrator(program: Program) -> None:
    told = program.done(*INIT, "--password-stdin", typed=f"{PASSWORD}\n")
    assert told == f"{program.url} is ready in {program.data}. Now run «ccm serve».\n"
    assert program.done("doctor") == "Everything is in order.\n"
    program.done(
        "users", "add", "erika", "--email", "erika@example.org", "--password-stdin", typed="another long password\n"
    )
    program.done("plugins", "activate", "twofactor")
    program.done("plugins", "allow", "twofactor", "erika")
    assert program.done("twofactor", "status", "erika").splitlines() == [
        "User: erika",
        "Plugin active: yes",
        "May set it up: yes",
        "Enabled: no",
    ]
    with program.running("serve"):
        assert program.logs_in("anna", PASSWORD)
        assert program.logs_in("erika@example.org", "another long password")
        assert not program.logs_in("erika", PASSWORD)
        program.done("users", "disable", "erika")
        assert not program.logs_in("erika", "another long password")
    events = [entry["event"] for entry in json.loads(program.done("audit", "--user", "erika", "--json"))]
    assert events[:2] == ["user.added", "plugin.allowed"]
    assert events.count("login.refused") == 2
    assert events[-2:] == ["user.disabled", "login.refused"]
    program.done("users", "delete", "erika", "--yes")
    program.done("tidy")
    assert program.done("doctor") == "Everything is in order.\n"


def test_tidying_shows_its_progress_on_a_terminal_alone(ready: Program) -> None:
    parts = assemble(load(ready.environment), time.time)
    with parts.database.write() as connection:
        for number in range(2001):
            parts.audit.record(connection, "plugin.test", 1, 1.0, number=number)
    parts.database.dispose()
    status, shown = ready.on_terminal("tidy", answers=[])
    assert status == 0
    assert re.findall(r"([0-9,]+) audit entries deleted", shown) == ["1,000", "2,000", "2,001"]
    assert shown.endswith("Done; 2001 audit entries were older than 365 days.\n")
    assert ready.done("tidy") == "Done; 0 audit entries were older than 365 days.\n"


def test_a_second_init_is_refused(ready: Program) -> None:
    assert "is initialised already" in ready.refused(*INIT, "--password-stdin", typed=f"{PASSWORD}\n")


def test_without_a_terminal_init_wants_the_password_on_its_input(program: Program) -> None:
    assert program.refused(*INIT) == "There is no terminal to ask for the password: add --password-stdin."
    assert not program.data.exists()


def test_on_a_terminal_the_password_is_asked_twice_and_not_shown(program: Program) -> None:
    answers = [("Password: ", f"{PASSWORD}\n"), ("Repeat password: ", f"{PASSWORD}\n")]
    status, shown = program.on_terminal(*INIT, answers=answers)
    assert status == 0
    assert PASSWORD not in shown
    assert "is ready in" in shown


def test_a_password_that_was_repeated_wrongly_is_asked_anew(program: Program) -> None:
    answers = [("Password: ", f"{PASSWORD}\n"), ("Repeat password: ", "something else\n")]
    answers += [("Password: ", f"{PASSWORD}\n"), ("Repeat password: ", f"{PASSWORD}\n")]
    status, _ = program.on_terminal(*INIT, answers=answers)
    assert status == 0


def test_ctrl_c_at_the_password_leaves_nothing(program: Program) -> None:
    status, shown = program.on_terminal(*INIT, answers=[("Password: ", "\x03")])
    assert status == 1
    assert "Traceback" not in shown
    assert not program.data.exists()


@pytest.mark.parametrize(("answer", "status", "kept"), [("y\n", 0, False), ("n\n", 1, True), ("\n", 1, True)])
def test_on_a_terminal_a_destructive_command_asks(ready: Program, answer: str, status: int, kept: bool) -> None:
    ready.done("users", "add", "erika", "--email", "e@example.org", "--password-stdin", typed=f"{PASSWORD}\n")
    ended, shown = ready.on_terminal("users", "delete", "erika", answers=[("Continue? [y/N]: ", answer)])
    assert ended == status
    assert "This deletes the user erika (e@example.org) for good." in shown
    assert ("Nothing was changed." in shown) is kept
    assert ("erika" in ready.done("users", "list")) is kept


def test_a_reader_that_goes_away_is_no_error(ready: Program) -> None:
    command = f"'{CCM}' --help | true"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env=ready.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_a_full_disk_is_one_sentence(ready: Program) -> None:
    done = subprocess.run(
        ["bash", "-c", f"'{CCM}' users list > /dev/full"],
        env=ready.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "No space left on device.\n"


def test_a_terminal_that_lacks_letters_is_no_error(ready: Program) -> None:
    ready.settings = {"LC_ALL": "POSIX", "LANG": "", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    assert "There is no user nobody." in ready.refused("users", "enable", "nobody")


def test_bytes_that_are_no_text_are_one_sentence(ready: Program) -> None:
    done = subprocess.run([CCM, "users", "enable", b"\xff"], env=ready.environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"An argument is not valid UTF-8.\n")


def test_a_file_in_place_of_the_data_directory_is_one_sentence(program: Program) -> None:
    program.data.write_text("")
    told = program.refused(*INIT, "--password-stdin", typed=f"{PASSWORD}\n")
    assert told == f"{program.data} cannot be made: File exists."
    assert program.data.read_text() == ""


def test_a_wrong_setting_in_the_file_is_named(ready: Program) -> None:
    (ready.data / "ccm.toml").write_text("session_idle_seconds = 5\n")
    told = ready.refused("users", "list")
    assert told == "CCM_SESSION_IDLE_SECONDS must be a whole number from 60 to 1000000000, not 5."


def test_the_deployment_may_be_copied(ready: Program, tmp_path: Path) -> None:
    copy_data(ready.data, tmp_path / "copy")
    copy = Program(tmp_path / "copy")
    assert "anna" in copy.done("users", "list")
