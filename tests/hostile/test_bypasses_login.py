# SPDX-License-Identifier: MIT
"""Published bypasses of other systems around the login; each test bears the name of the published fault."""

import base64

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD
from tests.databases import dump
from tests.functional.acts import account, approve, events, link_in, post
from tests.functional.phone import ACCOUNT, DISABLE, SETUP, Enrolled, begin_setup

CHALLENGE = "/login/challenge"


def signed_in(browser: Browser) -> bool:
    return browser.send("GET", ACCOUNT).status_code == 200


def wrong(erika: Enrolled) -> str:
    return erika.phone.code(steps=9)


@pytest.mark.parametrize("path", ["/", ACCOUNT, SETUP, DISABLE, "/admin/users", "/session"])
@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_cve_2026_45690_and_45691_a_waiting_login_opens_nothing_under_another_scheme(
    erika: Enrolled, path: str, scheme: str
) -> None:
    token = erika.at_second_dialog().cookies["ccm_login"]
    user = base64.b64encode(f"erika:{token}".encode()).decode()
    password = base64.b64encode(f"erika:{PASSWORD}".encode()).decode()
    visitor = erika.tenant.browser()
    for secret in (token, user, password):
        answer = visitor.send("GET", path, headers={"Authorization": f"{scheme} {secret}"})
        assert answer.status_code == (200 if path == "/session" else 303)
        assert "ccm_session" not in visitor.cookies
        assert visitor.session()["state"] == "none"


def test_cve_2026_48896_and_48897_no_step_is_skipped_repeated_or_taken_in_another_order(erika: Enrolled) -> None:
    visitor = erika.tenant.browser()
    visitor.get("/login")
    token = visitor.page.form("/login").fields["page_token"]
    visitor.post(CHALLENGE, {"page_token": token, "code": erika.phone.next_code()})
    assert not signed_in(visitor)
    back = erika.at_second_dialog()
    challenge = back.page.form(CHALLENGE).fields
    back.post(CHALLENGE, challenge | {"action": "back"})
    assert back.path == "/login"
    back.post(CHALLENGE, challenge | {"code": erika.phone.code()})
    assert not signed_in(back)
    twice = erika.at_second_dialog()
    page = twice.page
    twice.submit(CHALLENGE, code=erika.phone.next_code())
    assert signed_in(twice)
    twice.post(CHALLENGE, page.form(CHALLENGE).fields | {"code": erika.phone.code()})
    assert [entry["about"] for entry in events(erika.tenant, "login.succeeded")] == ["erika"] * 2


def test_allauth_64_1_0_logging_out_at_the_second_dialog_ends_the_waiting_login(erika: Enrolled) -> None:
    browser = erika.at_second_dialog()
    kept = dict(browser.cookies)
    fields = browser.page.form(CHALLENGE).fields
    browser.post("/logout", {"page_token": fields["page_token"]})
    browser.get("/login")
    again = erika.tenant.browser()
    again.cookies = kept
    again.post(CHALLENGE, fields | {"code": erika.phone.next_code()})
    assert not signed_in(again)


def test_cve_2026_7507_cookies_that_an_attacker_set_before_the_login_are_worth_nothing_after_it(
    erika: Enrolled,
) -> None:
    attacker = erika.tenant.browser()
    attacker.get("/login")
    attacker.cookies |= {"ccm_session": "A" * 43, "ccm_login": "B" * 43}
    victim = erika.tenant.browser()
    victim.cookies = dict(attacker.cookies)
    victim.log_in("erika", PASSWORD)
    assert not signed_in(attacker)
    victim.submit(CHALLENGE, code=erika.phone.next_code())
    assert signed_in(victim)
    assert not {"ccm_session", "ccm_login"} & {
        name for name, value in attacker.cookies.items() if victim.cookies.get(name) == value
    }
    assert not signed_in(attacker)


@pytest.mark.parametrize("name", ["skip", "skip_2fa", "skipEmailVerification", "verified", "otp_verified", "trusted"])
def test_cve_2026_22594_a_field_that_nobody_asked_for_changes_no_decision(erika: Enrolled, name: str) -> None:
    visitor = erika.tenant.browser()
    visitor.get("/login")
    visitor.submit("/login", username="erika", password=PASSWORD, **{name: "true"})
    assert visitor.path == CHALLENGE
    visitor.submit(CHALLENGE, code=wrong(erika), **{name: "true"})
    assert visitor.response.status_code == 401
    assert not signed_in(visitor)


