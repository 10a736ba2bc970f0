# SPDX-License-Identifier: MIT
"""Which revision of the tables a database has, which one this program needs, and the way from one to the other."""

from __future__ import annotations

from sqlalchemy import inspect, null, select

from ccm_core.db.engine import Database
from ccm_core.db.models import version
from ccm_core.errors import ConfigError

HEAD = "0003"
"""The revision that this program works with: the newest in ``migrations/versions``."""


def current(database: Database) -> str | None:
    """Return the database's revision; None when it holds no tables yet."""
    return _state(database)[0]


def pending(database: Database) -> bool:
    """Whether an upgrade is missing. A database may also be ahead of its program."""
    found = current(database)
    return found is None or found < HEAD


def breaks(database: Database) -> bool:
    """Whether an upgrade takes away what the program needs that the database was last upgraded for."""
    from ccm_core.db.migrations import runner  # noqa: PLC0415 - Alembic takes 10 MiB, and a server never needs it

    found = current(database)
    return found is not None and found < runner.oldest_program(HEAD)


def upgrade(database: Database, to: str = HEAD) -> None:
    """Run what is missing, all or nothing; raises ConfigError or Busy. Several processes may do so at once."""
    from ccm_core.db.migrations import runner  # noqa: PLC0415 - as above

    if not _is_ahead(database):
        runner.upgrade(database, to)


def check_revision(database: Database) -> None:
    """Raise ConfigError with the mend when the tables are not those that this program needs."""
    found = current(database)
    if found == HEAD:
        return
    if found is None:
        raise ConfigError("%(name)s holds no tables yet. Run «ccm init».", name=database.name)
    if _is_ahead(database):
        return
    raise ConfigError(
        "%(name)s misses migrations (it has %(found)s, this version needs %(head)s). Run «ccm db upgrade».",
        name=database.name,
        found=found,
        head=HEAD,
    )


def _is_ahead(database: Database) -> bool:
    """Whether a newer version upgraded the tables, and said that this one still works; raises ConfigError if not."""
    found, oldest = _state(database)
    if found is None or found <= HEAD:  # revisions are numbers of four digits
        return False
    if oldest is not None and oldest <= HEAD:
        return True
    raise ConfigError(
        "%(name)s was upgraded by a newer version of ccm-core (revision %(found)s), and this one no longer works with "
        "it. Install that version.",
        name=database.name,
        found=found,
    )


def _state(database: Database) -> tuple[str | None, str | None]:
    """Return the revision, and which program still works with it as far as the database says so."""
    with database.read() as connection:
        looked = inspect(connection)
        if not looked.has_table(version.name):
            return None, None
        number, oldest = version.c
        told = oldest.name in {column["name"] for column in looked.get_columns(version.name)}
        row = connection.execute(select(number, oldest if told else null())).first()
    return (row[0], row[1]) if row else (None, None)
