# SPDX-License-Identifier: MIT
"""Every hook with every fault: who is refused, who is not, what is seen, and where it is written down."""

from pathlib import Path

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Tenant
from tests.functional.acts import events, snapshot
from tests.hostile.faulty.acts import (
    CANNOT_ASK,
    CHALLENGE,
    Workers,
    assert_written_down,
    at_worker,
    bind,
    load_everywhere,
)
from tests.hostile.faulty.matrix import CELLS, FAILING, HOOKS, NOT_APPLICABLE, PARTS, UNLOADABLE, WORD, Cell
from tests.hostile.faulty.plugins import delete
from tests.hostile.faulty.surfaces import assert_no_inside, visit

MOST_SECONDS = 30
"""What a busy machine makes at most of the five seconds that a check has."""
CANNOT_JUDGE = "Signing in with this second factor is not possible at the moment. Please ask your administrator."


ONE_NODE = pytest.mark.one_node("asks a process that loaded a plugin before it was deleted; the proxy asks any")


def each(*faults: str) -> pytest.MarkDecorator:
    """Run a test for the cells of some faults."""
    cells = [cell for cell in CELLS if cell.fault in faults]
    params = [
        pytest.param(cell, id=f"{cell.part}-{cell.fault}", marks=[ONE_NODE] if cell.fault == "deletedlater" else [])
        for cell in cells
    ]
    return pytest.mark.parametrize("cell", params)


def test_every_hook_is_in_the_matrix_with_every_fault_or_a_reason_why_not() -> None:
    assert set(PARTS.values()) == HOOKS
    faults = {**UNLOADABLE, **FAILING}
    assert {(part, fault) for part in PARTS for fault in faults} >= set(NOT_APPLICABLE)
    assert len(CELLS) + len(NOT_APPLICABLE) == len(PARTS) * len(faults)


def prepare(cell: Cell, tenant: Tenant, workers: Workers, folder: Path) -> None:
    """Bind erika to the cell's plugin, and delete its folder where that is the fault."""
    if cell.fault == "deletedfirst":
        delete(folder, cell.plugin)
    bind(tenant, cell.plugin)
    if cell.fault == "deletedlater":
        load_everywhere(tenant, cell.plugin, workers)
        delete(folder, cell.plugin)


def assert_nobody(browser: Browser, cell: Cell) -> None:
    assert (browser.session()["state"], "ccm_session" in browser.cookies) == ("none", False)
    assert_no_inside(browser, cell)


def assert_cannot_ask(browser: Browser, cell: Cell, tenant: Tenant) -> None:
    """There is no second dialog; and who answers all the same gets no further, unless a working check says so."""
    assert (browser.path, browser.response.status_code) == (CHALLENGE, 503)
    assert CANNOT_ASK in browser.page.text
    assert_nobody(browser, cell)
    assert_written_down(tenant, cell.plugin)
    fields = browser.page.form(CHALLENGE).fields | {
        "action": "",
        "factor": cell.plugin,
        "code": "guessed" if cell.judges else WORD,
    }
    browser.post(CHALLENGE, fields)
    assert browser.response.status_code == 503
    assert_nobody(browser, cell)


def assert_cannot_judge(browser: Browser, cell: Cell, tenant: Tenant) -> None:
    assert browser.response.status_code == 200
    browser.submit(CHALLENGE, code=WORD)
    assert (browser.response.status_code, browser.page.alerts) == (401, [CANNOT_JUDGE])
    assert browser.response.elapsed.total_seconds() < MOST_SECONDS
    assert_nobody(browser, cell)
    assert_written_down(tenant, cell.plugin)


def assert_erika_is_treated_as_the_contract_says(cell: Cell, tenant: Tenant, workers: Workers) -> None:
    before = snapshot(tenant)
    for client in workers[:1] if cell.fault == "hangs" else workers:  # each waits for five seconds
        browser = at_worker(tenant, client, "erika")
        if not cell.asks:
            assert_cannot_ask(browser, cell, tenant)
        elif not cell.passes:
            assert_cannot_judge(browser, cell, tenant)
        else:
            browser.submit(CHALLENGE, code=WORD)
            assert browser.session()["user"] == "erika"
            assert events(tenant, "login.succeeded")[0]["factor"] == cell.plugin
    if not cell.passes:
        assert snapshot(tenant)["enrolment"] == before["enrolment"]
        assert "erika" not in [entry["about"] for entry in events(tenant, "login.succeeded")]


def assert_everybody_else_signs_in(tenant: Tenant, workers: Workers) -> tuple[Browser, ...]:
    browsers = tuple(at_worker(tenant, *at) for at in zip(workers, ("otto", "admin"), strict=True))
    assert [(browser.path, browser.session()["user"]) for browser in browsers] == [("/", "otto"), ("/", "admin")]
    return browsers


def assert_the_administrator_sees_it(cell: Cell, tenant: Tenant, admin: Browser) -> None:
    admin.get("/admin/plugins")
    assert "is not installed" in admin.page.text if cell.fault == "missing" else "broken" in admin.page.text
    assert cell.reason in admin.page.text
    admin.get(f"/admin/plugins/{cell.plugin}")
    assert cell.reason in admin.page.text
    hooks = {recorded.hook for recorded in tenant.host.parts.faults.of(cell.plugin)}
    assert (cell.hook if cell.fault != "missing" else "ccm_login_challenge") in hooks
    assert cell.plugin in tenant.instance.active


@each(*UNLOADABLE, *(fault for fault in FAILING if fault != "changes"))
def test_a_fault_refuses_whom_it_concerns_and_nobody_else_and_is_seen_and_written_down(
    tenant: Tenant, workers: Workers, folder: Path, cell: Cell
) -> None:
    prepare(cell, tenant, workers, folder)
    assert_erika_is_treated_as_the_contract_says(cell, tenant, workers)
    otto, admin = assert_everybody_else_signs_in(tenant, workers)
    visit(cell, tenant, folder, otto, admin)
    assert_the_administrator_sees_it(cell, tenant, admin)
