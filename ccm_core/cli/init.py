# SPDX-License-Identifier: MIT
"""``ccm init``: a new deployment; no default password exists."""

from __future__ import annotations

import click

from ccm_core.cli.context import Host, pass_host
from ccm_core.cli.questions import new_password, password_stdin
from ccm_core.services.installation import NewAccount, check_fresh, install


@click.command()
@click.option("--admin", required=True, metavar="NAME", help="User name of the first administrator.")
@click.option("--email", required=True, metavar="ADDR", help="E-mail address of the first administrator.")
@password_stdin
@pass_host
def init(host: Host, admin: str, email: str, password_stdin: bool) -> None:
    """Make the data directory, the key file, the database and the first administrator; all of it or nothing."""
    check_fresh(host.settings)
    account = NewAccount(admin, email, new_password(from_stdin=password_stdin), administrator=True)
    install(host.settings, host.clock, [account])
    click.echo(f"{host.settings.base_url} is ready in {host.settings.data_dir}. Now run «ccm serve».")
