# SPDX-License-Identifier: MIT
"""H55 to H60, H62, H64 to H66: setting the second factor up and disabling it, otherwise than meant."""

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import SECRET, asked, events, post, snapshot
from tests.functional.phone import ACCOUNT, DISABLE, SETUP, Enrolled, Phone, begin_setup, enrol
from tests.functional.test_concurrent_sign_ins import copied
from tests.functional.test_independence import NEW
from tests.hostile.acts import CHALLENGE, reasons, state, wrong
from tests.hostile.crowd import CROWD, at_both_workers
from tests.hostile.routes import token_of

BEGIN = f"{SETUP}/begin"
OVER = "This set-up has ended without being finished. Please start it again."


def refusals(tenant: Tenant) -> list[tuple[object, object]]:
    """Return for what and why codes were refused, first to last."""
    return [(entry["purpose"], entry["reason"]) for entry in reversed(events(tenant, "code.refused"))]


def test_h55_of_two_set_ups_only_the_secret_of_the_second_counts(protected: Tenant) -> None:
    browser = protected.browser("erika")
    first, second = begin_setup(protected, browser), begin_setup(protected, browser)
    assert first.secret != second.secret
    before = snapshot(protected)
    browser.submit(SETUP, code=first.code())
    assert browser.response.status_code == 400
    assert refusals(protected) == [("setup", "wrong")]
    assert len(before["enrolment"]) == len(snapshot(protected)["enrolment"]) == 1
    assert protected.browser("erika").path == "/"
    browser.submit(SETUP, code=second.code())
    assert protected.browser("erika").path == CHALLENGE


NAMES = ("secret", "key", "seed", "data", "totp_secret", "uri")
OTHER = {"digits": "1", "algorithm": "SHA256", "period": "86400", "counter": "-1", "window": "99", "type": "hotp"}


def test_h56_secret_digits_algorithm_and_period_are_never_taken_from_the_browser(protected: Tenant) -> None:
    browser, own = protected.browser("erika"), dict.fromkeys(NAMES, SECRET) | OTHER
    browser.get(ACCOUNT)
    browser.submit(BEGIN, **own)
    assert browser.path == SETUP
    phone = Phone(protected, browser.page.value("Secret key"))
    assert phone.secret != SECRET
    for code in (Phone(protected, SECRET).code(), phone.code()[-1], phone.code(steps=9)):
        browser.submit(SETUP, code=code, **own)
        assert browser.response.status_code == 400
        assert [browser.page.value(label) for label in ("Secret key", "Digits")] == [phone.secret, "6"]
    assert refusals(protected) == [("setup", "wrong")] * 3
    browser.submit(SETUP, code=phone.code(), **own)
    assert browser.page.alerts == ["2-factor authentication successfully enabled."]
    login = protected.browser("erika")
    protected.host.clock.to_step_start()
    for code, signed_in in ((Phone(protected, SECRET).code(), "none"), (phone.code(), "active")):
        login.submit(CHALLENGE, code=code, **own)
        assert state(login) == signed_in


def test_h57_a_set_up_that_is_never_finished_keeps_nobody_out(protected: Tenant) -> None:
    browser = protected.browser("erika")
    for _ in range(3):
        begin_setup(protected, browser)
        browser.submit("/logout")
        browser.log_in("erika", PASSWORD)
        assert (browser.path, state(browser)) == ("/", "active")
    assert events(protected, "factor.enabled") == []


def test_h58_nobody_who_has_an_app_begins_another_set_up(erika: Enrolled) -> None:
    browser, before = erika.browser, snapshot(erika.tenant)
    for path in (BEGIN, SETUP):
        post(browser, path, code=erika.phone.next_code())
        assert browser.path == ACCOUNT
    browser.get(SETUP)
    assert browser.path == ACCOUNT
    assert snapshot(erika.tenant) == before
    assert len(events(erika.tenant, "factor.setup_begun")) == 1
    erika.log_in()


def test_h58_a_set_up_that_another_session_finishes_first_is_over(protected: Tenant) -> None:
    slow = protected.browser("erika")
    phone = begin_setup(protected, slow)
    winner = enrol(protected, "erika")
    slow.submit(SETUP, code=phone.code())
    assert (slow.path, state(slow)) == ("/login", "none")
    assert len(snapshot(protected)["enrolment"]) == 1
    winner.log_in()


