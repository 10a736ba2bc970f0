# SPDX-License-Identifier: MIT
"""The last step of a code: what must hold still, what is applied, and what a removal takes with it."""

import sys
from dataclasses import replace

import pytest
from sqlalchemy import Connection, insert, update

from ccm_core.db import models as m
from ccm_core.errors import PluginFailed
from ccm_core.plugin_api import Passed, Purpose
from ccm_core.services.accounts import Account
from ccm_core.services.enrolments import Row, place
from ccm_core.services.instances import CLOUD, Instance
from ccm_core.services.parts import Parts
from ccm_core.services.proofs import CHANGED, UNAVAILABLE, USED, Denied, Fresh, Subject
from ccm_core.services.user_admin import Actor
from tests.unit.services.conftest import Watch
from tests.unit.services.test_login import CLIENT, PASSWORD, WORD


@pytest.fixture
def parts(with_working: Parts) -> Parts:
    """The services with a plugin whose code is a word."""
    return with_working


@pytest.fixture
def instance(parts: Parts, clock: Watch) -> Instance:
    """An instance whose plan includes the plugin."""
    parts.instances.include("gold", "working", clock(), clock())
    parts.instances.add("ccm.example", CLOUD, "gold", clock())
    return parts.instances.get(None, clock())


@pytest.fixture
def rows(parts: Parts, instance: Instance, erika: Account, clock: Watch) -> dict[str, Row]:
    """Two confirmed factors of the plugin, and one of another plugin."""
    for plugin, label in (("working", "phone"), ("working", "tablet"), ("other", "card")):
        values = {"instance_id": instance.id, "user_id": erika.id, "plugin": plugin, "label": label, "counter": 0}
        values |= {"data": parts.vault.seal(WORD.encode(), place=place(instance.id, erika.id, plugin))}
        with parts.database.write() as connection:
            connection.execute(insert(m.enrolment).values(values | {"confirmed": True, "created_at": clock()}))
    return labelled(parts, erika)


def labelled(parts: Parts, user: Account) -> dict[str, Row]:
    return {row.label: row for row in parts.factors.ledger.confirmed(user.id)}


@pytest.fixture
def subject(instance: Instance, erika: Account, rows: dict[str, Row]) -> Subject:
    return Subject(instance, erika, "working", (rows["phone"], rows["tablet"]), "login")


def take(parts: Parts, subject: Subject, purpose: Purpose = "login") -> str:
    """Take the right word, count nothing, and return what is granted."""

    def grant(_connection: Connection, fresh: Fresh, row: Row) -> str:
        return f"{fresh.account.name} {row.label} {sorted(fresh.instance.active)}"

    return parts.factors.proofs.take_code(
        replace(subject, purpose=purpose),
        WORD,
        CLIENT,
        parts.clock(),
        count=lambda _connection: None,
        grant=grant,
        refuse=lambda _connection, _denied: None,
    )


def test_a_right_code_is_granted_in_the_instance_as_it_is_then_and_its_time_is_kept(
    parts: Parts, subject: Subject, clock: Watch
) -> None:
    clock.now += 60
    assert take(parts, subject) == "erika phone ['working']"
    after = labelled(parts, subject.account)
    assert (after["phone"].last_used_at, after["tablet"].last_used_at) == (clock.now, None)


def test_the_gate_asks_for_the_factor_of_a_plugin_that_a_plan_makes_active_and_tells_it_of_those_who_have_none(
    parts: Parts, subject: Subject, clock: Watch
) -> None:
    instance = subject.instance
    karl = parts.users.add(instance, "karl", "karl@example.org", "user", clock(), Actor(), password=PASSWORD)
    assert parts.logins.password(instance, "karl", PASSWORD, CLIENT, clock()).session_token
    (heard,) = sys.modules["working"].heard
    assert (heard.user, heard.factor, heard.at) == (karl.to_plugin(), None, clock())
    with parts.database.write() as connection:
        connection.execute(update(m.enrolment).values(user_id=karl.id))
    assert parts.logins.password(instance, "karl", PASSWORD, CLIENT, clock()).pending_token


def test_a_code_of_a_plugin_that_was_deactivated_meanwhile_is_refused_and_is_no_guess(
    parts: Parts, subject: Subject, clock: Watch
) -> None:
    parts.plugins.deactivate(subject.instance, "working", clock(), Actor())
    with pytest.raises(Denied) as denied:
        take(parts, subject)
    assert (denied.value.reason, denied.value.message, denied.value.guess) == ("changed", CHANGED, False)
    assert labelled(parts, subject.account)["phone"].counter == 0


def test_a_code_that_was_applied_meanwhile_is_refused_as_used(parts: Parts, subject: Subject) -> None:
    take(parts, subject)
    with pytest.raises(Denied) as denied:
        take(parts, subject)
    assert (denied.value.reason, denied.value.message, denied.value.guess) == ("replayed", USED, True)


def test_a_code_that_removes_takes_the_factor_that_it_proved_and_no_other(parts: Parts, subject: Subject) -> None:
    take(parts, subject, "removal")
    assert set(labelled(parts, subject.account)) == {"tablet", "card"}


def test_a_pass_of_a_factor_that_was_not_asked_for_is_refused_and_is_no_guess(
    parts: Parts, subject: Subject, rows: dict[str, Row]
) -> None:
    with pytest.raises(Denied) as denied:
        parts.factors.proofs._matched(subject, Passed(rows["card"].id))
    assert (denied.value.reason, denied.value.message, denied.value.guess) == ("failed", UNAVAILABLE, False)


def test_a_plugin_is_told_whose_login_it_is(parts: Parts, subject: Subject) -> None:
    assert parts.factors.proofs.challenge(subject).context == {"purpose": "login", "user": "erika"}


def test_data_that_cannot_be_opened_counts_as_a_failure_of_the_plugin(parts: Parts, subject: Subject) -> None:
    with pytest.raises(PluginFailed) as failed:
        parts.factors.proofs.challenge(replace(subject, rows=(replace(subject.rows[0], data=b"\1" + bytes(40)),)))
    assert (failed.value.plugin, failed.value.hook) == ("working", "ccm_login_challenge")
    assert str(failed.value) == "Sealed data names the key 00000000, which the key file does not hold."
