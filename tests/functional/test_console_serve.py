# SPDX-License-Identifier: MIT
"""``ccm serve``: every reason not to start, one line when it serves, a clean end."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert, update

from ccm_core.db import models as m
from ccm_core.db.models import version
from tests.databases import copy_data, database_of
from tests.functional.program import Program


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory with an administrator and a mail that waits."""
    data = tmp_path_factory.mktemp("initialised") / "data"
    program = Program(data)
    program.init()
    (data / "mail").write_text("in the way")
    program("users", "add", "erika", "--email", "erika@example.org")
    (data / "mail").unlink()
    return data


@pytest.fixture
def ready(initialised: Path, tmp_path: Path) -> Program:
    copy_data(initialised, tmp_path / "data")
    return Program(tmp_path / "data")


def no_key(data: Path) -> None:
    (data / "keys").unlink()


def key_is_a_folder(data: Path) -> None:
    (data / "keys").unlink()
    (data / "keys").mkdir()


def key_is_open_to_others(data: Path) -> None:
    (data / "keys").chmod(0o640)


def key_is_cut(data: Path) -> None:
    (data / "keys").write_text((data / "keys").read_text()[:20])


def key_has_another_id(data: Path) -> None:
    text = (data / "keys").read_text()
    (data / "keys").write_text(("0" if text[0] != "0" else "1") + text[1:])


def key_is_another(data: Path) -> None:
    name, _, key = (data / "keys").read_text().partition(":")
    (data / "keys").write_text(f"{name}:{'B' if key[0] == 'A' else 'A'}{key[1:]}")


def no_database(data: Path) -> None:
    (data / "ccm.sqlite3").unlink()


def database_is_a_folder(data: Path) -> None:
    (data / "ccm.sqlite3").unlink()
    (data / "ccm.sqlite3").mkdir()


def database_is_damaged(data: Path) -> None:
    (data / "ccm.sqlite3").write_bytes(b"no database " * 500)


def migrations_are_missing(data: Path) -> None:
    _set_revision(data, "0001")


def database_is_newer(data: Path) -> None:
    _set_revision(data, "0999")


def _set_revision(data: Path, revision: str) -> None:
    database = database_of(data)
    with database.write() as connection:
        connection.execute(update(version).values(version_num=revision, oldest_program=revision))
    database.dispose()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (no_key, "keys does not exist. Restore the key file"),
        (key_is_a_folder, "keys cannot be read."),
        (key_is_open_to_others, "is open to other users. Run «chmod 600"),
        (key_is_cut, "keys is damaged."),
        (key_has_another_id, "does not fit the database: Sealed data names the key"),
        (key_is_another, "does not fit the database: Sealed data cannot be opened"),
        pytest.param(no_database, "ccm.sqlite3 does not exist. Run «ccm init»", marks=pytest.mark.sqlite),
        pytest.param(database_is_a_folder, "ccm.sqlite3 does not exist.", marks=pytest.mark.sqlite),
        pytest.param(database_is_damaged, "file is not a database", marks=pytest.mark.sqlite),
        (migrations_are_missing, "misses migrations (it has 0001, this version needs 0003). Run «ccm db upgrade»."),
        (
            database_is_newer,
            "was upgraded by a newer version of ccm-core (revision 0999), and this one no longer works with it.",
        ),
    ],
)
def test_damage_stops_the_start_with_one_sentence(ready: Program, damage: Callable[[Path], None], told: str) -> None:
    damage(ready.data)
    assert told in ready.refused("serve")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--port", "0"], "0 is not in the range 1<=x<=65535."),
        (["--port", "65536"], "65536 is not in the range"),
        (["--port", "http"], "'http' is not a valid integer"),
        (["--workers", "0"], "0 is not in the range 1<=x<=64."),
        (["--host", "203.0.113.1"], "203.0.113.1 is no address of this machine."),
        (["--host", "no.such.host.invalid"], "is no address or known host name"),
        (["more"], "unexpected extra argument"),
    ],
)
def test_bad_options_are_one_sentence(ready: Program, arguments: list[str], told: str) -> None:
    assert told in ready.refused("serve", *arguments)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CCM_SESSION_IDLE", "60"),
        ("CCM_BASE_URL", "ccm.example.org"),
        ("CCM_MAIL_URL", "mailto:x"),
        ("CCM_TRUSTED_PROXIES", "somewhere"),
        ("CCM_DATABASE_URL", "mysql://db"),
        ("CCM_HASH_CONCURRENCY", "many"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(ready: Program, name: str, value: str) -> None:
    ready.settings = {name: value}
    assert name in ready.refused("serve")


def test_a_port_in_use_stops_the_start(ready: Program) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", ready.port))
        other.listen()
        told = ready.refused("serve")
    assert told.startswith(f"Port {ready.port} on 127.0.0.1 is in use.")


def test_a_second_server_is_refused_and_the_first_goes_on(ready: Program) -> None:
    with ready.running("serve"):
        assert "is in use" in ready.refused("serve", "--host", "0.0.0.0")
        assert httpx.get(f"{ready.url}/healthz", trust_env=False).is_success


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_one_line_when_it_serves_and_ends_cleanly(ready: Program, number: signal.Signals) -> None:
    with ready.running("serve") as server:
        assert server.lines == [f"Serving on {ready.url}"]
        assert httpx.get(f"{ready.url}/readyz", trust_env=False).is_success
        workers = server.workers()
        assert server.stop(number) == (0, "")
    assert all(not Path(f"/proc/{worker}").exists() for worker in workers)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", ready.port))


def test_ctrl_c_on_the_terminal_ends_it_quietly(ready: Program) -> None:
    status, shown = ready.on_terminal("serve", "--workers", "2", answers=[(f"Serving on {ready.url}", "\x03")])
    assert status == 0
    lines = [line for line in shown.replace("^C", "").splitlines() if not line.startswith("{")]  # but for the log
    assert lines == [f"Serving on {ready.url}"]


def test_ctrl_c_is_left_to_the_main_process(ready: Program) -> None:
    with ready.running("serve", "--workers", "2") as server:
        assert httpx.get(f"{ready.url}/readyz", trust_env=False).is_success
        workers = server.workers()
        for worker in workers:
            os.kill(worker, signal.SIGINT)
        for _ in range(50):
            assert httpx.get(f"{ready.url}/healthz", trust_env=False).is_success
        assert server.workers() == workers
        assert server.stop(signal.SIGTERM)[0] == 0
        assert "Unexpected exit" not in server.log.read_text()


def test_it_serves_on_ipv6(ready: Program) -> None:
    with ready.running("serve", "--host", "::1") as server:
        assert server.lines == [f"Serving on http://[::1]:{ready.port}"]
        assert httpx.get(f"http://[::1]:{ready.port}/healthz", trust_env=False).is_success


def test_options_choose_address_port_and_workers(ready: Program) -> None:
    port, ready.port = ready.port, 1
    with ready.running("serve", "--host", "0.0.0.0", "--port", str(port), "--workers", "2") as server:
        assert server.lines == [f"Serving on http://0.0.0.0:{port}"]
        assert len(server.workers()) == 2
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).is_success


