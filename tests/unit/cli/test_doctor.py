# SPDX-License-Identifier: MIT
"""``ccm doctor``: each finding alone, and nothing on a sound deployment."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ccm_core.db import migration
from tests.bad_plugins import installed
from tests.unit.cli.conftest import Console

pytestmark = pytest.mark.sqlite  # a server's own clock, which doctor asks, cannot be set to the time of these tests

FAR = {"CCM_BASE_URL": "https://127.0.0.1", "CCM_TRUSTED_PROXIES": "10.0.0.1"}


def findings(console: Console) -> list[str]:
    """Return what it says, which has to be the same for people and programs."""
    result = console("doctor")
    told: list[str] = json.loads(console("doctor", "--json").out)
    assert result.err == ""
    assert result.status == (1 if told else 0)
    assert result.out.splitlines() == (told or ["Everything is in order."])
    return told


def test_a_sound_deployment_has_no_finding(console: Console) -> None:
    assert findings(console) == []


def no_key_file(data: Path) -> None:
    (data / "keys").unlink()


def open_key_file(data: Path) -> None:
    (data / "keys").chmod(0o644)


def open_folder(data: Path) -> None:
    data.chmod(0o755)


def no_database(data: Path) -> None:
    (data / "ccm.sqlite3").unlink()


def bad_settings(data: Path) -> None:
    (data / "ccm.toml").write_text("login_secnods = 3")


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        (no_key_file, "keys does not exist. Restore the key file"),
        (open_key_file, "is open to other users. Run «chmod 600"),
        (open_folder, "is open to other users. Run «chmod 700"),
        (no_database, "ccm.sqlite3 does not exist. Run «ccm init»"),
        (bad_settings, "login_secnods is no setting"),
    ],
)
def test_damage_is_named_with_its_mend(console: Console, damage: Callable[[Path], None], finding: str) -> None:
    damage(console.data)
    (told,) = findings(console)
    assert finding in told


def test_missing_migrations_are_found(console: Console) -> None:
    parts = console.parts()
    with parts.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    parts.database.dispose()
    (told,) = findings(console)
    assert f"it has 0001, this version needs {migration.HEAD}" in told


def test_a_key_file_of_another_deployment_is_found(console: Console) -> None:
    console.enrol("anna", "gone")
    text = (console.data / "keys").read_text()
    (console.data / "keys").write_text(("0" if text[0] != "0" else "1") + text[1:])
    assert any("does not fit the database" in told for told in findings(console))


def test_a_mail_is_late_after_fifteen_minutes(console: Console) -> None:
    (console.data / "mail").write_text("in the way")
    console("users", "add", "erika", "--email", "erika@example.org")
    console.now += 900
    assert findings(console) == []
    console.now += 1
    assert findings(console) == ["1 mails have waited for more than 15 minutes. See «ccm mail list»."]


def test_a_broken_and_a_missing_plugin_are_found_with_the_reason(console: Console, tmp_path: Path) -> None:
    console.enrol("anna", "gone")
    folder = tmp_path / "plugins"
    folder.mkdir()
    with installed(folder, "import_error"):
        console.refused("plugins", "activate", "importerror")
        missing, broken = findings(console)
    assert missing == "127.0.0.1: the plugin gone is missing: The plugin gone is not installed."
    assert broken.startswith("127.0.0.1: the plugin importerror is broken: The plugin importerror failed in its import")


def test_an_instance_without_an_administrator_is_found(console: Console) -> None:
    console.done("instances", "add", "b.localhost", "--edition", "cloud")
    (told,) = findings(console)
    assert told.startswith("b.localhost has no administrator who can sign in.")


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (FAR, []),
        ({"CCM_BASE_URL": "http://localhost:8019"}, []),
        ({"CCM_BASE_URL": "http://[::1]:8019"}, []),
        (
            {"CCM_BASE_URL": "http://a.example", "CCM_MAIL_URL": "smtp://mail"},
            ["passwords and codes travel unencrypted"],
        ),
        ({"CCM_BASE_URL": "http://10.0.0.1", "CCM_MAIL_URL": "smtp://mail"}, ["travel unencrypted"]),
        ({"CCM_BASE_URL": "https://127.0.0.1"}, ["CCM_TRUSTED_PROXIES names no proxy"]),
        ({**FAR, "CCM_BASE_URL": "https://a.example"}, ["CCM_MAIL_URL is file:"]),
        ({**FAR, "CCM_BASE_URL": "https://a.example", "CCM_MAIL_URL": "smtp://mail"}, []),
    ],
)
def test_settings_that_are_unwise_are_found(console: Console, settings: dict[str, str], found: list[str]) -> None:
    console.settings = settings
    told = findings(console)
    assert len(told) == len(found)
    assert all(part in sentence for part, sentence in zip(found, told, strict=True))


@contextmanager
def web_server(date: str | None, status: int = 200) -> Iterator[str]:
    """A web server that tells a date; yields its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response_only(status)
            if date is not None:
                self.send_header("Date", date)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize(
    ("second", "finding"),
    [(20, None), (30, None), (10, None), (9, "11 seconds ahead of"), (31, "11 seconds behind")],
)
def test_a_clock_that_differs_from_a_web_servers_is_found(
    console: Console, second: int, finding: str | None, status: int
) -> None:
    with web_server(f"Tue, 14 Nov 2023 22:13:{second:02d} GMT", status) as url:
        result = console("doctor", "--clock", url)
    if finding is None:
        assert (result.status, result.out) == (0, "Everything is in order.\n")
    else:
        expected = (
            f"The clock is {finding} {url}: right codes may be refused. Set it, and let a time service keep it right."
        )
        assert (result.status, result.out) == (1, f"{expected}\n")


@pytest.mark.parametrize("date", [None, "soon"])
def test_a_web_server_that_tells_no_time_is_one_sentence(console: Console, date: str | None) -> None:
    with web_server(date) as url:
        assert console.refused("doctor", "--clock", url) == f"{url} does not tell the time."
    assert "does not answer: " in console.refused("doctor", "--clock", url)
    assert "is no address of a web server" in console.refused("doctor", "--clock", "file:///etc/passwd")


def test_a_clock_that_was_set_back_is_found_by_the_trail(console: Console) -> None:
    console.add("erika")
    console.now -= 10
    assert findings(console) == []
    console.now -= 1
    (told,) = findings(console)
    assert told.startswith("The clock is 11 seconds behind the last entry in the audit trail of ")
