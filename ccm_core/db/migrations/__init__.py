# SPDX-License-Identifier: MIT
"""Alembic: ``runner`` calls it, ``env`` runs on its behalf, ``versions`` holds the revisions in their order."""
