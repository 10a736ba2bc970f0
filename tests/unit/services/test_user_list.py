# SPDX-License-Identifier: MIT
"""The list of users: paged by key in both directions, searched within bounds."""

from collections.abc import Callable

import pytest
from sqlalchemy import insert

from ccm_core.db import models as m
from ccm_core.services.accounts import key_of
from ccm_core.services.instances import CLOUD, Instance
from ccm_core.services.parts import Parts
from ccm_core.services.user_list import LOOKED_THROUGH, UserPage

NOW = 1_800_000_000.0
Names = list[str]
Add = Callable[..., None]


@pytest.fixture
def add(parts: Parts, instance: Instance) -> Add:
    """Add users by name; an address follows from it, or is given after a blank."""

    def several(*people: str, to: Instance = instance) -> None:
        rows = []
        for one in people:
            name, _, email = one.partition(" ")
            email = email or f"{name}@example.org"
            keys = {"name_key": key_of(name), "email_key": key_of(email)}
            rows.append({"instance_id": to.id, "name": name, "email": email, "role": "user", "created_at": NOW, **keys})
        with parts.database.write() as connection:
            connection.execute(insert(m.user), rows)

    return several


def names(page: UserPage) -> Names:
    return [one.account.name for one in page.users]


def test_pages_lead_on_and_back_to_the_same_users(parts: Parts, instance: Instance, add: Add) -> None:
    add(*"hgfedcba")
    first = parts.users.listed(instance, limit=3)
    second = parts.users.listed(instance, limit=3, after=first.after)
    third = parts.users.listed(instance, limit=3, after=second.after)
    assert [names(page) for page in (first, second, third)] == [["a", "b", "c"], ["d", "e", "f"], ["g", "h"]]
    assert (first.before, third.after) == ("", "")
    assert parts.users.listed(instance, limit=3, before=third.before) == second
    back = parts.users.listed(instance, limit=3, before=second.before)
    assert (back.users, back.before, back.after) == (first.users, "", "c")


def test_who_is_added_or_deleted_meanwhile_moves_nobody_to_another_page(
    parts: Parts, instance: Instance, add: Add
) -> None:
    add("b", "d", "f", "h")
    first = parts.users.listed(instance, limit=2)
    add("a", "c")
    assert names(parts.users.listed(instance, limit=2, after=first.after)) == ["f", "h"]
    assert names(parts.users.listed(instance, limit=9, before="f")) == ["a", "b", "c", "d"]


def test_users_are_in_the_order_of_their_bytes_on_every_database(parts: Parts, instance: Instance, add: Add) -> None:
    add("z", "ä", "a-b", "aa", "B")
    assert names(parts.users.listed(instance)) == ["a-b", "aa", "B", "z", "ä"]


def test_a_search_shows_first_who_begins_with_the_text(parts: Parts, instance: Instance, add: Add) -> None:
    add("marianne", "anna", "x ann@else.example", "Ann", "y y@ann.example", "otto")
    assert names(parts.users.listed(instance, search=" ANN")) == ["Ann", "anna", "x", "marianne", "y"]
    assert names(parts.users.listed(instance, search="nobody")) == []


@pytest.mark.parametrize("text", ["%", "_", "\\"])
def test_a_search_takes_every_letter_as_it_is(parts: Parts, instance: Instance, add: Add, text: str) -> None:
    add("a", f"b{text}", f"{text}c")
    assert names(parts.users.listed(instance, search=text)) == [f"{text}c", f"b{text}"]


def test_the_pages_of_a_search_hold_everybody_once(parts: Parts, instance: Instance, add: Add) -> None:
    add("ann1", "ann2", "ann3", "x1 ann@a.example", "x2 ann@b.example", "joann", "z z@ann.example", "otto")
    found, after = [], ""
    for _ in range(4):
        page = parts.users.listed(instance, search="ann", after=after, limit=2)
        found.append(names(page))
        after = page.after
    assert found == [["ann1", "ann2"], ["ann3", "x1"], ["x2", "joann"], ["z"]]
    assert after == ""


def test_a_search_looks_through_so_many_users_and_goes_on_from_there(
    parts: Parts, instance: Instance, add: Add
) -> None:
    add(*(f"u{number:05}" for number in range(LOOKED_THROUGH + 5)), "v-needle", "needle-a")
    first = parts.users.listed(instance, search="needle")
    assert (names(first), first.partial) == (["needle-a"], True)
    second = parts.users.listed(instance, search="needle", after=first.after)
    assert (names(second), second.partial, second.after) == (["v-needle"], False, "")


def test_a_search_finds_nobody_of_another_instance(parts: Parts, instance: Instance, add: Add) -> None:
    parts.instances.add("other.example", CLOUD, None, NOW)
    add("erika", "merika", to=parts.instances.get("other.example", NOW))
    assert names(parts.users.listed(instance, search="erika")) == []


def test_a_made_up_key_is_no_error(parts: Parts, instance: Instance, add: Add) -> None:
    add("anna", "ben")
    assert names(parts.users.listed(instance, search="n", after="9")) == ["anna", "ben"]
    assert names(parts.users.listed(instance, after="anna" * 200)) == ["ben"]


def test_everyone_is_read_a_page_at_a_time(parts: Parts, instance: Instance, add: Add) -> None:
    add(*(f"u{number:05}" for number in range(1201)))
    assert [one.account.name for one in parts.users.everyone(instance)] == [f"u{number:05}" for number in range(1201)]