def test_h59_five_wrong_codes_throw_the_secret_away(protected: Tenant) -> None:
    browser = protected.browser("erika")
    phone = begin_setup(protected, browser)
    kept = copied(browser)
    for _ in range(5):
        browser.submit(SETUP, code=phone.code(steps=9))
    assert (browser.path, browser.page.alerts) == (ACCOUNT, [OVER])
    assert snapshot(protected)["enrolment"] == []
    kept.submit(SETUP, code=phone.code())
    assert kept.page.alerts == [OVER]
    assert refusals(protected) == [("setup", "wrong")] * 5
    assert protected.browser("erika").path == "/"


def test_h59_of_twenty_wrong_codes_at_once_five_are_looked_at(protected: Tenant) -> None:
    browser = protected.browser("erika")
    phone = begin_setup(protected, browser)
    code = phone.code(steps=9)
    at_both_workers(protected.host, [copied(browser) for _ in range(CROWD)], lambda tab: tab.submit(SETUP, code=code))
    assert refusals(protected).count(("setup", "wrong")) == 5
    assert snapshot(protected)["enrolment"] == []


def test_h60_of_concurrent_confirmations_one_counts_and_one_row_is_left(protected: Tenant) -> None:
    browser = protected.browser("erika")
    phone = begin_setup(protected, browser)
    tabs, code = [copied(browser) for _ in range(4)], phone.code()
    at_both_workers(protected.host, tabs, lambda tab: tab.submit(SETUP, code=code))
    assert len(snapshot(protected)["enrolment"]) == len(events(protected, "factor.enabled")) == 1
    assert sorted(state(tab) for tab in tabs) == ["active", "none", "none", "none"]
    assert len(protected.mails("erika")) == 1


def test_h60_ten_minutes_and_a_second_after_it_began_a_set_up_is_over(protected: Tenant) -> None:
    browser = protected.browser("erika")
    phone = begin_setup(protected, browser)
    protected.host.clock.move(601)
    browser.submit(SETUP, code=phone.code())
    assert (browser.path, browser.page.alerts) == (ACCOUNT, [OVER])
    assert events(protected, "factor.enabled") == []
    assert protected.browser("erika").path == "/"


def named(tenant: Tenant, name: str) -> dict[str, str]:
    """Return every field by which a form might name somebody."""
    found = tenant.host.parts.users.find(tenant.instance, name)
    assert found is not None
    ids = dict.fromkeys(("id", "user", "user_id", "uid", "enrolment", "subject"), str(found.id))
    return ids | dict.fromkeys(("username", "name", "account", "email"), name)


def test_h62_another_s_name_or_number_sets_up_and_disables_for_oneself_alone(erika: Enrolled) -> None:
    tenant = erika.tenant
    tenant.add_user("otto")
    mallory = tenant.browser("otto")
    other = named(tenant, "erika")
    mallory.get(ACCOUNT, params=other)
    mallory.submit(BEGIN, **other)
    phone = Phone(tenant, mallory.page.value("Secret key"))
    assert phone.secret != erika.phone.secret
    mallory.get(SETUP, params=other)
    assert mallory.page.value("Secret key") == phone.secret
    mallory.submit(SETUP, **other, code=phone.code())
    assert [entry["about"] for entry in events(tenant, "factor.enabled")] == ["otto", "erika"]
    mallory.get(DISABLE, params=other)
    tenant.host.clock.to_step_start()
    mallory.submit(DISABLE, **other, code=erika.phone.code())
    assert mallory.response.status_code == 400
    mallory.submit(DISABLE, **other, code=phone.code())
    assert [entry["about"] for entry in events(tenant, "factor.disabled")] == ["otto"]
    assert state(erika.browser) == "active"
    assert erika.at_second_dialog().path == CHALLENGE


def test_h62_the_list_of_sessions_shows_and_ends_one_s_own_alone(tenant: Tenant) -> None:
    erika, erikas_other, admin, other = (tenant.browser(name) for name in ("erika", "erika", "admin", "admin"))
    admin.get(ACCOUNT)
    number = next(form.fields["session"] for form in admin.page.forms if "session" in form.fields)
    erika.get(ACCOUNT, params=named(tenant, "admin"))
    assert [form.fields["session"] for form in erika.page.forms if "session" in form.fields] != [number]
    post(erika, f"{ACCOUNT}/sessions", **named(tenant, "admin"), session=number)
    assert erika.response.status_code == 404
    erika.get(ACCOUNT)
    post(erika, f"{ACCOUNT}/sessions", **named(tenant, "admin"), all="1")
    assert [state(one) for one in (erika, erikas_other, admin, other)] == ["active", "none", "active", "active"]


