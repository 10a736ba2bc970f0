# SPDX-License-Identifier: MIT
"""The command line: the group of commands, and every error as one line."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib import import_module

import click

from ccm_core.cli.context import Host
from ccm_core.cli.names import COMMANDS
from ccm_core.cli.plugin_commands import plugin_group
from ccm_core.errors import CcmError
from ccm_core.services.logs import stay_silent
from ccm_core.services.parts import Clock, host_version


class Commands(click.Group):
    """The host's commands, each imported when it is named; any other word may name a plugin."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the host's commands; a plugin's are known only once it is loaded."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of the host, else the group of the plugin of that name, else None."""
        if cmd_name not in COMMANDS:
            return plugin_group(ctx.find_object(Host), cmd_name)
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=Commands, epilog="A plugin's own commands: ccm PLUGIN --help.")
@click.version_option(host_version(), message="ccm %(version)s")
def ccm() -> None:
    """Run and look after the backend: accounts, plugins, mails, keys."""


def run(arguments: Sequence[str], clock: Clock = time.time, environment: Mapping[str, str] | None = None) -> int:
    """Run one command and return its exit status, 0 or 1; an error is one line on stderr."""
    stay_silent()
    host = Host(clock, environment)
    try:
        "".join(arguments).encode()
        status = ccm.main(list(arguments), "ccm", standalone_mode=False, obj=host)
    except UnicodeEncodeError:
        return _refuse("An argument is not valid UTF-8.")
    except click.Abort:
        return 1
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 1
    except click.ClickException as error:
        return _refuse(_told_by_click(error))
    except (CcmError, OSError) as error:
        return _refuse(_told_by_us(error))
    finally:
        host.close()
    return 1 if status else 0


def _refuse(sentence: str) -> int:
    click.echo(" ".join(sentence.split()), err=True)
    return 1


def _told_by_us(error: CcmError | OSError) -> str:
    """Return the message; what the database driver said is added, since here an operator reads it."""
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror or error}."
    cause = getattr(error.__cause__, "orig", None)
    return f"{error} ({cause})" if cause and str(cause) not in str(error) else str(error)


def _told_by_click(error: click.ClickException) -> str:
    """Return the message; after a wrong use it names the help page."""
    message = error.format_message().strip()
    message += "" if message.endswith((".", "?")) else "."
    if not isinstance(error, click.UsageError):
        return message
    return f"{message} See «{error.ctx.command_path if error.ctx else 'ccm'} --help»."
