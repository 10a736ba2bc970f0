# SPDX-License-Identifier: MIT
"""Every table. Times are seconds since 1970 in UTC; whatever belongs to an instance carries its id."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
)

from ccm_core.db import indexes

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")
"""Ids, and what plugins count: 64 bits. SQLite's integers have these anyway, and only there an id may count up."""
NameKey = String(128).with_variant(String(128, collation="C"), "postgresql")
EmailKey = String(512).with_variant(String(512, collation="C"), "postgresql")
"""What users are found by, also by how it begins: in the order of its bytes, as SQLite has it anyway."""


class PlanColumns(TypedColumns):
    id = Column(Number, primary_key=True)
    name = Column(String(64), nullable=False, unique=True)


class PlanPluginColumns(TypedColumns):
    plan_id = Column(Number, ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True)
    plugin = Column(String(64), primary_key=True)
    from_at = Column(Double, nullable=False)


class InstanceColumns(TypedColumns):
    id = Column(Number, primary_key=True)
    host = Column(String(255), nullable=False, unique=True)
    edition = Column(String(16), nullable=False)
    plan_id: Column[int | None] = Column(Number, ForeignKey("plan.id"))
    plugin_generation = Column(Integer, nullable=False, server_default="0")
    created_at = Column(Double, nullable=False)


class UserColumns(TypedColumns):
    id = Column(Number, primary_key=True)
    instance_id = Column(Number, ForeignKey("instance.id", ondelete="CASCADE"), nullable=False)
    name = Column(String(64), nullable=False)
    name_key = Column(NameKey, nullable=False)
    email = Column(String(254), nullable=False)
    email_key = Column(EmailKey, nullable=False)
    role = Column(String(16), nullable=False)
    disabled = Column(Boolean, nullable=False, server_default="0")
    language: Column[str | None] = Column(String(8))
    first_name = Column(String(100), nullable=False, server_default="")
    last_name = Column(String(100), nullable=False, server_default="")
    company = Column(String(100), nullable=False, server_default="")
    password_hash: Column[str | None] = Column(String(255))
    stamp = Column(Integer, nullable=False, server_default="0")
    created_at = Column(Double, nullable=False)
    last_login_at: Column[float | None] = Column(Double)


class SessionColumns(TypedColumns):
    id = Column(Number, primary_key=True)
    token_hash = Column(LargeBinary(32), nullable=False, unique=True)
    family = Column(LargeBinary(32), nullable=False, unique=True)
    instance_id = Column(Number, ForeignKey("instance.id", ondelete="CASCADE"), nullable=False)
    user_id = Column(Number, ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True)
    stamp = Column(Integer, nullable=False)
    plugin_generation = Column(Integer, nullable=False)
    passed_enrolment: Column[int | None] = Column(Number)
    full_login_at = Column(Double, nullable=False, index=True)
    recent_at = Column(Double, nullable=False)
    password_at = Column(Double, nullable=False)
    seen_at = Column(Double, nullable=False)
    unlock_failures = Column(Integer, nullable=False, server_default="0")
    user_agent = Column(String(400), nullable=False)
    network = Column(String(64), nullable=False)
    notice: Column[list[str] | None] = Column(JSON)


class RetiredTokenColumns(TypedColumns):
    token_hash = Column(LargeBinary(32), primary_key=True)
    session_id = Column(Number, ForeignKey("session.id", ondelete="CASCADE"), nullable=False, index=True)
    retired_at = Column(Double, nullable=False)


class PendingLoginColumns(TypedColumns):
    id = Column(Number, primary_key=True)
    token_hash = Column(LargeBinary(32), nullable=False, unique=True)
    instance_id = Column(Number, ForeignKey("instance.id", ondelete="CASCADE"), nullable=False)
    user_id = Column(Number, ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True)
    stamp = Column(Integer, nullable=False)
    expires_at = Column(Double, nullable=False, index=True)
    tries = Column(Integer, nullable=False, server_default="0")
    state_plugin: Column[str | None] = Column(String(64))
    state: Column[bytes | None] = Column(LargeBinary)


