# SPDX-License-Identifier: MIT
"""Guessing passwords: growing delays per account and network, per network, and per account over all networks."""

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant

WRONG = "not the password of anybody"
DAY = 86400


def at(tenant: Tenant, address: str) -> Browser:
    """Return a browser in another network, at the login page."""
    browser = tenant.browser()
    browser.headers["X-Forwarded-For"] = address
    browser.get("/login")
    return browser


def guess(browser: Browser, times: int = 1, name: str = "erika") -> None:
    for _ in range(times):
        browser.get("/login")
        browser.submit("/login", username=name, password=WRONG)


def try_right(browser: Browser, name: str = "erika") -> int:
    """Try the right password; the status tells whether it was looked at."""
    browser.get("/login")
    browser.submit("/login", username=name, password=PASSWORD)
    return browser.response.status_code


def pause(browser: Browser) -> int:
    return int(browser.response.headers["Retry-After"])


def test_five_wrong_passwords_are_free_and_the_next_attempt_waits(tenant: Tenant) -> None:
    browser = tenant.browser()
    guess(browser, 5)
    assert browser.response.status_code == 401
    assert try_right(browser) == 429
    assert pause(browser) == 2
    assert browser.page.alerts == ["Too many attempts. Please wait 2 seconds and try again."]
    assert browser.page.form("/login").buttons == ["Log in"]
    tenant.host.clock.move(1)
    assert try_right(browser) == 200


def test_every_further_wrong_password_doubles_the_delay_up_to_a_quarter_of_an_hour(tenant: Tenant) -> None:
    clock = tenant.host.clock
    browser = at(tenant, "192.0.2.1")
    guess(browser, 5)
    delays = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    for delay in delays:
        clock.move(delay - 0.5)
        guess(browser)
        assert browser.response.status_code == 429
        clock.move(0.5)
        guess(browser)
        assert browser.response.status_code == 401


def test_the_right_password_takes_the_counts_of_the_network_back(tenant: Tenant) -> None:
    browser = tenant.browser()
    for _ in range(3):
        guess(browser, 4)
        assert try_right(browser) == 200


def test_right_passwords_never_wait_however_many_come_in_a_minute(tenant: Tenant) -> None:
    browser = tenant.browser()
    assert {try_right(browser) for _ in range(35)} == {200}


def test_the_delay_holds_a_name_however_it_is_written(tenant: Tenant) -> None:
    browser = tenant.browser()
    guess(browser, 3)
    guess(browser, 2, "ERIKA")
    assert try_right(browser, "Erika ") == 429


def test_the_delay_does_not_tell_which_name_and_address_belong_together(tenant: Tenant) -> None:
    browser = tenant.browser()
    guess(browser, 5, "erika@example.org")
    assert try_right(browser, "erika") == 200


def test_the_delay_of_one_account_and_network_holds_no_other(tenant: Tenant) -> None:
    guess(at(tenant, "192.0.2.1"), 5)
    assert try_right(at(tenant, "192.0.2.200")) == 429
    assert try_right(at(tenant, "192.0.3.1")) == 200
    assert try_right(at(tenant, "192.0.2.1"), "admin") == 200


def test_ipv6_callers_are_one_network_up_to_64_bits(tenant: Tenant) -> None:
    guess(at(tenant, "2001:db8:1:1::1"), 5)
    assert try_right(at(tenant, "2001:db8:1:1:ffff::2")) == 429
    assert try_right(at(tenant, "2001:db8:1:2::1")) == 200


def test_an_unknown_name_is_answered_like_a_known_one(tenant: Tenant) -> None:
    known, unknown = tenant.browser(), tenant.browser()
    for _ in range(6):
        guess(known)
        guess(unknown, name="nobody")
        assert unknown.response.status_code == known.response.status_code
        assert unknown.page.text == known.page.text
    assert unknown.response.status_code == 429
    assert pause(unknown) == pause(known)


def test_a_network_may_be_wrong_thirty_times_a_minute(tenant: Tenant) -> None:
    browser = at(tenant, "192.0.2.1")
    for number in range(30):
        guess(browser, name=f"nobody{number}")
        assert browser.response.status_code == 401
    assert try_right(browser) == 429
    assert pause(browser) == 61
    assert try_right(at(tenant, "192.0.3.1")) == 200
    tenant.host.clock.move(60)
    assert try_right(browser) == 200


def test_an_account_under_attack_from_many_networks_waits_at_most_a_minute(tenant: Tenant) -> None:
    clock = tenant.host.clock
    for number in range(18):
        browser = at(tenant, f"192.0.{number}.1")
        guess(browser)
        assert browser.response.status_code == 401
        clock.move(60)
    clock.move(-1)
    assert try_right(at(tenant, "198.51.100.1")) == 429
    clock.move(1)
    assert try_right(at(tenant, "198.51.100.1")) == 200


def test_the_attack_does_not_hold_networks_from_which_the_user_signed_in_within_90_days(tenant: Tenant) -> None:
    clock = tenant.host.clock
    home = "198.51.100.1"
    assert try_right(at(tenant, home)) == 200
    clock.move(89 * DAY)
    guess_from_everywhere(tenant)
    assert try_right(at(tenant, "203.0.113.1")) == 429
    assert try_right(at(tenant, home)) == 200
    clock.move(91 * DAY)
    guess_from_everywhere(tenant)
    assert try_right(at(tenant, home)) == 429


def guess_from_everywhere(tenant: Tenant) -> None:
    for number in range(10):
        guess(at(tenant, f"192.0.{number}.1"))
