# SPDX-License-Identifier: MIT
"""The start page."""

from __future__ import annotations

from flask import Response

from ccm_core.web.context import Context
from ccm_core.web.routing import Rule


def show(context: Context) -> Response:
    """Greet the user, and tell whether a second factor is on or offered."""
    standings = context.parts.access.own_standings(context.instance, context.active).values()
    factor = "none"
    if any(standing.enrolled for standing in standings):
        factor = "on"
    elif any(standing.allowed for standing in standings):
        factor = "offered"
    return context.render("start.html", since=context.active.full_login_at, second_factor=factor)


RULES = (Rule("GET", "/", show),)
