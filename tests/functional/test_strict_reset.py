# SPDX-License-Identifier: MIT
"""Strict mode: a forgotten password is reset with a link and a code, and the second factor stays."""

from collections.abc import Iterator

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from tests.functional.acts import account, events, link_in
from tests.functional.phone import Enrolled

NEW = "a quite different staple"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("strict")
    in_process = request.config.getoption("--in-process")
    with running_host(folder, workers=1, in_process=in_process, reset_keeps_second_factor="true") as running:
        yield running


def opened(tenant: Tenant) -> tuple[Browser, str]:
    """Ask for a link and open it."""
    browser = tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")
    link = link_in(tenant.mails("erika")[-1])
    browser.get(link)
    return browser, link


def save(browser: Browser, link: str, code: str) -> None:
    browser.submit(link, new_password=NEW, repeat_password=NEW, code=code)


def test_the_pages_and_the_mail_announce_no_reset_of_the_second_factor(erika: Enrolled) -> None:
    text = erika.tenant.browser().get("/password/forgot").text
    assert "If your account asks for a login code, you also need one to set the new password." in text
    browser, _link = opened(erika.tenant)
    assert browser.page.alerts == []
    assert browser.page.value("Login code") == ""
    assert "second factor" not in erika.tenant.mails("erika")[-1].get_content()


def test_link_and_code_set_the_password_and_the_second_factor_stays(erika: Enrolled) -> None:
    browser, link = opened(erika.tenant)
    save(browser, link, erika.phone.next_code())
    assert browser.path == "/login?done=password"
    login = erika.tenant.browser("erika", NEW)
    assert login.path == "/login/challenge"
    login.submit("/login/challenge", code=erika.phone.next_code())
    assert login.path == "/"
    assert events(erika.tenant, "reset.password_set")[0]["factors_removed"] == 0


def test_a_wrong_or_used_code_changes_nothing_and_the_link_stays(erika: Enrolled) -> None:
    browser, link = opened(erika.tenant)
    for code in ("", erika.phone.code(), erika.phone.code(steps=9)):
        save(browser, link, code)
        assert browser.response.status_code == 400
        assert len(browser.page.alerts) == 1
    assert erika.at_second_dialog().path == "/login/challenge"
    save(browser, link, erika.phone.next_code())
    assert browser.path == "/login?done=password"


def test_a_form_that_leaves_the_code_out_changes_nothing(erika: Enrolled) -> None:
    browser, link = opened(erika.tenant)
    fields = browser.page.form(link).fields | {"new_password": NEW, "repeat_password": NEW}
    browser.post(link, {name: value for name, value in fields.items() if name not in {"code", "factor"}})
    assert browser.response.status_code == 400
    assert erika.at_second_dialog().path == "/login/challenge"


def test_codes_are_counted_with_those_of_the_login(erika: Enrolled) -> None:
    login = erika.at_second_dialog()
    for _ in range(2):
        login.submit("/login/challenge", code=erika.phone.code(steps=9))
    browser, link = opened(erika.tenant)
    for _ in range(3):
        save(browser, link, erika.phone.code(steps=9))
        assert browser.response.status_code == 400
    save(browser, link, erika.phone.code(steps=1))
    assert browser.response.status_code == 429
    assert int(browser.response.headers["Retry-After"]) <= 31


def test_once_codes_are_stopped_only_an_administrator_helps(erika: Enrolled) -> None:
    tenant = erika.tenant
    parts, clock, user = tenant.host.parts, tenant.host.clock, account(tenant).id
    with parts.database.write() as connection:
        for number in range(100):
            parts.factors.throttle.count_code(connection, user, clock() - 86400 + number * 1000)
    clock.move(7200 + 100_000)
    browser, link = opened(tenant)
    save(browser, link, erika.phone.code())
    assert browser.response.status_code == 429
    assert "Ask your administrator." in browser.page.alerts[0]


def test_without_a_second_factor_the_link_is_enough(tenant: Tenant) -> None:
    browser, link = opened(tenant)
    assert "code" not in browser.page.form(link).fields
    browser.submit(link, new_password=NEW, repeat_password=NEW)
    assert tenant.browser("erika", NEW).path == "/"
    assert tenant.browser("erika", PASSWORD).response.status_code == 401
