# SPDX-License-Identifier: MIT
"""Whatever is typed: status 0 or 1, one line on stderr, no trace; and every command explains itself."""

import errno
from collections.abc import Iterator

import click
import pytest

from ccm_core.cli.main import ccm, run
from ccm_core.cli.names import COMMANDS
from ccm_core.testing.databases import database_url
from tests.unit.cli.conftest import Console

LIST_COMMANDS = [
    ["users", "list"],
    ["plugins", "list"],
    ["instances", "list"],
    ["mail", "list"],
    ["audit"],
    ["keys", "list"],
    pytest.param(["doctor"], marks=pytest.mark.sqlite),  # asks a server for the time, which tests cannot set
]
DEPLOYMENT_WIDE = {"init", "demo", "serve", "doctor", "tidy", "db", "keys", "instances"}


def all_commands(
    group: click.Group = ccm, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from all_commands(command, (*path, name))
        else:
            yield (*path, name), command


EVERY = dict(all_commands())
FIXED = {
    ("init",): {"--admin", "--email", "--password-stdin"},
    ("serve",): {"--host", "--port", "--workers"},
    ("users", "add"): {"--email", "--admin", "--password-stdin", "--instance"},
    ("users", "list"): {"--json", "--instance"},
    ("users", "disable"): {"--instance"},
    ("users", "enable"): {"--instance"},
    ("users", "delete"): {"--yes", "--instance"},
    ("users", "password-link"): {"--instance"},
    ("users", "reset-factor"): {"--yes", "--instance"},
    ("plugins", "list"): {"--json", "--instance"},
    ("plugins", "new"): {"--kind", "--folder"},
    ("plugins", "activate"): {"--instance"},
    ("plugins", "deactivate"): {"--yes", "--instance"},
    ("plugins", "allow"): {"--all", "--instance"},
    ("plugins", "revoke"): {"--all", "--yes", "--instance"},
    ("plugins", "purge"): {"--yes", "--instance"},
    ("instances", "add"): {"--edition", "--plan"},
    ("instances", "list"): {"--json"},
    ("instances", "plan"): {"--include", "--from"},
    ("mail", "list"): {"--all", "--json", "--instance"},
    ("mail", "show"): {"--instance"},
    ("mail", "deliver"): set(),
    ("audit",): {"--user", "--since", "--json", "--instance"},
    ("keys", "list"): {"--json"},
    ("keys", "rotate"): set(),
    ("keys", "promote"): set(),
    ("keys", "drop"): {"--yes"},
    ("db", "upgrade"): set(),
    ("doctor",): set(),
    ("tidy",): set(),
}
"""The commands and options that scripts rely on."""


def test_no_command_and_no_option_that_scripts_rely_on_is_missing() -> None:
    for path, options in FIXED.items():
        known = {option for parameter in EVERY[path].params for option in parameter.opts}
        assert options <= known, path


@pytest.mark.parametrize("path", sorted(EVERY), ids=" ".join)
def test_every_command_explains_itself_without_a_deployment(bare_console: Console, path: tuple[str, ...]) -> None:
    told = bare_console.done(*path, "--help").out
    assert told.startswith(f"Usage: ccm {' '.join(path)} ")
    for parameter in EVERY[path].params:
        assert isinstance(parameter, click.Argument) or getattr(parameter, "help", None), parameter.name
    assert (EVERY[path].help or "").split("\n")[0].endswith(".")


@pytest.mark.parametrize("path", sorted(EVERY), ids=" ".join)
def test_a_wrong_use_of_any_command_is_one_line_that_names_the_help(
    bare_console: Console, path: tuple[str, ...]
) -> None:
    told = bare_console.refused(*path, "--no-such-option")
    assert "--no-such-option" in told
    assert told.endswith(f"See «ccm {' '.join(path)} --help».")


@pytest.mark.parametrize("path", sorted(set(EVERY) - {("demo",), ("doctor",), ("plugins", "new")}), ids=" ".join)
def test_every_command_names_the_wrong_setting(bare_console: Console, path: tuple[str, ...]) -> None:
    bare_console.settings = {"CCM_LOGIN_SECNODS": "3"}
    needed = {"--email": "e@example.org", "--admin": "anna", "--edition": "cloud", "--since": "1h"}
    typed: list[str] = []
    for parameter in EVERY[path].params:
        if isinstance(parameter, click.Argument):
            typed += ["1"] if parameter.required else []
        elif parameter.required:
            typed += [parameter.opts[0], needed[parameter.opts[0]]]
    typed += ["--include", "x"] if path == ("instances", "plan") else []
    assert bare_console.refused(*path, *typed) == "CCM_LOGIN_SECNODS is no setting. Remove it or correct its name."


@pytest.mark.parametrize("command", [*LIST_COMMANDS[:-1], ["tidy"], ["mail", "deliver"], ["db", "upgrade"]])
def test_without_a_deployment_the_mend_is_named(bare_console: Console, command: list[str]) -> None:
    missing = "holds no tables yet" if database_url(bare_console.data) else "ccm.sqlite3 does not exist"
    assert f"{missing}. Run «ccm init»" in bare_console.refused(*command)
    assert not bare_console.data.exists()


@pytest.mark.parametrize("command", LIST_COMMANDS)
def test_every_list_can_be_read_by_programs(console: Console, command: list[str]) -> None:
    assert isinstance(console.done(*command, "--json").rows, list)


def test_without_a_command_the_help_is_shown(bare_console: Console) -> None:
    result = bare_console()
    assert result.status == 1
    assert all(f"  {name} " in result.err for name in COMMANDS)


def test_the_version_is_told(bare_console: Console) -> None:
    assert bare_console.done("--version").out == "ccm 1.0.0\n"


@pytest.mark.parametrize("word", ["nonsense", "Users", "", "../users", "twofactor2", "-"])
def test_an_unknown_command_is_one_line(console: Console, word: str) -> None:
    assert console.refused(word).startswith(f"No such command {word!r}.")


def test_an_argument_that_is_no_text_is_one_line(console: Console) -> None:
    assert console.refused("users", "disable", "\udcff") == "An argument is not valid UTF-8."


def test_an_error_of_the_system_is_one_line(bare_console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/data/x")

    monkeypatch.setattr(EVERY[("tidy",)], "callback", full)
    assert bare_console.refused("tidy") == "/data/x: No space left on device."


def test_ctrl_c_ends_a_command_quietly(bare_console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(EVERY[("tidy",)], "callback", interrupted)
    result = bare_console("tidy")
    assert (result.status, result.out, result.err.strip()) == (1, "", "")


@pytest.mark.sqlite
def test_a_locked_database_is_told_with_the_drivers_reason(console: Console) -> None:
    console.data.joinpath("ccm.sqlite3").chmod(0o600)
    parts = console.parts()
    with parts.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE outbox")
    parts.database.dispose()
    told = console.refused("mail", "list")
    assert told.endswith("Please try again in a moment. (no such table: outbox)")


def test_a_command_that_instances_share_has_no_option_for_one() -> None:
    for path, command in EVERY.items():
        shared = path[0] in DEPLOYMENT_WIDE or path in {("mail", "deliver"), ("plugins", "new")}
        has = any("--instance" in parameter.opts for parameter in command.params)
        assert has is not shared, path


def test_a_run_leaves_no_output_of_the_log(console: Console) -> None:
    result = console("users", "reset-factor", "anna")
    assert result.err == ""
    assert result.out.count("\n") == 1


def test_the_status_of_a_wrong_use_is_one_also_for_the_process() -> None:
    assert run(["--no-such-option"], environment={}) == 1
