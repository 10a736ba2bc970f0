# SPDX-License-Identifier: MIT
"""The console on PostgreSQL: installing, serving and looking for faults by ``CCM_DATABASE_URL`` alone."""

import signal
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import make_url

from tests.functional.program import PASSWORD, Program
from tests.postgresql import Server, quick_place, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server(quick_place()) as running:
        yield running


@pytest.fixture
def console(server: Server, program: Program) -> Program:
    """The console script with a database of its own that is empty."""
    name = program.data.parent.name.replace("-", "_")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    program.settings["CCM_DATABASE_URL"] = make_url(server.url).set(database=name).render_as_string()
    return program


def tables(console: Program) -> int:
    with psycopg.connect(console.settings["CCM_DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert row is not None
    return int(row[0])


def test_an_installation_serves_and_its_administrator_signs_in(console: Program) -> None:
    console.init()
    assert "Everything is in order." in console.done("doctor")
    with console.running("serve", "--port", str(console.port)) as running:
        assert console.logs_in("anna", PASSWORD)
        assert not console.logs_in("anna", "another long password")
        assert running.stop(signal.SIGTERM)[0] == 0
    assert not list(console.data.glob("*.sqlite3"))
    assert [line for line in console.done("audit").splitlines() if "login.succeeded" in line]


def test_an_installation_is_not_made_twice(console: Program) -> None:
    console.init()
    again = ("init", "--admin", "eva", "--email", "eva@example.org", "--password-stdin")
    assert "is initialised already" in console.refused(*again, typed=f"{PASSWORD}\n")
    (console.data / "keys").unlink()
    assert "exists, but" in console.refused(*again, typed=f"{PASSWORD}\n")


def test_an_installation_that_fails_leaves_no_tables(console: Program) -> None:
    options = ("init", "--admin", "anna", "--email", "anna@example.org", "--password-stdin")
    assert "password" in console.refused(*options, typed="short\n")
    assert tables(console) == 0
    assert not console.data.exists()
    console.init()
    assert tables(console) > 0


def test_a_server_does_not_start_on_a_database_without_tables(console: Program) -> None:
    console.init()
    with psycopg.connect(console.settings["CCM_DATABASE_URL"]) as connection:
        connection.execute("DROP TABLE alembic_version")
    assert "holds no tables yet. Run «ccm init»." in console.refused("serve", "--port", str(console.port))


def test_a_database_server_that_is_away_is_named_and_so_is_the_mend(server: Server, program: Program) -> None:
    program.settings["CCM_DATABASE_URL"] = "postgresql://ccm:a-secret-word@127.0.0.1:1/ccm"
    told = program.refused("users", "list")
    assert told.startswith("postgresql://127.0.0.1:1/ccm cannot be used: ")
    assert "a-secret-word" not in told


@pytest.mark.parametrize(
    "url", ["postgresql://", "postgresql:///", "postgres://h/d", "mysql://h/d", "postgresql://h:0/d"]
)
def test_an_address_that_names_no_database_stops_every_command(program: Program, url: str) -> None:
    program.settings["CCM_DATABASE_URL"] = url
    told = program.refused("users", "list")
    assert "CCM_DATABASE_URL must be sqlite:////path/of/the/file or postgresql://" in told
