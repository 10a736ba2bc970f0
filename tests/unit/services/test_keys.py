# SPDX-License-Identifier: MIT
"""Key rotation: everything that is sealed opens before, during and after it, also what changes in between."""

from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from ccm_core.db import models as m
from ccm_core.errors import ConfigError, Conflict
from ccm_core.services.accounts import Account
from ccm_core.services.enrolments import place
from ccm_core.services.instances import Instance
from ccm_core.services.keys import BATCH, Keys
from ccm_core.services.parts import Parts
from ccm_core.services.vault import Ring, Vault, new_key, read_ring, write_ring


def seal_factors(parts: Parts, instance: Instance, user: Account, count: int) -> None:
    """Give the user sealed enrolments, one label each."""
    spot = place(instance.id, user.id, "x")
    same = {"instance_id": instance.id, "user_id": user.id, "plugin": "x", "confirmed": True, "counter": 0}
    rows = [
        same | {"label": str(number), "created_at": 0.0, "data": parts.vault.seal(str(number).encode(), place=spot)}
        for number in range(count)
    ]
    with parts.database.write() as connection:
        connection.execute(insert(m.enrolment), rows)


def opened(parts: Parts, instance: Instance, user: Account) -> list[bytes]:
    """Open all of the user's enrolments as a process does that starts now."""
    vault = Vault(parts.settings.key_file)
    spot = place(instance.id, user.id, "x")
    return [vault.unseal(row.data, place=spot) for row in parts.factors.ledger.confirmed(user.id)]


def test_a_rotation_seals_more_than_one_batch_anew(parts: Parts, instance: Instance, erika: Account) -> None:
    count = BATCH + 7
    seal_factors(parts, instance, erika, count)
    (before,) = parts.keys.listed()
    added = parts.keys.rotate()
    assert [(one.id, one.primary) for one in parts.keys.listed()] == [(before.id, True), (added, False)]
    mails = 1
    assert parts.keys.promote() == count + mails
    assert [(one.id, one.primary, one.sealed) for one in parts.keys.listed()] == [
        (added, True, count + mails),
        (before.id, False, 0),
    ]
    assert parts.keys.drop() == (before.id,)
    assert sorted(int(data) for data in opened(parts, instance, erika)) == list(range(count))
    assert [one.id for one in parts.keys.listed()] == [added]


def test_a_row_that_changes_while_it_is_sealed_anew_keeps_its_new_value(
    parts: Parts, instance: Instance, erika: Account, tmp_path: Path
) -> None:
    seal_factors(parts, instance, erika, 1)
    write_ring(tmp_path / "before", read_ring(parts.settings.key_file))
    late = Vault(tmp_path / "before")

    class Overtaken(Vault):
        """Opens a row; before anything else happens, a process that seals with the old key changes that row."""

        def unseal(self, sealed: bytes, *, place: str) -> bytes:
            plain = super().unseal(sealed, place=place)
            with parts.database.write() as connection:
                connection.execute(update(m.enrolment).values(data=late.seal(b"changed meanwhile", place=place)))
            return plain

    parts.keys.rotate()
    parts.keys.promote()
    seal_old = late.seal(b"0", place=place(instance.id, erika.id, "x"))
    with parts.database.write() as connection:
        connection.execute(update(m.enrolment).values(data=seal_old))
    assert parts.keys._reseal_enrolments(Overtaken(parts.settings.key_file)) == 0
    assert opened(parts, instance, erika) == [b"changed meanwhile"]
    assert parts.keys.promote() == 1
    assert parts.keys.drop()


def test_promoting_again_after_a_stop_seals_what_is_left(parts: Parts, instance: Instance, erika: Account) -> None:
    seal_factors(parts, instance, erika, 3)
    added = parts.keys.rotate()
    ring = read_ring(parts.settings.key_file)
    write_ring(parts.settings.key_file, Ring({added: ring.keys[added], **ring.keys}))
    assert parts.keys.promote() == 3 + 1
    assert parts.keys.promote() == 0
    assert [one.id for one in parts.keys.listed() if one.primary] == [added]


def test_of_several_new_keys_the_newest_seals(parts: Parts) -> None:
    first, second = parts.keys.rotate(), parts.keys.rotate()
    assert first < second
    parts.keys.promote()
    assert [one.id for one in parts.keys.listed() if one.primary] == [second]
    third = parts.keys.rotate()
    parts.keys.promote()
    assert [one.id for one in parts.keys.listed() if one.primary] == [third]


def test_a_pending_login_holds_its_key_until_it_is_over(parts: Parts, instance: Instance, erika: Account) -> None:
    values = {"instance_id": instance.id, "user_id": erika.id, "stamp": 0, "expires_at": 9e9, "token_hash": b"x"}
    with parts.database.write() as connection:
        connection.execute(
            insert(m.pending_login).values(values | {"state": parts.vault.seal(b"s", place="pending/1")})
        )
    parts.keys.rotate()
    parts.keys.promote()
    with pytest.raises(Conflict, match="1 values are still sealed"):
        parts.keys.drop()
    with parts.database.write() as connection:
        parts.logins.forget(connection, 9e9)
    assert len(parts.keys.drop()) == 1


def test_mails_that_wait_are_sealed_anew_and_go_out(parts: Parts, erika: Account) -> None:
    parts.keys.rotate()
    parts.keys.promote()
    parts.keys.drop()
    assert parts.outbox.deliver() == 1
    with parts.database.read() as connection:
        assert connection.execute(select(m.outbox.c.body)).scalars().all() == [None]


def test_a_process_that_runs_through_a_rotation_never_seals_with_a_dropped_key(parts: Parts) -> None:
    running = Vault(parts.settings.key_file)
    old = running.ring.primary
    added = parts.keys.rotate()
    assert Vault.key_of(running.seal(b"x", place="p")) == old
    parts.keys.promote()
    assert Vault.key_of(running.seal(b"x", place="p")) == added
    parts.keys.drop()
    assert Vault(parts.settings.key_file).mac_fits("page-token", b"x", running.mac("page-token", b"x"))


def test_a_key_file_of_another_database_is_noticed(parts: Parts, instance: Instance, erika: Account) -> None:
    parts.keys.check()
    write_ring(parts.settings.key_file, Ring(dict([new_key()])))
    restarted = Keys(parts.database, parts.settings.key_file, Vault(parts.settings.key_file))
    with pytest.raises(ConfigError, match="does not fit the database"):
        restarted.check()
