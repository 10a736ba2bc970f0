# SPDX-License-Identifier: MIT
"""``ccm mail``: the outbox."""

from __future__ import annotations

import click

from ccm_core.cli.context import Desk, Host, for_instance, pass_host
from ccm_core.cli.tables import as_json, printable, show
from ccm_core.cli.times import utc
from ccm_core.errors import Conflict
from ccm_core.services.outbox import MOST_ID, Listed

COLUMNS = {
    "id": "ID",
    "created_at": "WRITTEN (UTC)",
    "recipient": "TO",
    "subject": "SUBJECT",
    "delivered_at": "DELIVERED (UTC)",
    "attempts": "TRIES",
    "error": "ERROR",
}


@click.group()
def mail() -> None:
    """See what was written and whether it went out."""


@mail.command("list")
@click.option("--all", "everything", is_flag=True, help="All mails of the last 30 days instead of the latest 200.")
@as_json
@for_instance
def list_mails(desk: Desk, everything: bool, as_json: bool) -> None:
    """List the latest 200 mails, newest first."""
    outbox, instance = desk.parts.outbox, desk.instance.id
    mails = outbox.everything(instance) if everything else outbox.listed(instance)
    show(map(_row, mails), COLUMNS, as_json=as_json)


def _row(listed: Listed) -> dict[str, object]:
    keys = ("id", "recipient", "subject", "attempts", "error")
    times = {"created_at": listed.created, "delivered_at": listed.delivered}
    return {key: getattr(listed, key) for key in keys} | times


@mail.command("show")
@click.argument("number", metavar="ID", type=click.IntRange(1, MOST_ID))
@for_instance
def show_mail(desk: Desk, number: int) -> None:
    """Show a mail. Its text is kept only until it has gone out."""
    listed, body = desk.parts.outbox.show(desk.instance.id, number)
    click.echo(f"To: {printable(listed.recipient)}")
    click.echo(f"Subject: {printable(listed.subject)}")
    click.echo(f"Written: {utc(listed.created)} UTC")
    if listed.delivered is not None:
        click.echo(f"Delivered: {utc(listed.delivered)} UTC")
    if body is not None:
        click.echo(f"\n{body}", nl=False)


@mail.command()
@pass_host
def deliver(host: Host) -> None:
    """Deliver everything that waits, of all instances, without the usual pause between two tries."""
    outbox = host.parts.outbox
    outbox.hurry()
    sent = outbox.deliver()
    click.echo(f"{sent} delivered.")
    if left := outbox.undelivered(host.clock() + 1):
        raise Conflict("%(count)d could not be delivered. See «ccm mail list».", count=left)
