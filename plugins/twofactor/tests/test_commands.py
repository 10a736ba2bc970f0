# SPDX-License-Identifier: MIT
"""The console command, with the host's ``Console`` in memory."""

import json
import time
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from ccm_core.plugin_api import EnrolmentSummary, User
from ccm_twofactor import plugin

SUMMARY = EnrolmentSummary("Smartphone app", confirmed=True, created=0.0, last_used=1_111_111_109.0)
UNUSED = EnrolmentSummary("Smartphone app", confirmed=False, created=59.0, last_used=None)


class Desk:
    """A ``Console`` that knows erika."""

    def __init__(self, *enrolments: EnrolmentSummary, active: bool = True, allowed: bool = True) -> None:
        self.found, self.is_active, self.is_allowed = enrolments, active, allowed

    def user(self, name: str) -> User:
        if name not in {"erika", "erika@example.org"}:
            raise click.ClickException(f"There is no user “{name}”.")
        return User(7, "erika", "erika@example.org", "en")

    def active(self) -> bool:
        return self.is_active

    def allowed(self, user: User) -> bool:
        return self.is_allowed and user.id == 7

    def enrolments(self, user: User) -> tuple[EnrolmentSummary, ...]:
        return self.found if user.id == 7 else ()


def run(desk: Desk, *arguments: str) -> tuple[int, str]:
    (command,) = plugin.ccm_commands()
    assert command.name == "status"
    result = CliRunner().invoke(command, arguments, obj=desk)
    return result.exit_code, result.output


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own time is not UTC."""
    with monkeypatch.context() as environment:
        environment.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("tokyo")
def test_status_tells_of_an_enabled_app() -> None:
    told = (
        "User: erika\nPlugin active: yes\nMay set it up: no\nEnabled: yes\n"
        "  Smartphone app: confirmed, begun 1970-01-01 00:00:00 UTC, last used 2005-03-18 01:58:29 UTC\n"
    )
    assert run(Desk(SUMMARY, allowed=False), "erika") == (0, told)


def test_an_unfinished_set_up_does_not_count_as_enabled() -> None:
    told = (
        "User: erika\nPlugin active: no\nMay set it up: yes\nEnabled: no\n"
        "  Smartphone app: set-up not finished, begun 1970-01-01 00:00:59 UTC, last used never\n"
    )
    assert run(Desk(UNUSED, active=False), "erika") == (0, told)


def test_status_as_json_holds_the_same() -> None:
    code, output = run(Desk(SUMMARY, UNUSED), "erika@example.org", "--json")
    assert code == 0
    assert json.loads(output) == {
        "user": "erika",
        "active": True,
        "allowed": True,
        "enabled": True,
        "enrolments": [
            {"label": "Smartphone app", "confirmed": True, "created": 0.0, "last_used": 1_111_111_109.0},
            {"label": "Smartphone app", "confirmed": False, "created": 59.0, "last_used": None},
        ],
    }


def test_an_unknown_user_ends_the_command_with_a_sentence() -> None:
    code, output = run(Desk(), "nobody")
    assert code == 1
    assert "There is no user “nobody”." in output


def test_the_command_explains_itself() -> None:
    code, output = run(Desk(), "--help")
    assert code == 0
    assert "Show whether USER logs in with a code" in output
