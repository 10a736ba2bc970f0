# SPDX-License-Identifier: MIT
"""Many people at once, on two worker processes and one database file."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain
from threading import Barrier

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant
from ccm_core.testing.serving import WORKER_HEADER
from tests.functional.acts import SECRET, account, enrol, events
from tests.functional.phone import DISABLE, SETUP, Enrolled, Phone, begin_setup

CROWD = 20
CHALLENGE = "/login/challenge"


@pytest.fixture(scope="module")
def host(hashing_host: Host) -> Host:
    """Here the work of a hash counts."""
    return hashing_host


def all_at_once(browsers: Sequence[Browser], act: Callable[[Browser], object]) -> list[int]:
    """Let every browser act at the same moment; returns the last statuses."""
    barrier = Barrier(len(browsers))

    def one(browser: Browser) -> int:
        barrier.wait(30)
        act(browser)
        return browser.response.status_code

    with ThreadPoolExecutor(len(browsers)) as pool:
        return list(pool.map(one, browsers))


@pytest.fixture
def crowd(tenant: Tenant) -> list[str]:
    names = [f"person{number}" for number in range(CROWD)]
    for name in names:
        tenant.add_user(name)
    return names


def test_twenty_people_sign_in_at_once(tenant: Tenant, crowd: list[str]) -> None:
    browsers = [tenant.browser() for _ in crowd]
    names = dict(zip(browsers, crowd, strict=True))
    with ExitStack() as stack:  # left to the kernel, nearly all may go to one worker
        pairs = [stack.enter_context(tenant.host.client_of_each_worker()) for _ in range(CROWD // 2)]
        for browser, client in zip(browsers, chain.from_iterable(pairs), strict=True):
            browser.client = client
        statuses = all_at_once(browsers, lambda browser: browser.log_in(names[browser], PASSWORD))
    assert statuses == [200] * CROWD
    assert {browser.path for browser in browsers} == {"/"}
    assert len({browser.response.headers[WORKER_HEADER] for browser in browsers}) >= 2
    assert len(events(tenant, "login.succeeded")) == CROWD


def test_twenty_people_enter_their_codes_at_once(protected: Tenant, crowd: list[str]) -> None:
    for name in crowd:
        enrol(protected, account(protected, name))
    browsers = [protected.browser(name) for name in crowd]
    code = Phone(protected, SECRET).code()
    statuses = all_at_once(browsers, lambda browser: browser.submit(CHALLENGE, code=code))
    assert statuses == [200] * CROWD
    assert {browser.path for browser in browsers} == {"/"}


def test_one_code_in_twenty_requests_at_once_signs_in_once(erika: Enrolled) -> None:
    browsers = [erika.at_second_dialog() for _ in range(CROWD)]
    code = erika.phone.next_code()
    statuses = all_at_once(browsers, lambda browser: browser.submit(CHALLENGE, code=code))
    signed_in = [browser for browser in browsers if browser.session()["state"] == "active"]
    assert len(signed_in) == 1
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 401, 429}
    assert len(events(erika.tenant, "login.succeeded")) == 2


def test_one_pending_login_in_twenty_requests_at_once_makes_one_session(erika: Enrolled) -> None:
    first = erika.at_second_dialog()
    code = erika.phone.next_code()
    browsers = [copied(first) for _ in range(CROWD)]
    all_at_once(browsers, lambda browser: browser.submit(CHALLENGE, code=code))
    assert len([browser for browser in browsers if browser.session()["state"] == "active"]) == 1


def test_one_unlocking_of_twenty_at_once_wins_and_the_session_lives(erika: Enrolled) -> None:
    browser = erika.log_in()
    browser.get("/")
    erika.tenant.host.clock.move(1800)
    copies = [copied(browser) for _ in range(4)]
    answers: dict[Browser, int] = {}

    def unlock(copy: Browser) -> None:
        answers[copy] = copy.unlock(PASSWORD).status_code

    all_at_once(copies, unlock)
    winners = [copy for copy in copies if copy.session()["state"] == "active"]
    assert sorted(answers.values()) == [200, 403, 403, 403]
    assert [answers[copy] for copy in winners] == [200]


def test_one_code_disables_once_and_signs_in_not_at_all_or_the_other_way_round(erika: Enrolled) -> None:
    login, browser = erika.at_second_dialog(), erika.browser
    browser.get(DISABLE)
    code = erika.phone.next_code()

    def act(one: Browser) -> None:
        one.submit(DISABLE if one is browser else CHALLENGE, code=code)

    all_at_once([login, browser], act)
    disabled = browser.path != DISABLE
    assert (login.session()["state"] == "active") != disabled
    assert (erika.at_second_dialog().path == "/") == disabled


def test_signing_in_while_the_phone_is_set_up_leaves_no_session_without_the_code(protected: Tenant) -> None:
    browser = protected.browser("erika")
    phone = begin_setup(protected, browser)
    others = [protected.browser() for _ in range(7)]
    for other in others:
        other.get("/login")
    code = phone.code()

    def act(one: Browser) -> None:
        if one is browser:
            one.submit(SETUP, code=code)
        else:
            one.submit("/login", username="erika", password=PASSWORD)

    all_at_once([browser, *others], act)
    assert browser.page.alerts == ["2-factor authentication successfully enabled."]
    assert {other.session()["state"] for other in others} == {"none"}


def test_twenty_requests_for_a_new_password_at_once_are_all_kept(tenant: Tenant) -> None:
    browsers = [tenant.browser() for _ in range(CROWD)]
    for browser in browsers:
        browser.get("/password/forgot")
    statuses = all_at_once(browsers, lambda browser: browser.submit("/password/forgot", username="erika"))
    assert statuses == [200] * CROWD
    assert len(tenant.mails("erika")) == 3


def copied(browser: Browser) -> Browser:
    """Return another program with the cookies and the page of a browser."""
    copy = Browser(browser.origin, browser.client)
    copy.cookies, copy.page = dict(browser.cookies), browser.page
    return copy
