# SPDX-License-Identifier: MIT
"""``ccm tidy``: delete what is over; every running server does the same once an hour."""

from __future__ import annotations

import click

from ccm_core.cli.context import Host, pass_host
from ccm_core.cli.progress import progress, watched


@click.command()
@pass_host
def tidy(host: Host) -> None:
    """Delete what has run out: sessions, links, counters, delivered mails, old audit entries."""
    with progress(shown=watched()) as told:
        removed = host.parts.tidy.run(host.clock(), told)
    click.echo(f"Done; {removed} audit entries were older than {host.settings.audit_days} days.")
