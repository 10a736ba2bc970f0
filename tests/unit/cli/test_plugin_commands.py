# SPDX-License-Identifier: MIT
"""A plugin's own commands: loaded only when named, and unable to hurt or to hide the host's."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_plugins import announce, installed
from tests.unit.cli.conftest import NOON, Console

OWN = """
import click
from ccm_core.plugin_api import hookimpl

@click.command()
@click.argument("user")
@click.pass_obj
def tell(console, user):
    "Tell all that a plugin can know."
    found = console.user(user)
    labels = [(e.label, e.confirmed, e.created, e.last_used) for e in console.enrolments(found)]
    click.echo(f"{found.name} {found.email} {console.active()} {console.allowed(found)} {labels}")

@click.command()
@click.option("--instance", "name")
def own(name):
    "Take an option of the same name."
    click.echo(name)

@click.command()
@click.argument("how")
def fail(how):
    "Fail."
    if how == "refuse":
        raise click.ClickException("Not today.")
    if how == "leave":
        raise SystemExit(0)
    if how == "status":
        click.get_current_context().exit(7)
    raise ValueError("the secret is 4711")

@hookimpl
def ccm_commands():
    return [tell, own, fail]
"""


@pytest.fixture
def desk(console: Console, tmp_path: Path) -> Iterator[Console]:
    """A console with ``working``, ``own``, and plugins whose commands cannot be had."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "ccm_own.py").write_text(OWN)
    announce(folder, distribution="ccm-own", name="own", target="ccm_own", headers="Summary: Own: tells all\n")
    (folder / "ccm_users.py").write_text(OWN)
    announce(folder, distribution="ccm-users", name="users", target="ccm_users")
    with installed(folder, "working", "commands_raise", "commands_wrong_type", "import_error"):
        yield console


def test_a_plugin_learns_what_the_console_may_tell(desk: Console) -> None:
    assert desk.done("own", "tell", "ANNA").out == "anna anna@example.org False False []\n"
    desk.done("plugins", "activate", "own")
    desk.done("plugins", "allow", "own", "--all")
    desk.enrol("anna", "own")
    desk.enrol("anna", "own", pending_until=NOON + 600)
    desk.enrol("anna", "working")
    rows = f"[('Word', True, {NOON}, None), ('Word', False, {NOON}, None)]"
    assert desk.done("own", "tell", "anna").out == f"anna anna@example.org True True {rows}\n"
    desk.now += 600
    assert desk.done("own", "tell", "anna").out.count("Word") == 1


def test_a_plugins_command_takes_the_instance_too(desk: Console) -> None:
    desk.done("instances", "add", "b.example", "--edition", "cloud")
    assert "--instance HOST" in desk.refused("own", "tell", "anna")
    assert desk.done("own", "tell", "anna", "--instance", "127.0.0.1").out.startswith("anna ")
    assert "There is no user anna." in desk.refused("own", "tell", "anna", "--instance", "b.example")


def test_a_plugins_option_of_that_name_stays_its_own(desk: Console) -> None:
    assert desk.done("own", "own", "--instance", "x").out == "x\n"


def test_a_plugin_without_the_hook_or_commands_says_so(desk: Console, tmp_path: Path) -> None:
    (tmp_path / "plugins" / "ccm_own.py").write_text(OWN.replace("return [tell, own, fail]", "return None"))
    assert desk.refused("own", "tell", "anna") == "The plugin own has no commands."


def test_an_unknown_command_of_a_plugin_is_one_line(desk: Console) -> None:
    assert desk.refused("own", "nonsense") == "No such command 'nonsense'. See «ccm own --help»."
    assert "Missing argument 'USER'. See «ccm own tell --help»." in desk.refused("own", "tell")


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("refuse", "Not today."),
        ("leave", "The plugin own failed in command: it ended the process."),
        ("raise", "The plugin own failed in command: ValueError in ccm_own, line 30."),
    ],
)
def test_a_command_that_fails_is_one_line_without_what_it_said(desk: Console, how: str, told: str) -> None:
    assert desk.refused("own", "fail", how) == told


def test_any_other_status_becomes_one(desk: Console) -> None:
    assert desk("own", "fail", "status").status == 1


@pytest.mark.parametrize("name", ["commandsraise", "commandswrongtype", "importerror"])
def test_commands_that_cannot_be_had_are_one_line_that_names_the_plugin(desk: Console, name: str) -> None:
    assert f"The plugin {name} failed in " in desk.refused(name, "status")


def test_a_plugin_cannot_take_the_name_of_a_host_command(desk: Console) -> None:
    assert desk.done("users", "list", "--json").rows[0]["name"] == "anna"
    assert "ccm_users" not in sys.modules
    (listed,) = (row for row in desk.done("plugins", "list", "--json").rows if row["name"] == "users")
    assert listed["state"] == "broken"
    assert "is a console command of the host: the plugin needs another name." in listed["reason"]


def test_no_host_command_imports_a_plugin(desk: Console) -> None:
    for command in (["users", "list"], ["plugins", "list"], ["doctor"], ["audit"], ["--help"], ["own2"]):
        desk(*command)
    assert {"ccm_own", "working", "commands_raise", "import_error"} & set(sys.modules) == set()
    desk.done("own", "--help")
    assert "ccm_own" in sys.modules
    assert "working" not in sys.modules