class EnrolmentColumns(TypedColumns):
    id = Column(Number, primary_key=True)
    instance_id = Column(Number, ForeignKey("instance.id", ondelete="CASCADE"), nullable=False)
    user_id = Column(Number, ForeignKey("user.id", ondelete="CASCADE"), nullable=False)
    plugin = Column(String(64), nullable=False)
    label = Column(String(64), nullable=False)
    confirmed = Column(Boolean, nullable=False)
    pending_until: Column[float | None] = Column(Double, index=True)
    family: Column[bytes | None] = Column(LargeBinary(32))
    data = Column(LargeBinary, nullable=False)
    counter = Column(Number, nullable=False)
    version = Column(Integer, nullable=False, server_default="0")
    tries = Column(Integer, nullable=False, server_default="0")
    created_at = Column(Double, nullable=False)
    last_used_at: Column[float | None] = Column(Double)


class ActivationColumns(TypedColumns):
    instance_id = Column(Number, ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True)
    plugin = Column(String(64), primary_key=True)
    state = Column(String(16), nullable=False)
    everyone = Column(Boolean, nullable=False)
    settings: Column[dict[str, object]] = Column(JSON, nullable=False)
    changed_at = Column(Double, nullable=False)


class AccessColumns(TypedColumns):
    instance_id = Column(Number, ForeignKey("instance.id", ondelete="CASCADE"), primary_key=True)
    plugin = Column(String(64), primary_key=True)
    user_id = Column(Number, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True)


class StoreColumns(TypedColumns):
    id = Column(Number, primary_key=True)
    instance_id = Column(Number, ForeignKey("instance.id", ondelete="CASCADE"), nullable=False)
    plugin = Column(String(64), nullable=False)
    user_id = Column(Number, ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True)
    key = Column(String(128), nullable=False)
    value: Column[object] = Column(JSON, nullable=False)


class PluginFaultColumns(TypedColumns):
    id = Column(Number, primary_key=True)
    plugin = Column(String(64), nullable=False, index=True)
    hook = Column(String(64), nullable=False)
    reason = Column(Text, nullable=False)
    node = Column(String(255), nullable=False)
    pid = Column(Integer, nullable=False)
    at = Column(Double, nullable=False)


class PluginRetryColumns(TypedColumns):
    plugin = Column(String(64), primary_key=True)
    number = Column(Integer, nullable=False)


class MailedLinkColumns(TypedColumns):
    id = Column(Number, primary_key=True)
    kind = Column(String(16), nullable=False)
    token_hash = Column(LargeBinary(32), nullable=False, unique=True)
    instance_id = Column(Number, ForeignKey("instance.id", ondelete="CASCADE"), nullable=False)
    user_id = Column(Number, ForeignKey("user.id", ondelete="CASCADE"), nullable=False)
    email: Column[str | None] = Column(String(254))
    created_at = Column(Double, nullable=False)
    expires_at = Column(Double, nullable=False, index=True)


class OutboxColumns(TypedColumns):
    id = Column(Number, primary_key=True)
    instance_id = Column(Number, ForeignKey("instance.id", ondelete="CASCADE"), nullable=False, index=True)
    kind = Column(String(32), nullable=False)
    user_id: Column[int | None] = Column(Number, ForeignKey("user.id", ondelete="SET NULL"), index=True)
    recipient = Column(String(254), nullable=False)
    subject = Column(String(255), nullable=False)
    body: Column[bytes | None] = Column(LargeBinary)
    message_id = Column(String(255), nullable=False)
    created_at = Column(Double, nullable=False, index=True)
    due_at: Column[float | None] = Column(Double, index=True)
    lease: Column[str | None] = Column(String(64))
    attempts = Column(Integer, nullable=False, server_default="0")
    delivered_at: Column[float | None] = Column(Double)
    error = Column(Text, nullable=False, server_default="")


