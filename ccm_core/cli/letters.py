# SPDX-License-Identifier: MIT
"""Delivering what a command has just written, so that it goes out without a running server."""

from __future__ import annotations

from contextlib import suppress

import click

from ccm_core.cli.context import Desk
from ccm_core.errors import Busy
from ccm_core.services.accounts import Account


def deliver_now(desk: Desk) -> None:
    """Deliver what is due; if the database takes no write now it stays in the outbox, and the command is done."""
    with suppress(Busy):
        desk.parts.outbox.deliver()


def tell_of_mail(desk: Desk, account: Account, what: str) -> None:
    """Deliver what is due and say whether the user's latest mail has gone out; it stays in the outbox if not."""
    deliver_now(desk)
    mine = (mail for mail in desk.parts.outbox.listed(desk.instance.id) if mail.recipient == account.email)
    latest = next(mine, None)
    if latest is None or latest.delivered is not None:
        click.echo(f"{what.capitalize()} was mailed to {account.email}.")
        return
    reason = f" ({latest.error})" if latest.error else ""
    click.echo(
        f"The mail to {account.email} could not be sent yet{reason}; «ccm mail deliver» and every server try again.",
        err=True,
    )
