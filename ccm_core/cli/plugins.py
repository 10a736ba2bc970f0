# SPDX-License-Identifier: MIT
"""``ccm plugins``: plugin management, and the way out when a plugin locks people out."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from ccm_core.cli import skeletons
from ccm_core.cli.context import ACTOR, Desk, for_instance
from ccm_core.cli.letters import deliver_now
from ccm_core.cli.questions import make_sure, yes_option
from ccm_core.cli.tables import as_json, show
from ccm_core.errors import InputError
from ccm_core.services.accounts import Account
from ccm_core.services.plugins import PluginView

COLUMNS = {
    "name": "NAME",
    "version": "VERSION",
    "state": "STATE",
    "access": "ACCESS",
    "users": "USERS",
    "reason": "REASON",
}
_everybody = click.option("--all", "everybody", is_flag=True, help="All users instead of one.")


@click.group()
def plugins() -> None:
    """Activate plugins, say who may use them, and begin new ones."""


@plugins.command()
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(list(skeletons.SUMMARIES)),
    default="empty",
    show_default=True,
    help="What it does at first: show a page; a section of the account settings; hear of sign-ins; a second factor.",
)
@click.option("--folder", type=click.Path(path_type=Path), help="The new folder; without it ccm-NAME, here.")
def new(name: str, kind: str, folder: Path | None) -> None:
    """Write a new plugin NAME, ready to be installed, tested and changed. Needs no deployment."""
    place = folder or Path(f"ccm-{name}")
    skeletons.write(name, kind, place)
    shown = shlex.quote(str(place))
    click.echo(f"The plugin {name} is in {shown}. It does something already; its README.md tells what is where.")
    click.echo(f"Install it with what its tests need:  pip install --editable {shlex.quote(f'{place}[test]')}")
    click.echo(f"Test it:  cd {shown} && pytest && mypy")
    click.echo(f"Restart the servers, then switch it on:  ccm plugins activate {name}")


@plugins.command("list")
@as_json
@for_instance
def list_plugins(desk: Desk, as_json: bool) -> None:
    """List what is installed, active, broken or missing; USERS have a second factor of the plugin."""
    views = desk.parts.plugins.listed(desk.instance)
    show([_row(view) for view in views], COLUMNS, as_json=as_json)


def _row(view: PluginView) -> dict[str, object]:
    keys = ("name", "state", "active", "by_plan", "admits", "users", "reason", "notes")
    access = ("everyone" if view.everyone else "selected") if view.active else ""
    record = view.record
    named = {"label": record.label if record else "", "version": record.version if record else ""}
    return {key: getattr(view, key) for key in keys} | named | {"access": access}


@plugins.command()
@click.argument("name")
@for_instance
def activate(desk: Desk, name: str) -> None:
    """Check the plugin NAME and switch it on. It counts from the next request on."""
    desk.parts.plugins.activate(desk.instance, name, desk.now, ACTOR)
    click.echo(f"{name} is active on {desk.instance.host}.")


@plugins.command()
@click.argument("name")
@yes_option
@for_instance
def deactivate(desk: Desk, name: str, yes: bool) -> None:
    """Switch the plugin NAME off: nobody is asked for its factor. What users have set up is kept."""
    view = desk.parts.plugins.get(desk.instance, name)
    if view.active and view.users:
        make_sure(f"{view.users} of the users of {desk.instance.host} will sign in without {name}.", yes=yes)
    desk.parts.plugins.deactivate(desk.instance, name, desk.now, ACTOR)
    click.echo(f"{name} is not active any more on {desk.instance.host}.")


@plugins.command()
@click.argument("name")
@click.argument("user", required=False)
@_everybody
@for_instance
def allow(desk: Desk, name: str, user: str | None, everybody: bool) -> None:
    """Let USER, or with --all everybody, set up the plugin NAME."""
    account = _one_or_all(desk, user, everybody=everybody)
    desk.parts.access.allow(desk.instance, name, desk.now, ACTOR, account.id if account else None)
    click.echo(f"{name} is enabled for {account.name if account else 'everyone'}.")


@plugins.command()
@click.argument("name")
@click.argument("user", required=False)
@_everybody
@yes_option
@for_instance
def revoke(desk: Desk, name: str, user: str | None, everybody: bool, yes: bool) -> None:
    """Take the plugin NAME from USER, or with --all from everybody, with what they set up; a mail tells them."""
    account = _one_or_all(desk, user, everybody=everybody)
    if account is None:
        _revoke_all(desk, name, yes=yes)
        return
    standing = desk.parts.access.standings(desk.instance, account).get(name)
    if standing is not None and standing.enrolled and not desk.instance.active[name].everyone:
        make_sure(f"This removes what {account.name} has set up with {name}.", yes=yes)
    desk.parts.access.revoke(desk.instance, name, account.id, desk.now, ACTOR)
    deliver_now(desk)
    click.echo(f"{name} is not enabled for {account.name} any more.")


def _revoke_all(desk: Desk, name: str, *, yes: bool) -> None:
    enrolled = desk.parts.plugins.get(desk.instance, name).users
    if enrolled:
        make_sure(f"This removes what {enrolled} users have set up with {name}.", yes=yes)
    desk.parts.access.select_users(desk.instance, name, desk.now, ACTOR)
    while selected := desk.parts.access.selected(desk.instance, name):
        for user_id in selected:
            desk.parts.access.revoke(desk.instance, name, user_id, desk.now, ACTOR)
    deliver_now(desk)
    click.echo(f"{name} is enabled for nobody any more.")


@plugins.command()
@click.argument("name")
@for_instance
def select(desk: Desk, name: str) -> None:
    """Limit the plugin NAME to selected users; those who have set it up stay selected."""
    desk.parts.access.select_users(desk.instance, name, desk.now, ACTOR)
    click.echo(f"{name} is limited to selected users. Add one with «ccm plugins allow {name} USER».")


@plugins.command()
@click.argument("name")
@yes_option
@for_instance
def purge(desk: Desk, name: str, yes: bool) -> None:
    """Remove everything that is kept for the inactive plugin NAME, installed or not."""
    view = desk.parts.plugins.get(desk.instance, name)
    if not view.active:
        make_sure(f"This removes settings, access and what {view.users} users have set up with {name}.", yes=yes)
    removed = desk.parts.plugins.purge(desk.instance, name, desk.now, ACTOR)
    deliver_now(desk)
    click.echo(f"Everything of {name} was removed; {removed} users had it set up.")


@plugins.command()
@click.argument("name")
@for_instance
def retry(desk: Desk, name: str) -> None:
    """Try a plugin that failed to load again, here and in every running server."""
    desk.parts.plugins.get(desk.instance, name)
    desk.parts.plugins.retry(desk.instance, name, desk.now, ACTOR)
    click.echo(f"{name} can be loaded.")


def _one_or_all(desk: Desk, user: str | None, *, everybody: bool) -> Account | None:
    """Return the named user, or None for all; raises InputError when it is neither or both, NotFound."""
    if everybody == (user is not None):
        raise InputError("user", "Name one user, or all with --all.")
    return None if user is None else desk.account(user)
