# SPDX-License-Identifier: MIT
"""``ccm doctor``: what is wrong or unwise, one line each."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator

import click

from ccm_core.cli.clocks import seconds_ahead, told
from ccm_core.cli.context import Desk, Host, pass_host
from ccm_core.cli.tables import printable
from ccm_core.config import Settings
from ccm_core.db.migration import check_revision
from ccm_core.errors import CcmError
from ccm_core.services.vault import read_ring

LATE_SECONDS = 900
"""A mail that waits longer than this is a finding."""


@click.command()
@click.option(
    "--clock", "url", metavar="URL", help="Compare the clock with a web server's, such as https://example.org."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of sentences.")
@click.pass_context
@pass_host
def doctor(host: Host, ctx: click.Context, as_json: bool, url: str | None) -> None:
    """Look for what is wrong: key file, database, mails, plugins, addresses, clock. The status is 1 if anything is."""
    ahead = seconds_ahead(host.clock, url) if url else 0
    findings = [printable(finding) for finding in (told(ahead, str(url)), *_findings(host)) if finding]
    if as_json:
        click.echo(json.dumps(findings, ensure_ascii=False))
    else:
        click.echo("\n".join(findings) or "Everything is in order.")
    ctx.exit(1 if findings else 0)


def _findings(host: Host) -> Iterator[str]:
    """Yield sentences; what cannot be looked at because of a finding is left out."""
    try:
        settings = host.settings
    except CcmError as error:
        yield str(error)
        return
    yield from _about_settings(settings)
    broken = list(_about_files(host))
    yield from broken
    if broken:
        return
    try:
        host.parts.keys.check()
    except CcmError as error:
        yield str(error)
    now = host.database.time()
    finding = told(host.clock() - now, "the database server") if now else None
    if finding:
        yield finding
    late = host.parts.outbox.undelivered(host.clock() - LATE_SECONDS)
    if late:
        yield f"{late} mails have waited for more than {LATE_SECONDS // 60} minutes. See «ccm mail list»."
    for name, _ in host.parts.instances.hosts():
        yield from _about_instance(host.at(name))


def _about_settings(settings: Settings) -> Iterator[str]:
    local = _is_loopback(settings.host)
    if not local and not settings.secure:
        yield f"CCM_BASE_URL is {settings.base_url}: passwords and codes travel unencrypted. Use https."
    if settings.secure and not settings.trusted_proxies:
        yield (
            "CCM_BASE_URL is https, but CCM_TRUSTED_PROXIES names no proxy: everybody seems to come from one address. "
            "Name the proxy that speaks https."
        )
    if not local and settings.mail_url == "file:":
        yield "CCM_MAIL_URL is file: and mails reach nobody. Name an SMTP server."
    if settings.data_dir.is_dir() and settings.data_dir.stat().st_mode & 0o077:
        yield f"{settings.data_dir} is open to other users. Run «chmod 700 {settings.data_dir}»."


def _about_files(host: Host) -> Iterator[str]:
    try:
        read_ring(host.settings.key_file)
    except CcmError as error:
        yield str(error)
    try:
        check_revision(host.database)
    except CcmError as error:
        yield str(error)


def _about_instance(desk: Desk) -> Iterator[str]:
    host = desk.instance.host
    if not desk.parts.users.has_administrator(desk.instance):
        yield f"{host} has no administrator who can sign in. Add one with «ccm users add NAME --email ADDR --admin»."
    for entry in desk.parts.audit.entries(desk.instance.id, limit=1):
        finding = told(min(0, desk.now - entry.at), f"the last entry in the audit trail of {host}")
        if finding:
            yield finding
    for view in desk.parts.plugins.listed(desk.instance):
        if view.state in {"broken", "missing"} and (view.active or view.users or view.record):
            yield f"{host}: the plugin {view.name} is {view.state}: {view.reason}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
