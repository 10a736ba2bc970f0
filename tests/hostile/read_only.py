# SPDX-License-Identifier: MIT
"""A server whose database takes no writes while a test says so: ``python -m tests.hostile.read_only PORT WORKERS``.

The database itself refuses: SQLite as for a file on a disk that was mounted read-only, PostgreSQL as on a standby.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, event

from ccm_core.config import load
from ccm_core.testing import serving

PROGRAM = "tests.hostile.read_only"


def mark(folder: Path) -> Path:
    """Return the file that makes the database of a host read-only while it exists."""
    return folder / "read-only"


def application() -> object:
    """Return the application of the tests' server, with the listener on whatever database it opens."""
    told = mark(load().data_dir)

    def begin(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        if connection.dialect.name == "postgresql":
            driver.read_only = told.exists()
        else:
            driver.execute(f"PRAGMA query_only={int(told.exists())}")

    event.listen(Engine, "begin", begin)
    return serving.application()


if __name__ == "__main__":
    serving.main(f"{PROGRAM}:application")
