# SPDX-License-Identifier: MIT
"""Published bypasses of other systems by a code or by guessing; each test bears the name of the published fault."""

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD
from tests.functional.acts import events
from tests.functional.phone import ACCOUNT, DISABLE, PERIOD, SETUP, Enrolled, begin_setup, enrol

CHALLENGE = "/login/challenge"
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def signed_in(browser: Browser) -> bool:
    return browser.send("GET", ACCOUNT).status_code == 200


def enter(erika: Enrolled, code: str) -> Browser:
    browser = erika.at_second_dialog()
    browser.submit(CHALLENGE, code=code)
    return browser


def guess(erika: Enrolled, times: int) -> Browser:
    browser = erika.at_second_dialog()
    for _ in range(times):
        browser.submit(CHALLENGE, code=erika.phone.code(steps=9))
    return browser


def test_cve_2015_7225_a_code_is_accepted_once(erika: Enrolled) -> None:
    code = erika.phone.next_code()
    assert signed_in(enter(erika, code))
    assert not signed_in(enter(erika, code))


def test_devise_two_factor_80_a_used_code_stays_used_while_it_would_still_be_in_time(erika: Enrolled) -> None:
    older = erika.phone.next_code()
    erika.tenant.host.clock.move(PERIOD)
    assert signed_in(enter(erika, older))
    assert not signed_in(enter(erika, older))
    erika.tenant.host.clock.move(PERIOD - 1)
    assert not signed_in(enter(erika, older))


def test_devise_two_factor_pr_301_the_step_that_was_matched_is_kept_and_not_the_clock_s(erika: Enrolled) -> None:
    clock = erika.tenant.host.clock
    older = erika.phone.next_code()
    clock.move(PERIOD)
    assert signed_in(enter(erika, older))
    assert signed_in(enter(erika, erika.phone.code()))
    ahead = erika.phone.code(steps=1)
    assert signed_in(enter(erika, ahead))
    clock.move(PERIOD)
    assert not signed_in(enter(erika, ahead))


def test_cve_2025_69197_a_code_that_was_used_anywhere_is_used_everywhere(erika: Enrolled) -> None:
    browser = erika.log_in()
    used = erika.phone.code()
    browser.get(DISABLE)
    browser.submit(DISABLE, code=used)
    assert browser.response.status_code == 400
    fresh = erika.phone.next_code()
    erika.tenant.host.clock.move(20)
    browser.get("/confirm")
    browser.submit("/confirm", password=PASSWORD, code=fresh)
    browser.get(DISABLE)
    browser.submit(DISABLE, code=fresh)
    assert browser.response.status_code == 400
    assert not signed_in(enter(erika, fresh))


@pytest.mark.parametrize("change", [" {} ", "{}\t", "00{}", "+{}"])
def test_cve_2025_6014_a_used_code_in_another_spelling_is_used(erika: Enrolled, change: str) -> None:
    code = erika.phone.next_code()
    assert signed_in(enter(erika, code))
    for text in (code, code.translate(ARABIC), code.translate(WIDE), f"{code[:3]} {code[3:]}"):
        assert not signed_in(enter(erika, change.format(text)))


def test_hanko_pr_2723_the_code_of_the_set_up_is_none_of_the_first_login(erika: Enrolled) -> None:
    assert not signed_in(enter(erika, erika.phone.code()))
    assert events(erika.tenant, "code.refused")[0]["reason"] == "replayed"


def test_cve_2025_64175_a_code_of_another_account_is_refused(erika: Enrolled) -> None:
    erika.tenant.add_user("otto")
    otto = enrol(erika.tenant, "otto")
    assert not signed_in(enter(erika, otto.phone.next_code()))
    assert signed_in(enter(otto, otto.phone.code()))


def test_django_two_factor_auth_473_right_codes_use_up_nothing(erika: Enrolled) -> None:
    for _ in range(12):
        assert signed_in(enter(erika, erika.phone.next_code()))
    assert signed_in(enter(erika, erika.phone.next_code()))


