# SPDX-License-Identifier: MIT
"""What counts as an attempt: only what somebody could judge, and only the host says what nobody could."""

import pytest
from structlog.testing import capture_logs

from ccm_core.errors import Busy
from ccm_core.plugin_api import Refused
from ccm_core.plugin_manager.calls import FAILED
from ccm_core.services.accounts import Account
from ccm_core.services.clients import Client
from ccm_core.services.instances import Instance
from ccm_core.services.parts import Parts
from ccm_core.services.passwords import Passwords
from ccm_core.services.proofs import Denied, Subject
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
        parts.factors.proofs._matched(subject, Refused(reason, "This code is wrong."))
    assert (caught.value.guess, caught.value.message) == (True, "This code is wrong.")


def test_what_the_host_could_not_have_judged_is_no_guess(parts: Parts, subject: Subject) -> None:
    with pytest.raises(Denied) as caught:
        parts.factors.proofs._matched(subject, FAILED)
    assert not caught.value.guess


def test_a_password_that_found_the_queue_full_is_not_counted(
    parts: Parts, instance: Instance, erika: Account, clock: Watch
) -> None:
    proofs, working = parts.factors.proofs, parts.factors.proofs._passwords
    proofs._passwords = FullQueue(1, 15)
    for _ in range(40):
        with pytest.raises(Busy):
            proofs.check_password(instance, erika.name, "x", HERE, clock())
    proofs._passwords = working
    assert not proofs.check_password(instance, erika.name, "x", HERE, clock()).right


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
