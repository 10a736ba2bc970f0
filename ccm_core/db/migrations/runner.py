# SPDX-License-Identifier: MIT
"""Runs Alembic: one transaction, safe when several processes try at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ccm_core.db.engine import Database
from ccm_core.errors import ConfigError


def head() -> str:
    """Return the newest revision that there is a file for."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def upgrade(database: Database, to: str) -> None:
    """Run what is missing up to a revision, all or nothing; raises ConfigError, Busy or what a revision raises.

    The transaction takes the write lock first, so that of several processes one upgrades and the others find
    nothing to do. Foreign keys are off meanwhile: SQLite changes a table by replacing it, and dropping the old one
    would delete the rows that refer to it.
    """
    with database.rebuild() as connection:
        config = _config()
        config.attributes["connection"] = connection
        highest = _highest_ids(connection)
        command.upgrade(config, to)
        _restore(connection, highest)
        _check_references(connection)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _highest_ids(connection: Connection) -> dict[str, int]:
    if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").first():
        return {}
    return {row.name: row.seq for row in connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")}


def _restore(connection: Connection, highest: dict[str, int]) -> None:
    """Let no replaced table hand out the id of a deleted row again."""
    for table, number in highest.items():
        if _highest_ids(connection).get(table, -1) < number:
            connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            connection.exec_driver_sql("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, number))


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise ConfigError(
            "The upgrade was undone: a row of %(table)s refers to a row that does not exist.", table=broken[0]
        )
