# SPDX-License-Identifier: MIT
"""The same revisions make the same tables on PostgreSQL."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, make_url

from ccm_core.db import migration
from ccm_core.db.engine import Database, open_database
from ccm_core.db.models import metadata
from tests.postgresql import quick_place, running_server

Make = Callable[[str], Database]


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    """Make an empty database of a name."""
    opened: list[Database] = []
    with running_server(quick_place()) as server:

        def named(name: str) -> Database:
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}".encode())
            opened.append(open_database(make_url(server.url).set(database=name).render_as_string()))
            return opened[-1]

        yield named
        for database in opened:
            database.dispose()


def shape(database: Database) -> dict[str, object]:
    """Return all that tells tables apart, but for the order of columns and constraints."""
    found: dict[str, object] = {}
    with database.read() as connection:
        looked = inspect(connection)
        for table in looked.get_table_names():
            if table.startswith("alembic_"):
                continue
            columns = sorted(str(column) for column in looked.get_columns(table))
            keys = sorted(str(key) for key in looked.get_foreign_keys(table))
            unique = sorted(str(rule) for rule in looked.get_unique_constraints(table))
            indexes = sorted(str(index) for index in looked.get_indexes(table))
            found[table] = (columns, keys, unique, indexes, looked.get_pk_constraint(table))
    return found


def test_upgraded_tables_have_the_shape_of_fresh_ones(make: Make) -> None:
    upgraded, fresh = make("upgraded"), make("fresh")
    migration.upgrade(upgraded)
    with fresh.write() as connection:
        metadata.create_all(connection)
    assert len(shape(upgraded)) == len(metadata.tables)
    assert shape(upgraded) == shape(fresh)
    with upgraded.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert migration.current(upgraded) == migration.HEAD


def test_an_upgrade_that_fails_is_undone_as_a_whole(make: Make) -> None:
    database = make("fails")
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE outbox (id integer)")
    with pytest.raises(Exception, match='"outbox" already exists'):
        migration.upgrade(database)
    assert migration.current(database) is None
    with database.read() as connection:
        assert inspect(connection).get_table_names() == ["outbox"]


def test_several_nodes_upgrade_at_once(make: Make) -> None:
    database = make("many")
    code = "import sys; from ccm_core.db.engine import open_database; from ccm_core.db.migration import upgrade; "
    code += "upgrade(open_database(sys.argv[1]))"
    command = [sys.executable, "-c", code, database.url.render_as_string()]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
    assert ends == [("", 0)] * 3
    assert migration.current(database) == migration.HEAD
