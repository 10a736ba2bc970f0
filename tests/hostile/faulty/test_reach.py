# SPDX-License-Identifier: MIT
"""What a plugin changes reaches nobody else, and one that is deleted is lost where it was neither loaded nor drawn."""

from pathlib import Path

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Tenant, running_host
from tests.functional.acts import account, activate_missing, events, link_in
from tests.hostile.faulty.acts import (
    CANNOT_ASK,
    CHALLENGE,
    Workers,
    assert_written_down,
    at_worker,
    bind,
    load_everywhere,
)
from tests.hostile.faulty.matrix import CELLS, WORD, Cell
from tests.hostile.faulty.plugins import WITNESS, delete, lay_out
from tests.hostile.faulty.surfaces import NEW

CHANGING = [cell for cell in CELLS if cell.fault == "changes" and cell.part != "reset"]
ERIKA = "erika, erika@example.org, en"
"""The user as the witness, which is asked last, must still see her."""


@pytest.mark.parametrize("cell", CHANGING, ids=lambda cell: cell.part)
def test_what_a_plugin_changes_in_its_arguments_nobody_else_sees(tenant: Tenant, workers: Workers, cell: Cell) -> None:
    bind(tenant, cell.plugin)
    activate_missing(tenant, WITNESS)
    browser = at_worker(tenant, workers[0], "erika")
    browser.submit(CHALLENGE, code=WORD)
    assert (browser.session()["state"], browser.session()["user"]) == ("active", "erika")
    assert_she_is_witnessed(cell, tenant, workers, browser)
    assert tenant.browser("otto").path == "/"
    assert tenant.host.parts.faults.of(cell.plugin) == ()
    assert (cell.plugin, "erika") in [
        (entry.get("factor"), entry["about"]) for entry in events(tenant, "login.succeeded")
    ]


def assert_she_is_witnessed(cell: Cell, tenant: Tenant, workers: Workers, browser: Browser) -> None:
    if cell.part == "signedin":
        browser.get(f"/plugins/{WITNESS}/heard")
        assert f"{ERIKA}, {cell.plugin}, True" in browser.page.headings
    elif cell.part == "usersections":
        admin = at_worker(tenant, workers[0], "admin")
        admin.get(f"/admin/users/{account(tenant).id}")
        assert {f"{ERIKA}, True", f"Part of {cell.plugin}"} <= set(admin.page.headings)
    elif cell.part == "view":
        for _ in range(2):
            browser.get(f"/plugins/{cell.plugin}/page")
            assert f"Page of {cell.plugin}: Hello" in browser.page.headings
    browser.get("/account")
    assert {f"{ERIKA}, True", f"Part of {cell.plugin}"} <= set(browser.page.headings)


def test_what_a_plugin_changes_at_a_reset_nobody_else_sees(tenant: Tenant) -> None:
    bind(tenant, "resetchanges", WITNESS)
    notice = reset(tenant)
    assert f"Witnessed: {ERIKA}." in notice
    assert "The word is forgotten." in notice
    assert tenant.host.parts.factors.ledger.confirmed(account(tenant).id) == ()


def reset(tenant: Tenant) -> str:
    """Let erika reset her password; returns the notice."""
    browser = tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")
    link = link_in(tenant.mails("erika")[-1])
    browser.get(link)
    browser.submit(link, new_password=NEW, repeat_password=NEW)
    assert browser.path == "/login?done=password"
    return str(tenant.mails("erika")[-1].get_content())


def test_a_plugin_that_was_deleted_goes_on_only_where_it_was_loaded(
    tenant: Tenant, workers: Workers, folder: Path
) -> None:
    """New code is read at a restart, and so is no code: a process that holds the plugin and its template asks on."""
    plugin = "goneinone"
    bind(tenant, plugin)
    first, second = workers
    load_everywhere(tenant, plugin, [first])
    assert at_worker(tenant, first, "erika").response.status_code == 200
    delete(folder, plugin)
    for code, state in (("guessed", "none"), (WORD, "active")):
        browser = at_worker(tenant, first, "erika")
        browser.submit(CHALLENGE, code=code)
        assert browser.session()["state"] == state
    browser = at_worker(tenant, second, "erika")
    assert (browser.response.status_code, CANNOT_ASK in browser.page.text) == (503, True)
    assert_written_down(tenant, plugin)
    assert browser.session()["state"] == "none"


def test_a_confirmation_that_no_factor_can_ask_for_changes_nothing_and_is_written_down(
    tenant: Tenant, workers: Workers, folder: Path
) -> None:
    plugin = "goneforconfirmation"
    bind(tenant, plugin)
    browser = at_worker(tenant, workers[0], "erika")
    browser.submit(CHALLENGE, code=WORD)
    browser.get("/account")
    delete(folder, plugin)
    tenant.host.clock.move(1000)
    browser.headers["Accept-Language"] = "de"  # a language in which this process has not drawn the template
    browser.submit("/account/email", email="new@example.org")
    assert browser.response.status_code == 503
    assert_written_down(tenant, plugin, "confirmation")
    assert tenant.mails("new@example.org") == []


def test_a_strict_reset_that_no_factor_can_ask_for_changes_nothing_and_is_written_down(tmp_path: Path) -> None:
    plugin, plugins, data = "goneforreset", tmp_path / "plugins", tmp_path / "data"
    plugins.mkdir()
    data.mkdir()
    lay_out(plugins)
    delete(plugins, plugin)
    with running_host(data, workers=1, plugin_path=[plugins], reset_keeps_second_factor="true") as host:
        tenant = host.tenant()
        before = tenant.add_user("erika")
        bind(tenant, plugin)
        browser = tenant.browser()
        browser.get("/password/forgot")
        browser.submit("/password/forgot", username="erika")
        browser.get(link_in(tenant.mails("erika")[-1]))
        assert (browser.response.status_code, CANNOT_ASK in browser.page.text) == (503, True)
        assert_written_down(tenant, plugin)
        assert account(tenant) == before
