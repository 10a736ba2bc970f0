# SPDX-License-Identifier: MIT
"""The trail is written with the change that it tells of, and read by user, kind, time and page."""

import pytest

from ccm_core.services.accounts import Account
from ccm_core.services.audit import Entry
from ccm_core.services.clients import CONSOLE, Client
from ccm_core.services.instances import CLOUD, Instance
from ccm_core.services.parts import Parts

NOW = 1_900_000_000.0
CLIENT = Client("192.0.2.0/24", "a browser")


def record(
    parts: Parts, instance: Instance, event: str, at: float = NOW, about: Account | None = None, actor: str = ""
) -> None:
    with parts.database.write() as connection:
        parts.audit.record(connection, event, instance.id, at, about=about, actor=actor, client=CLIENT, n=at - NOW)


def test_an_entry_tells_who_did_what_to_whom_when_and_from_where(
    parts: Parts, instance: Instance, erika: Account
) -> None:
    record(parts, instance, "user.disabled", about=erika, actor="admin")
    (entry,) = parts.audit.entries(instance.id, since=NOW)
    assert entry == Entry(entry.id, NOW, "user.disabled", erika.id, "erika", "admin", CLIENT.network, {"n": 0.0})


def test_an_entry_of_a_change_that_is_undone_is_undone(parts: Parts, instance: Instance) -> None:
    def change_and_fail() -> None:
        with parts.database.write() as connection:
            parts.audit.record(connection, "user.disabled", instance.id, NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    assert parts.audit.entries(instance.id, since=NOW) == ()


def test_a_refusal_is_noted_by_itself(parts: Parts, instance: Instance) -> None:
    parts.audit.note("login.refused", instance.id, NOW, about=None, client=CONSOLE, reason="password")
    (entry,) = parts.audit.entries(instance.id, since=NOW)
    assert (entry.user_name, entry.network, entry.detail) == ("", "console", {"reason": "password"})


def test_entries_are_found_by_user_actor_kind_and_time(parts: Parts, instance: Instance, erika: Account) -> None:
    record(parts, instance, "login.succeeded", NOW, about=erika)
    record(parts, instance, "login.refused", NOW + 1)
    record(parts, instance, "user.disabled", NOW + 2, about=erika, actor="admin")

    def found(**query: object) -> list[float]:
        return [entry.at - NOW for entry in parts.audit.entries(instance.id, **{"since": NOW, **query})]  # type: ignore[arg-type]  # a query of the test

    assert found() == [2, 1, 0]
    assert found(user="erika") == [2, 0]
    assert found(user="admin") == [2]
    assert found(event="login") == [1, 0]
    assert found(event="login.refused") == [1]
    assert found(event="_ogin") == found(event="%") == found(user="%") == found(user="erik") == []
    assert found(since=NOW + 1) == [2, 1]
    assert found(limit=1) == [2]
    latest = parts.audit.entries(instance.id)[0].id
    assert found(before=latest) == [1, 0]


def test_entries_of_another_instance_are_not_found(parts: Parts, instance: Instance) -> None:
    parts.instances.add("other.example", CLOUD, None, NOW)
    record(parts, instance, "login.refused")
    assert parts.audit.entries(parts.instances.get("other.example", NOW).id) == ()


def test_pages_of_a_filter_lead_on_and_back(parts: Parts, instance: Instance, erika: Account) -> None:
    for number in range(6):
        actor = "erika" if number % 2 else ""
        record(parts, instance, "plugin.test", NOW + number, about=None if actor else erika, actor=actor)
        record(parts, instance, "plugin.other", NOW + number)

    def page(**query: object) -> list[Entry]:
        found = parts.audit.entries(instance.id, limit=2, user="erika", event="plugin", **query)  # type: ignore[arg-type]  # a query of the test
        return list(found)

    first = page()
    second = page(before=first[-1].id)
    assert [entry.at - NOW for entry in first + second] == [5, 4, 3, 2]
    assert page(above=second[0].id) == first
    assert page(above=first[0].id) == []


def test_an_entry_about_the_one_who_did_it_is_found_once(parts: Parts, instance: Instance, erika: Account) -> None:
    record(parts, instance, "user.test", NOW, about=erika, actor="erika")
    assert len(parts.audit.entries(instance.id, user="erika", since=NOW)) == 1


def test_all_since_a_time_are_read_oldest_first_although_clocks_differ(parts: Parts, instance: Instance) -> None:
    day = 86400
    for number in range(1100):
        ahead = day / 2 if number % 7 == 0 else 0
        record(parts, instance, "plugin.test", NOW + number * 600 + ahead)
    since = NOW + 100 * 600
    expected = [
        at for number in range(1100) if (at := NOW + number * 600 + (day / 2 if number % 7 == 0 else 0)) >= since
    ]
    assert [entry.at for entry in parts.audit.since(instance.id, since)] == expected
    assert list(parts.audit.since(instance.id, NOW + 9e9)) == []
    assert len(list(parts.audit.since(instance.id, 0))) == 1100
