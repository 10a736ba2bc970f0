# SPDX-License-Identifier: MIT
"""The outbox: what cannot be sent waits by itself and holds up nothing else."""

import email
import email.policy
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.services.outbox import Outbox
from ccm_core.services.transports import FileTransport
from ccm_core.services.vault import Ring, Vault, new_key, write_ring
from ccm_core.testing.databases import create_tables
from tests.databases import database_of

NOW = 1_800_000_000.0


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = database_of(tmp_path)
    opened.prepare()
    create_tables(opened)
    with opened.write() as connection:
        connection.execute(insert(m.instance).values(id=1, host="h", edition="cloud", created_at=NOW))
    yield opened
    opened.dispose()


@pytest.fixture
def outbox(database: Database, tmp_path: Path) -> Outbox:
    key_id, key = new_key()
    write_ring(tmp_path / "keys", Ring({key_id: key}))
    transport = FileTransport(tmp_path / "mail", "ccm@localhost")
    return Outbox(database, Vault(tmp_path / "keys"), lambda: NOW, transport, "localhost")


def sent(tmp_path: Path) -> list[str]:
    messages = [path.read_bytes() for path in sorted((tmp_path / "mail").glob("*.eml"))]
    return [str(email.message_from_bytes(one, policy=email.policy.default)["Subject"]) for one in messages]


def test_a_message_that_cannot_be_built_does_not_hold_up_those_behind_it(
    database: Database, outbox: Outbox, tmp_path: Path
) -> None:
    with database.write() as connection:
        outbox.add(connection, 1, "erika@example.org\nBcc: otto@example.org", "broken", "text", None)
        outbox.add(connection, 1, "erika@example.org", "whole", "text", None)
    assert outbox.deliver() == 1
    assert sent(tmp_path) == ["whole"]
    whole, broken = outbox.listed(1)
    assert (whole.delivered, whole.error) == (NOW, "")
    assert broken.delivered is None
    assert broken.error.startswith("ValueError: ")


def test_a_request_that_cannot_be_prepared_does_not_hold_up_those_behind_it(
    database: Database, outbox: Outbox, tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("mistaken")

    outbox.prepares("mistake", fail)
    with database.write() as connection:
        outbox.request(connection, "mistake", 1, {})
        outbox.add(connection, 1, "erika@example.org", "whole", "text", None)
    assert outbox.deliver() == 1
    assert sent(tmp_path) == ["whole"]
    assert outbox.undelivered(NOW + 1) == 1


def test_a_folder_that_cannot_be_written_keeps_the_message(database: Database, outbox: Outbox, tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    with database.write() as connection:
        outbox.add(connection, 1, "erika@example.org", "whole", "text", None)
    assert outbox.deliver() == 0
    (waiting,) = outbox.listed(1)
    assert waiting.error.startswith("FileExistsError: ")
    (tmp_path / "mail").unlink()
    outbox.hurry()
    assert outbox.deliver() == 1
    assert sent(tmp_path) == ["whole"]


def test_on_a_full_disk_no_half_message_is_left_and_the_whole_one_comes_later(
    database: Database, outbox: Outbox, tmp_path: Path
) -> None:
    with database.write() as connection:
        outbox.add(connection, 1, "erika@example.org", "whole", "text", None)
    mails = tmp_path / "mail"
    with database.read() as connection:
        name = f"00000001-{connection.execute(select(m.outbox.c.message_id)).scalar_one()[1:13]}.eml"
    mails.mkdir()
    (mails / f".{name}").symlink_to("/dev/full")
    assert outbox.deliver() == 0
    assert not (mails / name).exists()
    assert outbox.listed(1)[0].error == "OSError: [Errno 28] No space left on device"
    (mails / f".{name}").unlink()
    outbox.hurry()
    assert outbox.deliver() == 1
    assert sent(tmp_path) == ["whole"]
