# SPDX-License-Identifier: MIT
"""Which database a host under test gets: a file in its folder, or a schema of its own on a PostgreSQL server."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

SERVER = "CCM_TEST_SERVER"
"""The URL of a PostgreSQL database in which the tests may create schemas; unset: they run on SQLite."""


def database_url(folder: Path) -> str:
    """Return the URL of the folder's database, made empty when it is new; empty for SQLite's own place."""
    server = os.environ.get(SERVER)
    if not server:
        return ""
    url = make_url(server)
    schema = "t" + hashlib.sha256(str(folder).encode()).hexdigest()[:24]
    engine = create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool, use_native_hstore=False)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    return url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