def test_cve_2021_32678_every_form_that_takes_a_code_counts_wrong_ones(erika: Enrolled) -> None:
    stale = erika.log_in()
    erika.tenant.host.clock.move(900)
    fresh = erika.log_in()
    stale.get("/confirm")
    for _ in range(2):
        stale.submit("/confirm", password=PASSWORD, code=erika.phone.code(steps=9))
        fresh.get(DISABLE)
        fresh.submit(DISABLE, code=erika.phone.code(steps=9))
    guess(erika, 1)
    assert enter(erika, erika.phone.code(steps=1)).response.status_code == 429


def test_ghsa_fgfv_pv97_6cmj_a_wrong_code_is_counted_although_the_login_fails(erika: Enrolled) -> None:
    for _ in range(5):
        guess(erika, 1)
    assert enter(erika, erika.phone.code(steps=1)).response.status_code == 429


def test_cve_2024_0227_after_the_last_guess_the_right_code_is_refused_too(erika: Enrolled) -> None:
    browser = guess(erika, 5)
    assert browser.page.form("/login").buttons == ["Log in"]
    refused = enter(erika, erika.phone.code(steps=1))
    assert refused.response.status_code == 429
    assert not signed_in(refused)


def test_caddy_security_271_and_keycloak_26180_beginning_anew_lifts_no_pause(erika: Enrolled) -> None:
    guess(erika, 5)
    for _ in range(3):
        assert enter(erika, erika.phone.code(steps=1)).response.status_code == 429


def test_allauth_65_8_1_a_success_of_the_attacker_s_own_frees_no_other_account(erika: Enrolled) -> None:
    erika.tenant.add_user("otto")
    for _ in range(5):
        erika.tenant.browser("erika", "a wrong password, long enough")
    assert erika.tenant.browser("otto").path == "/"
    assert erika.tenant.browser("erika", "a wrong password, long enough").response.status_code == 429


def test_cve_2026_9798_and_16103_the_pause_counts_when_the_code_is_entered_and_not_when_the_login_began(
    erika: Enrolled,
) -> None:
    waiting = erika.at_second_dialog()
    guess(erika, 5)
    waiting.submit(CHALLENGE, code=erika.phone.code(steps=1))
    assert waiting.response.status_code == 429
    assert not signed_in(waiting)


def test_weblate_pr_21376_a_code_with_leading_zeros_is_a_code(erika: Enrolled) -> None:
    phone, clock = erika.phone, erika.tenant.host.clock
    steps = next(steps for steps in range(2, 2000) if phone.code(steps=steps).startswith("0"))
    clock.move(steps * PERIOD)
    code = phone.code()
    assert code.startswith("0")
    assert not signed_in(enter(erika, code.lstrip("0")))
    assert signed_in(enter(erika, code))


def test_weblate_pr_21376_a_new_password_ends_the_login_that_waits_for_a_code(erika: Enrolled) -> None:
    waiting = erika.at_second_dialog()
    owner = erika.log_in()
    owner.get(ACCOUNT)
    new = "a quite different staple"
    owner.submit(f"{ACCOUNT}/password", current_password=PASSWORD, new_password=new, repeat_password=new)
    waiting.submit(CHALLENGE, code=erika.phone.next_code())
    assert not signed_in(waiting)


def test_cve_2024_21722_a_change_of_the_factor_ends_the_other_sessions(erika: Enrolled) -> None:
    other, own = erika.log_in(), erika.log_in()
    own.get(DISABLE)
    own.submit(DISABLE, code=erika.phone.next_code())
    assert not signed_in(other)
    assert signed_in(own)
    other = erika.tenant.browser("erika")
    assert signed_in(other)
    phone = begin_setup(erika.tenant, own)
    own.submit(SETUP, code=phone.code())
    assert not signed_in(other)
    assert signed_in(own)
