# SPDX-License-Identifier: MIT
"""What a load balancer hears: the process lives; the database answers, or 503; what is broken, and not why."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from ccm_core.config import load
from ccm_core.db import models as m
from ccm_core.db.engine import open_database
from ccm_core.services.instances import ACTIVE, CLOUD, INACTIVE
from ccm_core.services.parts import Parts, assemble
from ccm_core.services.vault import Ring, new_key, write_ring
from ccm_core.testing.databases import create_tables, database_url
from ccm_core.web.health import healthz, readyz
from tests.bad_plugins import installed

NOW = 1000.0


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """The services, with a plugin that cannot be imported; the database has no tables yet."""
    settings = load({"CCM_DATA_DIR": str(tmp_path), "CCM_DATABASE_URL": database_url(tmp_path)})
    write_ring(settings.key_file, Ring(dict([new_key()])))
    open_database(settings.database_url).prepare()
    (tmp_path / "plugins").mkdir()
    with installed(tmp_path / "plugins", "import_error", "working"):
        assembled = assemble(settings, lambda: NOW, plugin_path=[str(tmp_path / "plugins")])
        yield assembled
    assembled.database.dispose()


@pytest.fixture
def activate(parts: Parts) -> Callable[[str], None]:
    """Make a plugin active in an instance, whatever is wrong with it."""
    create_tables(parts.database)
    instance = parts.instances.add("ccm.example", CLOUD, None, NOW)

    def write(name: str) -> None:
        row = {"instance_id": instance, "plugin": name, "state": ACTIVE, "everyone": True, "settings": {}}
        with parts.database.write() as connection:
            connection.execute(insert(m.activation).values(row | {"changed_at": NOW}))

    return write


def ready(parts: Parts) -> tuple[int, list[str]]:
    answer = readyz(parts)
    assert answer.mimetype == "text/plain"
    return answer.status_code, answer.get_data(as_text=True).splitlines()


def test_a_database_that_does_not_answer_is_told_with_503(parts: Parts) -> None:
    assert ready(parts) == (503, ["the database does not answer"])
    assert (healthz().status_code, healthz().data) == (200, b"ok\n")
    create_tables(parts.database)
    assert ready(parts) == (200, ["ok"])


def test_a_broken_plugin_is_named_and_leaves_the_node_in_use(parts: Parts, activate: Callable[[str], None]) -> None:
    for name in ("importerror", "gone", "working"):
        activate(name)
    parts.plugins.load_active()
    told = ["ok", "plugin gone: is not installed", "plugin importerror: cannot be loaded"]
    assert ready(parts) == (200, told)
    with parts.database.write() as connection:
        connection.execute(update(m.activation).values(state=INACTIVE))
    assert ready(parts) == (200, ["ok"])


def test_a_plugin_of_a_plan_counts_from_its_date(parts: Parts, activate: Callable[[str], None]) -> None:
    with parts.database.write() as connection:
        plan = connection.execute(insert(m.plan).values(name="large")).inserted_primary_key
        assert plan is not None
        for name, at in (("gone", NOW), ("later", NOW + 1)):
            connection.execute(insert(m.plan_plugin).values(plan_id=plan[0], plugin=name, from_at=at))
    parts.plugins.load_active()
    assert ready(parts) == (200, ["ok", "plugin gone: is not installed"])


def test_a_plugin_that_failed_but_is_active_nowhere_is_not_told(parts: Parts, activate: Callable[[str], None]) -> None:
    activate("working")
    parts.plugins.load_active()
    with pytest.raises(Exception, match="a_module_that_nobody_has"):
        parts.registry.get("importerror")
    assert ready(parts) == (200, ["ok"])
    activate("importerror")
    assert ready(parts) == (200, ["ok", "plugin importerror: cannot be loaded"])


def test_a_database_that_goes_is_told_although_a_plugin_is_broken(
    parts: Parts, activate: Callable[[str], None]
) -> None:
    activate("gone")
    parts.plugins.load_active()
    with parts.database.write() as connection:
        m.activation.drop(connection)
    assert ready(parts) == (503, ["the database does not answer"])
