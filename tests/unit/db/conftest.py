# SPDX-License-Identifier: MIT
"""A PostgreSQL server for one module, a small database for each test, and what tests do with them."""

import zlib
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import make_url, text

from ccm_core.db.engine import Database, open_database
from tests.postgresql import Server, quick_place, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server(quick_place()) as running:
        yield running


def sql(server: Server, statement: str) -> list[tuple[object, ...]]:
    """Run a statement as the server's administrator."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def url_of(server: Server, name: str) -> str:
    return make_url(server.url).set(database=name).render_as_string()


@pytest.fixture
def database(server: Server, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with one table of one number."""
    name = f"d{zlib.crc32(request.node.name.encode())}"
    sql(server, f"CREATE DATABASE {name}")
    opened = open_database(url_of(server, name))
    with opened.write() as connection:
        connection.exec_driver_sql("CREATE TABLE thing (id integer PRIMARY KEY, n integer NOT NULL DEFAULT 0)")
    yield opened
    opened.dispose()


def add(database: Database, *numbers: int) -> None:
    with database.write() as connection:
        for number in numbers:
            connection.execute(text("INSERT INTO thing VALUES (:id)"), {"id": number})


def count(database: Database) -> object:
    with database.read() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM thing").scalar()


def connections(server: Server, database: Database) -> object:
    counted = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database.url.database}'"
    return sql(server, counted)[0][0]


def cut(server: Server, database: Database) -> None:
    """End all connections to a database, as an administrator or a failing network does."""
    sql(
        server,
        f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{database.url.database}'",
    )
