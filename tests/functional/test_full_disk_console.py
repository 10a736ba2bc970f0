# SPDX-License-Identifier: MIT
"""On a full disk a command ends with one sentence and status 1, and leaves all as it was; a server goes on."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from ccm_core.db import migration
from ccm_core.db.engine import Database, open_database
from tests.functional.full_disk import files, full
from tests.functional.program import PASSWORD, Program

pytestmark = pytest.mark.sqlite

INIT = ("init", "--admin", "anna", "--email", "anna@example.org", "--password-stdin")
ADD = ("users", "add", "erika", "--email", "erika@example.org")
BUSY = "The database cannot take the request at present. Please try again in a moment. (disk I/O error)"
INDEX_FITS, ALL_FITS = 32, 400
"""Kilobytes: SQLite's index of changes and nothing else, and more than any of these commands writes."""


@pytest.fixture
def database(program: Program) -> Iterator[Database]:
    """The program's database, for what no command tells."""
    opened = open_database(f"sqlite:///{program.data / 'ccm.sqlite3'}")
    yield opened
    opened.dispose()


def limited(program: Program, kilobytes: int) -> Program:
    """Return the program with files that cannot grow past a size."""
    return replace(program, kilobytes=kilobytes)


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve",),
        ("users", "list"),
        ADD,
        ("plugins", "activate", "twofactor"),
        ("twofactor", "status", "anna"),
        ("keys", "rotate"),
        ("mail", "deliver"),
        ("tidy",),
        ("db", "upgrade"),
    ],
)
def test_a_command_that_finds_no_room_says_so_in_one_sentence(ready: Program, arguments: tuple[str, ...]) -> None:
    before = files(ready.data)
    told = limited(ready, 0).refused(*arguments)
    database = ready.data / "ccm.sqlite3"
    assert told == (
        f"{database} cannot be used: disk I/O error. Mend the file or its permissions, or make space on the disk."
    )
    assert files(ready.data) == before
    assert ready.done("doctor") == "Everything is in order.\n"


def test_doctor_finds_a_full_disk(ready: Program) -> None:
    status, out, err = limited(ready, 0)("doctor")
    assert (status, err, out.count("\n")) == (1, "", 1)
    assert "make space on the disk" in out


def counts(database: Database) -> list[int]:
    """Return how many users, mails and entries of the trail there are."""
    tables = ("user", "outbox", "audit")
    with database.read() as connection:
        found = [connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables]
    database.dispose()
    return [int(count) for count in found]


def test_an_account_is_added_with_its_mail_or_not_at_all(ready: Program, database: Database) -> None:
    """Wherever in the command the disk becomes full: before the account was written, and before its mail is sent."""
    before = counts(database)
    assert limited(ready, INDEX_FITS).refused(*ADD) == BUSY
    for kilobytes in range(INDEX_FITS + 4, ALL_FITS, 4):
        status, out, err = limited(ready, kilobytes)(*ADD)
        if status == 0:
            break
        assert (out, err, counts(database)) == ("", f"{BUSY}\n", before)
    assert counts(database) == [before[0] + 1, before[1] + 1, before[2] + 2]
    assert out == "The user erika was added to 127.0.0.1.\n"
    assert err == (
        "The mail to erika@example.org could not be sent yet; «ccm mail deliver» and every server try again.\n"
    )
    assert ready.done("mail", "deliver") == "1 delivered.\n"


def test_init_that_finds_no_room_leaves_nothing(program: Program) -> None:
    for kilobytes in (0, 4, INDEX_FITS, 2 * INDEX_FITS, 4 * INDEX_FITS):
        assert limited(program, kilobytes).refused(*INIT, typed=f"{PASSWORD}\n")
        assert not program.data.exists()
    program.init()
    assert program.done("doctor") == "Everything is in order.\n"


def test_the_keys_stay_as_they_are_when_a_new_one_cannot_be_written(ready: Program) -> None:
    before = files(ready.data)
    (ready.data / "keys.new").symlink_to("/dev/full")
    assert ready.refused("keys", "rotate") == f"{ready.data / 'keys'} cannot be written: No space left on device."
    assert files(ready.data) == before
    ready.done("keys", "rotate")


def test_an_upgrade_that_finds_no_room_leaves_the_tables_as_they_were(ready: Program, database: Database) -> None:
    for path in ready.data.glob("ccm.sqlite3*"):
        path.unlink()
    open_database(str(database.url)).prepare()
    migration.upgrade(database, "0001")
    database.dispose()
    assert limited(ready, INDEX_FITS).refused("db", "upgrade", "--yes") == BUSY
    assert migration.current(database) == "0001"
    database.dispose()
    ready.done("db", "upgrade", "--yes")
    assert migration.current(database) == migration.HEAD


def test_a_demo_whose_passwords_cannot_be_kept_leaves_nothing(program: Program) -> None:
    program.data.mkdir()
    passwords = program.data / "demo-accounts"
    passwords.symlink_to("/dev/full")
    assert program.refused("demo") == f"{passwords} cannot be written: No space left on device."
    assert list(program.data.iterdir()) == []
    with program.running("demo") as server:
        assert sum(" password " in line for line in server.lines) == 2


def add_with_a_mail_that_waits(program: Program, database: Database) -> None:
    """Add a user while no mail can be written, and make the mail due at once when a server looks again."""
    (program.data / "mail").write_text("in the way")
    status, _, err = program(*ADD)
    assert status == 0
    assert "FileExistsError" in err
    hurry(database)


def hurry(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE outbox SET due_at = 0 WHERE delivered_at IS NULL")


def attempts(database: Database) -> int:
    with database.read() as connection:
        return int(connection.exec_driver_sql("SELECT attempts FROM outbox").scalar_one())


def becomes(true: Callable[[], bool]) -> bool:
    """Whether something comes true within a minute: what could not be delivered is tried again after 10 seconds."""
    wait = threading.Event()
    return any(true() or wait.wait(0.05) for _ in range(1200))


def mailed(program: Program) -> bool:
    return len(list((program.data / "mail").glob("*.eml"))) == 1


def test_a_server_delivers_what_waited_as_soon_as_there_is_space(ready: Program, database: Database) -> None:
    with ready.running("serve") as server:
        with full(server.workers()[0], 4096):
            add_with_a_mail_that_waits(ready, database)
            (ready.data / "mail").unlink()
            assert becomes(lambda: "outbox.failed" in server.log.read_text())
            assert not mailed(ready)
        assert becomes(lambda: mailed(ready))
    assert "Traceback" not in server.log.read_text()


def test_the_log_tells_why_a_request_was_refused(ready: Program) -> None:
    with ready.running("serve") as server, full(server.workers()[0], 4096):
        assert not ready.logs_in("anna", PASSWORD)
        (event,) = [json.loads(line) for line in server.log.read_text().splitlines() if "database.refused" in line]
    told = {name: event[name] for name in ("level", "method", "path", "error")}
    assert told == {"level": "warning", "method": "POST", "path": "/login", "error": "disk I/O error"}


def test_a_server_whose_log_cannot_be_written_goes_on(ready: Program, database: Database) -> None:
    ready.data.with_name("data.log").symlink_to("/dev/full")
    with ready.running("serve"):
        assert ready.logs_in("anna", PASSWORD)
        add_with_a_mail_that_waits(ready, database)
        assert becomes(lambda: attempts(database) > 1)
        (ready.data / "mail").unlink()
        hurry(database)
        assert becomes(lambda: mailed(ready))
