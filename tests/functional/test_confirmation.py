# SPDX-License-Identifier: MIT
"""Proving oneself again: when it is asked, what it takes, how the interrupted act goes on, what it leaves closed."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import SECRET, account, approve, asked, enrol, events, post

NEW = "a quite different sentence"


def ask_for_email(browser: Browser, address: str = "new@example.org") -> None:
    browser.get("/account")
    browser.submit("/account/email", email=address)


def secured(tenant: Tenant, name: str = "admin") -> None:
    """Let a user have a second factor."""
    tenant.activate("twofactor")
    enrol(tenant, account(tenant, name))


def signed_in(tenant: Tenant, oathtool: Callable[..., str], name: str = "admin") -> Browser:
    browser = tenant.browser(name)
    browser.submit("/login/challenge", code=oathtool(SECRET))
    assert browser.path == "/"
    return browser


@pytest.mark.parametrize(("seconds", "expected"), [(0, False), (899, False), (900, True), (1500, True)])
def test_a_sensitive_change_needs_a_login_of_the_last_900_seconds(tenant: Tenant, seconds: int, expected: bool) -> None:
    browser = tenant.browser("erika")
    tenant.host.clock.move(seconds)
    ask_for_email(browser)
    assert asked(browser) == expected
    assert len(tenant.mails("new@example.org")) == (not expected)


def test_a_confirmation_counts_900_seconds_too(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    tenant.host.clock.move(1000)
    ask_for_email(browser)
    browser.confirm(PASSWORD)
    tenant.host.clock.move(899)
    ask_for_email(browser, "other@example.org")
    assert browser.path == "/account"
    tenant.host.clock.move(1)
    ask_for_email(browser, "third@example.org")
    assert asked(browser)


def test_the_interrupted_form_goes_on_with_one_button_and_everything_that_was_typed(tenant: Tenant) -> None:
    browser = tenant.browser("admin")
    tenant.host.clock.move(1000)
    browser.get("/admin/users")
    browser.submit("/admin/users", name="Jürgen & Söhne=1", email="juergen@example.org", role="administrator")
    assert asked(browser)
    browser.submit("/confirm", password=PASSWORD)
    again = next(form for form in browser.page.forms if "approval" in form.fields)
    assert (again.action, again.buttons) == ("/admin/users", ["Continue"])
    browser.post(again.action, again.fields)
    added = account(tenant, "juergen@example.org")
    assert (added.name, added.role) == ("Jürgen & Söhne=1", "administrator")


def test_passwords_are_not_carried_through_the_confirmation_but_typed_anew(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    tenant.host.clock.move(1000)
    browser.get("/account")
    browser.submit("/account/password", current_password=PASSWORD, new_password=NEW, repeat_password=NEW)
    assert asked(browser)
    assert NEW not in browser.page.html
    browser.confirm(PASSWORD)
    assert browser.path == "/account"
    browser.submit("/account/password", current_password=PASSWORD, new_password=NEW, repeat_password=NEW)
    assert "Your password was changed" in browser.page.alerts[0]


def test_a_form_too_long_to_be_carried_is_typed_anew_and_never_cut(tenant: Tenant) -> None:
    browser = tenant.browser("admin")
    tenant.host.clock.move(1000)
    browser.get("/account")
    post(browser, "/account/email", email="x@example.org", filler="ü" * 2000)
    browser.confirm(PASSWORD)
    assert browser.path == "/account"
    assert not tenant.mails("x@example.org")


def test_a_longer_form_than_we_draw_is_refused(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    browser.get("/confirm")
    browser.submit("/confirm", password=PASSWORD, target="/account", fields=urlencode({"first_name": "x" * 8000}))
    assert browser.response.status_code == 400


def test_what_is_dangerous_is_confirmed_every_time(tenant: Tenant) -> None:
    tenant.activate("twofactor")
    browser = tenant.browser("admin")
    for action in ("deactivate", "purge"):
        browser.get("/admin/plugins/twofactor")
        browser.submit(f"/admin/plugins/twofactor/{action}")
        assert asked(browser)
        browser.confirm(PASSWORD)
        assert not asked(browser)
    user = account(tenant)
    enrol(tenant, user)
    for action, fields in (("reset-factor", {}), ("role", {"role": "administrator"}), ("delete", {})):
        browser.get(f"/admin/users/{user.id}")
        post(browser, f"/admin/users/{user.id}/{action}", **fields)
        assert asked(browser)
        browser.confirm(PASSWORD)
        assert not asked(browser)
    assert tenant.host.parts.users.find(tenant.instance, "erika") is None


@pytest.mark.parametrize(
    ("users", "sentence"), [(1, "1 user has a second factor"), (2, "2 users have a second factor")]
)
def test_the_confirmation_tells_how_many_users_it_affects(tenant: Tenant, users: int, sentence: str) -> None:
    tenant.activate("twofactor")
    for number in range(users):
        enrol(tenant, tenant.add_user(f"user{number}"))
    browser = tenant.browser("admin")
    browser.get("/admin/plugins/twofactor")
    browser.submit("/admin/plugins/twofactor/deactivate")
    assert f"{sentence} of this plugin." in browser.page.text


def test_who_has_a_second_factor_confirms_with_both(tenant: Tenant, oathtool: Callable[..., str]) -> None:
    secured(tenant)
    browser = signed_in(tenant, oathtool)
    tenant.host.clock.move(30)
    browser.get("/admin/plugins/twofactor")
    browser.submit("/admin/plugins/twofactor/deactivate")
    assert "code" in browser.page.form("/confirm").fields
    for password, code in (("wrong", oathtool(SECRET)), (PASSWORD, ""), (PASSWORD, "000000"), (PASSWORD, "x" * 9000)):
        browser.submit("/confirm", password=password, code=code)
        assert browser.response.status_code == 400
        assert asked(browser)
        assert len(browser.page.alerts) == 1
    browser.confirm(PASSWORD, code=oathtool(SECRET))
    assert browser.page.alerts == ["The plugin was deactivated."]


def test_the_code_is_looked_at_only_after_a_right_password(tenant: Tenant, oathtool: Callable[..., str]) -> None:
    secured(tenant)
    browser = signed_in(tenant, oathtool)
    tenant.host.clock.move(30)
    browser.get("/confirm")
    code = oathtool(SECRET)
    browser.submit("/confirm", password="wrong", code=code)
    assert [entry["event"] for entry in events(tenant)[:2]] == ["confirmation.refused", "login.succeeded"]
    browser.submit("/confirm", password=PASSWORD, code=code)
    assert browser.path == "/"


def test_the_code_of_the_login_confirms_nothing(tenant: Tenant, oathtool: Callable[..., str]) -> None:
    secured(tenant)
    browser = signed_in(tenant, oathtool)
    browser.get("/confirm")
    browser.submit("/confirm", password=PASSWORD, code=oathtool(SECRET))
    assert "already been used" in browser.page.alerts[0]


def test_before_a_page_that_asks_for_a_code_itself_the_password_alone_is_enough_and_opens_nothing_else(
    tenant: Tenant, oathtool: Callable[..., str]
) -> None:
    secured(tenant)
    browser = signed_in(tenant, oathtool)
    tenant.host.clock.move(1000)
    browser.get("/plugins/twofactor/disable")
    assert asked(browser)
    assert "code" not in browser.page.form("/confirm").fields
    browser.confirm(PASSWORD)
    assert browser.path == "/plugins/twofactor/disable"
    ask_for_email(browser)
    assert asked(browser)
    assert "code" in browser.page.form("/confirm").fields


def test_an_unlocked_session_is_not_recent_and_asks_for_the_code(tenant: Tenant, oathtool: Callable[..., str]) -> None:
    secured(tenant)
    browser = signed_in(tenant, oathtool)
    browser.get("/account")
    tenant.host.clock.move(1801)
    assert browser.unlock(PASSWORD).status_code == 200
    for action, fields in (("/account/email", {"email": "new@example.org"}), ("/plugins/twofactor/disable", {})):
        browser.get("/account")
        post(browser, action, **fields)
        assert asked(browser)
    browser.get("/admin/plugins/twofactor")
    browser.submit("/admin/plugins/twofactor/deactivate")
    assert "code" in browser.page.form("/confirm").fields
    assert not tenant.mails("new@example.org")


def test_a_confirmation_gives_a_new_session_id_and_does_not_prolong_the_session(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    before = browser.cookies["ccm_session"]
    browser.get("/confirm")
    browser.submit("/confirm", password=PASSWORD)
    assert browser.cookies["ccm_session"] != before
    old = tenant.browser()
    old.cookies["ccm_session"] = before
    old.get("/account")
    assert old.path.startswith("/login")
    for _ in range(24):
        tenant.host.clock.move(1799)
        browser.get("/confirm")
        browser.submit("/confirm", password=PASSWORD)
        assert browser.path == "/"
    tenant.host.clock.move(43200 - 24 * 1799)
    browser.get("/account")
    assert browser.path.startswith("/login")


def test_guessing_at_the_confirmation_is_slowed_down(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    browser.get("/confirm")
    statuses = []
    for _ in range(6):
        browser.submit("/confirm", password="wrong")
        statuses.append(browser.response.status_code)
    assert statuses == [400, 400, 400, 400, 400, 429]
    assert int(browser.response.headers["retry-after"]) >= 1
    assert "Please wait" in browser.page.alerts[0]


def test_the_confirmation_speaks_the_reader_s_language(tenant: Tenant) -> None:
    browser = tenant.browser("erika", language="de")
    tenant.host.clock.move(1000)
    ask_for_email(browser)
    assert "Bitte bestätigen Sie" in browser.page.text
    assert "Please confirm" not in browser.page.text


def test_an_act_that_is_confirmed_is_written_down_with_its_actor(tenant: Tenant) -> None:
    tenant.activate("twofactor")
    browser = tenant.browser("admin")
    browser.get("/admin/plugins/twofactor")
    approve(browser, "/admin/plugins/twofactor/deactivate")
    assert [(entry["event"], entry["by"] or entry["about"]) for entry in events(tenant)[:2]] == [
        ("plugin.deactivated", "admin"),
        ("confirmation.succeeded", "admin"),
    ]
