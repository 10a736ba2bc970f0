# SPDX-License-Identifier: MIT
"""``ccm demo``, which ``make run`` calls."""

import json
import resource
import signal
import socket
from pathlib import Path

import pytest

from ccm_core.db import migration
from tests.databases import database_of
from tests.functional.program import PASSWORD, Program, Running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "var")


def passwords(server: Running) -> dict[str, str]:
    """Return the passwords that were printed, by account."""
    return {line.split()[0]: line.split()[-1] for line in server.lines if " password " in line}


def active(program: Program) -> dict[str, bool]:
    """Return whether each installed plugin is active, by name."""
    return {plugin["name"]: plugin["active"] for plugin in json.loads(program.done("plugins", "list", "--json"))}


def test_the_first_run_makes_two_accounts_and_prints_their_passwords(program: Program) -> None:
    with program.running("demo") as server:
        printed = passwords(server)
        assert list(printed) == ["admin", "erika"]
        assert all(len(password) >= 15 for password in printed.values())
        assert all(program.logs_in(name, password) for name, password in printed.items())
        text = "\n".join(server.lines)
        assert program.url in text
        assert str(program.data / "mail") in text
        assert "«Activate»" in text
        assert (program.data / "demo-accounts").stat().st_mode & 0o777 == 0o600
        assert server.stop(signal.SIGTERM)[0] == 0
    accounts = {(row["name"], row["email"], row["role"]) for row in json.loads(program.done("users", "list", "--json"))}
    assert accounts == {("admin", "admin@example.org", "administrator"), ("erika", "erika@example.org", "user")}
    assert active(program) == {"signins": False, "twofactor": False}


def test_a_second_run_keeps_the_data_and_takes_under_three_seconds_of_the_processor(program: Program) -> None:
    with program.running("demo") as server:
        first = server.lines
        server.stop(signal.SIGTERM)
    program.done("plugins", "activate", "twofactor")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with program.running("demo") as server:
        assert server.lines == first
        server.stop(signal.SIGTERM)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3
    assert active(program) == {"signins": False, "twofactor": True}


def test_a_given_password_is_used_for_both_and_not_kept(program: Program) -> None:
    program.settings = {"CCM_DEMO_PASSWORD": PASSWORD}
    with program.running("demo") as server:
        assert program.logs_in("admin", PASSWORD)
        assert program.logs_in("erika", PASSWORD)
        assert PASSWORD not in "\n".join(server.lines)
        server.stop(signal.SIGTERM)
    assert not (program.data / "demo-accounts").exists()
    program.settings = {"CCM_DEMO_PASSWORD": "another long enough one"}
    with program.running("demo") as server:
        assert any("the passwords are those of the first run" in line for line in server.lines)
        assert program.logs_in("admin", PASSWORD)
        assert not program.logs_in("admin", "another long enough one")


def test_a_given_password_that_is_too_short_leaves_nothing(program: Program) -> None:
    program.settings = {"CCM_DEMO_PASSWORD": "short"}
    assert program.refused("demo") == "The password needs at least 15 characters."
    assert not program.data.exists()


def test_a_port_in_use_leaves_nothing(program: Program) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", program.port))
        other.listen()
        assert "is in use" in program.refused("demo")
    assert not program.data.exists()


def test_missing_migrations_are_run(program: Program) -> None:
    with program.running("demo") as server:
        server.stop(signal.SIGTERM)
    database = database_of(program.data)
    database.remove()
    database.prepare()
    migration.upgrade(database, "0001")
    with program.running("demo"):
        assert migration.current(database) == migration.HEAD
    database.dispose()
