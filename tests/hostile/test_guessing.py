# SPDX-License-Identifier: MIT
"""H10 to H14: guessing between password and code is bounded for the account, however it is spread."""

from collections.abc import Iterator

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, running_host
from tests.functional.acts import events
from tests.functional.phone import ACCOUNT, Enrolled
from tests.functional.test_independence import NEW, reset
from tests.hostile.acts import CHALLENGE, NO_PENDING, reasons, starts_again, state, wrong
from tests.hostile.crowd import CROWD, at_both_workers


def test_h10_after_five_wrong_codes_no_right_one_passes_the_same_pending_login(erika: Enrolled) -> None:
    tenant, browser = erika.tenant, erika.at_second_dialog()
    form, cookies = browser.page.form(CHALLENGE).fields, dict(browser.cookies)
    for _ in range(5):
        browser.submit(CHALLENGE, code=wrong(erika))
        assert browser.response.status_code == 401
    for seconds in (0, 30):  # the pause of the account's codes, and its end
        tenant.host.clock.move(seconds)
        browser.cookies = dict(cookies)
        browser.post(CHALLENGE, form | {"code": erika.phone.code(steps=1)})
        assert starts_again(browser)
    assert reasons(tenant, "erika") == ["wrong"] * 5
    assert reasons(tenant, None) == [NO_PENDING] * 2
    browser.submit("/login", username="erika", password=PASSWORD)
    browser.submit(CHALLENGE, code=erika.phone.code(steps=1))
    assert state(browser) == "active"


def test_h11_twenty_pending_logins_at_once_give_an_account_five_guesses_not_a_hundred(erika: Enrolled) -> None:
    browsers = [erika.at_second_dialog() for _ in range(CROWD)]
    forms = {browser: browser.page.form(CHALLENGE).fields | {"code": wrong(erika)} for browser in browsers}
    statuses: list[int] = []

    def guess(browser: Browser) -> None:
        for _ in range(5):
            browser.post(CHALLENGE, forms[browser])
            statuses.append(browser.response.status_code)

    at_both_workers(erika.tenant.host, browsers, guess)
    assert sorted(statuses) == [401] * 5 + [429] * 95
    assert reasons(erika.tenant, "erika") == ["wrong"] * 5
    assert {state(browser) for browser in browsers} == {"none"}


def test_h12_the_right_password_between_wrong_codes_sets_no_counter_back(erika: Enrolled) -> None:
    browser = erika.at_second_dialog()
    for _ in range(4):
        browser.submit(CHALLENGE, code=wrong(erika))
        assert browser.response.status_code == 401
        browser.log_in("erika", PASSWORD)
    browser.submit(CHALLENGE, code=wrong(erika))
    browser.submit(CHALLENGE, code=erika.phone.code(steps=1))
    assert (browser.response.status_code, state(browser)) == (429, "none")


def test_h13_a_hundred_wrong_codes_stop_also_the_right_one_while_the_owner_goes_on(erika: Enrolled) -> None:
    tenant, clock = erika.tenant, erika.tenant.host.clock
    for number in range(100):
        if number == 99:
            owner = erika.log_in()
        guesser = erika.at_second_dialog()
        guesser.submit(CHALLENGE, code=wrong(erika))
        assert guesser.response.status_code == 401, number
        clock.move(900)
    guesser = erika.at_second_dialog()
    guesser.submit(CHALLENGE, code=erika.phone.code())
    assert (guesser.response.status_code, state(guesser)) == (429, "none")
    assert [entry["about"] for entry in events(tenant, "code.stopped")] == ["erika"]
    assert tenant.mails("erika")[-1]["Subject"] == "Wrong login codes for your account"
    owner.get(ACCOUNT)
    assert owner.response.status_code == 200
    reset(tenant, "erika")
    assert tenant.browser("erika", NEW).path == "/"


def test_h13_wrong_passwords_for_a_named_user_stop_nobody(erika: Enrolled) -> None:
    tenant = erika.tenant
    for number in range(30):
        stranger = tenant.browser()
        stranger.headers["X-Forwarded-For"] = f"192.0.{number}.1"
        stranger.log_in("erika", "not the password")
        assert stranger.response.status_code in {401, 429}
    assert stranger.response.status_code == 429
    erika.browser.get(ACCOUNT)
    assert erika.browser.response.status_code == 200
    erika.log_in()
    reset(tenant, "erika")
    assert tenant.browser("erika", NEW).path == "/"


FORGED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Via")


@pytest.fixture(scope="module")
def plain_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host with two worker processes and without a proxy."""
    with running_host(tmp_path_factory.mktemp("plain")) as running:
        yield running


def test_h14_fifty_forged_addresses_share_the_counter_of_the_password_where_no_proxy_is_configured(
    plain_host: Host,
) -> None:
    tenant = plain_host.tenant()
    tenant.add_user("erika")
    statuses = []
    for number in range(50):
        browser = tenant.browser()
        browser.headers |= {
            name: f"for=192.0.{number}.1" if name == "Forwarded" else f"192.0.{number}.1" for name in FORGED
        }
        browser.log_in("erika", "not the password")
        statuses.append(browser.response.status_code)
    assert statuses == [401] * 5 + [429] * 45
    assert {entry.network for entry in plain_host.parts.audit.entries(tenant.instance.id, event="login.refused")} == {
        "127.0.0.0/24"
    }


def test_h14_fifty_networks_share_the_counter_of_the_code_even_behind_a_trusted_proxy(erika: Enrolled) -> None:
    statuses = []
    browser = erika.at_second_dialog()
    for number in range(50):
        browser.headers["X-Forwarded-For"] = f"192.0.{number}.1"
        if number == 5:
            browser.log_in("erika", PASSWORD)
        browser.submit(CHALLENGE, code=wrong(erika))
        statuses.append(browser.response.status_code)
    assert statuses == [401] * 5 + [429] * 45
