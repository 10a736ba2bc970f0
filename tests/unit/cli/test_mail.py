# SPDX-License-Identifier: MIT
"""``ccm mail``."""

import pytest
from sqlalchemy import update

from ccm_core.db import models as m
from tests.unit.cli.conftest import NOON, Console


@pytest.fixture
def stuck(console: Console) -> Console:
    """A console with one mail that could not be sent."""
    (console.data / "mail").write_text("in the way")
    console("users", "add", "erika", "--email", "erika@example.org")
    return console


def test_a_mail_that_waits_is_listed_with_the_error_and_shown_with_its_text(stuck: Console) -> None:
    (listed,) = stuck.done("mail", "list", "--json").rows
    assert listed["error"].startswith("FileExistsError")
    expected = {"id": 1, "recipient": "erika@example.org", "subject": "Your account on 127.0.0.1", "attempts": 1}
    expected |= {"created_at": NOON, "delivered_at": None}
    assert listed == expected | {"error": listed["error"]}
    shown = stuck.done("mail", "show", "1").out
    assert shown.startswith(
        "To: erika@example.org\nSubject: Your account on 127.0.0.1\nWritten: 2023-11-14 22:13:20 UTC\n"
    )
    assert "Delivered" not in shown
    assert "/activate/" in shown


def test_the_table_says_never_for_a_mail_that_waits(stuck: Console) -> None:
    heading, line = stuck.done("mail", "list").out.splitlines()
    assert heading.split("  ")[0] == "ID"
    assert "never" in line


def test_deliver_says_what_still_waits(stuck: Console) -> None:
    result = stuck("mail", "deliver")
    assert (result.status, result.out) == (1, "0 delivered.\n")
    assert result.err == "1 could not be delivered. See «ccm mail list».\n"


def test_deliver_does_not_wait_for_the_pause_between_two_tries(stuck: Console) -> None:
    (stuck.data / "mail").unlink()
    assert stuck.done("mail", "deliver").out == "1 delivered.\n"
    shown = stuck.done("mail", "show", "1").out
    assert "Delivered: 2023-11-14 22:13:20 UTC" in shown
    assert "/activate/" not in shown
    assert stuck.done("mail", "deliver").out == "0 delivered.\n"


def test_deliver_leaves_alone_what_another_process_is_sending(stuck: Console) -> None:
    (stuck.data / "mail").unlink()
    parts = stuck.parts()
    with parts.database.write() as connection:
        connection.execute(update(m.outbox).values(lease="another", due_at=NOON + 100))
    parts.database.dispose()
    result = stuck("mail", "deliver")
    assert (result.status, result.out) == (1, "0 delivered.\n")


@pytest.mark.parametrize("number", ["7", "0", "-1", "x", "1.5", "9" * 30, ""])
def test_a_mail_that_does_not_exist_is_one_sentence(console: Console, number: str) -> None:
    assert console.refused("mail", "show", "--", number)


def test_no_mails_are_an_empty_list(console: Console) -> None:
    assert console.done("mail", "list").out == ""
    assert console.done("mail", "list", "--json").rows == []
