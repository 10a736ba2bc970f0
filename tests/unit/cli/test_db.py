# SPDX-License-Identifier: MIT
"""``ccm db upgrade``, and what other commands say before it."""

from pathlib import Path

import pytest

from ccm_core.db import migration
from tests.databases import database_of
from tests.unit.cli.conftest import Console


def older_database(data: Path, revision: str) -> None:
    database = database_of(data)
    database.remove()
    database.prepare()
    migration.upgrade(database, revision)
    database.dispose()


def test_an_upgrade_says_from_where_to_where_it_went(console: Console) -> None:
    older_database(console.data, "0001")
    assert "Run «ccm db upgrade»." in console.refused("users", "list")
    done = console.done("db", "upgrade", "--yes")
    assert done.out == f"The database was upgraded from revision 0001 to {migration.HEAD}.\n"
    assert console.done("db", "upgrade").out == "The database is up to date.\n"


def test_an_upgrade_that_servers_would_not_survive_is_asked_about(console: Console) -> None:
    older_database(console.data, "0001")
    assert "stop them first. Add --yes" in console.refused("db", "upgrade")
    assert "Run «ccm db upgrade»." in console.refused("users", "list")


def test_an_upgrade_needs_no_key_file(console: Console) -> None:
    (console.data / "keys").unlink()
    assert console.done("db", "upgrade").out == "The database is up to date.\n"


def test_a_database_without_tables_is_no_deployment(console: Console) -> None:
    database = database_of(console.data)
    database.remove()
    database.prepare()
    database.dispose()
    for command in (["db", "upgrade"], ["users", "list"]):
        assert "holds no tables yet. Run «ccm init»." in console.refused(*command)


@pytest.mark.sqlite
@pytest.mark.parametrize("command", [["db", "upgrade"], ["users", "list"], ["doctor"]])
def test_a_file_that_is_no_database_is_one_sentence(console: Console, command: list[str]) -> None:
    (console.data / "ccm.sqlite3").write_bytes(b"no database " * 500)
    result = console(*command)
    assert result.status == 1
    assert "file is not a database" in result.out + result.err
