# SPDX-License-Identifier: MIT
"""Which database a host under test gets: a file in its folder, or a schema of its own on a PostgreSQL server."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

from sqlalchemy import ClauseElement, create_engine, create_mock_engine, make_url, text
from sqlalchemy.pool import NullPool

from ccm_core.db.engine import Database
from ccm_core.db.models import metadata

SERVER = "CCM_TEST_SERVER"
"""The URL of a PostgreSQL database in which the tests may create schemas; unset: they run on SQLite."""


def database_url(folder: Path) -> str:
    """Return the URL of the folder's database, made empty when it is new; empty for SQLite's own place."""
    server = os.environ.get(SERVER)
    if not server:
        return ""
    url, schema = make_url(server), schema_of(folder)
    engine = create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool, use_native_hstore=False)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    return url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)


def schema_of(folder: Path) -> str:
    """Return the name of a folder's schema."""
    return "t" + hashlib.sha256(str(folder).encode()).hexdigest()[:24]


def create_tables(database: Database) -> None:
    """Create all tables, as the migrations would, unless they are there: on PostgreSQL in one round trip."""
    with database.write() as connection:
        if connection.dialect.name == "postgresql" and not connection.dialect.has_table(connection, "instance"):
            connection.exec_driver_sql(_statements())
        else:
            metadata.create_all(connection)


@cache
def _statements() -> str:
    """Return what creates all tables on PostgreSQL."""
    found: list[str] = []

    def note(statement: ClauseElement, *_args: object, **_options: object) -> None:
        found.append(str(statement.compile(dialect=dialect)))

    dialect = make_url("postgresql+psycopg://").get_dialect()()
    metadata.create_all(create_mock_engine("postgresql+psycopg://", note), checkfirst=False)
    return ";".join(found)
