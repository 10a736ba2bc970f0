# SPDX-License-Identifier: MIT
"""H77 to H79: how long and how good a password is, that every letter of it counts, and who may change it."""

from collections.abc import Callable

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, asked, events, link_in, post, snapshot
from tests.functional.phone import ACCOUNT, Enrolled
from tests.functional.test_independence import NEW
from tests.hostile.acts import reasons, state, wrong

CHANGE = "/account/password"
ODD = "Zwölf Boxkämpfer jagen Eva quer über den Sylter Deich; "


def cut_to(length: int) -> str:
    """Return a password of so many code points."""
    return (ODD * 6)[:length]


FIT = {
    "15 code points": cut_to(15),
    "64 code points": cut_to(64),
    "256 code points": cut_to(256),
    "15 emoji": "🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🐦🐤🦆",
    "256 emoji": "".join(chr(0x1F400 + number % 200) for number in range(256)),
    "outer spaces": "   a long sentence   ",
    "markup": "<script>alert(1)</script> & '; --",
}
UNFIT = {
    "14 code points": (cut_to(14), "The password needs at least 15 characters."),
    "14 emoji": ("🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🐦🐤", "The password needs at least 15 characters."),
    "257 code points": (cut_to(257), "The password may have at most 256 characters."),
    "2000 code points": ((ODD * 40)[:2000], "The password may have at most 256 characters."),
    "2001 code points": ((ODD * 40)[:2001], "This is too long."),
}


def change(browser: Browser, new: str, current: str = PASSWORD) -> None:
    browser.get(ACCOUNT)
    browser.submit(CHANGE, current_password=current, new_password=new, repeat_password=new)


def signs_in(tenant: Tenant, password: str) -> bool:
    """Whether a password alone signs the user in; whoever tries waits first until no try holds another up."""
    tenant.host.clock.move(901)
    browser = tenant.browser("erika", password)
    assert browser.response.status_code in {200, 400, 401}
    return state(browser) == "active"


@pytest.mark.parametrize("kind", FIT)
def test_h77_what_fits_is_taken_as_it_is_and_counts_to_the_last_code_point(tenant: Tenant, kind: str) -> None:
    password, browser = FIT[kind], tenant.browser("erika")
    change(browser, password)
    assert browser.page.alerts == ["Your password was changed. Other sessions were ended."]
    assert signs_in(tenant, password)
    changed = {password[:-1], password[1:], password + "x", password[:-1] + "x", password.swapcase(), password.strip()}
    for other in changed - {password}:
        assert not signs_in(tenant, other), other


def test_h77_of_a_long_password_no_place_is_ignored(tenant: Tenant) -> None:
    """Other hashes look at 72 bytes, or at nothing after a NUL."""
    password = FIT["256 code points"]
    change(tenant.browser("erika"), password)
    for at in (71, 72, 73, 127, 128, 254, 255):
        assert not signs_in(tenant, password[:at] + "#" + password[at + 1 :]), at
        assert not signs_in(tenant, password[:at]), at
    assert signs_in(tenant, password)


@pytest.mark.parametrize("kind", UNFIT)
def test_h77_what_does_not_fit_is_refused_with_the_reason_and_changes_nothing(tenant: Tenant, kind: str) -> None:
    password, reason = UNFIT[kind]
    browser, before = tenant.browser("erika"), snapshot(tenant)
    change(browser, password)
    assert (browser.response.status_code, browser.page.errors[0]) == (400, reason)
    assert snapshot(tenant) == before
    assert not signs_in(tenant, password)


def test_h77_a_megabyte_is_refused_before_it_is_read(tenant: Tenant) -> None:
    browser, before = tenant.browser("erika"), snapshot(tenant)
    browser.get(ACCOUNT)
    huge = "x" * 2**20
    fields = browser.page.form(CHANGE).fields
    news = {"current_password": PASSWORD, "new_password": huge, "repeat_password": huge}
    assert browser.send("POST", CHANGE, data=fields | news).status_code == 413
    visitor = tenant.browser()
    visitor.get("/login")
    fields = visitor.page.form("/login").fields | {"username": "erika", "password": huge}
    assert visitor.send("POST", "/login", data=fields).status_code == 413
    assert snapshot(tenant) == before
    assert events(tenant, "login.refused") == []