def test_mails_that_wait_go_out_when_a_server_runs(ready: Program) -> None:
    with ready.running("serve", "--workers", "2"):
        ready.done("mail", "deliver")
        assert poll(lambda: len(list((ready.data / "mail").glob("*.eml"))) == 1)
    assert len(list((ready.data / "mail").glob("*.eml"))) == 1


def test_the_log_is_json_lines(ready: Program) -> None:
    with ready.running("serve") as server:
        assert not ready.logs_in("anna", "a wrong password, long enough")
        log = server.log
    events = [json.loads(line) for line in log.read_text().splitlines()]
    refused = next(event for event in events if event["event"] == "login.refused")
    assert refused["level"] == "info"
    assert refused["timestamp"].endswith("Z")
    assert "a wrong password" not in log.read_text()


def test_a_worker_that_died_is_replaced(ready: Program) -> None:
    with ready.running("serve", "--workers", "2") as server:
        first, second = server.workers()
        os.kill(first, signal.SIGKILL)
        assert poll(lambda: len(server.workers()) == 2 and first not in server.workers())
        assert second in server.workers()
        assert poll(lambda: httpx.get(f"{ready.url}/readyz", trust_env=False).is_success)
        assert server.stop(signal.SIGTERM)[0] == 0
        events = [json.loads(line)["event"] for line in server.log.read_text().splitlines()]
    assert "Unexpected exit from worker-1" in events


def test_a_start_clears_the_faults_of_plugins_on_this_machine(ready: Program) -> None:
    database = database_of(ready.data)
    rows = [(f"{socket.gethostname()}:{ready.data}", "here"), ("elsewhere:/data", "there")]
    with database.write() as connection:
        for node, reason in rows:
            values = {"plugin": "x", "hook": "", "reason": reason, "node": node, "pid": 1, "at": 1}
            connection.execute(insert(m.plugin_fault).values(values))
    with ready.running("serve"), database.read() as connection:
        assert connection.exec_driver_sql("SELECT reason FROM plugin_fault").scalars().all() == ["there"]
    database.dispose()


def test_a_server_loads_no_migrations_and_no_mapper() -> None:
    code = "import sys, ccm_core.cli.main, ccm_core.cli.serve; print({'alembic', 'sqlalchemy.orm'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def poll(reached: Callable[[], bool]) -> bool:
    """Whether something comes true within 10 seconds."""
    wait = threading.Event()
    return any(reached() or wait.wait(0.05) for _ in range(200))
