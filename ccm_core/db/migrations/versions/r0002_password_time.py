# SPDX-License-Identifier: MIT
"""A session knows when its password was last typed, and holds the notice that its next page shows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
oldest_program = "0002"


def upgrade() -> None:
    """Take the time of the last proof for sessions that exist: it included the password."""
    op.add_column("session", sa.Column("password_at", sa.Double))
    op.add_column("session", sa.Column("notice", sa.JSON))
    session = sa.table("session", sa.column("recent_at"), sa.column("password_at"))
    op.execute(sa.update(session).values(password_at=session.c.recent_at))
    with op.batch_alter_table("session", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column("password_at", existing_type=sa.Double(), nullable=False)
