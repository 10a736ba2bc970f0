# SPDX-License-Identifier: MIT
"""Deployments of a chosen size, on SQLite or on a PostgreSQL server of the bench's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from bench.deployment import PASSWORD, Installation, installed, prepare
from bench.loading import loader
from bench.population import Population, Size
from bench.processes import tree
from ccm_core.services.hashing import argon2id
from ccm_core.services.vault import Vault
from tests.postgresql import Server as Postgresql

LOADED = "loaded"
"""The file that says that a folder holds a whole deployment."""


@dataclass(frozen=True)
class Engine:
    """Where databases are: nowhere but in the folders (SQLite), or on a server."""

    server: Postgresql | None = None
    watch: psycopg.Connection[tuple[Any, ...]] | None = None

    def url(self, name: str) -> str:
        """Return the URL of a database, made if it is new; empty for SQLite."""
        if self.server is None:
            return ""
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return make_url(self.server.url).set(database=name).render_as_string(hide_password=False)

    def pids(self) -> list[int]:
        """Return the server's processes."""
        return list(tree(self.server.pid)) if self.server else []

    def seconds(self, name: str) -> float:
        """Return how long a database's statements have taken so far, as its server counts; 0 without one."""
        if self.watch is None:
            return 0.0
        query = (
            "SELECT sum(total_exec_time) FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid WHERE datname = %s"
        )
        row = self.watch.execute(query, (name,)).fetchone()
        return float(row[0] or 0) / 1000 if row else 0.0


@contextmanager
def engine(database: str, folder: Path) -> Iterator[Engine]:
    """Start what a kind of database needs; what a folder holds already is used again."""
    if database == "sqlite":
        yield Engine()
        return
    place = folder / "postgresql"
    server = Postgresql(place)
    if not place.exists():
        place.mkdir()
        server.create()
        settings = "max_wal_size = '4GB'\nshared_preload_libraries = 'pg_stat_statements'\n"
        with (place / "data" / "postgresql.auto.conf").open("a") as file:
            file.write(settings)
    server.start()
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            yield Engine(server, connection)
    finally:
        server.stop("fast")


def site(folder: Path, name: str, size: Size, where: Engine) -> tuple[Installation, Population]:
    """Return a deployment, installed and loaded unless the folder holds it already."""
    place, url = folder / name, where.url(name)
    done = place / LOADED
    if done.exists():
        one = installed(place, database_url=url)
    else:
        place.mkdir()
        one = prepare(place, users=0, database_url=url)
    now = float(done.read_text()) if done.exists() else one.clock()
    hasher = argon2id()
    population = Population(size, 1, Vault(one.settings.key_file), hasher.hash(PASSWORD), now)
    if not done.exists():
        began = time.monotonic()
        loader(make_url(one.settings.database_url)).load(population)
        print(
            f"loaded {size.users:,} users and {size.audit:,} audit rows in {time.monotonic() - began:.0f} s", flush=True
        )
        done.write_text(str(now))
    return one, population
