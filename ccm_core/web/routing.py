# SPDX-License-Identifier: MIT
"""Every page is a ``Rule`` that says who may reach it and what it needs; nothing is reachable without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from flask import Response

from ccm_core.web.context import Context

View = Callable[[Context], Response]


class Access(Enum):
    """Who may reach a page."""

    PUBLIC = "public"
    """Anybody; forms are bound to the visit."""
    SESSION = "session"
    """A user with an active session."""
    ADMINISTRATOR = "administrator"
    """An administrator with an active session."""
    OWN_CHECKS = "own checks"
    """Log-out and the window that is still open: the view checks session and page token itself."""


class Confirmation(Enum):
    """Whether one must have proved oneself again (design, section 9)."""

    NONE = "none"
    RECENT = "recent"
    """A full login or confirmation is recent."""
    ALWAYS = "always"
    """Confirmed for this very request."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One page. ``reason`` says what is to be confirmed; ``after`` is where to go when the POST cannot be repeated."""

    method: str
    path: str
    view: View
    access: Access = Access.SESSION
    confirmation: Confirmation = Confirmation.NONE
    reason: Callable[[Context], str] | None = None
    after: str = ""
