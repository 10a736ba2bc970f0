# SPDX-License-Identifier: MIT
"""Every hook. The docstring is the contract: when it is called, what it returns, what happens when it fails.

An implementation is a plain function marked with ``@hookimpl``; it may take a subset of the arguments.
Nothing is called for an instance in which the plugin is not active.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pluggy

from ccm_core.plugin_api.sign_ins import SignedIn
from ccm_core.plugin_api.types import (
    Account,
    Challenge,
    Login,
    Reset,
    Route,
    Section,
    SettingsForm,
)

if TYPE_CHECKING:
    import click

PROJECT = "ccm"
"""pluggy's project name; also the prefix of every hook."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class Ageing:
    """A hook that will go, named by releases: ``since`` it is told, ``gone_in`` (a major one) it is no more."""

    since: str
    gone_in: str
    instead: str


AGEING: dict[str, Ageing] = {}
"""Hooks that work as ever, while plugin management tells who implements them. No hook goes that was not here."""
GONE: dict[str, Ageing] = {}
"""Hooks that are no more; whoever implements one is refused with what to do."""


@hookspec
def ccm_login_challenge(login: Login) -> Challenge | None:
    """A proof is asked of a user whom the ledger binds to this plugin.

    When: at login, confirmation, set-up and removal; once for the page, once for the answer.
    Returns: a ``Challenge``.
    Fails: this factor counts as not passed. With another working factor the user gets in, with none the user
    is refused with a neutral text; everybody else is unaffected and the administrator sees the reason.
    """


@hookspec
def ccm_account_sections(account: Account) -> Sequence[Section] | None:
    """The account page of a user who is allowed or enrolled is drawn.

    Returns: sections, in their order; None or an empty sequence for none.
    Fails: left out, with a note that names the plugin.
    """


@hookspec
def ccm_user_sections(subject: Account) -> Sequence[Section] | None:
    """An administrator opens a user's page.

    Returns and fails: as ``ccm_account_sections``.
    """


@hookspec
def ccm_password_reset(reset: Reset) -> str | None:
    """A new password is about to be set through a mailed link and the user is enrolled with this plugin.

    When: before the transaction. ``reset.clear()`` marks the plugin's enrolments for removal in it.
    Returns: a sentence for the notice that the user gets, or None.
    Fails: noted; the host removes the plugin's enrolments itself.
    """


@hookspec
def ccm_signed_in(event: SignedIn) -> None:
    """A session of a user who is allowed or enrolled was created and committed.

    When: before the browser gets its answer, so be quick. Unlocking a session is no sign-in.
    Fails: noted; the sign-in stands, and so does what was kept or sent before.
    """


@hookspec
def ccm_pages() -> Sequence[Route] | None:
    """Once, at load: the plugin's pages under ``/plugins/<name>/``.

    Fails: the plugin is refused.
    """


@hookspec
def ccm_settings() -> SettingsForm | None:
    """Once, at load: the plugin's settings per instance, drawn and kept by the host.

    Fails: the plugin is refused.
    """


@hookspec
def ccm_commands() -> Sequence[click.Command] | None:
    """Once, when ``ccm <plugin> …`` is typed: the plugin's console commands.

    A command gets a ``Console`` as click's context object (``@click.pass_obj``).
    Fails: the command ends with a sentence and status 1.
    """
