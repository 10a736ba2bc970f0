# SPDX-License-Identifier: MIT
"""Runs Alembic: one transaction, safe when several processes try at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from ccm_core.db.engine import Database


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


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
