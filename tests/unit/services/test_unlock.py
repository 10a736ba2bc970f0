# SPDX-License-Identifier: MIT
"""Unlocking an open window: what it needs, what it leaves alone, what the trail tells of it."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from ccm_core.db import models as m
from ccm_core.services.accounts import Account
from ccm_core.services.clients import Client
from ccm_core.services.instances import Instance, PluginState
from ccm_core.services.parts import Parts
from ccm_core.services.proofs import Denied
from ccm_core.services.user_admin import Actor
from tests.unit.services.test_sessions import CLIENT, IDLE, NOW, begin, bind, look, swap, trail

PASSWORD = "correct horse battery staple"


def with_password(parts: Parts, instance: Instance) -> Account:
    return parts.users.add(instance, "otto", "otto@example.org", "user", NOW, Actor(), password=PASSWORD)


def test_unlocking_makes_no_login_recent_and_prolongs_nothing(parts: Parts, instance: Instance) -> None:
    user, later = with_password(parts, instance), NOW + IDLE
    token = begin(parts, instance, user)
    session = look(parts, instance, token, later)
    unlocked = parts.unlocks.unlock(instance, session, PASSWORD, CLIENT, later, page_proof=True)
    after = look(parts, instance, unlocked, later)
    assert after.state == "active"
    kept = ("recent_at", "password_at", "full_login_at", "family", "passed_enrolment")
    assert {name: getattr(after, name) for name in kept} == {name: getattr(session, name) for name in kept}
    assert parts.sessions.look(token, instance, later) is None


@pytest.mark.parametrize(
    ("proof", "agent", "generation", "password"),
    [
        (False, "a browser", 0, PASSWORD),
        (True, "another", 0, PASSWORD),
        (True, "a browser", 1, PASSWORD),
        (True, "a browser", 0, "wrong"),
    ],
)
def test_unlocking_needs_everything_and_the_fifth_refusal_ends_the_session(
    parts: Parts, instance: Instance, proof: bool, agent: str, generation: int, password: str
) -> None:
    user, later = with_password(parts, instance), NOW + IDLE
    session = look(parts, instance, begin(parts, instance, user), later)
    now = replace(instance, read=lambda: PluginState(generation, {}))
    for left in (True, True, True, True, False):
        with pytest.raises(Denied) as denied:
            parts.unlocks.unlock(now, session, password, Client("192.0.2.0/24", agent), later, page_proof=proof)
        assert denied.value.message == "That did not work. Please try again, or log in anew."
        assert denied.value.reason == ("password" if password == "wrong" else "window")
        with parts.database.read() as connection:
            assert (connection.execute(select(m.session.c.id)).first() is not None) == left


def test_the_trail_tells_why_a_window_was_not_unlocked_and_by_whom(parts: Parts, instance: Instance) -> None:
    user, later = with_password(parts, instance), NOW + IDLE
    session = look(parts, instance, begin(parts, instance, user), later)
    for password, page_proof in ((PASSWORD, False), ("wrong", False), ("wrong", True)):
        with pytest.raises(Denied):
            parts.unlocks.unlock(instance, session, password, CLIENT, later, page_proof=page_proof)
    parts.unlocks.unlock(instance, session, PASSWORD, CLIENT, later, page_proof=True)
    with pytest.raises(Denied) as denied:
        parts.unlocks.refuse_nobody(instance, PASSWORD, CLIENT, later)
    assert (denied.value.reason, denied.value.message) == (
        "window",
        "That did not work. Please try again, or log in anew.",
    )
    refused = [("", "no session"), ("otto", "password"), ("otto", "window"), ("otto", "window")]
    assert trail(parts, instance, "unlock.refused") == [
        ("unlock.refused", later, name, "", CLIENT.network, {"reason": reason}) for name, reason in refused
    ]
    assert trail(parts, instance, "unlock.succeeded") == [("unlock.succeeded", later, "otto", "", CLIENT.network, {})]


@pytest.mark.parametrize("change", ["factor", "plan", "token"])
def test_a_window_is_not_unlocked_when_its_session_changed_while_the_password_was_checked(
    parts: Parts, instance: Instance, change: str
) -> None:
    user, later = with_password(parts, instance), NOW + IDLE
    token = begin(parts, instance, user)
    session = look(parts, instance, token, later)
    before = 0
    if change == "factor":
        row = {"instance_id": instance.id, "plugin": "one", "state": "active", "everyone": True, "settings": {}}
        with parts.database.write() as connection:
            connection.execute(insert(m.activation).values(row | {"changed_at": NOW}))
        bind(parts, user, "one")
    elif change == "plan":
        parts.instances.include("big", "one", later + 1, NOW)
        parts.instances.assign(instance.host, "big", NOW)
        bind(parts, user, "one")
        session, later = look(parts, instance, token, later), later + 1
    else:
        assert swap(parts, instance, token, later)
        before = 1
    with pytest.raises(Denied) as denied:
        parts.unlocks.unlock(instance, session, PASSWORD, CLIENT, later, page_proof=True)
    assert denied.value.reason == "changed"
    assert trail(parts, instance, "unlock") == [
        ("unlock.refused", later, "otto", "", CLIENT.network, {"reason": "changed"})
    ]
    with parts.database.read() as connection:
        assert len(connection.execute(select(m.retired_token.c.session_id)).all()) == before


def test_refusals_of_a_copy_that_was_swapped_out_do_not_end_the_session_that_goes_on(
    parts: Parts, instance: Instance
) -> None:
    user, later = with_password(parts, instance), NOW + IDLE
    token = begin(parts, instance, user)
    session = look(parts, instance, token, later)
    new = swap(parts, instance, token, later)
    for _ in range(5):
        with pytest.raises(Denied):
            parts.unlocks.unlock(instance, session, PASSWORD, CLIENT, later, page_proof=False)
    assert parts.sessions.look(new or "", instance, later) is not None
