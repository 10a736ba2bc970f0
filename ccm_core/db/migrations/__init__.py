# SPDX-License-Identifier: MIT
"""Alembic's environment: ``env.py`` runs an upgrade, ``versions`` holds the revisions in the order of their numbers."""
