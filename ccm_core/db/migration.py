# SPDX-License-Identifier: MIT
"""Which revision of the tables a database has, which one this program needs, and the way from one to the other."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, String, Table, inspect, select

from ccm_core.db.engine import Database
from ccm_core.errors import ConfigError

HEAD = "0002"
"""The revision that this program works with: the newest in ``migrations/versions``."""

_version = Table("alembic_version", MetaData(), Column("version_num", String(32)))


def current(database: Database) -> str | None:
    """Return the database's revision; None when it holds no tables yet."""
    with database.read() as connection:
        if not inspect(connection).has_table(_version.name):
            return None
        return connection.execute(select(_version.c.version_num)).scalar()


def pending(database: Database) -> bool:
    """Whether an upgrade is missing."""
    return current(database) != HEAD


def upgrade(database: Database, to: str = HEAD) -> None:
    """Run what is missing, all or nothing; raises ConfigError or Busy. Several processes may do so at once."""
    from ccm_core.db.migrations import runner  # noqa: PLC0415 - Alembic takes 10 MiB, and a server never needs it

    _refuse_newer(database, current(database))
    runner.upgrade(database, to)


def check_revision(database: Database) -> None:
    """Raise ConfigError with the mend when the tables are not those that this program needs."""
    found = current(database)
    if found == HEAD:
        return
    if found is None:
        raise ConfigError("%(name)s holds no tables yet. Run «ccm init».", name=database.name)
    _refuse_newer(database, found)
    raise ConfigError(
        "%(name)s misses migrations (it has %(found)s, this version needs %(head)s). Run «ccm db upgrade».",
        name=database.name,
        found=found,
        head=HEAD,
    )


def _refuse_newer(database: Database, found: str | None) -> None:
    if found is not None and found > HEAD:  # revisions are numbers of four digits
        raise ConfigError(
            "%(name)s was made by a newer version of ccm-core (revision %(found)s). Install that version.",
            name=database.name,
            found=found,
        )
