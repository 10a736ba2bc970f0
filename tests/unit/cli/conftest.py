# SPDX-License-Identifier: MIT
"""Commands run in this process on a copy of one initialised data directory, at a time that the test sets."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import insert

from ccm_core.cli.main import run
from ccm_core.config import load
from ccm_core.db import models as m
from ccm_core.services.enrolments import place
from ccm_core.services.installation import NewAccount, install
from ccm_core.services.parts import Parts, assemble
from ccm_core.testing.databases import database_url
from tests.databases import copy_data

PASSWORD = "a long enough password"
NOON = 1_700_000_000.0
"""2023-11-14 22:13:20 UTC."""


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """Commands settle what becomes of log events in their process: other tests of this one want the default again."""
    yield
    structlog.reset_defaults()


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.out)
        return found


@dataclass
class Console:
    """Runs commands as the console script does, without a terminal."""

    data: Path
    capture: pytest.CaptureFixture[str]
    now: float = NOON
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {"CCM_DATA_DIR": str(self.data), "CCM_DATABASE_URL": database_url(self.data), **self.settings}

    def __call__(self, *arguments: str, typed: bytes = b"") -> Result:
        kept, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(typed))
        self.capture.readouterr()
        try:
            status = run(arguments, lambda: self.now, self.environment)
        finally:
            sys.stdin = kept
        return Result(status, *self.capture.readouterr())

    def done(self, *arguments: str, typed: bytes = b"") -> Result:
        """Run a command that must succeed."""
        result = self(*arguments, typed=typed)
        assert (result.status, result.err) == (0, "")
        return result

    def refused(self, *arguments: str, typed: bytes = b"") -> str:
        """Run a command that must end with status 1 and one line on stderr; returns the line."""
        result = self(*arguments, typed=typed)
        assert result.status == 1
        assert result.err.endswith("\n")
        assert result.err.count("\n") == 1
        return result.err.strip()

    def parts(self) -> Parts:
        return assemble(load(self.environment), lambda: self.now)

    def add(self, name: str, *options: str) -> None:
        typed = f"{PASSWORD}\n".encode()
        self.done("users", "add", name, "--email", f"{name}@example.org", "--password-stdin", *options, typed=typed)

    def enrol(self, name: str, plugin: str, *, pending_until: float | None = None) -> int:
        """Give a user a second factor, confirmed unless it is pending; returns its id."""
        parts = self.parts()
        account = parts.users.find(parts.instances.get(None, self.now), name)
        assert account is not None
        spot = place(account.instance_id, account.id, plugin)
        row = {"instance_id": account.instance_id, "user_id": account.id, "plugin": plugin, "label": "Word"}
        row |= {"confirmed": pending_until is None, "pending_until": pending_until, "counter": -1, "created_at": NOON}
        with parts.database.write() as connection:
            sealed = parts.vault.seal(b"sesame", place=spot)
            statement = insert(m.enrolment).values(row | {"data": sealed}).returning(m.enrolment.c.id)
            number: int = connection.execute(statement).scalar_one()
        parts.database.dispose()
        return number

    def events(self) -> list[str]:
        return [entry["event"] for entry in self.done("audit", "--json").rows]

    def mails(self, to: str) -> list[str]:
        """Return the subjects of the mails to a user that have gone out."""
        listed = reversed(self.done("mail", "list", "--json").rows)
        return [mail["subject"] for mail in listed if mail["recipient"] == to and mail["delivered_at"] is not None]


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the administrator ``anna``."""
    data = tmp_path_factory.mktemp("initialised") / "data"
    account = NewAccount("anna", "anna@example.org", PASSWORD, administrator=True)
    install(load({"CCM_DATA_DIR": str(data), "CCM_DATABASE_URL": database_url(data)}), lambda: NOON, [account])
    return data


@pytest.fixture
def console(initialised: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Console:
    """A console on a deployment with the administrator ``anna``."""
    copy_data(initialised, tmp_path / "data")
    return Console(tmp_path / "data", capsys)


@pytest.fixture
def bare_console(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Console:
    """A console on a data directory that does not exist."""
    return Console(tmp_path / "data", capsys)
