# SPDX-License-Identifier: MIT
"""Delivering the outbox: leases between processes, retries, and at least once with one Message-ID."""

from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from ccm_core.db import models as m
from ccm_core.errors import NotFound
from ccm_core.services.instances import Instance
from ccm_core.services.outbox import BATCH, DELIVERED_SECONDS, LEASE_SECONDS, Mail, Outbox
from ccm_core.services.parts import Parts
from tests.unit.services.conftest import Watch


@dataclass
class Postbox:
    """A way to send that remembers what it took; it may be away, or the process may die once it took a message."""

    taken: list[Mail] = field(default_factory=list)
    away: bool = False
    dies: bool = False

    def send(self, mail: Mail) -> None:
        if self.away:
            raise ConnectionRefusedError("away")
        self.taken.append(mail)
        if self.dies:
            raise SystemExit


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


def process(parts: Parts, clock: Watch, postbox: Postbox) -> Outbox:
    """Return the outbox as another process has it."""
    return Outbox(parts.database, parts.vault, clock, postbox, "ccm.example")


def write(parts: Parts, instance: Instance, outbox: Outbox, *subjects: str) -> None:
    with parts.database.write() as connection:
        for subject in subjects:
            outbox.add(connection, instance.id, "erika@example.org", subject, f"body of {subject}", None)


def test_messages_go_out_once_with_their_body_and_leave_none_behind(
    parts: Parts, instance: Instance, clock: Watch, postbox: Postbox
) -> None:
    outbox = process(parts, clock, postbox)
    subjects = [f"subject {number}" for number in range(2 * BATCH + 1)]
    write(parts, instance, outbox, *subjects)
    assert outbox.deliver() == len(subjects)
    assert outbox.deliver() == 0
    assert [(mail.subject, mail.body) for mail in postbox.taken] == [(one, f"body of {one}") for one in subjects]
    assert len({mail.message_id for mail in postbox.taken}) == len(subjects)
    with parts.database.read() as connection:
        kept = connection.execute(select(m.outbox.c.body, m.outbox.c.due_at, m.outbox.c.lease).distinct()).all()
    assert [tuple(row) for row in kept] == [(None, None, None)]


def test_nothing_goes_out_when_the_change_that_it_tells_of_is_undone(
    parts: Parts, instance: Instance, clock: Watch, postbox: Postbox
) -> None:
    outbox = process(parts, clock, postbox)

    def change_and_fail() -> None:
        with parts.database.write() as connection:
            outbox.add(connection, instance.id, "erika@example.org", "subject", "body", None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    assert outbox.deliver() == 0


def test_what_a_process_is_sending_is_left_alone_by_the_others(
    parts: Parts, instance: Instance, clock: Watch, postbox: Postbox
) -> None:
    first, second = (process(parts, clock, postbox) for _ in range(2))
    write(parts, instance, first, "subject")
    assert len(first._lease()) == 1
    assert second.deliver() == 0
    second.hurry()
    assert second.deliver() == 0
    clock.now += LEASE_SECONDS - 1
    assert second.deliver() == 0


def test_what_a_process_left_when_it_died_is_sent_by_another_with_the_same_message_id(
    parts: Parts, instance: Instance, clock: Watch, postbox: Postbox
) -> None:
    first, second = (process(parts, clock, postbox) for _ in range(2))
    write(parts, instance, first, "subject")
    postbox.dies = True
    with pytest.raises(SystemExit):
        first.deliver()
    postbox.dies = False
    assert second.deliver() == 0
    clock.now += LEASE_SECONDS
    assert second.deliver() == 1
    assert [mail.subject for mail in postbox.taken] == ["subject", "subject"]
    assert len({mail.message_id for mail in postbox.taken}) == 1
    (listed,) = first.listed(instance.id)
    assert (listed.delivered, listed.attempts) == (clock.now, 2)


def test_a_process_whose_lease_ran_out_while_it_was_busy_sends_nothing(
    parts: Parts, instance: Instance, clock: Watch, postbox: Postbox
) -> None:
    first, second = (process(parts, clock, postbox) for _ in range(2))
    write(parts, instance, first, "subject")
    (row,) = first._lease()
    clock.now += LEASE_SECONDS
    assert second.deliver() == 1
    assert not first._deliver(row)
    assert len(postbox.taken) == 1


def test_while_the_server_is_away_the_waits_double_up_to_an_hour(
    parts: Parts, instance: Instance, clock: Watch, postbox: Postbox
) -> None:
    outbox, waits = process(parts, clock, postbox), []
    write(parts, instance, outbox, "subject")
    postbox.away = True
    for _ in range(13):
        assert outbox.deliver() == 0
        with parts.database.read() as connection:
            due = connection.execute(select(m.outbox.c.due_at)).scalar_one() or 0
        waits.append(due - clock.now)
        clock.now = due - 1
        assert outbox.deliver() == 0
        clock.now = due
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600, 3600]
    (listed,) = outbox.listed(instance.id)
    assert (listed.attempts, listed.error) == (13, "ConnectionRefusedError: away")
    postbox.away = False
    assert outbox.deliver() == 1
    assert outbox.listed(instance.id)[0].error == ""


def test_what_waits_can_be_sent_at_once(parts: Parts, instance: Instance, clock: Watch, postbox: Postbox) -> None:
    outbox = process(parts, clock, postbox)
    write(parts, instance, outbox, "subject")
    postbox.away = True
    outbox.deliver()
    postbox.away = False
    assert (outbox.deliver(), outbox.undelivered(clock.now + 1)) == (0, 1)
    outbox.hurry()
    assert (outbox.deliver(), outbox.undelivered(clock.now + 1)) == (1, 0)


def test_a_request_is_turned_into_mails_once(parts: Parts, instance: Instance, clock: Watch, postbox: Postbox) -> None:
    outbox, seen = process(parts, clock, postbox), []
    outbox.prepares("greeting", lambda _, *about: seen.append(about))
    with parts.database.write() as connection:
        outbox.request(connection, "greeting", instance.id, {"typed": "ä"})
    assert outbox.deliver() == 0
    assert seen == [(instance.id, clock.now, {"typed": "ä"})]
    assert outbox.listed(instance.id) == ()


def test_a_waiting_body_is_sealed_and_shown_to_its_instance_alone(
    parts: Parts, instance: Instance, clock: Watch, postbox: Postbox
) -> None:
    outbox = process(parts, clock, postbox)
    write(parts, instance, outbox, "line\nbreak")
    with parts.database.read() as connection:
        row = connection.execute(select(m.outbox)).one()
    assert b"body of" not in (row.body or b"")
    assert row.subject == "line break"
    assert outbox.show(instance.id, row.id)[1] == "body of line\nbreak"
    for instance_id, mail_id in ((instance.id + 1, row.id), (instance.id, row.id + 1)):
        with pytest.raises(NotFound):
            outbox.show(instance_id, mail_id)
    outbox.deliver()
    assert outbox.show(instance.id, row.id)[1] is None


def test_delivered_messages_are_forgotten_and_others_kept(
    parts: Parts, instance: Instance, clock: Watch, postbox: Postbox
) -> None:
    outbox = process(parts, clock, postbox)
    write(parts, instance, outbox, "sent")
    outbox.deliver()
    write(parts, instance, outbox, "waiting")
    with parts.database.write() as connection:
        assert outbox.forget(connection, clock.now + DELIVERED_SECONDS) == 0
        assert outbox.forget(connection, clock.now + DELIVERED_SECONDS + 1) == 1
    assert [one.subject for one in outbox.listed(instance.id)] == ["waiting"]
