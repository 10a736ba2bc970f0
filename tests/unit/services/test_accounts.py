# SPDX-License-Identifier: MIT
"""Accounts: which names and addresses are accepted, how they are found, and what a change of state raises."""

from dataclasses import fields

import pytest
from sqlalchemy import select, update

from ccm_core.db import models as m
from ccm_core.errors import Conflict, InputError, NotFound
from ccm_core.services import accounts
from ccm_core.services.accounts import Account, Profile
from ccm_core.services.instances import CLOUD, Instance
from ccm_core.services.parts import Parts
from ccm_core.services.user_admin import Actor


@pytest.mark.parametrize(
    "name", ["e", "Erika Mustermann", "jürgen", "王小明", "O'Neil", "a.b-c_d", "<script>", "x" * 64, "🦉", "ß" * 64]
)
def test_a_printable_name_without_an_at_sign_is_accepted(name: str) -> None:
    assert accounts.checked_name(f"  {name} ") == name


def test_a_name_is_kept_in_one_way_of_writing() -> None:
    assert accounts.checked_name("ju\N{COMBINING DIAERESIS}rgen") == "jürgen"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "x" * 65,
        "a@b",
        "a＠b",
        "a﹫b",
        "a\0b",
        "a\nb",
        "a\tb",
        "\N{RIGHT-TO-LEFT OVERRIDE}x",
        "\u200b",
        "ﷺ" * 60,
    ],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InputError) as refused:
        accounts.checked_name(name)
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    "email", ["a@b", "erika@example.org", "e.m+tag@mail.example.org", "o'neil@example.org", "x" * 64 + "@example.org"]
)
def test_a_plain_address_is_accepted(email: str) -> None:
    assert accounts.checked_email(f" {email} ") == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "erika",
        "@example.org",
        "erika@",
        "a b@example.org",
        "a@b@example.org",
        "a@example.org,b@example.org",
        "a@example.org\nBcc: b@example.org",
        "Erika <erika@example.org>",
        "ä@example.org",
        "a@exämple.org",
        "a@.example.org",
        "a@example.org.",
        "a@example..org",
        "a..b@example.org",
        "x" * 65 + "@example.org",
        "a@" + "x" * 254,
        "a@[127.0.0.1]",
        '"a"@example.org',
        "a\0@example.org",
    ],
)
def test_other_addresses_are_refused(email: str) -> None:
    with pytest.raises(InputError) as refused:
        accounts.checked_email(email)
    assert refused.value.field == "email"


@pytest.mark.parametrize("typed", ["erika", "ERIKA", " Erika ", "ｅｒｉｋａ", "erika@example.org", "Erika@EXAMPLE.org"])
def test_an_account_is_found_by_name_or_address_in_any_case(
    parts: Parts, instance: Instance, erika: Account, typed: str
) -> None:
    with parts.database.read() as connection:
        assert accounts.find(connection, instance, typed) == erika


@pytest.mark.parametrize("typed", ["", "erik", "erika ' or 1=1--", "%", "_____", "erika@example.orgx", "e" * 100_000])
def test_nothing_else_finds_it(parts: Parts, instance: Instance, erika: Account, typed: str) -> None:
    with parts.database.read() as connection:
        assert accounts.find(connection, instance, typed) is None


def test_an_account_of_another_instance_does_not_exist(parts: Parts, instance: Instance, erika: Account) -> None:
    parts.instances.add("other.example", CLOUD, None, 0)
    other = parts.instances.get("other.example", 0)
    with parts.database.write() as connection:
        assert accounts.find(connection, other, "erika") is None
        for look in (accounts.get, accounts.lock):
            with pytest.raises(NotFound):
                look(connection, other, erika.id)
    assert parts.users.add(other, "erika", "erika@example.org", "user", 0, Actor()).id != erika.id


@pytest.mark.parametrize(
    ("name", "email", "field"), [("Erika", "x@example.org", "name"), ("x", "ERIKA@example.org", "email")]
)
def test_name_and_address_are_unique_in_an_instance(
    parts: Parts, instance: Instance, erika: Account, name: str, email: str, field: str
) -> None:
    with pytest.raises(InputError) as refused:
        parts.users.add(instance, name, email, "user", 0, Actor())
    assert refused.value.field == field


def test_the_stamp_rises_with_each_change(parts: Parts, instance: Instance, erika: Account) -> None:
    with parts.database.write() as connection:
        assert [accounts.restamp(connection, erika.id) for _ in range(3)] == [1, 2, 3]
        assert accounts.get(connection, instance, erika.id).stamp == 3


def test_the_words_that_alone_make_no_password(instance: Instance) -> None:
    words = accounts.context_words(instance, "Erika", "E.Muster@Firma.example.org")
    assert {"erika", "e.muster@firma.example.org", "e.muster", "firma", "firma.example.org", "ccm", "ccm19"} <= words
    assert {"administrator", "ccm.example"} <= words
    assert "" not in words


def test_the_display_name_is_the_real_name_if_it_was_said(parts: Parts, instance: Instance, erika: Account) -> None:
    assert erika.display_name == "erika"
    with parts.database.write() as connection:
        accounts.save_profile(connection, erika, Profile("Erika", "Muster", "", "de"))
        saved = accounts.get(connection, instance, erika.id)
    assert (saved.display_name, saved.to_plugin().language, saved.to_plugin("en").language) == (
        "Erika Muster",
        "de",
        "en",
    )


@pytest.mark.parametrize(
    "profile",
    [
        Profile("x" * 101, "", "", ""),
        Profile("", "a\nb", "", ""),
        Profile("", "", "\x1b", ""),
        Profile("", "", "", "fr"),
    ],
)
def test_a_profile_that_does_not_fit_changes_nothing(
    parts: Parts, instance: Instance, erika: Account, profile: Profile
) -> None:
    with pytest.raises(InputError), parts.database.write() as connection:
        accounts.save_profile(connection, erika, profile)
    assert parts.users.get(instance, erika.id) == erika


def test_only_an_administrator_who_can_sign_in_counts(parts: Parts, instance: Instance) -> None:
    first, second = (
        parts.users.add(instance, name, f"{name}@example.org", "administrator", 0, Actor())
        for name in ("first", "second")
    )
    with parts.database.write() as connection:
        with pytest.raises(Conflict, match="first is the last administrator"):
            accounts.check_not_last_administrator(connection, instance, first)
        connection.execute(update(m.user).where(m.user.c.id == second.id).values(password_hash="hash"))
        accounts.check_not_last_administrator(connection, instance, first)
        connection.execute(update(m.user).where(m.user.c.id == second.id).values(disabled=True))
        with pytest.raises(Conflict):
            accounts.check_not_last_administrator(connection, instance, first)
        assert connection.execute(select(m.user.c.role)).scalars().all() == ["administrator", "administrator"]


def test_an_account_has_the_columns_of_its_queries_in_their_order() -> None:
    assert [field.name for field in fields(Account)] == [column.key for column in accounts.COLUMNS]
