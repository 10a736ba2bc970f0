# SPDX-License-Identifier: MIT
"""A new deployment: data directory, key file, database, the first instance and its accounts; all of it or nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ccm_core.config import Settings
from ccm_core.db.engine import database_of
from ccm_core.db.migration import upgrade
from ccm_core.errors import Busy, ConfigError
from ccm_core.services.accounts import ADMINISTRATOR, USER
from ccm_core.services.instances import ON_PREMISE
from ccm_core.services.parts import Clock, assemble
from ccm_core.services.user_admin import Actor
from ccm_core.services.vault import Ring, new_key, write_ring

Undo = Callable[[], object]


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account of a new deployment."""

    name: str
    email: str
    password: str = field(repr=False)
    administrator: bool = False


def is_installed(settings: Settings) -> bool:
    """Whether key file and database are both there."""
    return settings.key_file.exists() and database_of(settings).exists()


def check_fresh(settings: Settings) -> None:
    """Raise ConfigError when there is a key file or a database already: neither is ever overwritten."""
    keys, database = settings.key_file.exists(), database_of(settings)
    data = database.exists()
    if keys and data:
        raise ConfigError(
            "%(path)s is initialised already. Add people with «ccm users add», or set another CCM_DATA_DIR.",
            path=settings.data_dir,
        )
    names = (settings.key_file, database.name) if keys else (database.name, settings.key_file)
    if keys or data:
        raise ConfigError(
            "%(there)s exists, but %(missing)s does not. Restore both from one backup, or move it away.",
            there=names[0],
            missing=names[1],
        )


def install(
    settings: Settings, clock: Clock, accounts: Sequence[NewAccount], *, passwords_file: Path | None = None
) -> None:
    """Make everything; on any error what was made is removed again.

    ``passwords_file`` keeps names and passwords, if nobody else knows them. Raises ConfigError, InputError, Conflict
    or Busy.
    """
    check_fresh(settings)
    with _undoing() as made:
        _make_folder(settings.data_dir, made)
        _make_key_file(settings.key_file, made)
        database = database_of(settings)
        database.prepare()
        made.append(database.remove)
        upgrade(database)
        database.dispose()
        parts = assemble(settings, clock)
        now = clock()
        try:
            parts.instances.add(settings.host, ON_PREMISE, None, now)
            instance = parts.instances.get(settings.host, now)
            for one in accounts:
                role = ADMINISTRATOR if one.administrator else USER
                parts.users.add(instance, one.name, one.email, role, now, Actor(), password=one.password)
        finally:
            parts.database.dispose()
        if passwords_file:
            _write_passwords(passwords_file, accounts, made)


@contextmanager
def _undoing() -> Iterator[list[Undo]]:
    """Yield a list for how to remove what is made, in order; on any error it is removed, latest first."""
    made: list[Undo] = []
    try:
        yield made
    except BaseException:
        for undo in reversed(made):
            with suppress(OSError, Busy):
                undo()
        raise


def _make_folder(path: Path, made: list[Undo]) -> None:
    """Make a folder that only its owner may enter, and the folders above it; one that exists stays as it is."""
    try:
        if path.is_dir():
            return
        if not path.parent.is_dir():
            _make_folder(path.parent, made)
        path.mkdir(mode=0o700)
    except OSError as error:
        raise ConfigError("%(path)s cannot be made: %(error)s.", path=path, error=error.strerror) from error
    made.append(path.rmdir)


def _make_key_file(path: Path, made: list[Undo]) -> None:
    """Make the key file with one key; whoever makes it first owns the installation."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise ConfigError("%(path)s cannot be made: %(error)s.", path=path, error=error.strerror) from error
    made.append(path.unlink)
    key_id, key = new_key()
    write_ring(path, Ring({key_id: key}))


def _write_passwords(path: Path, accounts: Sequence[NewAccount], made: list[Undo]) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        made.append(path.unlink)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.writelines(f"{account.name} {account.password}\n" for account in accounts)
    except OSError as error:
        raise ConfigError("%(path)s cannot be written: %(error)s.", path=path, error=error.strerror) from error
