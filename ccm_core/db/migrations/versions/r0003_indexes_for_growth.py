# SPDX-License-Identifier: MIT
"""Indexes for lists, counts and the tidy-up, so that none of them takes longer with more rows.

What names and addresses are compared by is ordered by its bytes on PostgreSQL too, as SQLite does: whatever begins
with a text then lies side by side in the index. PostgreSQL makes the two indexes anew, not the table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
oldest_program = "0002"

INDEXES = (
    ("audit", ("instance_id", "user_name", "id")),
    ("audit", ("instance_id", "event", "id")),
    ("code_day", ("day",)),
    ("enrolment", ("instance_id", "plugin", "confirmed", "user_id")),
    ("enrolment", ("pending_until",)),
    ("outbox", ("instance_id", "id")),
    ("session", ("full_login_at",)),
    ("user", ("instance_id", "role")),
    ("user", ("instance_id", "name_key", "email_key", "id")),
    ("user", ("instance_id", "email_key", "name_key", "id")),
)


def upgrade() -> None:
    """Add the indexes that nobody has made beforehand, and drop one that nothing reads; the rows stay as they are."""
    if op.get_bind().dialect.name == "postgresql":
        keys = (("name_key", 128), ("email_key", 512))
        changes = ", ".join(f'ALTER {column} TYPE VARCHAR({length}) COLLATE "C"' for column, length in keys)
        op.execute(f'ALTER TABLE "user" {changes}')
    for table, columns in INDEXES:
        op.create_index(f"ix_{'_'.join((table, *columns))}", table, columns, if_not_exists=True)
    by_people = sa.text("actor <> ''")
    op.create_index(
        "ix_audit_instance_id_actor_id",
        "audit",
        ("instance_id", "actor", "id"),
        postgresql_where=by_people,
        sqlite_where=by_people,
        if_not_exists=True,
    )
    # Nothing is found by it, and each request that is noted as activity would write to every index.
    op.drop_index("ix_session_seen_at", "session")
