# SPDX-License-Identifier: MIT
"""The first tables. Names of constraints and indexes follow the naming convention of ``ccm_core.db.models``."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
oldest_program = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create all tables, each after those that it refers to."""
    _instances()
    _users()
    _signing_in()
    _factors()
    _plugins()
    _mails()
    _counters()


def _id() -> sa.Column[int]:
    return sa.Column("id", NUMBER, primary_key=True)


def _instance(*, primary_key: bool = False, index: bool = False) -> sa.Column[int]:
    owner = sa.ForeignKey("instance.id", ondelete="CASCADE")
    return sa.Column("instance_id", NUMBER, owner, nullable=False, primary_key=primary_key, index=index)


def _user(*, primary_key: bool = False, index: bool = False) -> sa.Column[int]:
    owner = sa.ForeignKey("user.id", ondelete="CASCADE")
    return sa.Column("user_id", NUMBER, owner, nullable=False, primary_key=primary_key, index=index)


def _instances() -> None:
    op.create_table(
        "plan",
        _id(),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "plan_plugin",
        sa.Column("plan_id", NUMBER, sa.ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("plugin", sa.String(64), primary_key=True),
        sa.Column("from_at", sa.Double, nullable=False),
    )
    op.create_table(
        "instance",
        _id(),
        sa.Column("host", sa.String(255), nullable=False, unique=True),
        sa.Column("edition", sa.String(16), nullable=False),
        sa.Column("plan_id", NUMBER, sa.ForeignKey("plan.id")),
        sa.Column("plugin_generation", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )


def _users() -> None:
    op.create_table(
        "user",
        _id(),
        _instance(),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("name_key", sa.String(128), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(512), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False, server_default="0"),
        sa.Column("language", sa.String(8)),
        sa.Column("first_name", sa.String(100), nullable=False, server_default=""),
        sa.Column("last_name", sa.String(100), nullable=False, server_default=""),
        sa.Column("company", sa.String(100), nullable=False, server_default=""),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("stamp", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("last_login_at", sa.Double),
        sa.UniqueConstraint("instance_id", "name_key"),
        sa.UniqueConstraint("instance_id", "email_key"),
        sqlite_autoincrement=True,
    )


def _signing_in() -> None:
    op.create_table(
        "session",
        _id(),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("family", sa.LargeBinary(32), nullable=False, unique=True),
        _instance(),
        _user(index=True),
        sa.Column("stamp", sa.Integer, nullable=False),
        sa.Column("plugin_generation", sa.Integer, nullable=False),
        sa.Column("passed_enrolment", NUMBER),
        sa.Column("full_login_at", sa.Double, nullable=False),
        sa.Column("recent_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False, index=True),
        sa.Column("unlock_failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("user_agent", sa.String(400), nullable=False),
        sa.Column("network", sa.String(64), nullable=False),
        sqlite_autoincrement=True,
    )
    owner = sa.ForeignKey("session.id", ondelete="CASCADE")
    op.create_table(
        "retired_token",
        sa.Column("token_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("session_id", NUMBER, owner, nullable=False, index=True),
        sa.Column("retired_at", sa.Double, nullable=False),
    )
    op.create_table(
        "pending_login",
        _id(),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
        _instance(),
        _user(index=True),
        sa.Column("stamp", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False, index=True),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("state_plugin", sa.String(64)),
        sa.Column("state", sa.LargeBinary),
        sqlite_autoincrement=True,
    )


def _factors() -> None:
    op.create_table(
        "enrolment",
        _id(),
        _instance(),
        _user(),
        sa.Column("plugin", sa.String(64), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("confirmed", sa.Boolean, nullable=False),
        sa.Column("pending_until", sa.Double),
        sa.Column("family", sa.LargeBinary(32)),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("counter", NUMBER, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("last_used_at", sa.Double),
        sa.UniqueConstraint("user_id", "plugin", "label", "confirmed"),
        sa.Index(None, "instance_id", "plugin"),
        sqlite_autoincrement=True,
    )


def _plugins() -> None:
    op.create_table(
        "plugin_activation",
        _instance(primary_key=True),
        sa.Column("plugin", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("everyone", sa.Boolean, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
    )
    op.create_table(
        "plugin_access",
        _instance(primary_key=True),
        sa.Column("plugin", sa.String(64), primary_key=True),
        _user(primary_key=True, index=True),
    )
    op.create_table(
        "plugin_store",
        _id(),
        _instance(),
        sa.Column("plugin", sa.String(64), nullable=False),
        _user(index=True),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.UniqueConstraint("instance_id", "plugin", "user_id", "key"),
    )
    op.create_table(
        "plugin_fault",
        _id(),
        sa.Column("plugin", sa.String(64), nullable=False, index=True),
        sa.Column("hook", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("node", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
    op.create_table(
        "plugin_retry",
        sa.Column("plugin", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
    )


def _mails() -> None:
    op.create_table(
        "mailed_link",
        _id(),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False, unique=True),
        _instance(),
        _user(),
        sa.Column("email", sa.String(254)),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False, index=True),
        sa.Index(None, "user_id", "kind"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outbox",
        _id(),
        _instance(index=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("user_id", NUMBER, sa.ForeignKey("user.id", ondelete="SET NULL"), index=True),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("message_id", sa.String(255), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False, index=True),
        sa.Column("due_at", sa.Double, index=True),
        sa.Column("lease", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("delivered_at", sa.Double),
        sa.Column("error", sa.Text, nullable=False, server_default=""),
        sqlite_autoincrement=True,
    )


def _counters() -> None:
    op.create_table(
        "audit",
        _id(),
        _instance(),
        sa.Column("at", sa.Double, nullable=False, index=True),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("user_id", NUMBER),
        sa.Column("user_name", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("network", sa.String(64), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Index(None, "instance_id", "id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.LargeBinary(32), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("blocked_until", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False, index=True),
        sa.Column("free", sa.Integer, nullable=False),
        sa.Column("longest", sa.Integer, nullable=False),
        sa.Column("life", sa.Integer, nullable=False),
        sa.Column("fixed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "known_network",
        _user(primary_key=True),
        sa.Column("network", sa.LargeBinary(32), primary_key=True),
        sa.Column("seen_at", sa.Double, nullable=False, index=True),
    )
    op.create_table(
        "code_counter",
        _user(primary_key=True),
        sa.Column("streak", sa.Integer, nullable=False),
        sa.Column("paused_until", sa.Double, nullable=False),
    )
    op.create_table(
        "code_day",
        _user(primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
