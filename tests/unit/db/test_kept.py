# SPDX-License-Identifier: MIT
"""Kept connections: how many, for how long one waits, and what becomes of them when the server goes and comes."""

import threading

import pytest
from sqlalchemy.exc import DBAPIError

from ccm_core.db import engine, postgresql
from ccm_core.db.engine import Database, Limits, open_database
from ccm_core.errors import Busy, ConfigError
from tests.postgresql import Server
from tests.unit.db.conftest import add, connections, count, cut, sql


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
