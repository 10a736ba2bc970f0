# SPDX-License-Identifier: MIT
"""Indexes of several columns, by table, and what each is for: lists, counts and searches that many rows do not slow.

``tests/functional/test_query_plans.py`` shows that no statement of a request does without one.
"""

from __future__ import annotations

from sqlalchemy import Index, text

USER = (
    Index(None, "instance_id", "role"),  # is there another administrator?
    # A search reads these alone, without the users' rows.
    Index(None, "instance_id", "name_key", "email_key", "id"),
    Index(None, "instance_id", "email_key", "name_key", "id"),
)
ENROLMENT = (
    Index(None, "instance_id", "plugin"),
    Index(None, "instance_id", "plugin", "confirmed", "user_id"),  # how many users has a plugin?
)
MAILED_LINK = (Index(None, "user_id", "kind"),)
OUTBOX = (Index(None, "instance_id", "id"),)

_BY_PEOPLE = text("actor <> ''")  # what somebody else did than the user whom it concerns: few entries
AUDIT = (
    Index(None, "instance_id", "id"),
    Index(None, "instance_id", "user_name", "id"),
    Index(None, "instance_id", "event", "id"),
    Index(None, "instance_id", "actor", "id", postgresql_where=_BY_PEOPLE, sqlite_where=_BY_PEOPLE),
)
