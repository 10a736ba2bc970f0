# SPDX-License-Identifier: MIT
"""The plugin's console command: ``ccm twofactor status USER``."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import click

from ccm_core.plugin_api import Console, EnrolmentSummary


@click.command()
@click.argument("user")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; times are seconds since 1970 in UTC.")
@click.pass_obj
def status(console: Console, user: str, as_json: bool) -> None:
    """Show whether USER logs in with a code from a smartphone app."""
    found = console.user(user)
    active, allowed, enrolments = console.active(), console.allowed(found), console.enrolments(found)
    enabled = any(enrolment.confirmed for enrolment in enrolments)
    if as_json:
        rows = [asdict(enrolment) for enrolment in enrolments]
        answer = {"user": found.name, "active": active, "allowed": allowed, "enabled": enabled, "enrolments": rows}
        click.echo(json.dumps(answer))
        return
    click.echo(f"User: {found.name}")
    click.echo(f"Plugin active: {_yes_or_no(active)}")
    click.echo(f"May set it up: {_yes_or_no(allowed)}")
    click.echo(f"Enabled: {_yes_or_no(enabled)}")
    for enrolment in enrolments:
        click.echo(_line(enrolment))


def _line(enrolment: EnrolmentSummary) -> str:
    state = "confirmed" if enrolment.confirmed else "set-up not finished"
    used = "never" if enrolment.last_used is None else _utc(enrolment.last_used)
    return f"  {enrolment.label}: {state}, begun {_utc(enrolment.created)}, last used {used}"


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"
