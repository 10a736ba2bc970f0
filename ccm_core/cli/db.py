# SPDX-License-Identifier: MIT
"""``ccm db``: the database's tables."""

from __future__ import annotations

import click

from ccm_core.cli.context import Host, pass_host
from ccm_core.db import migration


@click.group()
def db() -> None:
    """Keep the database's tables up to date."""


@db.command()
@pass_host
def upgrade(host: Host) -> None:
    """Run missing migrations, all or nothing. Stop the servers and make a backup first."""
    before = migration.current(host.database)
    if before is None:
        migration.check_revision(host.database)
    migration.upgrade(host.database)
    if before == migration.HEAD:
        click.echo("The database is up to date.")
    else:
        click.echo(f"The database was upgraded from revision {before} to {migration.HEAD}.")
