# SPDX-License-Identifier: MIT
"""Tidying deletes what is over, of every kind, and nothing that still counts."""

from sqlalchemy import insert, select

from ccm_core.db import models as m
from ccm_core.services import mailed_links
from ccm_core.services.accounts import Account
from ccm_core.services.clients import Client
from ccm_core.services.instances import Instance
from ccm_core.services.parts import Parts
from ccm_core.services.throttle import DAY
from tests.unit.services.conftest import Watch

CLIENT = Client("192.0.2.0/24", "a browser")


def fill(parts: Parts, instance: Instance, user: Account, now: float) -> None:
    """Leave one row of every kind that runs out."""
    owner = {"instance_id": instance.id, "user_id": user.id}
    with parts.database.write() as connection:
        parts.sessions.create(connection, instance, user, None, CLIENT, now)
        connection.execute(
            insert(m.pending_login).values(owner | {"token_hash": b"x", "stamp": 0, "expires_at": now + 300})
        )
        half = {"plugin": "x", "label": "x", "confirmed": False, "pending_until": now + 600, "data": b"", "counter": -1}
        connection.execute(insert(m.enrolment).values(owner | half | {"created_at": now}))
        parts.factors.throttle.count_password(connection, instance.id, "erika", CLIENT, now, known=True)
        parts.factors.throttle.count_code(connection, user.id, now)
        mailed_links.create(connection, "reset", instance.id, user.id, now, 3600)
    parts.outbox.deliver()


def left(parts: Parts) -> dict[str, int]:
    tables = (m.session, m.pending_login, m.enrolment, m.throttle, m.code_day, m.mailed_link, m.outbox, m.audit)
    with parts.database.read() as connection:
        return {table.name: len(connection.execute(select(table)).all()) for table in tables}


def test_everything_goes_when_it_is_over_and_not_before(
    parts: Parts, instance: Instance, erika: Account, clock: Watch
) -> None:
    now = clock.now
    fill(parts, instance, erika, now)
    before = left(parts)
    parts.tidy.run(now + 299)
    assert left(parts) == before
    gone: dict[str, set[str]] = {}
    for after in (300, 600, 43201, DAY + 1, 2 * DAY + 1, 30 * DAY + 1, 365 * DAY + 1):
        kept = {name for name, count in left(parts).items() if count}
        parts.tidy.run(now + after)
        gone[f"{after}"] = kept - {name for name, count in left(parts).items() if count}
    assert gone == {
        "300": {"pending_login"},
        "600": {"enrolment"},
        "43201": {"session"},
        f"{DAY + 1}": {"mailed_link"},
        f"{2 * DAY + 1}": {"throttle"},
        f"{30 * DAY + 1}": {"code_day", "outbox"},
        f"{365 * DAY + 1}": {"audit"},
    }


def test_mails_that_wait_are_kept_however_old_they_are(parts: Parts, erika: Account, clock: Watch) -> None:
    parts.tidy.run(clock.now + 1000 * DAY)
    assert left(parts)["outbox"] == 1


def test_more_audit_entries_than_one_batch_go_at_once_and_are_counted(
    parts: Parts, instance: Instance, clock: Watch
) -> None:
    with parts.database.write() as connection:
        for number in range(2005):
            parts.audit.record(connection, "plugin.test", instance.id, clock.now - 366 * DAY, number=number)
        parts.audit.record(connection, "plugin.test", instance.id, clock.now)
    assert parts.tidy.run(clock.now) == 2005
    assert left(parts)["audit"] == 1
