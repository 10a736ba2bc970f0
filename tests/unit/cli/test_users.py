# SPDX-License-Identifier: MIT
"""``ccm users``."""

import re
from pathlib import Path

import pytest
from sqlalchemy import insert

from ccm_core.db import models as m
from tests.unit.cli.conftest import NOON, PASSWORD, Console


def account(console: Console, name: str) -> dict[str, object]:
    return next(row for row in console.done("users", "list", "--json").rows if row["name"] == name)


def test_a_user_gets_a_mail_with_a_link_at_once(console: Console) -> None:
    told = console.done("users", "add", "erika", "--email", "erika@example.org").out
    assert "The user erika was added" in told
    assert "A link to choose a password was mailed to erika@example.org." in told
    (mail,) = (console.data / "mail").glob("*.eml")
    assert re.search(r"http://127\.0\.0\.1:8019/activate/[\w=\r\n-]{43}", mail.read_text("utf-8"))


def test_a_user_can_be_added_with_a_password_and_without_a_mail(console: Console) -> None:
    console.add("erika", "--admin")
    assert account(console, "erika") == {
        "id": 2,
        "name": "erika",
        "email": "erika@example.org",
        "role": "administrator",
        "disabled": False,
        "factors": 0,
        "created_at": NOON,
        "last_login_at": None,
    }
    assert not (console.data / "mail").exists()
    parts = console.parts()
    found = parts.users.find(parts.instances.get(None, NOON), "erika")
    assert found is not None
    assert found.password_hash is not None
    assert found.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"", b"\nsecond line\n"])
def test_a_password_is_the_first_line_without_its_end(console: Console, end: bytes) -> None:
    typed = PASSWORD.encode() + end
    console.done("users", "add", "erika", "--email", "e@example.org", "--password-stdin", typed=typed)
    parts = console.parts()
    checked = parts.logins._proofs._passwords
    found = parts.users.find(parts.instances.get(None, NOON), "erika")
    assert found is not None
    assert checked.verify(found.password_hash, PASSWORD)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (b"\n", "at least 15"),
        (b"", "at least 15"),
        (b"too short\n", "at least 15"),
        (b"passwordpassword\n", "attackers"),
        (b"\xff" * 20 + b"\n", "not valid UTF-8"),
        (b"x" * 5000, "at most 256"),
    ],
)
def test_a_bad_password_adds_nobody(console: Console, typed: bytes, why: str) -> None:
    told = console.refused("users", "add", "erika", "--email", "e@example.org", "--password-stdin", typed=typed)
    assert why in told
    assert [row["name"] for row in console.done("users", "list", "--json").rows] == ["anna"]


@pytest.mark.parametrize(
    ("name", "email", "why"),
    [
        ("", "e@example.org", "1 to 64 characters"),
        ("a@b", "e@example.org", "must not hold «@»"),
        ("x" * 65, "e@example.org", "1 to 64 characters"),
        ("bell\x07", "e@example.org", "control characters"),
        ("ANNA", "e@example.org", "This user name is taken."),
        ("erika", "Anna@Example.org", "Another account has this e-mail address."),
        ("erika", "nonsense", "valid e-mail address"),
    ],
)
def test_a_bad_name_or_address_is_refused(console: Console, name: str, email: str, why: str) -> None:
    assert why in console.refused("users", "add", name, "--email", email)


def test_the_list_is_aligned_and_by_name(console: Console) -> None:
    for name in ("zoe", "bert"):
        console.add(name)
    assert console.done("users", "list").out.splitlines() == [
        "NAME  E-MAIL            ROLE           DISABLED  FACTORS  LAST LOGIN (UTC)",
        "anna  anna@example.org  administrator  no        0        never",
        "bert  bert@example.org  user           no        0        never",
        "zoe   zoe@example.org   user           no        0        never",
    ]


def test_a_long_list_is_complete(console: Console) -> None:
    parts = console.parts()
    with parts.database.write() as connection:
        for number in range(1100):
            key, own = f"u{number:04d}", {"instance_id": 1, "role": "user", "created_at": 1}
            own |= {"name": key, "name_key": key, "email": f"{key}@x.org", "email_key": f"{key}@x.org"}
            connection.execute(insert(m.user).values(own))
    parts.database.dispose()
    names = [row["name"] for row in console.done("users", "list", "--json").rows]
    assert names == ["anna", *(f"u{number:04d}" for number in range(1100))]


def test_disable_and_enable_work_by_name_or_address(console: Console) -> None:
    console.add("erika")
    console.done("users", "disable", "erika")
    assert account(console, "erika")["disabled"] is True
    console.done("users", "enable", "ERIKA@example.org")
    assert account(console, "erika")["disabled"] is False
    assert console.events()[-2:] == ["user.disabled", "user.enabled"]


@pytest.mark.parametrize("command", [["disable", "anna"], ["delete", "anna", "--yes"]])
def test_the_last_administrator_stays(console: Console, command: list[str]) -> None:
    assert "last administrator" in console.refused("users", *command)


def test_delete_needs_yes_without_a_terminal(console: Console) -> None:
    console.add("erika")
    told = console.refused("users", "delete", "erika")
    assert told == ("This deletes the user erika (erika@example.org) for good. Add --yes to do it without a question.")
    console.done("users", "delete", "erika", "--yes")
    assert [row["name"] for row in console.done("users", "list", "--json").rows] == ["anna"]


def test_a_password_link_goes_out_at_once(console: Console) -> None:
    console.add("erika")
    told = console.done("users", "password-link", "erika").out
    assert told == "A password link was mailed to erika@example.org.\n"
    assert console.mails("erika@example.org") == ["Set a new password for 127.0.0.1"]
    assert "/password/reset/" not in told


def test_a_disabled_user_gets_no_link(console: Console) -> None:
    console.add("erika")
    console.done("users", "disable", "erika")
    assert "Enable the account first." in console.refused("users", "password-link", "erika")


def test_a_link_that_cannot_be_sent_yet_is_told_and_kept(console: Console) -> None:
    console.add("erika")
    (console.data / "mail").write_text("in the way")
    result = console("users", "password-link", "erika")
    assert (result.status, result.out) == (0, "")
    assert "could not be sent yet (FileExistsError" in result.err
    Path(console.data / "mail").unlink()
    console.done("mail", "deliver")
    assert len(console.mails("erika@example.org")) == 1


def test_resetting_a_factor_asks_first_and_tells_the_user(console: Console) -> None:
    console.add("erika")
    console.enrol("erika", "gone")
    assert account(console, "erika")["factors"] == 1
    assert console.refused("users", "reset-factor", "erika").startswith("This removes every second factor of erika.")
    console.done("users", "reset-factor", "erika", "--yes")
    assert account(console, "erika")["factors"] == 0
    assert console.mails("erika@example.org") == ["The second factor was removed by an administrator"]


def test_resetting_nothing_needs_no_question(console: Console) -> None:
    assert "had no second factor" in console.done("users", "reset-factor", "anna").out


@pytest.mark.parametrize("command", ["disable", "enable", "delete", "password-link", "reset-factor"])
def test_an_unknown_user_is_named(console: Console, command: str) -> None:
    told = console.refused("users", command, "nobody")
    assert told == "There is no user nobody. See «ccm users list»."
