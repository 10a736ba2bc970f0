# SPDX-License-Identifier: MIT
"""Runs Alembic: one transaction, safe when several processes try at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text, update

from ccm_core.db.engine import Database
from ccm_core.db.models import version


def head() -> str:
    """Return the newest revision that there is a file for."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def upgrade(database: Database, to: str) -> None:
    """Run what is missing up to a revision, all or nothing; raises ConfigError, Busy or what a revision raises.

    Of several processes one upgrades; the others wait and find nothing to do.
    """
    with database.rebuild() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        _declare(connection, to, oldest_program(to))


def oldest_program(revision: str) -> str:
    """Return which program, by the revision that it was made for, still works on the tables of a revision."""
    stated: str = ScriptDirectory.from_config(_config()).get_revision(revision).module.oldest_program
    return stated


def _declare(connection: Connection, revision: str, oldest: str) -> None:
    """Let the database say which programs work on it: those that are older than itself cannot know."""
    column = version.c.oldest_program
    if column.name not in {known["name"] for known in inspect(connection).get_columns(version.name)}:
        connection.execute(text("ALTER TABLE alembic_version ADD COLUMN oldest_program VARCHAR(32)"))
    told = update(version).where(version.c.version_num == revision, column.is_distinct_from(oldest))
    connection.execute(told.values(oldest_program=oldest))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
