# SPDX-License-Identifier: MIT
"""The audit trail, newest first."""

from __future__ import annotations

from flask import Response

from ccm_core.texts import marked as _
from ccm_core.web.context import Context
from ccm_core.web.routing import Access, Rule

PAGE_SIZE = 50


KINDS = (
    ("login", _("Sign-ins")),
    ("logout", _("Sign-outs")),
    ("code", _("Login codes")),
    ("unlock", _("Unlocking")),
    ("session", _("Open sessions")),
    ("confirmation", _("Confirmations")),
    ("factor", _("Second factors")),
    ("reset", _("Password resets")),
    ("activation", _("First passwords")),
    ("account", _("Own account")),
    ("user", _("User administration")),
    ("plugin", _("Plugins")),
    ("request", _("Refused requests")),
)


def show(context: Context) -> Response:
    """Show one page, filtered by user and kind of event."""
    args = context.request.args
    user, event = args.get("user", "")[:64], args.get("event", "")[:64]
    after, before = (_id(args.get(name, "")) for name in ("after", "before"))
    found = context.parts.audit.entries(
        context.instance.id, user=user, event=event, before=after, above=before or None, limit=PAGE_SIZE + 1
    )
    page = found[-PAGE_SIZE:] if before else found[:PAGE_SIZE]
    older, newer = (bool(before), len(found) > PAGE_SIZE) if before else (len(found) > PAGE_SIZE, bool(after))
    return context.render(
        "admin_audit.html",
        events=page,
        kinds=[(name, context.texts.gettext(text)) for name, text in KINDS],
        values={"user": user, "event": event},
        next_after=page[-1].id if page and older else None,
        next_before=page[0].id if page and newer else None,
        beyond=bool(after or before),
    )


def _id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


RULES = (Rule("GET", "/admin/audit", show, Access.ADMINISTRATOR),)
