# SPDX-License-Identifier: MIT
"""What tests do with a whole database, whichever it is: find it, copy it, keep it locked."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import insert, select

from ccm_core.db import migration
from ccm_core.db.engine import Database, open_database
from ccm_core.db.models import metadata, version
from ccm_core.testing.databases import create_tables, database_url, schema_of


def database_of(data: Path) -> Database:
    """Return the database of a data directory under test."""
    return open_database(database_url(data) or f"sqlite:///{data / 'ccm.sqlite3'}")


def copy_data(source: Path, target: Path) -> None:
    """Copy a data directory; nothing may run on it."""
    shutil.copytree(source, target)
    if not database_url(source):
        return
    new, old = database_of(target), schema_of(source)
    create_tables(new)
    acts: list[str] = []
    for table in metadata.sorted_tables:
        columns = ", ".join(f'"{column.name}"' for column in table.c)
        acts.append(f'INSERT INTO "{table.name}" ({columns}) SELECT {columns} FROM {old}."{table.name}"')
        if table.c[0].name == "id":
            counter = f"pg_get_serial_sequence('\"{table.name}\"', 'id')"
            acts.append(f'SELECT setval({counter}, max(id)) FROM "{table.name}"')
    with new.write() as connection:
        version.create(connection)
        connection.execute(insert(version).values(version_num=migration.HEAD))
        connection.exec_driver_sql("; ".join(acts))
    new.dispose()


@contextmanager
def locked(database: Database) -> Iterator[Callable[[], None]]:
    """Let another connection keep everybody from writing, until the block ends or the yielded function lets go."""
    tables = ", ".join(f'"{name}"' for name in metadata.tables)
    lock = f"LOCK TABLE {tables} IN EXCLUSIVE MODE" if database.url.get_backend_name() == "postgresql" else "SELECT 1"
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        other = open_database(database.url.render_as_string(hide_password=False))
        with other.write() as connection:
            connection.exec_driver_sql(lock)
            held.set()
            done.wait(60)
        other.dispose()

    def let_go() -> None:
        done.set()
        holder.join()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(10)
        yield let_go
    finally:
        let_go()


def dump(database: Database) -> bytes:
    """Return everything that a database holds, as a backup would; for SQLite also what its files still remember."""
    with database.read() as connection:
        rows = [tuple(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    values = [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row]
    path = Path(database.name)
    files = sorted(path.parent.glob(f"{path.name}*")) if database.url.get_backend_name() == "sqlite" else []
    return b"\n".join([*values, *(file.read_bytes() for file in files)])


@contextmanager
def every_state_kept(database: Database) -> Iterator[None]:
    """Let SQLite's file of changes grow meanwhile, so that every state can be read from it."""
    if database.url.get_backend_name() != "sqlite":
        yield
        return
    with closing(sqlite3.connect(f"file:{database.name}?mode=ro", uri=True, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master")
        yield


@contextmanager
def no_new_password(database: Database) -> Iterator[None]:
    """Let the database refuse every new password hash, as if the product had broken a rule of the tables."""
    if database.url.get_backend_name() == "postgresql":
        act = 'ALTER TABLE "user" ADD CONSTRAINT broken CHECK (password_hash IS NULL) NOT VALID'
        undo = 'ALTER TABLE "user" DROP CONSTRAINT broken'
    else:
        body = "BEFORE UPDATE OF password_hash ON user BEGIN SELECT RAISE(ABORT, 'broken'); END"
        act, undo = f"CREATE TRIGGER broken {body}", "DROP TRIGGER broken"
    with database.write() as connection:
        connection.exec_driver_sql(act)
    yield
    with database.write() as connection:
        connection.exec_driver_sql(undo)
