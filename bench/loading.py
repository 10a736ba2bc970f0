# SPDX-License-Identifier: MIT
"""Loads rows into a database as fast as it takes them, with no more memory for more rows."""

from __future__ import annotations

import sqlite3
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL

from bench.population import Part, Population, Row

STEP = 10_000
"""Rows between two looks at the clock."""


class Loader(ABC):
    """One connection; a load ends with the schema that it began with, and with fresh statistics."""

    def load(self, population: Population) -> None:
        """Load all parts and tell of the progress."""
        with self._without_indexes():
            for part in population.parts():
                with progress(part.table.name, part.count) as told:
                    self._fill(part, told(part.rows()))
        self._finish(population)

    @abstractmethod
    def _without_indexes(self) -> Any:
        """Drop indexes and constraints for a block and make them anew after it: cheaper than to grow them."""

    @abstractmethod
    def _fill(self, part: Part, rows: Iterator[Row]) -> None:
        """Write the rows of one table."""

    @abstractmethod
    def _finish(self, population: Population) -> None:
        """Let ids go on above those that were given, and gather statistics."""


class PostgresqlLoader(Loader):
    """COPY, streamed."""

    def __init__(self, url: URL) -> None:
        self._connection = psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
        self._connection.autocommit = True
        self._connection.execute("SET maintenance_work_mem = '1GB'; SET statement_timeout = 0")

    @contextmanager
    def _without_indexes(self) -> Iterator[None]:
        """Primary keys stay. Foreign keys are checked as they come back."""
        constraints = self._connection.execute(
            "SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c"
            " WHERE c.connamespace = current_schema()::regnamespace AND c.contype IN ('f', 'u')"
            " ORDER BY c.contype DESC, c.conname"
        ).fetchall()
        indexes = self._connection.execute(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
            " JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = current_schema()::regnamespace"
            " AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)"
        ).fetchall()
        for table, name, _ in reversed(constraints):
            self._run(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _ in indexes:
            self._run(f"DROP INDEX {name}")
        yield
        uniques = [
            (f"{name} of {table}", f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {what}')
            for table, name, what in constraints
        ]
        for told, statement in [(name, what) for name, what in indexes] + uniques:
            with progress(f"making {told}"):
                self._run(statement)

    def _fill(self, part: Part, rows: Iterator[Row]) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, part.columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(part.table.name), columns)
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def _finish(self, population: Population) -> None:
        for part in population.parts():
            if "id" in part.table.c:
                name = f'"{part.table.name}"'
                self._run(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
        with progress("gathering statistics"):
            self._run("VACUUM ANALYZE")
        self._run("CHECKPOINT")
        self._connection.close()

    def _run(self, statement: str) -> None:
        self._connection.execute(statement.encode())


class SqliteLoader(Loader):
    """Prepared inserts in one transaction a table."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=0", "cache_size=-1000000"):
            self._connection.execute(f"PRAGMA {pragma}")

    @contextmanager
    def _without_indexes(self) -> Iterator[None]:
        """Those of unique constraints stay, since SQLite cannot make them later."""
        found = self._connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        indexes = found.fetchall()
        for name, _ in indexes:
            self._connection.execute(f"DROP INDEX {name}")
        yield
        for name, statement in indexes:
            with progress(f"making {name}"):
                self._connection.execute(statement)

    def _fill(self, part: Part, rows: Iterator[Row]) -> None:
        columns = ", ".join(f'"{name}"' for name in part.columns)
        marks = ", ".join("?" * len(part.columns))
        self._connection.execute("BEGIN")
        self._connection.executemany(f'INSERT INTO "{part.table.name}" ({columns}) VALUES ({marks})', rows)
        self._connection.execute("COMMIT")

    def _finish(self, _population: Population) -> None:
        broken = self._connection.execute("PRAGMA foreign_key_check").fetchone()
        assert broken is None, broken
        with progress("gathering statistics"):
            self._connection.execute("PRAGMA analysis_limit = 1000")
            self._connection.execute("ANALYZE")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()


def loader(url: URL) -> Loader:
    """Return the loader of a database."""
    if url.get_backend_name() == "postgresql":
        return PostgresqlLoader(url)
    return SqliteLoader(str(url.database))


@contextmanager
def progress(name: str, count: int = 0) -> Iterator[Any]:
    """Tell on stderr what is being done, how far it is and how long it took; quiet under a second in a pipe."""
    began = time.monotonic()
    terminal = sys.stderr.isatty()

    def told(rows: Iterator[Row]) -> Iterator[Row]:
        for number, row in enumerate(rows):
            if terminal and number % STEP == 0:
                print(f"\r{name}: {number:,} of {count:,} ", end="", file=sys.stderr, flush=True)
            yield row

    yield told
    seconds = time.monotonic() - began
    if terminal or seconds > 1:
        rows = f"{count:,} rows in " if count else ""
        print(f"{chr(13) * terminal}{name}: {rows}{seconds:.1f} s{' ' * 20 * terminal}", file=sys.stderr, flush=True)
