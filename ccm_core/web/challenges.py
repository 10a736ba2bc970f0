# SPDX-License-Identifier: MIT
"""Draws the challenge of a second factor inside a page of the host: the wanted one, or the first that works."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import Response
from markupsafe import Markup

from ccm_core.errors import CcmError
from ccm_core.plugin_api import Purpose
from ccm_core.services.accounts import Account
from ccm_core.services.login import Shown
from ccm_core.web.context import Context

Show = Callable[[str, frozenset[str]], Shown | None]
"""Asks for the challenge of the wanted factor, else of the first that works, but for those that cannot be drawn."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plugin's part of the page, whose it is, and name and label of the user's other factors."""

    part: Markup
    factor: str
    others: tuple[tuple[str, str], ...]


def draw(context: Context, purpose: Purpose, show: Show) -> Drawn | None:
    """Return the challenge to put on the page; None when no factor of the user works.

    The browser wants another factor by a link (``?factor=``) or, where a form must not be lost, by a button (``way``).
    """
    wanted = context.field("way") or context.request.args.get("factor", "") or context.field("factor")
    failed: frozenset[str] = frozenset()
    while shown := show(wanted, failed):
        part = context.draw_challenge(shown.plugin, shown.challenge)
        if part is not None:
            context.parts.metrics.challenge(shown.plugin, purpose, "shown")
            others = tuple((name, context.plugin_label(name)) for name in shown.others)
            return Drawn(part, shown.plugin, others)
        failed |= {shown.plugin}
    return None


def unavailable(
    context: Context, account: Account, plugins: Iterable[str], purpose: Purpose, error: CcmError | None = None
) -> Response:
    """Answer that no factor of the user works; the trail has it, unless the same request was refused with an error."""
    for plugin in plugins if error is None else ():
        context.parts.refusals.note(
            "code.refused",
            context.instance,
            context.client,
            context.now,
            about=account,
            reason="failed",
            purpose=purpose,
            plugin=plugin,
        )
    return context.render("login_unavailable.html", status=503)