class AuditColumns(TypedColumns):
    id = Column(Number, primary_key=True)
    instance_id = Column(Number, ForeignKey("instance.id", ondelete="CASCADE"), nullable=False)
    at = Column(Double, nullable=False, index=True)
    event = Column(String(64), nullable=False)
    user_id: Column[int | None] = Column(Number)
    user_name = Column(String(64), nullable=False)
    actor = Column(String(64), nullable=False)
    network = Column(String(64), nullable=False)
    detail: Column[dict[str, object]] = Column(JSON, nullable=False)


class ThrottleColumns(TypedColumns):
    key = Column(LargeBinary(32), primary_key=True)
    count = Column(Integer, nullable=False)
    blocked_until = Column(Double, nullable=False)
    started_at = Column(Double, nullable=False, index=True)
    free = Column(Integer, nullable=False)
    longest = Column(Integer, nullable=False)
    life = Column(Integer, nullable=False)
    fixed = Column(Boolean, nullable=False)


class KnownNetworkColumns(TypedColumns):
    user_id = Column(Number, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    network = Column(LargeBinary(32), primary_key=True)
    seen_at = Column(Double, nullable=False, index=True)


class CodeCounterColumns(TypedColumns):
    user_id = Column(Number, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    streak = Column(Integer, nullable=False)
    paused_until = Column(Double, nullable=False)


class CodeDayColumns(TypedColumns):
    user_id = Column(Number, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    day = Column(Integer, primary_key=True, index=True)
    count = Column(Integer, nullable=False)


# AUTOINCREMENT keeps SQLite from handing out the id of a deleted row again: sealed data is bound to ids.
plan = Table("plan", metadata, PlanColumns, sqlite_autoincrement=True)
plan_plugin = Table("plan_plugin", metadata, PlanPluginColumns)
instance = Table("instance", metadata, InstanceColumns, sqlite_autoincrement=True)
user = Table(
    "user",
    metadata,
    UserColumns,
    UniqueConstraint("instance_id", "name_key"),
    UniqueConstraint("instance_id", "email_key"),
    *indexes.USER,
    sqlite_autoincrement=True,
)
session = Table("session", metadata, SessionColumns, sqlite_autoincrement=True)
retired_token = Table("retired_token", metadata, RetiredTokenColumns)
pending_login = Table("pending_login", metadata, PendingLoginColumns, sqlite_autoincrement=True)
enrolment = Table(
    "enrolment",
    metadata,
    EnrolmentColumns,
    UniqueConstraint("user_id", "plugin", "label", "confirmed"),
    *indexes.ENROLMENT,
    sqlite_autoincrement=True,
)
activation = Table("plugin_activation", metadata, ActivationColumns)
access = Table("plugin_access", metadata, AccessColumns)
store = Table("plugin_store", metadata, StoreColumns, UniqueConstraint("instance_id", "plugin", "user_id", "key"))
plugin_fault = Table("plugin_fault", metadata, PluginFaultColumns)
plugin_retry = Table("plugin_retry", metadata, PluginRetryColumns)
mailed_link = Table("mailed_link", metadata, MailedLinkColumns, *indexes.MAILED_LINK, sqlite_autoincrement=True)
outbox = Table("outbox", metadata, OutboxColumns, *indexes.OUTBOX, sqlite_autoincrement=True)
audit = Table("audit", metadata, AuditColumns, *indexes.AUDIT, sqlite_autoincrement=True)
throttle = Table("throttle", metadata, ThrottleColumns)
known_network = Table("known_network", metadata, KnownNetworkColumns)
code_counter = Table("code_counter", metadata, CodeCounterColumns)
code_day = Table("code_day", metadata, CodeDayColumns)

version = Table("alembic_version", MetaData(), Column("version_num", String(32)), Column("oldest_program", String(32)))
"""Alembic's own, with one row: the revision of all others, and which programs still work on them."""