def test_cve_2020_15105_nothing_that_is_kept_while_the_code_is_awaited_holds_password_or_secret(
    erika: Enrolled,
) -> None:
    erika.at_second_dialog()
    kept = dump(erika.tenant.host.parts.database)
    secret = base64.b32decode(erika.phone.secret)
    assert b"erika@example.org" in kept
    assert not [one for one in (PASSWORD.encode(), erika.phone.secret.encode(), secret) if one in kept]


def test_twofactor_email_pr_113_no_other_change_of_an_account_lowers_its_factor(erika: Enrolled) -> None:
    browser = erika.log_in()
    browser.get(ACCOUNT)
    browser.submit(ACCOUNT, first_name="", last_name="", company="", language="de")
    browser.submit(f"{ACCOUNT}/email", email="new@example.org")
    link = link_in(erika.tenant.mails("new@example.org")[-1])
    browser.get(link)
    browser.submit(link)
    user, admin = account(erika.tenant), erika.tenant.browser("admin")
    assert user.email == "new@example.org"
    for action, changed in (("disable", True), ("enable", False)):
        admin.get(f"/admin/users/{user.id}")
        post(admin, f"/admin/users/{user.id}/{action}")
        assert account(erika.tenant).disabled == changed
    admin.get(f"/admin/users/{user.id}")
    approve(admin, f"/admin/users/{user.id}/role", role="administrator")
    assert account(erika.tenant).administrator
    assert erika.at_second_dialog().path == CHALLENGE


def test_cve_2026_56256_what_the_pages_do_not_offer_is_refused_when_it_is_asked_for_directly(
    erika: Enrolled,
) -> None:
    half = erika.at_second_dialog()
    token = half.page.form(CHALLENGE).fields["page_token"]
    for path in (ACCOUNT, f"{ACCOUNT}/email", f"{ACCOUNT}/password", f"{SETUP}/begin", SETUP, DISABLE):
        answer = half.send("POST", path, data={"page_token": token, "email": "x@example.org"})
        assert answer.status_code in {303, 403}
    assert not signed_in(half)


def test_keycloak_2fa_email_pr_103_a_factor_does_not_count_before_its_code_was_entered(erika: Enrolled) -> None:
    erika.tenant.add_user("otto")
    begin_setup(erika.tenant, erika.tenant.browser("otto"))
    again = erika.tenant.browser("otto")
    assert again.path == "/"
    assert signed_in(again)


def test_clinch_5178cf3d_a_secret_that_the_browser_sends_is_not_taken(erika: Enrolled) -> None:
    erika.tenant.add_user("otto")
    browser = erika.tenant.browser("otto")
    begin_setup(erika.tenant, browser)
    browser.submit(SETUP, code=erika.phone.code(), secret=erika.phone.secret, key=erika.phone.secret)
    assert browser.response.status_code == 400
    assert erika.tenant.browser("otto").path == "/"


def test_cve_2021_23127_a_secret_has_160_bits(erika: Enrolled) -> None:
    assert len(base64.b32decode(erika.phone.secret)) == 20


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_flask_security_418_and_421_neither_the_secret_nor_a_login_is_had_from_another_site(
    erika: Enrolled, site: str
) -> None:
    erika.tenant.add_user("otto")
    browser = erika.tenant.browser("otto")
    browser.get(ACCOUNT)
    fields = browser.page.form(f"{SETUP}/begin").fields
    assert browser.send("POST", f"{SETUP}/begin", data=fields, headers={"Sec-Fetch-Site": site}).status_code == 403
    browser.get(SETUP)
    assert browser.path == ACCOUNT
    visitor = erika.tenant.browser()
    visitor.get("/login")
    fields = visitor.page.form("/login").fields | {"username": "otto", "password": PASSWORD}
    assert visitor.send("POST", "/login", data=fields, headers={"Sec-Fetch-Site": site}).status_code == 403
    assert "ccm_session" not in visitor.cookies
