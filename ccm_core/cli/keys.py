# SPDX-License-Identifier: MIT
"""``ccm keys``: changing the key that seals secrets, in three steps and while servers run."""

from __future__ import annotations

import click

from ccm_core.cli.context import Host, pass_host
from ccm_core.cli.questions import make_sure, yes_option
from ccm_core.cli.tables import as_json, show

COLUMNS = {"id": "KEY", "primary": "SEALS", "sealed": "VALUES"}


@click.group()
def keys() -> None:
    """Rotate the keys: rotate, promote, drop."""


@keys.command("list")
@as_json
@pass_host
def list_keys(host: Host, as_json: bool) -> None:
    """List the keys of the key file and how many values each has sealed; never the keys themselves."""
    rows = [{"id": key.id, "primary": key.primary, "sealed": key.sealed} for key in host.parts.keys.listed()]
    show(rows, COLUMNS, as_json=as_json)


@keys.command()
@pass_host
def rotate(host: Host) -> None:
    """Add a key that opens at once and seals once it is promoted. Copy the key file to every machine after this."""
    click.echo(f"The key {host.parts.keys.rotate()} was added. Go on with «ccm keys promote».")


@keys.command()
@pass_host
def promote(host: Host) -> None:
    """Let the newest key seal, and seal everything anew with it. May be repeated after a stop."""
    count = host.parts.keys.promote()
    click.echo(f"{count} values were sealed anew. Go on with «ccm keys drop».")


@keys.command()
@yes_option
@pass_host
def drop(host: Host, yes: bool) -> None:
    """Remove all keys but the one that seals; refused while anything is sealed with them."""
    old = [key.id for key in host.parts.keys.listed() if not key.primary]
    if not old:
        click.echo("There is only one key.")
        return
    make_sure(f"This removes {len(old)} of the keys; backups sealed with them stay readable only with a copy.", yes=yes)
    dropped = host.parts.keys.drop()
    click.echo(f"Removed: {', '.join(dropped)}.")
