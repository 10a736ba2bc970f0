# SPDX-License-Identifier: MIT
"""A plugin's own commands, ``ccm PLUGIN …``: the plugin is loaded only when it is named."""

from __future__ import annotations

import copy

import click

from ccm_core.cli.context import INSTANCE, Desk, Host
from ccm_core.cli.names import COMMANDS
from ccm_core.errors import CcmError, NotFound
from ccm_core.plugin_api import EnrolmentSummary, User
from ccm_core.plugin_manager.calls import Calls
from ccm_core.plugin_manager.discovery import discover
from ccm_core.plugin_manager.faults import CallError
from ccm_core.services.parts import host_version


class PluginConsole:
    """The plugin API's ``Console``: what one plugin's commands may ask of the host."""

    def __init__(self, host: Host, plugin: str) -> None:
        self._host = host
        self._plugin = plugin
        self._instance: str | None = None
        self._opened: Desk | None = None

    def user(self, name: str) -> User:
        """Find a user by name or e-mail address; raises NotFound, which ends the command with a sentence."""
        return self._desk().account(name).to_plugin()

    def active(self) -> bool:
        """Whether the plugin is active in the instance."""
        return self._plugin in self._desk().instance.active

    def allowed(self, user: User) -> bool:
        """Whether this user may begin a set-up."""
        desk = self._desk()
        standings = desk.parts.access.standings(desk.instance, desk.parts.users.get(desk.instance, user.id))
        return self._plugin in standings and standings[self._plugin].allowed

    def enrolments(self, user: User) -> tuple[EnrolmentSummary, ...]:
        """The user's enrolments of this plugin; an unfinished set-up that ran out is none."""
        desk = self._desk()
        account = desk.parts.users.get(desk.instance, user.id)
        rows = desk.parts.factors.ledger.of_plugin(account.id, self._plugin, desk.now)
        return tuple(EnrolmentSummary(row.label, row.confirmed, row.created_at, row.last_used_at) for row in rows)

    def choose(self, _ctx: click.Context, _parameter: click.Parameter, host: str | None) -> None:
        """Take the value of ``--instance``."""
        self._instance = host

    def _desk(self) -> Desk:
        if self._opened is None:
            self._opened = self._host.at(self._instance)
        return self._opened


class PluginGroup(click.Group):
    """The commands of one plugin. What they raise becomes a sentence that names the plugin."""

    def __init__(self, plugin: str, calls: Calls, summary: str, commands: dict[str, click.Command]) -> None:
        super().__init__(plugin, commands=commands, help=summary)
        self._calls = calls

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; raises PluginFailed instead of what the plugin raises by mistake."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit, CcmError, BrokenPipeError, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin may raise anything
            told = CallError("it ended the process") if isinstance(error, SystemExit) else error
            raise self._calls.failed(self.name or "", "command", told) from None


def plugin_group(host: Host | None, name: str) -> click.Group | None:
    """Return the commands of an installed plugin, or None if there is none of that name; raises PluginFailed."""
    record = discover(host_version(), reserved=COMMANDS).get(name)
    if host is None or record is None:
        return None
    calls, console = host.parts.calls, PluginConsole(host, name)
    commands = {command.name or "": _with_instance(command, console) for command in calls.commands(name)}
    if not commands:
        raise NotFound("The plugin %(name)s has no commands.", name=name)
    group = PluginGroup(name, calls, record.summary, commands)
    group.context_settings["obj"] = console
    return group


def _with_instance(command: click.Command, console: PluginConsole) -> click.Command:
    """Return the command with the option that every command has; the plugin's own object stays as it is."""
    taken = {option for parameter in command.params for option in parameter.opts}
    if "--instance" in taken:
        return command
    option = click.Option(
        ["--instance", "host"], metavar="HOST", help=INSTANCE, callback=console.choose, expose_value=False
    )
    changed = copy.copy(command)
    changed.params = [*command.params, option]
    return changed
