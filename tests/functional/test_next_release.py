# SPDX-License-Identifier: MIT
"""Upgrading without downtime: servers of this release go on, and start, on the tables of the next one."""

import shutil
from dataclasses import replace
from pathlib import Path

from ccm_core.db import migration
from tests.databases import database_of
from tests.functional.program import PASSWORD, Program

ROOT = Path(__file__).resolve().parents[2]
REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
oldest_program = "{head}"


def upgrade() -> None:
    op.create_table("tale", sa.Column("id", sa.Integer, primary_key=True), sa.Column("told", sa.Text, nullable=False))
    for table in ("user", "session", "pending_login", "outbox", "audit"):
        op.add_column(table, sa.Column("mood", sa.String(16), nullable=False, server_default="good"))
    op.create_index("ix_audit_event", "audit", ["event"])
"""


def next_release(program: Program, folder: Path) -> Program:
    """Return the console of a release with one migration more, on the same data directory."""
    package = folder / "ccm_core"
    shutil.copytree(ROOT / "ccm_core", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "templates", package / "templates")
    revision = REVISION.format(head=migration.HEAD)
    (package / "db" / "migrations" / "versions" / "r9999_tale.py").write_text(revision, "utf-8")
    known = package / "db" / "migration.py"
    known.write_text(known.read_text("utf-8").replace(f'HEAD = "{migration.HEAD}"', 'HEAD = "9999"'), "utf-8")
    return replace(program, settings={**program.settings, "PYTHONPATH": str(folder)})


def test_servers_go_on_and_start_on_what_the_next_release_adds(ready: Program, tmp_path: Path) -> None:
    newer = next_release(ready, tmp_path / "next")
    with ready.running("serve"):
        assert ready.logs_in("anna", PASSWORD)
        assert "misses migrations" in newer.refused("serve")
        told = f"The database was upgraded from revision {migration.HEAD} to 9999.\n"
        assert newer.done("db", "upgrade") == told
        assert ready.logs_in("anna", PASSWORD)
        assert not ready.logs_in("anna", "another long password")
    with ready.running("serve"):
        assert ready.logs_in("anna", PASSWORD)
    assert ready.done("db", "upgrade") == "The database is up to date.\n"
    assert migration.current(database_of(ready.data)) == "9999"
