# SPDX-License-Identifier: MIT
"""``ccm demo``: what ``make run`` calls. A deployment with two accounts, made at the first run and kept."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import click

from ccm_core.cli.context import Host, pass_host
from ccm_core.cli.ports import free_address
from ccm_core.cli.serve import own_port, start
from ccm_core.config import Settings
from ccm_core.db import migration
from ccm_core.services.installation import NewAccount, install, is_installed

PASSWORD = "CCM_DEMO_PASSWORD"  # noqa: S105 - the name of a variable
ADDRESS = "127.0.0.1"
ACCOUNTS = (("admin", True), ("erika", False))
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike


@click.command()
@pass_host
def demo(host: Host) -> None:
    """Serve a demo with an administrator «admin» and a user «erika»; their passwords are made at the first run."""
    settings = host.settings
    free_address(ADDRESS, own_port(settings))
    if not is_installed(settings):
        _prepare(host, settings)
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - ourselves anew, without what only the set-up has loaded
    if migration.pending(host.database):
        migration.upgrade(host.database)
    click.echo(_text(settings))
    start(host, ADDRESS, None, workers=1)


def _prepare(host: Host, settings: Settings) -> None:
    """Make the deployment; generated passwords are kept in a file, a given one is not."""
    given = host.environment.get(PASSWORD, "")
    accounts = [
        NewAccount(name, f"{name}@example.org", given or _new_password(), administrator=administrator)
        for name, administrator in ACCOUNTS
    ]
    install(settings, host.clock, accounts, passwords_file=None if given else _file(settings))


def _text(settings: Settings) -> str:
    lines = [f"Demo: {settings.base_url}"]
    try:
        pairs = [line.split() for line in _file(settings).read_text("ascii").splitlines()]
        lines += [f"  {name}  password {password}" for name, password in pairs]
    except FileNotFoundError:
        lines.append(f"  admin and erika; the passwords are those of the first run ({PASSWORD}).")
    lines.append(f"  Mails are written to {settings.mail_dir}.")
    lines.append("  To activate the plugin, log in as admin, open Plugin management and press «Activate».")
    return "\n".join(lines)


def _file(settings: Settings) -> Path:
    return settings.data_dir / "demo-accounts"


def _new_password() -> str:
    """Return four groups of five letters: 99 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