LISTED = "This password is on the list of passwords that attackers try first. Choose another one."
KNOWN = "This password consists of a name or address that others know. Choose another one."
POOR = {
    "passwordpassword": LISTED,
    "PasswordPassword": LISTED,
    "passwortpasswort1": LISTED,
    "administrator123": LISTED,
    "123456789012345": LISTED,
    "987654321098765": LISTED,
    "abcdefghijklmnop": LISTED,
    "qwertzuiopasdfgh": LISTED,
    "1qaz2wsx3edc4rfv": LISTED,
    "aaaaaaaaaaaaaaa": LISTED,
    "               ": LISTED,
    "abc123abc123abc123": LISTED,
    "erikaerikaerika": LISTED,
    "erika1234567890": KNOWN,
    "!!!!!!Erika!!!!!!": KNOWN,
    "erika@example.org": KNOWN,
    "Erika@Example.ORG 2026": KNOWN,
    "2026 example.org 2026": KNOWN,
    "consent manager 1": KNOWN,
    "Consent Manager 2026!": KNOWN,
    "***twofactor***1": KNOWN,
}


def in_the_account(tenant: Tenant) -> tuple[Browser, str]:
    browser = tenant.browser("erika")
    browser.get(ACCOUNT)
    return browser, CHANGE


def by_a_reset(tenant: Tenant) -> tuple[Browser, str]:
    browser = tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")
    link = link_in(tenant.mails("erika")[-1])
    browser.get(link)
    return browser, link


def at_the_activation(tenant: Tenant) -> tuple[Browser, str]:
    """Nobody has the name yet, so that it can be the same one."""
    parts, found = tenant.host.parts, account(tenant)
    admin = tenant.browser("admin")
    admin.get(f"/admin/users/{found.id}")
    post(admin, f"/admin/users/{found.id}/delete")
    admin.confirm(PASSWORD)
    assert parts.users.find(tenant.instance, "erika") is None
    tenant.add_user("erika", password=None)
    link = link_in(tenant.mails("erika")[-1])
    browser = tenant.browser()
    browser.get(link)
    return browser, link


@pytest.mark.parametrize("place", [in_the_account, by_a_reset, at_the_activation])
def test_h78_a_listed_or_known_password_is_refused_with_the_reason_wherever_one_is_chosen(
    protected: Tenant, place: Callable[[Tenant], tuple[Browser, str]]
) -> None:
    browser, path = place(protected)
    before, seen = account(protected), {}
    for password in (*POOR, f"{protected.name} 2026"):
        assert len(password) >= 15
        fields = {"current_password": PASSWORD} if path == CHANGE else {}
        browser.submit(path, new_password=password, repeat_password=password, **fields)
        assert browser.response.status_code == 400
        seen[password] = browser.page.errors[0]
    assert seen == POOR | {f"{protected.name} 2026": KNOWN}
    assert account(protected) == before


def test_h79_without_the_current_password_or_with_a_wrong_one_nothing_is_changed(tenant: Tenant) -> None:
    browser, before = tenant.browser("erika"), snapshot(tenant)
    browser.get(ACCOUNT)
    for current in (None, "", "not the password", PASSWORD[:-1], PASSWORD + " ", NEW):
        fields = browser.page.form(CHANGE).fields | {"new_password": NEW, "repeat_password": NEW}
        del fields["current_password"]
        browser.post(CHANGE, fields if current is None else fields | {"current_password": current})
        assert browser.response.status_code == 400
        assert browser.page.errors == [
            "Please fill in this field." if not current else "This is not your current password."
        ]
    assert snapshot(tenant) == before
    assert [entry["about"] for entry in events(tenant, "account.password_refused")] == ["erika"] * 4
    assert not signs_in(tenant, NEW)


def test_h79_guesses_at_the_current_password_are_counted_with_those_of_the_login(tenant: Tenant) -> None:
    browser, login = tenant.browser("erika"), tenant.browser()
    for _ in range(3):
        change(browser, NEW, current="not the password")
        assert browser.response.status_code == 400
    for _ in range(2):
        login.log_in("erika", "not the password")
        assert login.response.status_code == 401
    change(browser, NEW)
    assert browser.response.status_code == 429
    assert int(browser.response.headers["Retry-After"]) >= 1
    login.log_in("erika", PASSWORD)
    assert (login.response.status_code, state(login)) == (429, "none")


def test_h79_without_a_code_of_the_last_quarter_of_an_hour_nothing_is_changed(erika: Enrolled) -> None:
    """A login with a code counts as a fresh code for 15 minutes (docs/security.md, D12)."""
    tenant, browser, before = erika.tenant, erika.browser, snapshot(erika.tenant)
    tenant.host.clock.move(900)
    change(browser, NEW)
    assert asked(browser)
    for code in ("", erika.phone.code(steps=-30), wrong(erika)):
        browser.submit("/confirm", password=PASSWORD, code=code)
        assert browser.response.status_code == 400
    change(browser, NEW)
    assert asked(browser)
    assert reasons(tenant, "erika") == ["wrong"] * 3
    assert snapshot(tenant) == before
    browser.confirm(PASSWORD, code=erika.phone.code())
    change(browser, NEW)
    assert browser.page.alerts == ["Your password was changed. Other sessions were ended."]
