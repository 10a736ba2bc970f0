# SPDX-License-Identifier: MIT
"""Where each part of a plugin is met, and what people see there when it is broken."""

from __future__ import annotations

from pathlib import Path

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, events, link_in
from tests.functional.program import Program
from tests.hostile.faulty.matrix import SECRET, Cell

NOTE = "could not show its part."
NEW = "a quite different sentence"
INSIDE = (
    "Traceback",
    SECRET,
    "faulty_",
    "ValueError",
    "SystemExit",
    "CancelledError",
    "a_module_that",
    "uninstall all",
)


def assert_no_inside(browser: Browser, cell: Cell) -> None:
    """Nothing of the plugin's inside is on the page."""
    shown = browser.response.text
    assert not [word for word in (*INSIDE, *filter(None, [cell.reason])) if word in shown]


def visit(cell: Cell, tenant: Tenant, folder: Path, otto: Browser, admin: Browser) -> None:
    """Go to where the plugin's part is met, and see that nothing else is lost there."""
    if cell.part == "sections":
        _visit_sections(cell, otto, "/account")
    elif cell.part == "usersections":
        _visit_sections(cell, admin, f"/admin/users/{account(tenant).id}")
    elif cell.part in {"pages", "view"}:
        _visit_page(cell, otto)
    elif cell.part == "reset":
        _reset(cell, tenant)
    elif cell.part == "settings":
        _visit_settings(cell, admin)
    elif cell.part == "commands":
        _command(cell, tenant, folder)


def _visit_sections(cell: Cell, browser: Browser, page: str) -> None:
    browser.get(page)
    assert browser.response.status_code == 200
    assert (browser.page.text.count(NOTE), "drawn" in browser.page.text) == (1, False)
    assert_no_inside(browser, cell)


def _visit_page(cell: Cell, browser: Browser) -> None:
    browser.get(f"/plugins/{cell.plugin}/page")
    assert browser.response.status_code == 500
    assert_no_inside(browser, cell)
    browser.get("/account")
    assert browser.response.status_code == 200


def _reset(cell: Cell, tenant: Tenant) -> None:
    """The reset does without the plugin, and removes its factor."""
    browser = tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")
    link = link_in(tenant.mails("erika")[-1])
    browser.get(link)
    browser.submit(link, new_password=NEW, repeat_password=NEW)
    assert browser.path == "/login?done=password"
    trail = events(tenant, "reset.password_set")[0]
    asked = cell.fault == "deletedlater"  # what was loaded goes on without its folder
    assert (trail["factors_removed"], trail["cleared_by_plugins"]) == (1, [cell.plugin] if asked else [])
    notice = tenant.mails("erika")[-1].get_content()
    assert "The second factor was reset" in notice
    assert ("The word is forgotten." in notice) is asked
    assert SECRET not in notice
    assert tenant.browser("erika", NEW).session()["state"] == "active"


def _visit_settings(cell: Cell, browser: Browser) -> None:
    browser.get(f"/admin/plugins/{cell.plugin}")
    assert browser.response.status_code == 200
    assert (f"Greeting of {cell.plugin}" in browser.page.text) is (cell.fault == "deletedlater")


def _command(cell: Cell, tenant: Tenant, folder: Path) -> None:
    settings = tenant.host.settings
    ccm = Program(settings.data_dir, settings={"PYTHONPATH": str(folder), "CCM_BASE_URL": settings.base_url})
    sentence = ccm.refused(cell.plugin, "status", "--instance", tenant.name)
    assert cell.plugin in sentence
    if cell.fault == "deletedlater":
        assert "No module named" in sentence
    elif cell.fault != "missing":
        assert cell.reason in sentence
    assert "Traceback" not in sentence
    assert PASSWORD not in sentence
