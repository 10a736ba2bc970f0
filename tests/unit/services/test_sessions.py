# SPDX-License-Identifier: MIT
"""Sessions: what a token opens, what ends it, what a swapped-out token does, how recent a login is."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, select, update

from ccm_core.db import models as m
from ccm_core.errors import NotFound
from ccm_core.services import accounts
from ccm_core.services.accounts import Account
from ccm_core.services.clients import Client
from ccm_core.services.endings import end_logins
from ccm_core.services.instances import CLOUD, Instance
from ccm_core.services.parts import Parts
from ccm_core.services.sessions import OpenSession, Session
from ccm_core.services.tokens import token_hash
from ccm_core.services.user_admin import Actor

NOW = 1_800_000_000.0
CLIENT = Client("192.0.2.0/24", "a browser")
IDLE, LONGEST, RECENT = 1800, 43200, 900


def begin(parts: Parts, instance: Instance, user: Account, now: float = NOW, passed: int | None = None) -> str:
    with parts.database.write() as connection:
        return parts.sessions.create(connection, instance, user, passed, CLIENT, now)


def look(parts: Parts, instance: Instance, token: str, now: float = NOW) -> Session:
    session = parts.sessions.look(token, instance, now)
    assert session is not None
    return session


def bind(parts: Parts, user: Account, plugin: str, *, confirmed: bool = True) -> int:
    values = {"instance_id": user.instance_id, "user_id": user.id, "plugin": plugin, "label": plugin, "counter": 0}
    values |= {"confirmed": confirmed, "data": b"", "created_at": NOW}
    with parts.database.write() as connection:
        return connection.execute(insert(m.enrolment).values(values).returning(m.enrolment.c.id)).scalar_one()


def test_a_token_is_kept_as_its_hash_alone_and_no_two_are_the_same(
    parts: Parts, instance: Instance, erika: Account
) -> None:
    tokens = {begin(parts, instance, erika) for _ in range(10)}
    assert {len(token) for token in tokens} == {43}
    with parts.database.read() as connection:
        rows = connection.execute(select(m.session.c.token_hash, m.session.c.family)).all()
    assert {row.token_hash for row in rows} == {token_hash(token) for token in tokens}
    assert len({row.family for row in rows}) == 10
    assert {len(row.family) for row in rows} == {32}


@pytest.mark.parametrize("made_up", ["", "x", "A" * 43, "' or 1=1--", "ä\0"])
def test_a_made_up_token_opens_nothing(parts: Parts, instance: Instance, erika: Account, made_up: str) -> None:
    begin(parts, instance, erika)
    assert parts.sessions.look(made_up, instance, NOW) is None


def test_a_token_of_another_instance_opens_nothing(parts: Parts, instance: Instance, erika: Account) -> None:
    parts.instances.add("other.example", CLOUD, None, 0)
    token = begin(parts, instance, erika)
    assert parts.sessions.look(token, parts.instances.get("other.example", 0), NOW) is None


@pytest.mark.parametrize(
    ("after", "state"), [(0, "active"), (IDLE - 1, "active"), (IDLE, "locked"), (LONGEST - 1, "locked")]
)
def test_an_idle_session_locks(parts: Parts, instance: Instance, erika: Account, after: int, state: str) -> None:
    assert look(parts, instance, begin(parts, instance, erika), NOW + after).state == state


def test_a_session_ends_after_its_longest_life_whatever_was_done(
    parts: Parts, instance: Instance, erika: Account
) -> None:
    token = begin(parts, instance, erika)
    for now in range(int(NOW), int(NOW) + LONGEST, 1000):
        parts.sessions.touch(look(parts, instance, token, now), now)
    assert parts.sessions.look(token, instance, NOW + LONGEST) is None


def test_activity_is_written_at_most_once_a_minute_and_never_wakes_a_locked_session(
    parts: Parts, instance: Instance, erika: Account
) -> None:
    token = begin(parts, instance, erika)
    for after, seen in ((59, 0), (60, 60), (119, 60), (120, 120), (120 + IDLE, 120)):
        parts.sessions.touch(look(parts, instance, token, NOW + after), NOW + after)
        assert look(parts, instance, token, NOW + after).seen_at == NOW + seen
    assert parts.sessions.lock_in(look(parts, instance, token, NOW + 130), NOW + 130) == IDLE - 10
    assert parts.sessions.lock_in(look(parts, instance, token, NOW + 130), NOW + 2 * IDLE) == 0


def test_a_change_of_the_stamp_ends_a_session(parts: Parts, instance: Instance, erika: Account) -> None:
    token = begin(parts, instance, erika)
    with parts.database.write() as connection:
        accounts.restamp(connection, erika.id)
    assert parts.sessions.look(token, instance, NOW) is None
    assert parts.sessions.open_of(accounts_now(parts, instance, erika), NOW) == ()


def accounts_now(parts: Parts, instance: Instance, user: Account) -> Account:
    return parts.users.get(instance, user.id)


def test_a_disabled_account_has_no_session(parts: Parts, instance: Instance, erika: Account) -> None:
    token = begin(parts, instance, erika)
    with parts.database.write() as connection:
        connection.execute(update(m.user).values(disabled=True))
    assert parts.sessions.look(token, instance, NOW) is None


def test_a_session_must_have_passed_one_of_the_factors_of_active_plugins(
    parts: Parts, instance: Instance, erika: Account
) -> None:
    one, other = bind(parts, erika, "one"), bind(parts, erika, "other")
    bind(parts, erika, "half", confirmed=False)
    tokens = {passed: begin(parts, instance, erika, passed=passed) for passed in (None, one, other, 999)}

    row = {"instance_id": instance.id, "state": "active", "everyone": True, "settings": {}, "changed_at": NOW}

    def opened(*active: str) -> set[int | None]:
        with parts.database.write() as connection:
            connection.execute(delete(m.activation))
            for name in active:
                connection.execute(insert(m.activation).values(row | {"plugin": name}))
        return {passed for passed, token in tokens.items() if parts.sessions.look(token, instance, NOW)}

    assert opened() == {None, one, other, 999}
    assert opened("one") == {one}
    assert opened("one", "other") == {one, other}
    assert opened("half") == {None, one, other, 999}


def swap(parts: Parts, instance: Instance, token: str, now: float) -> str | None:
    session = look(parts, instance, token, now)
    with parts.database.write() as connection:
        return parts.sessions.replace_token(connection, session, now)


def test_a_swapped_out_token_is_dead_at_once_and_after_ten_seconds_ends_the_family(
    parts: Parts, instance: Instance, erika: Account
) -> None:
    old = begin(parts, instance, erika)
    new = swap(parts, instance, old, NOW)
    assert new is not None
    for after in (0, 5, 10):
        assert parts.sessions.look(old, instance, NOW + after) is None
        assert parts.sessions.look(new, instance, NOW + after) is not None
    assert parts.sessions.look(old, instance, NOW + 10.5) is None
    assert parts.sessions.look(new, instance, NOW + 11) is None


def test_every_earlier_token_of_the_family_ends_it(parts: Parts, instance: Instance, erika: Account) -> None:
    first = begin(parts, instance, erika)
    second = swap(parts, instance, first, NOW)
    third = swap(parts, instance, second or "", NOW)
    parts.sessions.look(first, instance, NOW + 60)
    assert parts.sessions.look(third or "", instance, NOW + 60) is None


def test_of_two_swaps_at_once_one_wins(parts: Parts, instance: Instance, erika: Account) -> None:
    session = look(parts, instance, begin(parts, instance, erika))
    with parts.database.write() as connection:
        assert parts.sessions.replace_token(connection, session, NOW)
        assert parts.sessions.replace_token(connection, session, NOW) is None


def test_the_eleventh_session_ends_the_oldest_of_the_user_alone(
    parts: Parts, instance: Instance, erika: Account
) -> None:
    otto = parts.users.add(instance, "otto", "otto@example.org", "user", NOW, Actor())
    foreign = begin(parts, instance, otto)
    tokens = [begin(parts, instance, erika, NOW + number) for number in range(12)]
    alive = [parts.sessions.look(token, instance, NOW + 12) is not None for token in tokens]
    assert alive == [False] * 2 + [True] * 10
    assert parts.sessions.look(foreign, instance, NOW + 12) is not None
    seen = [one.last_seen for one in parts.sessions.open_of(erika, NOW + 12)]
    assert seen == [NOW + number for number in range(11, 1, -1)]


def test_a_user_ends_own_sessions_alone(parts: Parts, instance: Instance, erika: Account) -> None:
    otto = parts.users.add(instance, "otto", "otto@example.org", "user", NOW, Actor())
    foreign, own = (look(parts, instance, begin(parts, instance, user)) for user in (otto, erika))
    for session_id in (foreign.id, 0, -1, 2**62):
        with pytest.raises(NotFound) as refused, parts.database.write() as connection:
            parts.sessions.end_one(connection, erika, session_id)
        assert str(refused.value) == "There is no such session. It has ended already."
    with parts.database.write() as connection:
        parts.sessions.end_one(connection, erika, own.id)
        assert parts.sessions.end_all(connection, otto.id, keep=foreign.id) == 0
        assert parts.sessions.end_all(connection, otto.id) == 1


def test_how_recent_a_login_is(parts: Parts, instance: Instance, erika: Account) -> None:
    session = look(parts, instance, begin(parts, instance, erika))
    sessions = parts.sessions
    assert (sessions.recent(session, NOW + RECENT - 1), sessions.recent(session, NOW + RECENT)) == (True, False)
    later = replace(session, password_at=NOW + 1000)
    assert (sessions.recent(later, NOW + 1000), sessions.password_recent(later, NOW + 1000)) == (False, True)
    ends = NOW + 1000 + RECENT
    assert (sessions.password_recent(later, ends - 1), sessions.password_recent(later, ends)) == (True, False)


def test_what_can_no_longer_be_used_is_forgotten(parts: Parts, instance: Instance, erika: Account) -> None:
    begin(parts, instance, erika)
    begin(parts, instance, erika, NOW + 100)
    with parts.database.write() as connection:
        parts.sessions.forget(connection, NOW + LONGEST - 1)
        assert len(connection.execute(select(m.session.c.id)).all()) == 2
        parts.sessions.forget(connection, NOW + LONGEST)
        assert len(connection.execute(select(m.session.c.id)).all()) == 1


def test_a_change_of_what_a_login_needs_deletes_the_sessions_before_it(
    parts: Parts, instance: Instance, erika: Account
) -> None:
    begin(parts, instance, erika)
    with parts.database.write() as connection:
        end_logins(connection, parts.sessions, erika.id, NOW)
        assert connection.execute(select(m.session.c.id)).all() == []


def trail(parts: Parts, instance: Instance, event: str) -> list[tuple[object, ...]]:
    """Return what the trail tells of a kind of event, latest first."""
    found = parts.audit.entries(instance.id, event=event)
    return [(one.event, one.at, one.user_name, one.actor, one.network, dict(one.detail)) for one in found]


def test_the_trail_tells_whose_copied_session_was_ended_and_from_where_the_copy_came(
    parts: Parts, instance: Instance, erika: Account
) -> None:
    old = begin(parts, instance, erika)
    swap(parts, instance, old, NOW)
    thief = Client("198.51.100.0/24", "another")
    assert parts.sessions.look(old, instance, NOW + 60, thief) is None
    assert trail(parts, instance, "session") == [("session.reused", NOW + 60, "erika", "", thief.network, {})]


def test_a_user_sees_from_where_and_since_when_a_session_is_open(
    parts: Parts, instance: Instance, erika: Account
) -> None:
    token = begin(parts, instance, erika)
    session = look(parts, instance, token, NOW + 100)
    parts.sessions.touch(session, NOW + 100)
    expected = OpenSession(session.id, CLIENT.user_agent, CLIENT.network, first_seen=NOW, last_seen=NOW + 100)
    assert parts.sessions.open_of(erika, NOW + LONGEST - 1) == (expected,)
    assert parts.sessions.open_of(erika, NOW + LONGEST) == ()


def test_a_session_knows_what_its_pages_need(parts: Parts, instance: Instance, erika: Account) -> None:
    passed = bind(parts, erika, "one")
    bind(parts, erika, "half", confirmed=False)
    token = begin(parts, instance, erika, passed=passed)
    parts.sessions.put_notice(look(parts, instance, token).id, ["success", "Done."])
    found = look(parts, instance, token, NOW + 1)
    assert (found.account.id, found.passed_enrolment, found.enrolled) == (erika.id, passed, frozenset({"one"}))
    assert (found.full_login_at, found.recent_at, found.password_at, found.seen_at) == (NOW, NOW, NOW, NOW)
    assert (found.user_agent, found.notice, found.pending_email) == (CLIENT.user_agent, ["success", "Done."], None)
    assert found.token_hash == token_hash(token)
    parts.sessions.put_notice(found.id, None)
    parts.changes.ask_email(instance, found, "new@example.org", CLIENT, NOW)
    again = look(parts, instance, token)
    assert (again.notice, again.pending_email) == (None, "new@example.org")


def test_looking_at_a_session_tells_which_plugins_its_plan_makes_active_then(parts: Parts, erika: Account) -> None:
    parts.instances.include("gold", "one", NOW + 10, NOW)
    parts.instances.assign("ccm.example", "gold", NOW)
    token = begin(parts, parts.instances.get(None, NOW), erika)
    for now, active in ((NOW + 9, set()), (NOW + 10, {"one"})):
        asked = parts.instances.get(None, now)
        look(parts, asked, token, now)
        assert set(asked.active) == active