CHANGES = {
    BEGIN: {},
    SETUP: {"code": "123456"},
    DISABLE: {"code": "123456"},
    "/logout": {},
    "/account/password": {"current_password": PASSWORD, "new_password": NEW, "repeat_password": NEW},
    "/admin/plugins/twofactor/deactivate": {},
    "/admin/plugins/twofactor/activate": {},
}


@pytest.mark.parametrize("path", CHANGES)
def test_h64_without_the_page_s_own_token_nothing_is_changed(protected: Tenant, path: str) -> None:
    admin = enrol(protected, "admin").browser
    stranger, visitor = protected.browser("erika"), protected.browser()
    visitor.get("/login")
    admin.get(ACCOUNT)
    before, code = snapshot(protected), admin.page.form("/logout").fields["page_token"]
    tokens = (None, "", "A" * 86, code[:-1], token_of(stranger), token_of(visitor), admin.cookies["ccm_session"])
    for token in tokens:
        fields = CHANGES[path] if token is None else {**CHANGES[path], "page_token": token}
        assert admin.send("POST", path, data=fields).status_code == 403, token
    assert snapshot(protected) == before
    assert state(admin) == "active"
    refused = [(entry["path"], entry["reason"]) for entry in events(protected, "request.refused")]
    assert refused == [(path, "page token")] * len(tokens)


def test_h65_neither_no_a_wrong_nor_a_used_code_disables(erika: Enrolled) -> None:
    browser = erika.log_in()
    before = snapshot(erika.tenant)
    browser.get(DISABLE)
    fields = {name: text for name, text in browser.page.form(DISABLE).fields.items() if name != "code"}
    for extra in ({}, {"code": ""}, {"code": wrong(erika)}, {"code": erika.phone.code()}):
        browser.post(DISABLE, fields | extra)
        assert browser.response.status_code == 400
    assert refusals(erika.tenant) == [("removal", reason) for reason in ("wrong", "wrong", "wrong", "replayed")]
    assert snapshot(erika.tenant) == before
    assert state(browser) == "active"


def test_h65_without_a_recent_password_the_code_alone_disables_nothing(erika: Enrolled) -> None:
    browser = erika.browser
    browser.get(DISABLE)
    before = snapshot(erika.tenant)
    erika.tenant.host.clock.move(900)
    browser.submit(DISABLE, code=erika.phone.code())
    assert asked(browser)
    for password in ("", "not the password"):
        browser.submit("/confirm", password=password, code=erika.phone.code())
        assert browser.response.status_code == 400
    browser.get(DISABLE)
    assert asked(browser)
    assert snapshot(erika.tenant) == before


def guess_at(browser: Browser, place: str, code: str) -> int:
    """Send a code to one of the places that take one in a session."""
    if place == DISABLE:
        browser.get(DISABLE)
        browser.submit(DISABLE, code=code)
    else:
        browser.get(place)
        browser.submit(place, password=PASSWORD, code=code)
    return browser.response.status_code


def test_h66_disabling_and_confirming_share_the_counter_of_the_login(erika: Enrolled) -> None:
    browser, login = erika.log_in(), erika.at_second_dialog()
    assert [guess_at(browser, place, wrong(erika)) for place in (DISABLE, "/confirm", DISABLE, "/confirm")] == [400] * 4
    login.submit(CHALLENGE, code=wrong(erika))
    erika.tenant.host.clock.move(29)
    right = erika.phone.code(steps=1)
    login.submit(CHALLENGE, code=right)
    assert (login.response.status_code, state(login)) == (429, "none")
    assert [guess_at(browser, place, right) for place in (DISABLE, "/confirm")] == [429] * 2
    assert reasons(erika.tenant, "erika") == ["wrong"] * 5
    assert erika.at_second_dialog().path == CHALLENGE
    erika.tenant.host.clock.move(1)
    login.submit(CHALLENGE, code=right)
    assert state(login) == "active"
