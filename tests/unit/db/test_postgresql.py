# SPDX-License-Identifier: MIT
"""PostgreSQL as the services meet it: reads that cannot write, bounded connections, a server that goes and comes."""

import threading
import zlib
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from ccm_core.db import engine, postgresql
from ccm_core.db.engine import Database, Limits, open_database
from ccm_core.errors import Busy, ConfigError
from tests.postgresql import Server, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


def sql(server: Server, statement: str) -> list[tuple[object, ...]]:
    """Run a statement as the server's administrator."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def url_of(server: Server, name: str) -> str:
    return make_url(server.url).set(database=name).render_as_string()


@pytest.fixture
def database(server: Server, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with one table of one number."""
    name = f"d{zlib.crc32(request.node.name.encode())}"
    sql(server, f"CREATE DATABASE {name}")
    opened = open_database(url_of(server, name))
    with opened.write() as connection:
        connection.exec_driver_sql("CREATE TABLE thing (id integer PRIMARY KEY, n integer NOT NULL DEFAULT 0)")
    yield opened
    opened.dispose()


def add(database: Database, *numbers: int) -> None:
    with database.write() as connection:
        for number in numbers:
            connection.execute(text("INSERT INTO thing VALUES (:id)"), {"id": number})


def count(database: Database) -> object:
    with database.read() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM thing").scalar()


def connections(server: Server, database: Database) -> object:
    counted = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database.url.database}'"
    return sql(server, counted)[0][0]


def cut(server: Server, database: Database) -> None:
    """End all connections to a database, as an administrator or a failing network does."""
    sql(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.url.database}'")


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


def test_no_process_opens_more_connections_than_it_may(server: Server, database: Database) -> None:
    most = 3
    database.dispose()
    database = open_database(database.url.render_as_string(), Limits(connections=2 * most, wait_seconds=0.01))
    ready, done, refused = threading.Barrier(most + 1), threading.Event(), []

    def write() -> None:
        with database.write() as connection:
            connection.exec_driver_sql("SELECT 1")
            ready.wait(10)
            done.wait(10)

    threads = [threading.Thread(target=write) for _ in range(most)]
    for thread in threads:
        thread.start()
    ready.wait(10)
    try:
        add(database, 1)
    except Busy as error:
        refused.append(error)
    assert connections(server, database) == most
    done.set()
    for thread in threads:
        thread.join()
    assert [str(error) for error in refused] == [engine.LOCKED]
    add(database, 1)
    assert count(database) == 1
    assert connections(server, database) == most + 1
    database.dispose()


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


def test_a_restarted_server_costs_nothing_once_it_is_back(server: Server, database: Database) -> None:
    add(database, 1)
    assert count(database) == 1
    server.stop()
    server.start()
    assert count(database) == 1
    add(database, 2)
    server.stop("fast")
    with pytest.raises(Busy):
        count(database)
    with pytest.raises(Busy):
        add(database, 3)
    server.start()
    add(database, 3)
    assert count(database) == 3


def test_connections_that_were_cut_while_idle_are_replaced_before_they_are_used(
    server: Server, database: Database
) -> None:
    add(database, 1)
    count(database)
    cut(server, database)
    add(database, 2)
    assert count(database) == 2
    assert connections(server, database) == 2


def test_a_change_whose_connection_is_cut_is_refused_and_never_sent_again(server: Server, database: Database) -> None:
    def change() -> None:
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO thing VALUES (1)")
            cut(server, database)

    with pytest.raises(Busy):
        change()
    assert count(database) == 0
    add(database, 1)
    assert count(database) == 1


def test_a_read_whose_connection_is_cut_fails_and_the_next_one_works(server: Server, database: Database) -> None:
    with database.read() as connection:
        connection.exec_driver_sql("SELECT 1")
        cut(server, database)
        with pytest.raises(DBAPIError):
            connection.exec_driver_sql("SELECT 1")
    assert count(database) == 0


def test_a_server_that_falls_silent_is_given_up(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "SILENCE", 0.02)
    silent = open_database(database.url.render_as_string(), Limits(timeout_seconds=10))
    with pytest.raises(Busy), silent.read() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(5)")
    assert count(silent) == 0
    silent.dispose()


def test_the_server_ends_what_takes_too_long_and_waits_for_a_lock_as_long_as_it_may(database: Database) -> None:
    limited = open_database(database.url.render_as_string(), Limits(wait_seconds=0.05, timeout_seconds=0.1))
    with pytest.raises(Busy) as slow, limited.read() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(5)")
    add(database, 1)
    with database.write() as holder:
        holder.exec_driver_sql("UPDATE thing SET n = 1")
        with pytest.raises(Busy) as locked, limited.write() as connection:
            connection.exec_driver_sql("UPDATE thing SET n = 2")
    assert "statement timeout" in str(slow.value.__cause__)
    assert "lock timeout" in str(locked.value.__cause__)
    limited.dispose()


def test_behind_a_pooler_nothing_is_set_for_a_session_and_the_account_must_have_limits(
    server: Server, database: Database
) -> None:
    pooled = open_database(database.url.render_as_string(), Limits(pooler=True))
    add(pooled, 1)
    with pytest.raises(ConfigError, match="ALTER ROLE ccm SET statement_timeout"):
        pooled.check()
    for limit in ("statement_timeout", "lock_timeout"):
        sql(server, f"ALTER ROLE ccm IN DATABASE {database.url.database} SET {limit} = '7s'")
    pooled.dispose()
    pooled.check()
    for _ in range(20):  # more often than the driver waits before it prepares a statement
        with pooled.read() as connection:
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "7s"
            assert connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar() == 0
    pooled.dispose()


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
