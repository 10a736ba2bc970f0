# SPDX-License-Identifier: MIT
"""What plugins keep: small JSON documents, apart by instance, plugin and user."""

from dataclasses import replace

import pytest

from ccm_core.services.accounts import Account
from ccm_core.services.instances import Instance
from ccm_core.services.parts import Parts
from ccm_core.services.store import KEY_LENGTH, VALUE_BYTES, UserStore
from ccm_core.services.user_admin import Actor


@pytest.fixture
def store(parts: Parts, instance: Instance, erika: Account) -> UserStore:
    return UserStore(parts.database, instance.id, "x", erika.id)


@pytest.mark.parametrize("value", [None, True, 0, -1.5, "ä", [], {"a": [1, {"b": None}]}, "x" * (VALUE_BYTES - 2)])
def test_a_document_is_kept_as_it_is(store: UserStore, value: object) -> None:
    store.put("k" * KEY_LENGTH, value)
    assert store.get("k" * KEY_LENGTH) == value


def test_the_last_document_counts_until_it_is_deleted(store: UserStore) -> None:
    store.put("key", 1)
    store.put("key", 2)
    assert store.get("key") == 2
    store.delete("key")
    store.delete("key")
    assert store.get("key") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("", 1),
        ("k" * (KEY_LENGTH + 1), 1),
        ("key", "x" * VALUE_BYTES),
        ("key", {1, 2}),
        ("key", b"x"),
        ("key", float("nan")),
    ],
)
def test_what_is_too_long_or_no_json_is_refused(store: UserStore, key: str, value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the sentence is json's or ours
        store.put(key, value)
    assert store.get(key) is None


def test_documents_of_others_are_not_seen(parts: Parts, store: UserStore, instance: Instance) -> None:
    otto = parts.users.add(instance, "otto", "otto@example.org", "user", 0, Actor())
    store.put("key", "erika's")
    for other in (replace(store, plugin="y"), replace(store, user_id=otto.id)):
        assert other.get("key") is None
        other.put("key", "other")
        other.delete("key")
    assert store.get("key") == "erika's"


def test_documents_go_with_their_user(parts: Parts, store: UserStore, instance: Instance) -> None:
    store.put("key", 1)
    parts.users.remove(instance, store.user_id, 0, Actor())
    assert store.get("key") is None
