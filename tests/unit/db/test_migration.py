# SPDX-License-Identifier: MIT
"""The migrations make exactly the tables of the models, keep the data, and run once however many try."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Table, UniqueConstraint, text

from ccm_core.db import migration
from ccm_core.db.engine import Database, open_database
from ccm_core.db.migrations import runner
from ccm_core.db.models import metadata
from ccm_core.errors import ConfigError

TWO_SESSIONS = """
INSERT INTO instance (id, host, edition, created_at) VALUES (1, 'a.example', 'on-premise', 1);
INSERT INTO user (id, instance_id, name, name_key, email, email_key, role, created_at)
  VALUES (7, 1, 'erika', 'erika', 'e@example.org', 'e@example.org', 'user', 1);
INSERT INTO session
  (id, token_hash, family, instance_id, user_id, stamp, plugin_generation, full_login_at, recent_at, seen_at,
   user_agent, network)
  VALUES (3, x'01', x'01', 1, 7, 0, 0, 100, 160, 170, 'a browser', 'here'),
         (9, x'02', x'02', 1, 7, 0, 0, 200, 260, 270, 'a browser', 'here');
INSERT INTO retired_token (token_hash, session_id, retired_at) VALUES (x'03', 3, 150);
"""


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return empty_database(tmp_path / "ccm.sqlite3")


def empty_database(path: Path) -> Database:
    url = f"sqlite:///{path}"
    open_database(url).prepare()
    return open_database(url)


def shape(path: Path) -> dict[str, object]:
    """Return all that tells tables apart, but for the order of columns and constraints."""
    found: dict[str, object] = {}
    with sqlite3.connect(path) as connection:
        names = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        for table, sql in names:
            if table.startswith(("sqlite_", "alembic_")):
                continue
            columns = {row[1:] for row in connection.execute(f"PRAGMA table_info({table})")}
            keys = {row[2:] for row in connection.execute(f"PRAGMA foreign_key_list({table})")}
            indexes = connection.execute(f"PRAGMA index_list({table})").fetchall()
            indexed = {
                (row[2], *(part[2] for part in connection.execute(f"PRAGMA index_info({row[1]})"))) for row in indexes
            }
            found[table] = (columns, keys, indexed, "AUTOINCREMENT" in sql, sql.count("CONSTRAINT"))
    return found


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    migration.upgrade(database)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_upgraded_tables_have_the_shape_of_fresh_ones(database: Database, tmp_path: Path) -> None:
    migration.upgrade(database)
    fresh = empty_database(tmp_path / "fresh.sqlite3")
    with fresh.write() as connection:
        metadata.create_all(connection)
    assert len(shape(database.path)) == len(metadata.tables)
    assert shape(database.path) == shape(fresh.path)


def test_the_known_revision_is_the_newest_file(database: Database) -> None:
    assert runner.head() == migration.HEAD
    migration.upgrade(database)
    assert migration.current(database) == migration.HEAD


def test_an_upgrade_keeps_sessions_and_what_refers_to_them(database: Database) -> None:
    migration.upgrade(database, "0001")
    with sqlite3.connect(database.path) as connection:
        connection.executescript("PRAGMA foreign_keys=1;" + TWO_SESSIONS)
    migration.upgrade(database)
    with sqlite3.connect(database.path) as connection:
        assert connection.execute("SELECT id, password_at, notice FROM session").fetchall() == [
            (3, 160, None),
            (9, 260, None),
        ]
        assert connection.execute("SELECT session_id FROM retired_token").fetchall() == [(3,)]


@pytest.mark.parametrize("gone", [(9,), (3, 9)])
def test_an_upgrade_does_not_let_ids_be_given_out_again(database: Database, gone: tuple[int, ...]) -> None:
    migration.upgrade(database, "0001")
    with sqlite3.connect(database.path) as connection:
        connection.executescript(TWO_SESSIONS)
        connection.executemany("DELETE FROM session WHERE id = ?", [(number,) for number in gone])
        connection.execute("DELETE FROM retired_token")
    migration.upgrade(database)
    values = "x'04', x'04', 1, 7, 0, 0, 1, 1, 1, 1, '', ''"
    with sqlite3.connect(database.path) as connection:
        connection.execute(
            "INSERT INTO session (token_hash, family, instance_id, user_id, stamp, plugin_generation, full_login_at,"
            f" recent_at, password_at, seen_at, user_agent, network) VALUES ({values})"
        )
        assert connection.execute("SELECT max(id) FROM session").fetchone() == (10,)


def test_foreign_keys_count_again_after_an_upgrade(database: Database) -> None:
    migration.upgrade(database)
    with database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_an_upgrade_that_would_leave_a_broken_reference_is_undone(database: Database) -> None:
    migration.upgrade(database, "0001")
    with sqlite3.connect(database.path) as connection:
        connection.execute("INSERT INTO retired_token (token_hash, session_id, retired_at) VALUES (x'03', 77, 150)")
    with pytest.raises(ConfigError, match="retired_token"):
        migration.upgrade(database)
    assert migration.current(database) == "0001"
    with sqlite3.connect(database.path) as connection:
        assert "password_at" not in {row[1] for row in connection.execute("PRAGMA table_info(session)")}


def test_several_processes_upgrade_at_once(database: Database) -> None:
    code = "import sys; from ccm_core.db.engine import open_database; from ccm_core.db.migration import upgrade; "
    code += "upgrade(open_database(sys.argv[1]))"
    command = [sys.executable, "-c", code, f"sqlite:///{database.path}"]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
    assert ends == [("", 0)] * 3
    assert migration.current(database) == migration.HEAD


def test_an_upgrade_of_a_new_database_changes_nothing(database: Database) -> None:
    migration.upgrade(database)
    before = database.path.read_bytes()
    migration.upgrade(database)
    assert database.path.read_bytes() == before
    assert not migration.pending(database)


def test_a_start_names_what_is_missing(database: Database) -> None:
    assert migration.pending(database)
    with pytest.raises(ConfigError, match="ccm init"):
        migration.check_revision(database)
    migration.upgrade(database, "0001")
    assert migration.pending(database)
    with pytest.raises(ConfigError, match="it has 0001, this version needs"):
        migration.check_revision(database)
    migration.upgrade(database)
    migration.check_revision(database)


def newer(database: Database, oldest: str | None) -> Database:
    """Let a newer version have upgraded a database, which says that programs since ``oldest`` work on it."""
    migration.upgrade(database)
    with database.write() as connection:
        told = "UPDATE alembic_version SET version_num = '0999', oldest_program = :oldest"
        connection.execute(text(told), {"oldest": oldest})
    return database


@pytest.mark.parametrize("oldest", [None, "0999"])
def test_a_database_of_a_newer_version_that_takes_something_away_is_refused(
    database: Database, oldest: str | None
) -> None:
    for step in (migration.check_revision, migration.upgrade):
        with pytest.raises(ConfigError, match="newer version of ccm-core"):
            step(newer(database, oldest))


def test_a_database_that_a_newer_version_only_added_to_is_worked_with_and_left_alone(database: Database) -> None:
    ahead = newer(database, migration.HEAD)
    migration.check_revision(ahead)
    migration.upgrade(ahead)
    assert migration.current(ahead) == "0999"
    assert not migration.pending(ahead)
    assert not migration.breaks(ahead)


def test_a_database_from_before_versions_said_so_learns_which_programs_work(database: Database) -> None:
    migration.upgrade(database)
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE alembic_version DROP COLUMN oldest_program")
    migration.check_revision(database)
    migration.upgrade(database)
    with database.read() as connection:
        row = connection.exec_driver_sql("SELECT version_num, oldest_program FROM alembic_version").one()
    assert tuple(row) == (migration.HEAD, runner.oldest_program(migration.HEAD))


def test_every_revision_says_which_programs_work_on_its_tables_and_none_takes_that_back() -> None:
    revisions = [f"{number:04}" for number in range(1, int(migration.HEAD) + 1)]
    oldest = [runner.oldest_program(revision) for revision in revisions]
    assert oldest == sorted(oldest)
    assert all(one <= revision for one, revision in zip(oldest, revisions, strict=True))


def test_an_upgrade_that_breaks_the_program_before_is_told_from_one_that_adds(database: Database) -> None:
    assert not migration.breaks(database)
    migration.upgrade(database, "0001")
    assert migration.breaks(database)
    migration.upgrade(database)
    assert not migration.breaks(database)


def test_what_goes_with_a_deleted_row_is_found_by_an_index() -> None:
    """Else each deletion of a user, or of a session, walks through the tables that refer to it."""
    found = [
        f"{table.name}.{key.parent.name}"
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name in {"user", "session"} and key.parent.name not in leading(table)
    ]
    assert found == []


def leading(table: Table) -> set[str]:
    """Return the columns with which an index of the table begins."""
    unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    return {next(iter(one.columns)).name for one in (*table.indexes, table.primary_key, *unique)}
