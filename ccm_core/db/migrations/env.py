# SPDX-License-Identifier: MIT
"""Runs the revisions on the connection that ``runner`` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from ccm_core.db.models import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,  # for the names of constraints and indexes
    render_as_batch=True,
)
context.run_migrations()
