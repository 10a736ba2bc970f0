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
