# SPDX-License-Identifier: MIT
"""``ccm instances``: the instances of the cloud edition and their plans."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ccm_core.cli.context import Host, pass_host
from ccm_core.cli.tables import as_json, show
from ccm_core.cli.times import Moment
from ccm_core.errors import InputError, NotFound
from ccm_core.services.instances import CLOUD

COLUMNS = {"host": "HOST", "edition": "EDITION", "origin": "ADDRESS", "active": "ACTIVE PLUGINS"}


@click.group()
def instances() -> None:
    """Add and list instances; say which plugins a plan includes."""


@instances.command()
@click.argument("name", metavar="HOST")
@click.option("--edition", required=True, type=click.Choice([CLOUD]), help="«ccm init» makes the on-premise one.")
@click.option("--plan", metavar="PLAN", help="The plan whose plugins the instance gets.")
@pass_host
def add(host: Host, name: str, edition: str, plan: str | None) -> None:
    """Add an instance for the host name HOST; add its first administrator with «ccm users add»."""
    host.parts.instances.add(name, edition, plan, host.clock())
    click.echo(f"The instance {name} was added. Now run «ccm users add NAME --email ADDR --admin --instance {name}».")


@instances.command("list")
@as_json
@pass_host
def list_instances(host: Host, as_json: bool) -> None:
    """List all instances, oldest first."""
    show(_rows(host), COLUMNS, as_json=as_json)


def _rows(host: Host) -> Iterator[dict[str, object]]:
    for name, _ in host.parts.instances.hosts():
        found = host.parts.instances.by_host(name, host.clock())
        if found is not None:
            active = sorted(found.active)
            yield {"host": name, "edition": found.edition, "origin": found.origin, "active": active}


@instances.command()
@click.argument("name", metavar="PLAN")
@click.option(
    "--include", metavar="PLUGIN", help="Make this plugin active in all instances of the plan, without a click."
)
@click.option("--from", "from_at", type=Moment(), metavar="DATE", help="From when on it is included; now by default.")
@click.option("--exclude", metavar="PLUGIN", help="End a plugin: who has set it up keeps it, nobody else may begin.")
@pass_host
def plan(host: Host, name: str, include: str | None, from_at: float | None, exclude: str | None) -> None:
    """Create the plan PLAN, or change which plugins it includes."""
    if (include is None) == (exclude is None):
        raise InputError("include", "Say either --include PLUGIN or --exclude PLUGIN.")
    now = host.clock()
    if exclude is not None:
        if from_at is not None:
            raise InputError("from", "--exclude counts at once and takes no --from.")
        host.parts.instances.exclude(name, exclude, now)
        click.echo(f"The plan {name} does not include {exclude} any more.")
        return
    assert include is not None
    if include not in host.parts.registry.records:
        raise NotFound("The plugin %(name)s is not installed. See «ccm plugins list».", name=include[:64])
    host.parts.instances.include(name, include, now if from_at is None else from_at, now)
    click.echo(f"The plan {name} includes {include}.")


@instances.command()
@click.argument("name", metavar="HOST")
@click.argument("plan_name", metavar="PLAN")
@pass_host
def assign(host: Host, name: str, plan_name: str) -> None:
    """Put the instance HOST on the plan PLAN."""
    host.parts.instances.assign(name, plan_name, host.clock())
    click.echo(f"The instance {name} is on the plan {plan_name}.")
