# SPDX-License-Identifier: MIT
"""What nobody could judge, and a clock that is set back, cost no attempts and no pause, and free nobody from one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from ccm_core.db import models as m
from ccm_core.errors import Throttled
from ccm_core.services.throttle import Throttle
from ccm_core.services.vault import Ring, Vault, new_key, write_ring
from ccm_core.testing.databases import create_tables
from tests.databases import database_of

NOW = 1_800_000_000.0


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    database = database_of(tmp_path)
    database.prepare()
    create_tables(database)
    with database.write() as opened:
        opened.execute(insert(m.instance).values(id=1, host="h", edition="cloud", created_at=NOW))
        names = {"name": "e", "name_key": "e", "email": "e@x", "email_key": "e@x", "role": "user"}
        opened.execute(insert(m.user).values(id=1, instance_id=1, created_at=NOW, **names))
        yield opened
    database.dispose()


@pytest.fixture
def throttle(tmp_path: Path) -> Throttle:
    key_id, key = new_key()
    write_ring(tmp_path / "keys", Ring({key_id: key}))
    return Throttle(Vault(tmp_path / "keys"))


def test_a_forgiven_attempt_gives_back_only_itself(connection: Connection, throttle: Throttle) -> None:
    for _ in range(5):
        throttle.count_code(connection, 1, NOW)
    throttle.forgive_code(connection, 1, NOW)
    assert throttle.wrong_codes(connection, 1, NOW) == 4
    throttle.count_code(connection, 1, NOW)
    with pytest.raises(Throttled):
        throttle.count_code(connection, 1, NOW)


def test_forgiving_does_not_end_a_pause_that_wrong_codes_earned(connection: Connection, throttle: Throttle) -> None:
    for _ in range(5):
        throttle.count_code(connection, 1, NOW)
    throttle.count_code(connection, 1, NOW + 31)
    throttle.forgive_code(connection, 1, NOW + 31)
    with pytest.raises(Throttled):
        throttle.count_code(connection, 1, NOW + 32)


def test_a_clock_that_is_set_back_makes_no_pause_of_a_wrong_code(connection: Connection, throttle: Throttle) -> None:
    for now in (NOW, NOW - 300, NOW - 300, NOW - 600):
        throttle.count_code(connection, 1, now)
    assert throttle.wrong_codes(connection, 1, NOW) == 4
