# SPDX-License-Identifier: MIT
"""``ccm plugins``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bad_plugins import installed
from tests.unit.cli.conftest import Console


@pytest.fixture
def desk(console: Console, tmp_path: Path) -> Iterator[Console]:
    """A console with the plugin ``working`` installed, and a user ``erika``."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    console.add("erika")
    with installed(folder, "working", "import_error"):
        yield console


def plugin(console: Console, name: str = "working") -> dict[str, Any]:
    return next(row for row in console.done("plugins", "list", "--json").rows if row["name"] == name)


def test_installed_means_inactive(desk: Console) -> None:
    found = plugin(desk)
    assert (found["state"], found["active"], found["version"], found["users"]) == ("inactive", False, "1.0", 0)


def test_the_list_is_a_table(desk: Console) -> None:
    desk.done("plugins", "activate", "working")
    lines = desk.done("plugins", "list").out.splitlines()
    assert lines[0].split() == ["NAME", "VERSION", "STATE", "ACCESS", "USERS", "REASON"]
    assert next(line for line in lines if line.startswith("working")).split() == [
        "working", "1.0", "active", "selected", "0",
    ]  # fmt: skip


def test_a_broken_plugin_is_refused_listed_with_the_reason_and_retried(desk: Console, tmp_path: Path) -> None:
    told = desk.refused("plugins", "activate", "importerror")
    assert "importerror failed in its import" in told
    found = plugin(desk, "importerror")
    assert (found["state"], found["active"]) == ("broken", False)
    assert "ModuleNotFoundError" in found["reason"]
    assert told == desk.refused("plugins", "retry", "importerror")
    (tmp_path / "plugins" / "import_error.py").write_text((tmp_path / "plugins/working/__init__.py").read_text())
    assert desk.done("plugins", "retry", "importerror").out == "importerror can be loaded.\n"
    assert plugin(desk, "importerror")["state"] == "inactive"


def test_a_plugin_is_activated_and_enabled_for_one_or_all(desk: Console) -> None:
    desk.done("plugins", "activate", "working")
    assert plugin(desk)["access"] == "selected"
    desk.done("plugins", "allow", "working", "erika")
    parts = desk.parts()
    instance = parts.instances.get(None, desk.now)
    for name, allowed in (("erika", True), ("anna", False)):
        account = parts.users.find(instance, name)
        assert account is not None
        assert parts.access.standings(instance, account)["working"].allowed is allowed
    desk.done("plugins", "allow", "working", "--all")
    assert plugin(desk)["access"] == "everyone"
    events = ["plugin.activated", "plugin.allowed", "plugin.allowed_everyone"]
    assert desk.events()[-3:] == events


@pytest.mark.parametrize("who", [[], ["erika", "--all"]])
@pytest.mark.parametrize("command", ["allow", "revoke"])
def test_either_one_user_or_all(desk: Console, command: str, who: list[str]) -> None:
    desk.done("plugins", "activate", "working")
    assert desk.refused("plugins", command, "working", *who) == "Name one user, or all with --all."


def test_revoking_from_one_while_everyone_may_is_refused(desk: Console) -> None:
    desk.done("plugins", "activate", "working")
    desk.done("plugins", "allow", "working", "--all")
    assert "Limit it to selected users first" in desk.refused("plugins", "revoke", "working", "erika")


def test_revoking_an_enrolled_user_asks_and_removes_the_factor(desk: Console) -> None:
    desk.done("plugins", "activate", "working")
    desk.done("plugins", "allow", "working", "erika")
    desk.enrol("erika", "working")
    assert "what erika has set up" in desk.refused("plugins", "revoke", "working", "erika")
    assert plugin(desk)["users"] == 1
    desk.done("plugins", "revoke", "working", "erika", "--yes")
    assert plugin(desk)["users"] == 0
    assert desk.mails("erika@example.org") == ["The second factor was removed by an administrator"]


def test_revoking_somebody_without_a_factor_needs_no_question(desk: Console) -> None:
    desk.done("plugins", "activate", "working")
    desk.done("plugins", "allow", "working", "erika")
    desk.done("plugins", "revoke", "working", "erika")
    assert desk.events()[-1] == "plugin.revoked"


def test_revoking_from_all_takes_it_from_everybody(desk: Console) -> None:
    desk.done("plugins", "activate", "working")
    desk.done("plugins", "allow", "working", "--all")
    desk.done("plugins", "allow", "working", "anna")
    desk.enrol("erika", "working")
    assert "what 1 users have set up" in desk.refused("plugins", "revoke", "working", "--all")
    desk.done("plugins", "revoke", "working", "--all", "--yes")
    found = plugin(desk)
    assert (found["active"], found["access"], found["users"]) == (True, "selected", 0)
    parts = desk.parts()
    instance = parts.instances.get(None, desk.now)
    everybody = tuple(listed.account for listed in parts.users.listed(instance).users)
    assert set(parts.users.allowed(instance, "working", everybody).values()) == {False}


def test_selecting_keeps_those_who_have_it(desk: Console) -> None:
    desk.done("plugins", "activate", "working")
    desk.done("plugins", "allow", "working", "--all")
    desk.enrol("erika", "working")
    desk.done("plugins", "select", "working")
    found = plugin(desk)
    assert (found["access"], found["users"]) == ("selected", 1)


def test_deactivating_tells_how_many_users_it_affects_and_keeps_their_factors(desk: Console) -> None:
    desk.done("plugins", "activate", "working")
    desk.enrol("erika", "working")
    assert "1 of the users of 127.0.0.1 will sign in without working." in desk.refused(
        "plugins", "deactivate", "working"
    )
    desk.done("plugins", "deactivate", "working", "--yes")
    found = plugin(desk)
    assert (found["state"], found["users"]) == ("inactive", 1)


def test_deactivating_what_nobody_uses_needs_no_question(desk: Console) -> None:
    desk.done("plugins", "activate", "working")
    desk.done("plugins", "deactivate", "working")
    assert plugin(desk)["active"] is False


def test_purging_removes_what_a_missing_plugin_left(console: Console) -> None:
    console.add("erika")
    console.enrol("erika", "gone")
    found = plugin(console, "gone")
    assert (found["state"], found["version"]) == ("missing", "")
    assert "is not installed" in found["reason"]
    assert "what 1 users have set up" in console.refused("plugins", "purge", "gone")
    console.done("plugins", "purge", "gone", "--yes")
    assert [row for row in console.done("plugins", "list", "--json").rows if row["name"] == "gone"] == []


def test_an_active_plugin_is_not_purged(desk: Console) -> None:
    desk.done("plugins", "activate", "working")
    assert "Deactivate it first." in desk.refused("plugins", "purge", "working", "--yes")


@pytest.mark.parametrize(
    "command",
    [
        ["activate", "nonsense"],
        ["deactivate", "nonsense"],
        ["allow", "nonsense", "--all"],
        ["revoke", "nonsense", "--all"],
        ["select", "nonsense"],
        ["purge", "nonsense"],
        ["retry", "nonsense"],
        ["activate", "../x"],
        ["allow", "working", "erika"],
        ["allow", "working", "--all"],
        ["select", "working"],
        ["deactivate", "working"],
    ],
)
def test_what_cannot_be_done_is_one_sentence_that_names_the_plugin(desk: Console, command: list[str]) -> None:
    assert command[1] in desk.refused("plugins", *command)
