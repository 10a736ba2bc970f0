# SPDX-License-Identifier: MIT
"""What counts as an attempt: only what somebody could judge, and only the host says what nobody could."""

from dataclasses import replace

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from ccm_core.db import models as m
from ccm_core.errors import Busy, Throttled
from ccm_core.plugin_api import Purpose, Refused
from ccm_core.plugin_manager.calls import FAILED
from ccm_core.services.accounts import Account
from ccm_core.services.clients import Client
from ccm_core.services.enrolments import Row
from ccm_core.services.hashing import Argon2Cffi
from ccm_core.services.instances import CLOUD, Instance
from ccm_core.services.parts import Parts
from ccm_core.services.passwords import Passwords
from ccm_core.services.proofs import CHANGED, UNAVAILABLE, Denied, Subject
from tests.unit.services.conftest import Watch

HERE = Client("192.0.2.0/24", "test")


class FullQueue(Passwords):
    """Passwords whose queue is full, as while many people sign in."""

    def verify(self, stored: str | None, typed: str) -> bool:  # noqa: ARG002 - as the real one
        raise Busy("full", status=429)


@pytest.fixture
def subject(instance: Instance, erika: Account) -> Subject:
    return Subject(instance, erika, "x", (), "login")


@pytest.mark.parametrize("reason", ["failed", "changed", "wrong", ""])
def test_a_plugin_cannot_call_a_wrong_code_no_guess(parts: Parts, subject: Subject, reason: str) -> None:
    with pytest.raises(Denied) as caught:
        parts.factors.proofs._matched(subject, Refused(reason, "This code is wrong.", 30))
    denied = caught.value
    assert (denied.guess, denied.reason, denied.message) == (True, reason, "This code is wrong.")
    assert (denied.retry_after, denied.plugin) == (30, "x")


def test_what_the_host_could_not_have_judged_is_no_guess(parts: Parts, subject: Subject) -> None:
    with pytest.raises(Denied) as caught:
        parts.factors.proofs._matched(subject, FAILED)
    denied = caught.value
    assert (denied.guess, denied.reason, denied.message) == (False, "failed", UNAVAILABLE)
    assert (denied.retry_after, denied.plugin) == (None, "")


def test_a_password_that_found_the_queue_full_is_not_counted(
    parts: Parts, instance: Instance, erika: Account, clock: Watch
) -> None:
    proofs, working = parts.factors.proofs, parts.factors.proofs._passwords
    proofs._passwords = FullQueue(1, 15, Argon2Cffi())
    for _ in range(40):
        with pytest.raises(Busy):
            proofs.check_password(instance, erika.name, "x", HERE, clock())
    proofs._passwords = working
    checked = proofs.check_password(instance, erika.name, "x", HERE, clock())
    assert (checked.account, checked.right, checked.new_hash) == (erika, False, None)
    assert checked.attempt.keys


@pytest.mark.parametrize("change", [{"disabled": True}, {"stamp": 1}, {"password_hash": "another"}])
def test_what_changed_while_a_proof_was_checked_is_refused_and_is_no_guess(
    parts: Parts, instance: Instance, erika: Account, clock: Watch, change: dict[str, object]
) -> None:
    proofs = parts.factors.proofs
    with parts.database.write() as connection:
        assert proofs.unchanged(connection, instance, erika, clock()).account == erika
        connection.execute(update(m.user).values(change))
        with pytest.raises(Denied) as caught:
            proofs.unchanged(connection, instance, erika, clock())
    assert (caught.value.reason, caught.value.message, caught.value.guess) == ("changed", CHANGED, False)


def test_the_log_tells_nothing_of_what_was_rolled_back(parts: Parts, instance: Instance, clock: Watch) -> None:
    def refused() -> None:
        with parts.database.write() as connection:
            parts.audit.record(connection, "login.succeeded", instance.id, clock())
            raise Denied("replayed", "")

    with capture_logs() as lines:
        with pytest.raises(Denied):
            refused()
        with parts.database.write() as connection:
            parts.audit.record(connection, "logout", instance.id, clock())
    assert [line["event"] for line in lines] == ["logout"]


@pytest.mark.parametrize(("purpose", "left"), [("setup", 1), ("login", 0), ("removal", 0)])
def test_sealed_data_that_cannot_be_opened_is_told_to_the_operator_and_is_no_guess(
    parts: Parts, subject: Subject, clock: Watch, purpose: Purpose, left: int
) -> None:
    """A set-up counts for itself: what fails there gives no counted code of a login back."""
    erika, throttle = subject.account, parts.factors.throttle
    row = Row(1, erika.id, "x", "phone", confirmed=True, pending_until=None, family=None, data=b"nonsense")
    told: list[str] = []
    with parts.database.write() as connection:
        throttle.count_code(connection, erika.id, clock())
    with capture_logs() as lines, pytest.raises(Denied) as caught:
        parts.factors.proofs.take_code(
            replace(subject, rows=(row,), purpose=purpose),
            "123456",
            HERE,
            clock(),
            count=lambda _connection: None,
            grant=lambda *_: pytest.fail("nothing was proved"),
            refuse=lambda _connection, denied: told.append(denied.reason),
        )
    assert (caught.value.reason, caught.value.message, caught.value.guess) == ("failed", UNAVAILABLE, False)
    assert told == ["failed"]
    (fault,) = (line for line in lines if line["log_level"] == "error")
    assert (fault["plugin"], fault["hook"]) == ("x", "ccm_login_challenge")
    assert "which the key file does not hold" in fault["reason"]
    with parts.database.read() as connection:
        assert throttle.wrong_codes(connection, erika.id, clock()) == left
    (entry,) = parts.audit.entries(subject.instance.id, event="code")
    assert (entry.event, entry.at, entry.user_id, entry.user_name) == ("code.refused", clock(), erika.id, "erika")
    assert (entry.network, entry.detail) == (HERE.network, {"reason": "failed", "purpose": purpose, "plugin": "x"})


def test_attempts_that_name_nobody_hold_their_network_in_their_instance_alone(
    parts: Parts, instance: Instance, clock: Watch
) -> None:
    parts.instances.add("other.example", CLOUD, None, clock())
    other = parts.instances.get("other.example", clock())
    proofs = parts.factors.proofs
    proofs._passwords = FullQueue(1, 15, Argon2Cffi())

    def flood() -> None:
        while True:
            with pytest.raises(Busy):
                proofs.check_nobody(instance, "x", HERE, clock())

    with pytest.raises(Throttled):
        flood()
    with pytest.raises(Throttled):
        proofs.check_password(instance, "erika", "x", HERE, clock())
    with pytest.raises(Busy):
        proofs.check_password(other, "erika", "x", HERE, clock())
    with pytest.raises(Busy):
        proofs.check_nobody(other, "x", HERE, clock())
