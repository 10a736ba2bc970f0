# SPDX-License-Identifier: MIT
"""``ccm serve`` and its worker processes: what hashes passwords in them, and how they begin."""

from pathlib import Path

from ccm_core.testing.browser import Browser
from ccm_core.testing.server import client_of
from tests.functional.program import PASSWORD, Program


def test_libsodium_verifies_what_argon2_cffi_made(ready: Program) -> None:
    ready.settings["CCM_HASH_LIBRARY"] = "libsodium"
    with ready.running("serve", "--workers", "1") as running, client_of(ready.port) as client:
        (worker,) = running.workers()
        browser = Browser(ready.url, client)
        browser.log_in("anna", PASSWORD)
        assert browser.path == "/"
        assert "_sodium" in Path(f"/proc/{worker}/maps").read_text()


def test_it_serves_where_python_does_not_fork_by_default(ready: Program, tmp_path: Path) -> None:
    """As since Python 3.14."""
    (tmp_path / "sitecustomize.py").write_text(
        "import multiprocessing\nmultiprocessing.set_start_method('forkserver')\n", "utf-8"
    )
    ready.settings["PYTHONPATH"] = str(tmp_path)
    with ready.running("serve", "--workers", "2") as running, client_of(ready.port) as client:
        assert client.get("/readyz").is_success
        assert len(running.workers()) == 2
