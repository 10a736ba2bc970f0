# SPDX-License-Identifier: MIT
"""``ccm instances``, and the option ``--instance``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bad_plugins import installed
from tests.unit.cli.conftest import NOON, PASSWORD, Console

TOMORROW = NOON + 86400


@pytest.fixture
def cloud(console: Console, tmp_path: Path) -> Iterator[Console]:
    """A console with the plugin ``working`` installed and the plan ``gold``, which includes it from tomorrow on."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    with installed(folder, "working"):
        console.done("instances", "plan", "gold", "--include", "working", "--from", "2023-11-15T22:13:20")
        yield console


def instance(console: Console, host: str) -> dict[str, Any]:
    return next(row for row in console.done("instances", "list", "--json").rows if row["host"] == host)


def test_the_first_instance_is_on_premise(console: Console) -> None:
    expected = {"host": "127.0.0.1", "edition": "on-premise", "origin": "http://127.0.0.1:8019", "active": []}
    assert console.done("instances", "list", "--json").rows == [expected]


def test_a_plugin_of_the_plan_is_active_from_its_date_on_without_a_click(cloud: Console) -> None:
    cloud.done("instances", "add", "B.example", "--edition", "cloud", "--plan", "gold")
    assert instance(cloud, "b.example")["active"] == []
    cloud.now = TOMORROW
    found = instance(cloud, "b.example")
    assert (found["active"], found["origin"], found["edition"]) == (["working"], "http://b.example:8019", "cloud")
    assert instance(cloud, "127.0.0.1")["active"] == []
    assert cloud.done("instances", "list").out.splitlines()[-1].split()[-1] == "working"


def test_a_plan_includes_at_once_by_default(cloud: Console) -> None:
    cloud.done("instances", "plan", "now", "--include", "working")
    cloud.done("instances", "add", "b.example", "--edition", "cloud", "--plan", "now")
    assert instance(cloud, "b.example")["active"] == ["working"]


def test_what_a_plan_excludes_stays_active_and_admits_nobody(cloud: Console) -> None:
    cloud.now = TOMORROW
    cloud.done("instances", "add", "b.example", "--edition", "cloud", "--plan", "gold")
    cloud.done("instances", "plan", "gold", "--exclude", "working")
    (found,) = (p for p in cloud.done("plugins", "list", "--instance", "b.example", "--json").rows if p["active"])
    assert (found["name"], found["admits"], found["by_plan"]) == ("working", False, False)


def test_an_instance_moves_to_another_plan(cloud: Console) -> None:
    cloud.done("instances", "add", "b.example", "--edition", "cloud")
    cloud.now = TOMORROW
    assert instance(cloud, "b.example")["active"] == []
    cloud.done("instances", "assign", "B.example", "gold")
    assert instance(cloud, "b.example")["active"] == ["working"]


def test_with_several_instances_every_command_wants_to_know_which(cloud: Console) -> None:
    cloud.done("instances", "add", "b.example", "--edition", "cloud")
    assert "--instance HOST" in cloud.refused("users", "list")
    typed = f"{PASSWORD}\n".encode()
    options = ["--email", "b@example.org", "--admin", "--password-stdin", "--instance", "b.example"]
    cloud.done("users", "add", "berta", *options, typed=typed)
    names = {
        host: [row["name"] for row in cloud.done("users", "list", "--instance", host, "--json").rows]
        for host in ("127.0.0.1", "B.EXAMPLE")
    }
    assert names == {"127.0.0.1": ["anna"], "B.EXAMPLE": ["berta"]}
    assert "no user berta" in cloud.refused("users", "disable", "berta", "--instance", "127.0.0.1")


def test_mails_and_trail_of_another_instance_are_not_shown(cloud: Console) -> None:
    cloud.done("instances", "add", "b.example", "--edition", "cloud")
    cloud.done("users", "add", "berta", "--email", "b@example.org", "--instance", "b.example")
    assert [mail["id"] for mail in cloud.done("mail", "list", "--json", "--instance", "b.example").rows] == [1]
    assert cloud.done("mail", "list", "--json", "--instance", "127.0.0.1").rows == []
    assert "There is no mail 1." in cloud.refused("mail", "show", "1", "--instance", "127.0.0.1")
    trail = cloud.done("audit", "--json", "--instance", "127.0.0.1").rows
    assert {entry["user"] for entry in trail} == {"anna"}


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["add", "no host!", "--edition", "cloud"], "no host! is not a host name."),
        (["add", "", "--edition", "cloud"], "is not a host name."),
        (["add", "127.0.0.1", "--edition", "cloud"], "exists already"),
        (["add", "b.example", "--edition", "cloud", "--plan", "lead"], "There is no plan lead."),
        (["add", "b.example", "--edition", "on-premise"], "'on-premise'"),
        (["add", "b.example"], "--edition"),
        (["plan", "gold"], "either --include PLUGIN or --exclude PLUGIN"),
        (["plan", "gold", "--include", "working", "--exclude", "working"], "either"),
        (["plan", "gold", "--include", "nonsense"], "The plugin nonsense is not installed."),
        (["plan", "gold", "--include", "working", "--from", "soon"], "'soon' is no time"),
        (["plan", "gold", "--exclude", "working", "--from", "2024-01-01"], "takes no --from"),
        (["plan", "lead", "--exclude", "working"], "There is no plan lead."),
        (["plan", "", "--include", "working"], "The name of a plan needs 1 to 64"),
        (["plan", "x" * 65, "--include", "working"], "The name of a plan needs 1 to 64"),
        (["plan", "bell\x07", "--include", "working"], "The name of a plan needs 1 to 64"),
        (["assign", "c.example", "gold"], "There is no instance c.example."),
        (["assign", "127.0.0.1", "lead"], "There is no plan lead."),
    ],
)
def test_a_bad_value_is_one_sentence(cloud: Console, command: list[str], why: str) -> None:
    assert why in cloud.refused("instances", *command)


def test_a_refused_plan_leaves_nothing_behind(cloud: Console) -> None:
    cloud.refused("instances", "plan", "lead", "--include", "nonsense")
    assert "There is no plan lead." in cloud.refused("instances", "assign", "127.0.0.1", "lead")


def test_an_unknown_instance_is_named(console: Console) -> None:
    assert "There is no instance c.example." in console.refused("users", "list", "--instance", "c.example")
