# SPDX-License-Identifier: MIT
"""What ``docs/operations.md`` and ``docs/deploy`` tell operators to run, run as it is written there."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from ccm_core.config import load
from ccm_core.testing.host import Tenant, running_host
from ccm_core.testing.server import free_port
from tests.functional.phone import Phone, enrol
from tests.functional.program import CCM, PASSWORD, Program
from tests.hostile.acts import CHALLENGE, state
from tests.nodes.conftest import DEPLOY
from tests.postgresql import Server

PAGE = (DEPLOY.parent / "operations.md").read_text("utf-8")
UNIT = (DEPLOY / "ccm.service").read_text("utf-8")
SETTINGS = dict(line.split("=", 1) for line in (DEPLOY / "ccm.env").read_text("utf-8").splitlines() if "=" in line)


def command(program: str) -> str:
    """Return the one command of the page that runs a program."""
    (found,) = [block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if block.startswith(program + " ")]
    return str(found)


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    unit = tmp_path / "ccm.service"
    unit.write_text(UNIT.replace("/opt/ccm/bin/ccm", str(CCM)), "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_settings_of_a_node_are_taken() -> None:
    settings = load(SETTINGS)
    assert (settings.secure, settings.host, str(settings.data_dir)) == (True, "ccm.example.org", "/var/lib/ccm")
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.10/32"]


def test_what_systemd_would_start_serves_people(server: Server, tmp_path: Path) -> None:
    port = free_port()
    program = Program(tmp_path / "data", port)
    own = {"CCM_DATA_DIR": str(program.data), "CCM_DATABASE_URL": server.database("unit"), "CCM_MAIL_URL": "file:"}
    program.settings = SETTINGS | own | {"CCM_BASE_URL": program.url}
    program.init()
    (line,) = re.findall(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)
    path, *arguments = shlex.split(line.replace("10.0.0.11", "127.0.0.1").replace("8019", str(port)))
    assert path == "/opt/ccm/bin/ccm"
    with program.running(*arguments) as running:
        assert len(running.workers()) == 2
        assert program.logs_in("anna", PASSWORD)


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_who_signed_in_with_a_code_before_does_so_after_a_restore(server: Server, tmp_path: Path, kind: str) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    for folder in (data, backup):
        folder.mkdir()
    url = server.database("restored") if kind == "postgresql" else f"sqlite:///{data / 'ccm.sqlite3'}"
    programs = f"{server.program('pg_dump').parent}:{os.environ['PATH']}"
    told = {"CCM_DATA_DIR": str(data), "CCM_DATABASE_URL": url, "BACKUP": str(backup), "PATH": programs}

    def run(program: str) -> None:
        subprocess.run(["sh", "-euc", command(program)], env=told, check=True)

    with running_host(data, workers=1, database_url=url) as host:
        tenant = host.tenant()
        tenant.add_user("erika")
        tenant.activate("twofactor")
        phone = enrol(tenant, "erika").phone
        run("pg_dump" if kind == "postgresql" else "sqlite3")  # while it serves
        shutil.copy2(data / "keys", backup / "keys")
    for path in data.iterdir():
        path.unlink() if path.is_file() else shutil.rmtree(path)
    shutil.copy2(backup / "keys", data / "keys")
    if kind == "postgresql":
        server.database("restored")
        run("pg_restore")
    else:
        shutil.copy2(backup / "ccm.sqlite3", data / "ccm.sqlite3")
    with running_host(data, workers=1, database_url=url) as host:
        again = Tenant(host, tenant.name)
        browser = again.browser("erika")
        assert state(browser) == "none"
        browser.submit(CHALLENGE, code=Phone(again, phone.secret).next_code())
        assert state(browser) == "active"
