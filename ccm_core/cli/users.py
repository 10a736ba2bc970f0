# SPDX-License-Identifier: MIT
"""``ccm users``: accounts. None of these calls a plugin, so all work when plugins are broken."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ccm_core.cli.context import ACTOR, Desk, for_instance
from ccm_core.cli.letters import tell_of_mail
from ccm_core.cli.questions import make_sure, new_password, password_stdin, yes_option
from ccm_core.cli.tables import as_json, show
from ccm_core.services.accounts import ADMINISTRATOR, USER

COLUMNS = {
    "name": "NAME",
    "email": "E-MAIL",
    "role": "ROLE",
    "disabled": "DISABLED",
    "factors": "FACTORS",
    "last_login_at": "LAST LOGIN (UTC)",
}


@click.group()
def users() -> None:
    """Add, list, disable and delete accounts; help people who are locked out."""


@users.command()
@click.argument("name")
@click.option(
    "--email", required=True, metavar="ADDR", help="E-mail address; the link to choose a password goes there."
)
@click.option("--admin", is_flag=True, help="Make the user an administrator.")
@password_stdin
@for_instance
def add(desk: Desk, name: str, email: str, admin: bool, password_stdin: bool) -> None:
    """Add the user NAME, who gets a link by mail to choose a password."""
    password = new_password(from_stdin=True) if password_stdin else None
    role = ADMINISTRATOR if admin else USER
    account = desk.parts.users.add(desk.instance, name, email, role, desk.now, ACTOR, password=password)
    click.echo(f"The {role} {account.name} was added to {desk.instance.host}.")
    if password is None:
        tell_of_mail(desk, account, "a link to choose a password")


@users.command("list")
@as_json
@for_instance
def list_users(desk: Desk, as_json: bool) -> None:
    """List all users by name."""
    show(_rows(desk), COLUMNS, as_json=as_json)


def _rows(desk: Desk) -> Iterator[dict[str, object]]:
    keys = ("id", "name", "email", "role", "disabled", "created_at", "last_login_at")
    for listed in desk.parts.users.everyone(desk.instance):
        yield {key: getattr(listed.account, key) for key in keys} | {"factors": listed.factors}


@users.command()
@click.argument("name")
@for_instance
def disable(desk: Desk, name: str) -> None:
    """Keep NAME from signing in, and end the sessions."""
    account = desk.account(name)
    desk.parts.users.set_disabled(desk.instance, account.id, desk.now, ACTOR, disabled=True)
    click.echo(f"{account.name} is disabled.")


@users.command()
@click.argument("name")
@for_instance
def enable(desk: Desk, name: str) -> None:
    """Let NAME sign in again."""
    account = desk.account(name)
    desk.parts.users.set_disabled(desk.instance, account.id, desk.now, ACTOR, disabled=False)
    click.echo(f"{account.name} is enabled.")


@users.command()
@click.argument("name")
@yes_option
@for_instance
def delete(desk: Desk, name: str, yes: bool) -> None:
    """Delete NAME with everything that belongs to the account; the audit trail stays."""
    account = desk.account(name)
    make_sure(f"This deletes the {account.role} {account.name} ({account.email}) for good.", yes=yes)
    desk.parts.users.remove(desk.instance, account.id, desk.now, ACTOR)
    click.echo(f"{account.name} was deleted.")


@users.command("password-link")
@click.argument("name")
@for_instance
def password_link(desk: Desk, name: str) -> None:
    """Mail NAME a link to set a new password."""
    account = desk.account(name)
    desk.parts.users.send_link(desk.instance, account.id, desk.now, ACTOR)
    tell_of_mail(desk, account, "a password link")


@users.command("reset-factor")
@click.argument("name")
@yes_option
@for_instance
def reset_factor(desk: Desk, name: str, yes: bool) -> None:
    """Remove every second factor of NAME, who then signs in with the password alone; a mail tells of it."""
    account = desk.account(name)
    if desk.parts.factors.ledger.confirmed(account.id):
        make_sure(f"This removes every second factor of {account.name}.", yes=yes)
    removed = desk.parts.users.reset_factor(desk.instance, account.id, desk.now, ACTOR)
    if removed:
        click.echo(f"{removed} second factor{'s' * (removed > 1)} of {account.name} removed.")
        tell_of_mail(desk, account, "a notice")
    else:
        click.echo(f"{account.name} had no second factor; the counter of wrong codes was cleared.")
