# SPDX-License-Identifier: MIT
"""H22 to H30: a code counts once, in every place and process, and the server's clock alone tells its time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, running_host
from tests.functional.acts import events, snapshot
from tests.functional.phone import DISABLE, PERIOD, SETUP, Enrolled, begin_setup, enrol
from tests.hostile.acts import CHALLENGE, reasons, state
from tests.hostile.crowd import CROWD, at_both_workers

USED = "This login code has already been used. Please wait for the next code in the app."


def passes(erika: Enrolled, code: str) -> bool:
    """Whether a code signs in at a second dialog of its own."""
    browser = erika.at_second_dialog()
    browser.submit(CHALLENGE, code=code)
    return state(browser) == "active"


def assert_replayed(erika: Enrolled, browser: Browser, action: str, code: str, **more: str) -> None:
    """Send a used code: it is told to be used, changes nothing, and is recorded as a replay."""
    before, recorded = snapshot(erika.tenant), reasons(erika.tenant, "erika")
    browser.submit(action, code=code, **more)
    assert USED in [*browser.page.alerts, *browser.page.errors]
    assert snapshot(erika.tenant) == before
    assert reasons(erika.tenant, "erika") == ["replayed", *recorded]


def test_h22_the_code_of_one_login_is_refused_in_a_second_one_and_recorded_as_a_replay(erika: Enrolled) -> None:
    code = erika.phone.next_code()
    assert passes(erika, code)
    for typed in (code, f"{code[:3]} {code[3:]}"):
        browser = erika.at_second_dialog()
        assert_replayed(erika, browser, CHALLENGE, typed)
        assert state(browser) == "none"


def test_h23_one_code_in_twenty_pending_logins_at_once_on_both_workers_signs_in_once(erika: Enrolled) -> None:
    browsers = [erika.at_second_dialog() for _ in range(CROWD)]
    code = erika.phone.next_code()
    statuses = at_both_workers(erika.tenant.host, browsers, lambda browser: browser.submit(CHALLENGE, code=code))
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 401, 429}
    assert sorted(map(state, browsers)) == ["active"] + ["none"] * (CROWD - 1)
    assert len(events(erika.tenant, "login.succeeded")) == 2  # the other one is that of the set-up


def test_h24_the_code_that_confirmed_the_setup_works_nowhere_else_in_its_step(erika: Enrolled) -> None:
    code = erika.phone.code()
    login = erika.at_second_dialog()
    assert_replayed(erika, login, CHALLENGE, code)
    assert state(login) == "none"
    for path, more in ((DISABLE, {}), ("/confirm", {"password": PASSWORD})):
        erika.browser.get(path)
        assert_replayed(erika, erika.browser, path, code, **more)
    assert passes(erika, erika.phone.next_code())


def test_h25_the_code_of_the_login_neither_confirms_nor_disables_but_the_next_one_does(erika: Enrolled) -> None:
    browser = erika.log_in()
    code = erika.phone.code()
    browser.get("/confirm?next=/account")
    assert_replayed(erika, browser, "/confirm", code, password=PASSWORD)
    browser.submit("/confirm", password=PASSWORD, code=erika.phone.next_code())
    assert browser.path == "/account"
    browser.get(DISABLE)
    assert_replayed(erika, browser, DISABLE, erika.phone.code())
    browser.submit(DISABLE, code=erika.phone.next_code())
    assert browser.page.alerts == ["2-factor authentication successfully disabled."]


def test_h25_the_code_that_disabled_sets_no_new_phone_up_and_opens_no_other_dialog(erika: Enrolled) -> None:
    browser, waiting = erika.browser, erika.at_second_dialog()
    browser.get(DISABLE)
    code = erika.phone.next_code()
    browser.submit(DISABLE, code=code)
    waiting.submit(CHALLENGE, code=code)
    assert (waiting.path, state(waiting)) == ("/login", "none")
    begin_setup(erika.tenant, browser)
    browser.submit(SETUP, code=code)
    assert browser.response.status_code == 400


def test_h26_the_step_before_counts_once_and_no_more_once_a_later_one_was_used(erika: Enrolled) -> None:
    erika.tenant.host.clock.move(2 * PERIOD)
    before, now = erika.phone.code(steps=-1), erika.phone.code()
    assert [passes(erika, code) for code in (before, now, before, now)] == [True, True, False, False]
    assert reasons(erika.tenant, "erika") == ["replayed", "replayed"]


def test_h26_the_later_step_first_leaves_the_step_before_useless(erika: Enrolled) -> None:
    erika.tenant.host.clock.move(2 * PERIOD)
    before, now = erika.phone.code(steps=-1), erika.phone.code()
    assert [passes(erika, code) for code in (now, before)] == [True, False]
    assert reasons(erika.tenant, "erika") == ["replayed"]


def test_h27_two_steps_away_is_too_far_and_one_step_ahead_counts_once(erika: Enrolled) -> None:
    clock = erika.tenant.host.clock
    clock.move(3 * PERIOD)
    assert not passes(erika, erika.phone.code(steps=-2))
    assert not passes(erika, erika.phone.code(steps=2))
    ahead = erika.phone.code(steps=1)
    assert passes(erika, ahead)
    for _ in range(2):  # it is the current step, then the one before
        clock.move(PERIOD)
        assert not passes(erika, ahead)
    assert reasons(erika.tenant, "erika") == ["replayed", "replayed", "wrong", "wrong"]
    assert passes(erika, erika.phone.code())


def test_h28_a_clock_that_is_moved_back_revives_no_code(erika: Enrolled) -> None:
    clock = erika.tenant.host.clock
    clock.move(10 * PERIOD)
    used = erika.phone.code()
    assert passes(erika, used)
    clock.move(-300)
    shown = [erika.phone.code(steps=steps) for steps in (-1, 0, 1)]
    assert [passes(erika, code) for code in (used, *shown)] == [False] * 4
    clock.move(300)
    assert not passes(erika, used)
    clock.move(PERIOD)  # the five refusals have paused the codes for half a minute
    assert passes(erika, erika.phone.code())


def test_h28_a_clock_that_is_moved_back_prolongs_no_pending_login_that_was_used(erika: Enrolled) -> None:
    browser = erika.at_second_dialog()
    form, cookies = browser.page.form(CHALLENGE).fields, dict(browser.cookies)
    browser.submit(CHALLENGE, code=erika.phone.next_code())
    assert state(browser) == "active"
    erika.tenant.host.clock.move(-200)
    browser.cookies = cookies
    browser.post(CHALLENGE, form | {"code": erika.phone.code(steps=8)})
    assert (browser.path, state(browser)) == ("/login", "none")


TIME_FIELDS = (
    "now",
    "time",
    "timestamp",
    "at",
    "t",
    "T0",
    "counter",
    "step",
    "window",
    "drift",
    "offset",
    "period",
    "tz",
)


@pytest.mark.parametrize("steps", [-2, 2])
def test_h29_no_header_field_or_cookie_of_the_client_moves_the_time(erika: Enrolled, steps: int) -> None:
    clock = erika.tenant.host.clock
    clock.move(3 * PERIOD)
    told = clock() + steps * PERIOD
    date = formatdate(told, usegmt=True)
    headers = dict.fromkeys(("Date", "If-Modified-Since", "If-Unmodified-Since", "X-Date", "X-Amz-Date"), date)
    headers |= dict.fromkeys(("X-Timezone", "Time-Zone", "Timezone", "X-Timezone-Offset"), "Pacific/Kiritimati")
    headers |= dict.fromkeys(("X-Timestamp", "X-Request-Start", "X-Now"), str(int(told)))
    fields = dict.fromkeys(TIME_FIELDS, str(int(told)))
    browser = erika.at_second_dialog()
    browser.cookies["tz"] = "Pacific/Kiritimati"
    form = browser.page.form(CHALLENGE).fields | fields
    browser.post(CHALLENGE, form | {"code": erika.phone.code(steps=steps)}, headers=headers)
    assert (browser.response.status_code, state(browser)) == (401, "none")
    browser.post(CHALLENGE, form | {"code": erika.phone.code()}, headers=headers)
    assert state(browser) == "active"


@contextmanager
def going_on(erika: Enrolled, folder: Path) -> Iterator[Enrolled]:
    """Start the server again on the same data, as after a crash of the machine or an upgrade."""
    with running_host(folder) as host:
        tenant = replace(erika.tenant, host=host)
        yield Enrolled(tenant, erika.name, tenant.browser(), replace(erika.phone, tenant=tenant))


def test_h30_a_used_code_is_dead_in_the_other_worker_process_and_after_a_restart(tmp_path: Path) -> None:
    with running_host(tmp_path) as host:
        tenant = host.tenant()
        tenant.activate("twofactor")
        tenant.add_user("erika")
        erika = enrol(tenant, "erika")
        host.deliver()
        code = erika.phone.next_code()
        with host.client_of_each_worker() as clients:
            first, second = erika.at_second_dialog(), erika.at_second_dialog()
            first.client, second.client = clients
            first.submit(CHALLENGE, code=code)
            assert state(first) == "active"
            assert_replayed(erika, second, CHALLENGE, code)
            waiting = erika.at_second_dialog()
    with going_on(erika, tmp_path) as again, again.tenant.host.client_of_each_worker() as clients:
        for client in clients:
            browser = again.at_second_dialog()
            browser.client = client
            assert_replayed(again, browser, CHALLENGE, code)
            assert state(browser) == "none"
        kept = again.tenant.browser()
        kept.cookies = dict(waiting.cookies)
        kept.get(CHALLENGE)
        assert_replayed(again, kept, CHALLENGE, code)
        kept.submit(CHALLENGE, code=again.phone.next_code())
        assert state(kept) == "active"
