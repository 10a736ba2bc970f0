# SPDX-License-Identifier: MIT
"""PostgreSQL as the services meet it: reads that cannot write, locks, and servers that are of no use."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ccm_core.db import postgresql
from ccm_core.db.engine import Database, open_database
from ccm_core.errors import Busy, ConfigError
from tests.postgresql import Server
from tests.unit.db.conftest import add, count, sql, url_of


def test_a_reader_cannot_write_and_sees_what_is_committed(database: Database) -> None:
    with pytest.raises(Busy), database.read() as connection:
        connection.exec_driver_sql("INSERT INTO thing VALUES (1)")
    assert count(database) == 0
    add(database, 1)
    assert count(database) == 1


def test_a_read_within_a_read_or_a_write_waits_for_no_other_connection(database: Database) -> None:
    with database.read() as outer, database.read() as inner:
        assert outer is inner
    with database.write(), database.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_a_failed_write_leaves_nothing_behind_and_the_next_one_works(database: Database) -> None:
    add(database, 1)
    with pytest.raises(IntegrityError):
        add(database, 2, 1)
    add(database, 3)
    assert count(database) == 2


def test_two_who_wait_for_each_other_end_as_one_success_and_one_busy(database: Database) -> None:
    add(database, 1, 2)
    ready, ends = threading.Barrier(2), []

    def change(first: int, second: int) -> None:
        try:
            with database.write() as connection:
                for number in (first, second):
                    connection.execute(text("UPDATE thing SET n = n + 1 WHERE id = :id"), {"id": number})
                    if number == first:
                        ready.wait(10)
        except Busy:
            ends.append("busy")
        else:
            ends.append("done")

    threads = [threading.Thread(target=change, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["busy", "done"]
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT n FROM thing").scalars().all() == [1, 1]


def test_a_server_that_only_reads_is_busy(server: Server, database: Database) -> None:
    sql(server, f"ALTER DATABASE {database.url.database} SET default_transaction_read_only = on")
    standby = open_database(url_of(server, str(database.url.database)))
    with pytest.raises(Busy):
        add(standby, 1)
    assert count(standby) == 0
    standby.dispose()


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    absent = open_database("postgresql://ccm:secret-word@127.0.0.1:1/ccm")
    with pytest.raises(ConfigError) as raised:
        absent.check()
    assert str(raised.value).startswith("postgresql://127.0.0.1:1/ccm cannot be used: ")
    assert "CCM_DATABASE_URL" in str(raised.value)
    assert "secret-word" not in str(raised.value)


def test_an_unknown_database_is_named(server: Server) -> None:
    with pytest.raises(ConfigError, match='database "nowhere" does not exist'):
        open_database(url_of(server, "nowhere")).check()


def test_a_database_that_keeps_text_in_another_way_is_refused(server: Server) -> None:
    sql(server, "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(ConfigError, match="keeps text as SQL_ASCII"):
        open_database(url_of(server, "ascii")).check()


def test_an_old_server_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.check()
    monkeypatch.setattr(postgresql, "OLDEST", 999)
    with pytest.raises(ConfigError, match="Use version 999 or newer"):
        database.check()


def test_only_one_rebuilds_the_tables_at_a_time(server: Server, database: Database) -> None:
    other, seen = open_database(database.url.render_as_string()), []

    def rebuild() -> None:
        with other.rebuild():
            seen.append(count(database))

    with database.rebuild() as connection:
        thread = threading.Thread(target=rebuild)
        thread.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        pause = threading.Event()
        assert any(sql(server, waiting)[0][0] == 1 or pause.wait(0.01) for _ in range(1000))
        connection.exec_driver_sql("INSERT INTO thing VALUES (1)")
    thread.join()
    assert seen == [1]
    other.dispose()
