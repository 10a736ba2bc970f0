# SPDX-License-Identifier: MIT
"""What a load balancer hears: the process lives; the database answers, or 503."""

from pathlib import Path

from ccm_core.config import load
from ccm_core.db.engine import open_database
from ccm_core.services.parts import assemble
from ccm_core.services.vault import Ring, new_key, write_ring
from ccm_core.testing.databases import create_tables, database_url
from ccm_core.web.health import healthz, readyz


def test_a_database_that_does_not_answer_is_told_with_503(tmp_path: Path) -> None:
    settings = load({"CCM_DATA_DIR": str(tmp_path), "CCM_DATABASE_URL": database_url(tmp_path)})
    write_ring(settings.key_file, Ring(dict([new_key()])))
    open_database(settings.database_url).prepare()
    parts = assemble(settings, lambda: 0.0)
    assert (readyz(parts).status_code, readyz(parts).data) == (503, b"the database does not answer\n")
    assert (healthz().status_code, healthz().data) == (200, b"ok\n")
    create_tables(parts.database)
    assert (readyz(parts).status_code, readyz(parts).data) == (200, b"ok\n")
    parts.database.dispose()
