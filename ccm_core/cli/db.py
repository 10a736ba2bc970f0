# SPDX-License-Identifier: MIT
"""``ccm db``: the database's tables."""

from __future__ import annotations

import click

from ccm_core.cli.context import Host, pass_host
from ccm_core.cli.questions import make_sure, yes_option
from ccm_core.db import migration


@click.group()
def db() -> None:
    """Keep the database's tables up to date."""


@db.command()
@yes_option
@pass_host
def upgrade(host: Host, yes: bool) -> None:
    """Run missing migrations, all or nothing. Make a backup first; servers go on, unless it says otherwise."""
    before = migration.current(host.database)
    if before is None:
        migration.check_revision(host.database)
    if migration.breaks(host.database):
        make_sure("Servers of the version before stop working with this upgrade: stop them first.", yes=yes)
    missing = migration.pending(host.database)
    migration.upgrade(host.database)
    if missing:
        click.echo(f"The database was upgraded from revision {before} to {migration.HEAD}.")
    else:
        click.echo("The database is up to date.")
