# SPDX-License-Identifier: MIT
"""The services of one process on an empty database, with a clock that a test sets."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ccm_core.config import Settings, load
from ccm_core.db.engine import Database, open_database
from ccm_core.services.accounts import USER, Account
from ccm_core.services.instances import CLOUD, Instance
from ccm_core.services.metrics import NewMetrics, no_metrics
from ccm_core.services.parts import Parts, assemble
from ccm_core.services.user_admin import Actor
from ccm_core.services.vault import Ring, new_key, write_ring
from ccm_core.testing.databases import create_tables, database_url
from tests.bad_plugins import installed


class Watch:
    """A clock that stands still until a test sets ``now``, in seconds since 1970."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Default settings; the key file holds one key, the database all tables."""
    loaded = load({"CCM_DATA_DIR": str(tmp_path), "CCM_DATABASE_URL": database_url(tmp_path)})
    write_ring(loaded.key_file, Ring(dict([new_key()])))
    open_database(loaded.database_url).prepare()
    return loaded


@pytest.fixture
def parts(settings: Settings, clock: Watch) -> Iterator[Parts]:
    assembled = assemble(settings, clock)
    create_tables(assembled.database)
    yield assembled
    assembled.database.dispose()


@pytest.fixture
def instance(parts: Parts, clock: Watch) -> Instance:
    parts.instances.add("ccm.example", CLOUD, None, clock())
    return parts.instances.get(None, clock())


@pytest.fixture
def erika(parts: Parts, instance: Instance, clock: Watch) -> Account:
    """A user who was invited and has no password yet: hashing is not what these tests are about."""
    return parts.users.add(instance, "erika", "erika@example.org", USER, clock(), Actor())


@contextmanager
def services_with(
    tmp_path: Path, settings: Settings, clock: Watch, *plugins: str, new_metrics: NewMetrics = no_metrics
) -> Iterator[Parts]:
    """The services of an empty database with plugins of the tests."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    with installed(folder, *plugins):
        assembled = assemble(settings, clock, plugin_path=[str(folder)], new_metrics=new_metrics)
        create_tables(assembled.database)
        yield assembled
        assembled.database.dispose()


def give_up_at_once(database: Database) -> None:
    """Let this thread's writes not wait for locks."""
    postgresql = database.url.get_backend_name() == "postgresql"
    with database.write() as connection:
        connection.exec_driver_sql("SET lock_timeout = '1ms'" if postgresql else "PRAGMA busy_timeout=0")


@pytest.fixture
def with_working(settings: Settings, clock: Watch, tmp_path: Path) -> Iterator[Parts]:
    """The services with the plugin ``working``, whose code is a word."""
    with services_with(tmp_path, settings, clock, "working") as assembled:
        yield assembled
