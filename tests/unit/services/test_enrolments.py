# SPDX-License-Identifier: MIT
"""The ledger: set-ups that run out, proofs that are applied once, rows that are removed, and data that stays sealed."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, select, update

from ccm_core.db import models as m
from ccm_core.errors import Conflict, SealError
from ccm_core.plugin_api import Enrolment, Passed
from ccm_core.services.accounts import Account
from ccm_core.services.clients import Client
from ccm_core.services.enrolments import DATA_BYTES, NO_COUNTER, PENDING_SECONDS, SETUP_TRIES, Row
from ccm_core.services.instances import CLOUD, Instance
from ccm_core.services.parts import Parts
from ccm_core.services.sessions import Session

NOW = 1_800_000_000.0
CLIENT = Client("192.0.2.0/24", "a browser")


def session_of(parts: Parts, instance: Instance, user: Account) -> Session:
    with parts.database.write() as connection:
        token = parts.sessions.create(connection, instance, user, None, CLIENT, NOW)
    session = parts.sessions.look(token, instance, NOW)
    assert session is not None
    return session


@pytest.fixture
def session(parts: Parts, instance: Instance, erika: Account) -> Session:
    return session_of(parts, instance, erika)


def begin(parts: Parts, session: Session, label: str = "phone", data: bytes = b"key", plugin: str = "x") -> int:
    with parts.database.write() as connection:
        return parts.factors.ledger.begin(connection, session, plugin, label, data, NOW)


def apply(parts: Parts, row: Row, passed: Passed, *, confirm: bool = False) -> bool:
    with parts.database.write() as connection:
        return parts.factors.ledger.apply(connection, row, passed, NOW, confirm=confirm)


@pytest.fixture
def row(parts: Parts, session: Session) -> Row:
    """A confirmed enrolment whose counter stands at 10."""
    begin(parts, session)
    pending = parts.factors.ledger.pending(session, "x", NOW)
    assert pending is not None
    assert apply(parts, pending, Passed(pending.id, 10), confirm=True)
    (confirmed,) = parts.factors.ledger.confirmed(session.account.id)
    return confirmed


def test_a_set_up_belongs_to_its_session_and_plugin_and_runs_out(
    parts: Parts, instance: Instance, session: Session
) -> None:
    begin(parts, session)
    ledger = parts.factors.ledger
    pending = ledger.pending(session, "x", NOW + PENDING_SECONDS - 1)
    assert pending is not None
    assert (pending.confirmed, pending.counter, pending.label) == (False, NO_COUNTER, "phone")
    assert ledger.pending(session, "x", NOW + PENDING_SECONDS) is None
    assert ledger.pending(session, "y", NOW) is None
    assert ledger.pending(session_of(parts, instance, session.account), "x", NOW) is None
    assert ledger.confirmed(session.account.id) == ()


def test_a_new_set_up_replaces_the_unfinished_one(parts: Parts, session: Session) -> None:
    first, second = begin(parts, session, data=b"old"), begin(parts, session, data=b"new")
    assert first != second
    pending = parts.factors.ledger.pending(session, "x", NOW)
    assert pending is not None
    assert pending.id == second


def test_what_is_enrolled_is_not_set_up_again_under_the_same_label(parts: Parts, session: Session, row: Row) -> None:
    with pytest.raises(Conflict) as conflict:
        begin(parts, session, label=row.label)
    assert str(conflict.value) == "This second factor is set up already."
    assert begin(parts, session, label="another phone")


@pytest.mark.parametrize(("label", "size"), [("", 1), ("x" * 65, 1), ("phone", DATA_BYTES + 1)])
def test_what_is_too_large_is_not_kept(parts: Parts, session: Session, label: str, size: int) -> None:
    with pytest.raises(Conflict) as conflict:
        begin(parts, session, label=label, data=b"x" * size)
    assert str(conflict.value) == "The plugin x keeps more than an enrolment may hold."


@pytest.mark.parametrize(("label", "size"), [("x", 1), ("x" * 64, 1), ("phone", DATA_BYTES)])
def test_what_is_just_small_enough_is_kept(
    parts: Parts, instance: Instance, session: Session, label: str, size: int
) -> None:
    begin(parts, session, label=label, data=b"x" * size)
    pending = parts.factors.ledger.pending(session, "x", NOW)
    assert pending is not None
    assert (pending.label, parts.factors.ledger.unsealed(instance, pending).data) == (label, b"x" * size)


def test_the_rows_of_a_plugin_are_what_is_enrolled_and_what_may_still_be_finished(
    parts: Parts, session: Session, row: Row
) -> None:
    unfinished = begin(parts, session, label="another phone")
    begin(parts, session, plugin="y")
    user, ledger = session.account.id, parts.factors.ledger

    def ids(user_id: int, now: float) -> list[int]:
        return [one.id for one in ledger.of_plugin(user_id, "x", now)]

    assert ids(user, NOW + PENDING_SECONDS - 1) == [row.id, unfinished]
    assert ids(user, NOW + PENDING_SECONDS) == [row.id]
    assert ids(user + 1, NOW) == []


def test_five_tries_drop_a_set_up(parts: Parts, session: Session) -> None:
    row_id, ledger = begin(parts, session), parts.factors.ledger
    for number in range(1, SETUP_TRIES + 1):
        with parts.database.write() as connection:
            ledger.count_setup_try(connection, row_id)
            ledger.drop_exhausted(connection, row_id)
        assert (ledger.pending(session, "x", NOW) is None) == (number == SETUP_TRIES)


def test_a_sixth_try_of_a_set_up_is_not_counted_and_one_of_what_is_enrolled_neither(
    parts: Parts, session: Session, row: Row
) -> None:
    pending, ledger = begin(parts, session, label="another phone"), parts.factors.ledger
    with parts.database.write() as connection:
        tries = [ledger.count_setup_try(connection, pending) for _ in range(SETUP_TRIES + 2)]
        assert tries == [True] * SETUP_TRIES + [False] * 2
        assert not ledger.count_setup_try(connection, row.id)
        assert not ledger.count_setup_try(connection, 0)


def test_a_confirmed_enrolment_is_never_dropped_for_its_tries(parts: Parts, session: Session, row: Row) -> None:
    with parts.database.write() as connection:
        connection.execute(update(m.enrolment).values(tries=99))
        parts.factors.ledger.drop_exhausted(connection, row.id)
    assert len(parts.factors.ledger.confirmed(session.account.id)) == 1


@pytest.mark.parametrize(("counter", "applied"), [(11, True), (10, False), (9, False), (-1, False), (None, True)])
def test_a_proof_needs_a_higher_counter(parts: Parts, row: Row, counter: int | None, applied: bool) -> None:
    assert apply(parts, row, Passed(row.id, counter)) == applied
    (after,) = parts.factors.ledger.confirmed(row.user_id)
    assert after.counter == ((counter or 11) if applied else 10)
    assert after.last_used_at == NOW


def test_of_two_proofs_that_were_checked_at_once_one_is_applied(parts: Parts, row: Row) -> None:
    assert apply(parts, row, Passed(row.id, 11))
    assert not apply(parts, row, Passed(row.id, 12))
    assert not apply(parts, row, Passed(row.id))


def test_a_proof_of_a_set_up_confirms_once(parts: Parts, session: Session) -> None:
    row_id = begin(parts, session)
    with parts.database.write() as connection:
        assert parts.factors.ledger.count_setup_try(connection, row_id)
    pending = parts.factors.ledger.pending(session, "x", NOW)
    assert pending is not None
    assert apply(parts, pending, Passed(pending.id, 5), confirm=True)
    assert not apply(parts, pending, Passed(pending.id, 6), confirm=True)
    (row,) = parts.factors.ledger.confirmed(session.account.id)
    assert (row.counter, row.pending_until, row.family, row.tries) == (5, None, None, 0)


def test_a_proof_may_replace_the_data_which_stays_sealed(parts: Parts, instance: Instance, row: Row) -> None:
    assert apply(parts, row, Passed(row.id, 11, b"replaced"))
    (after,) = parts.factors.ledger.confirmed(row.user_id)
    assert parts.factors.ledger.unsealed(instance, after).data == b"replaced"
    assert b"replaced" not in after.data
    assert "replaced" not in repr(after)


def test_data_copied_to_another_user_plugin_or_instance_does_not_open(
    parts: Parts, instance: Instance, row: Row
) -> None:
    parts.instances.add("other.example", CLOUD, None, NOW)
    other = parts.instances.get("other.example", NOW)
    opened = Enrolment(row.id, "phone", b"key", 10, confirmed=True)
    assert parts.factors.ledger.unsealed(instance, row) == opened
    for where, copied in (
        (instance, replace(row, user_id=row.user_id + 1)),
        (instance, replace(row, plugin="y")),
        (other, row),
    ):
        with pytest.raises(SealError):
            parts.factors.ledger.unsealed(where, copied)


def test_removing_takes_one_one_plugin_s_or_all(parts: Parts, session: Session, row: Row) -> None:
    for plugin, label in (("x", "second"), ("y", "phone")):
        begin(parts, session, label=label, plugin=plugin)
        pending = parts.factors.ledger.pending(session, plugin, NOW)
        assert pending is not None
        apply(parts, pending, Passed(pending.id, 1), confirm=True)
    begin(parts, session, label="unfinished")
    user, ledger = session.account.id, parts.factors.ledger
    with parts.database.write() as connection:
        assert ledger.remove(connection, user, "x", row.id) == 1
        assert ledger.remove(connection, user + 1) == 0
        assert ledger.remove(connection, user, "x") == 1
        assert [one.plugin for one in ledger.confirmed(user, connection)] == ["y"]
        assert ledger.remove(connection, user) == 1
        assert connection.execute(select(m.enrolment)).all() == []


def test_users_are_counted_once_whatever_they_have(
    parts: Parts, instance: Instance, session: Session, row: Row
) -> None:
    begin(parts, session, label="second")
    second = parts.factors.ledger.pending(session, "x", NOW)
    assert second is not None
    apply(parts, second, Passed(second.id, 1), confirm=True)
    begin(parts, session, label="unfinished", plugin="z")
    assert parts.factors.ledger.users_of(instance, ("x", "y")) == {"x": 1, "y": 0}


def test_users_are_counted_up_to_one_more_than_is_shown(parts: Parts, instance: Instance, erika: Account) -> None:
    row = {"instance_id": instance.id, "label": "", "confirmed": True, "data": b"", "counter": 0, "created_at": NOW}
    user = {"instance_id": instance.id, "role": "user", "created_at": NOW}
    with parts.database.write() as connection:
        for number in range(6):
            own = dict.fromkeys(("name", "name_key", "email", "email_key"), f"{number}")
            created = connection.execute(insert(m.user).values(user | own).returning(m.user.c.id)).scalar_one()
            connection.execute(insert(m.enrolment).values(row | {"user_id": created, "plugin": "x"}))
        connection.execute(insert(m.enrolment).values(row | {"user_id": erika.id, "plugin": "y"}))
    ledger = parts.factors.ledger
    assert ledger.users_of(instance, ("z",)) == {"x": 6, "y": 1, "z": 0}
    assert ledger.users_of(instance, (), most=5) == {"x": 6, "y": 1}
    assert ledger.users_of(instance, (), most=3) == {"x": 4, "y": 1}


def test_set_ups_that_ran_out_are_forgotten_and_nothing_else(parts: Parts, session: Session, row: Row) -> None:
    begin(parts, session, label="unfinished")
    for now, left in ((NOW + PENDING_SECONDS - 1, 2), (NOW + PENDING_SECONDS, 1)):
        with parts.database.write() as connection:
            parts.factors.ledger.forget(connection, now)
            assert len(connection.execute(select(m.enrolment.c.id)).all()) == left
