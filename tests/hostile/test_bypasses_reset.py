# SPDX-License-Identifier: MIT
"""Published bypasses of other systems by a forgotten password; each test bears the name of the published fault."""

from collections.abc import Iterator

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from tests.functional.acts import account, link_in, post, snapshot
from tests.functional.phone import ACCOUNT, DISABLE, Enrolled

NEW = "a quite different staple"
MINUTES = 20


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host whose every time limit differs from the others, and whose resets keep the second factor."""
    settings = {"reset_seconds": str(60 * MINUTES), "login_seconds": "240", "session_idle_seconds": "2400"}
    with running_host(
        tmp_path_factory.mktemp("host"), reset_keeps_second_factor="true", trusted_proxies="127.0.0.1", **settings
    ) as running:
        yield running


def mailed_link(tenant: Tenant, name: str = "erika") -> str:
    browser = tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username=name)
    return link_in(tenant.mails(name)[-1])


def save(tenant: Tenant, link: str, **fields: str) -> Browser:
    """Open a link in a new browser and save a new password."""
    browser = tenant.browser()
    browser.get(link)
    if browser.response.status_code == 200:
        browser.submit(link, new_password=NEW, repeat_password=NEW, **fields)
    return browser


def test_flask_security_258_a_reset_signs_nobody_in_and_the_login_still_asks_for_the_code(erika: Enrolled) -> None:
    browser = save(erika.tenant, mailed_link(erika.tenant), code=erika.phone.next_code())
    assert browser.path == "/login?done=password"
    assert "ccm_session" not in browser.cookies
    assert browser.send("GET", ACCOUNT).status_code == 303
    assert erika.tenant.browser("erika", NEW).path == "/login/challenge"


def test_cve_2026_18963_a_step_of_the_reset_cannot_be_left_out(erika: Enrolled) -> None:
    before = snapshot(erika.tenant)
    visitor = erika.tenant.browser()
    visitor.get("/password/forgot")
    token = visitor.page.form("/password/forgot").fields["page_token"]
    for path in (f"/password/reset/{'x' * 43}", "/password/reset/", "/password/reset"):
        fields = {"page_token": token, "new_password": NEW, "repeat_password": NEW, "username": "erika"}
        assert visitor.send("POST", path, data=fields).status_code == 404
    link = mailed_link(erika.tenant)
    assert save(erika.tenant, link).response.status_code == 400
    after = snapshot(erika.tenant)
    assert [after[table] for table in ("user", "enrolment")] == [before[table] for table in ("user", "enrolment")]


def test_cve_2026_28268_a_link_works_once(tenant: Tenant) -> None:
    link = mailed_link(tenant)
    assert save(tenant, link).path == "/login?done=password"
    assert save(tenant, link).response.status_code == 404


@pytest.mark.parametrize(("seconds", "works"), [(60 * MINUTES - 1, True), (60 * MINUTES, False)])
def test_cve_2026_52809_a_link_lives_as_long_as_its_own_setting_says(tenant: Tenant, seconds: int, works: bool) -> None:
    link = mailed_link(tenant)
    tenant.host.clock.move(seconds)
    assert save(tenant, link).response.status_code == (200 if works else 404)
    assert (tenant.browser("erika", PASSWORD).path == "/") is not works


def test_teampass_2172_nobody_removes_a_factor_without_a_code_or_an_administrator(erika: Enrolled) -> None:
    before = snapshot(erika.tenant)
    erika.tenant.add_user("otto")
    user = account(erika.tenant)
    visitor, half = erika.tenant.browser(), erika.at_second_dialog()
    visitor.get("/login")
    for browser, form in ((visitor, "/login"), (half, "/login/challenge")):
        token = browser.page.form(form).fields["page_token"]
        for path in (DISABLE, f"/admin/users/{user.id}/factors/reset"):
            fields = {"page_token": token, "username": "erika", "code": "", "plugin": "twofactor"}
            assert browser.send("POST", path, data=fields).status_code in {303, 403, 404}
    otto = erika.tenant.browser("otto")
    post(otto, f"/admin/users/{user.id}/factors/reset", plugin="twofactor")
    assert otto.response.status_code in {403, 404}
    mailed_link(erika.tenant)
    assert snapshot(erika.tenant)["enrolment"] == before["enrolment"]
    assert erika.at_second_dialog().path == "/login/challenge"
