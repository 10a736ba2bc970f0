# SPDX-License-Identifier: MIT
"""Connections are kept, and yet every read sees what is committed, and an error leaves nothing behind."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from ccm_core.db.engine import Database, open_database
from ccm_core.errors import Busy

COUNT = "SELECT count(*) FROM thing"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    open_database(url).prepare()
    opened = open_database(url)
    with opened.write() as connection:
        connection.exec_driver_sql("CREATE TABLE thing (id INTEGER PRIMARY KEY)")
    yield opened
    opened.dispose()


def add(database: Database, *numbers: int) -> None:
    with database.write() as connection:
        for number in numbers:
            connection.exec_driver_sql("INSERT INTO thing VALUES (?)", (number,))


def count(database: Database) -> object:
    with database.read() as connection:
        return connection.exec_driver_sql(COUNT).scalar()


def test_a_kept_reader_sees_what_another_process_has_committed(database: Database) -> None:
    other = open_database(str(database.url))
    assert count(database) == 0
    add(other, 1)
    assert count(database) == 1
    other.dispose()


def test_a_reader_sees_new_rows_although_an_earlier_read_was_left_half_way(database: Database) -> None:
    add(database, 0, 1, 2)
    with database.read() as connection:
        next(iter(connection.exec_driver_sql("SELECT id FROM thing")))
    add(database, 3)
    assert count(database) == 4


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(Busy), database.read() as connection:
        connection.exec_driver_sql("INSERT INTO thing VALUES (1)")
    assert count(database) == 0


def test_each_thread_reads_by_a_connection_of_its_own(database: Database) -> None:
    seen: list[object] = []

    def look() -> None:
        with database.read() as connection:
            seen.append(connection)

    for _ in range(2):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        look()
    assert len({id(connection) for connection in seen}) == 3
    assert seen[1] is seen[3]


def test_a_failed_write_leaves_nothing_behind_and_the_next_one_works(database: Database) -> None:
    add(database, 1)
    with pytest.raises(IntegrityError):
        add(database, 2, 1)
    add(database, 3)
    assert count(database) == 2


def test_a_full_database_refuses_a_write_as_a_whole_and_takes_it_when_there_is_room(database: Database) -> None:
    add(database, 1)
    with database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA max_page_count=1").scalar()  # the least is what it has
    with pytest.raises(Busy) as raised:
        add(database, *range(2, 5000))
    assert "full" in str(raised.value.__cause__)
    assert count(database) == 1
    with database.write() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count={1000 * int(str(pages))}")
    add(database, *range(2, 5000))
    assert count(database) == 4999


def test_a_disposed_database_opens_again(database: Database) -> None:
    add(database, 1)
    with database.read() as kept:
        database.dispose()
    assert kept.closed
    add(database, 2)
    assert count(database) == 2
