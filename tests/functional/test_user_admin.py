# SPDX-License-Identifier: MIT
"""User administration: adding with an activation link, links, roles, the second factor, deletion, the list."""

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import SECRET, account, approve, enrol, events, link_in, post

NEW = "a quite different sentence"
LAST = "admin is the last administrator and must stay one."


@pytest.fixture
def admin(tenant: Tenant) -> Browser:
    return tenant.browser("admin")


def page_of(tenant: Tenant, name: str = "erika") -> str:
    return f"/admin/users/{account(tenant, name).id}"


def add(admin: Browser, name: str = "otto", role: str = "user") -> None:
    admin.get("/admin/users")
    admin.submit("/admin/users", name=name, email=f"{name}@example.org", role=role)


def choose_password(tenant: Tenant, link: str) -> Browser:
    browser = tenant.browser()
    browser.get(link)
    browser.submit(link, new_password=NEW, repeat_password=NEW)
    return browser


def test_a_new_user_gets_a_link_chooses_a_password_and_logs_in(tenant: Tenant, admin: Browser) -> None:
    add(admin)
    assert "otto was added. A link to choose a password was sent to otto@example.org." in admin.page.alerts
    assert "invited" in admin.page.text
    (mail,) = tenant.mails("otto")
    assert mail["Subject"] == f"Your account on {tenant.name}"
    browser = tenant.browser()
    browser.get(link_in(mail))
    assert "Choose a password for the account otto." in browser.page.text
    browser = choose_password(tenant, link_in(mail))
    assert browser.page.alerts == ["Your new password was saved. You can log in with it now."]
    browser.submit("/login", username="OTTO@example.org", password=NEW)
    assert browser.path == "/"
    admin.get(page_of(tenant, "otto"))
    assert "State active" in admin.page.text
    assert [entry["event"] for entry in events(tenant)[:4]] == [
        "login.succeeded",
        "activation.password_set",
        "activation.link_sent",
        "user.added",
    ]


def test_nobody_can_log_in_before_the_password_was_chosen(tenant: Tenant, admin: Browser) -> None:
    add(admin)
    for password in ("", "otto", PASSWORD):
        browser = tenant.browser()
        browser.get("/login")
        browser.submit("/login", username="otto", password=password)
        assert browser.path == "/login"


def test_an_activation_link_works_once_and_for_a_day(tenant: Tenant, admin: Browser) -> None:
    add(admin)
    add(admin, "karl")
    first, second = (link_in(tenant.mails(name)[-1]) for name in ("otto", "karl"))
    tenant.host.clock.move(86399)
    assert choose_password(tenant, first).path == "/login?done=password"
    again = tenant.browser()
    again.get(first)
    assert again.response.status_code == 404
    tenant.host.clock.move(1)
    again.get(second)
    assert again.response.status_code == 404
    assert "Please ask your administrator for a new link." in again.page.text


def test_an_administrator_sends_the_activation_link_again_and_only_the_newest_works(
    tenant: Tenant, admin: Browser
) -> None:
    add(admin)
    admin.submit(f"{page_of(tenant, 'otto')}/password-link")
    assert admin.page.alerts == ["A link to set a password was sent."]
    first, second = (link_in(mail) for mail in tenant.mails("otto"))
    browser = tenant.browser()
    browser.get(first)
    assert browser.response.status_code == 404
    assert choose_password(tenant, second).path == "/login?done=password"


def test_a_disabled_account_gets_no_link(tenant: Tenant, admin: Browser) -> None:
    page = page_of(tenant)
    admin.get(page)
    admin.submit(f"{page}/disable")
    assert admin.page.alerts == ["The user was disabled."]
    assert "State disabled" in admin.page.text
    before = len(tenant.mails())
    admin.submit(f"{page}/password-link")
    assert admin.response.status_code == 409
    assert admin.page.alerts == ["erika is disabled. Enable the account first."]
    admin.submit(f"{page}/enable")
    assert admin.page.alerts == ["The user was enabled."]
    assert len(tenant.mails()) == before


def test_a_disabled_account_is_refused_like_a_wrong_password_and_comes_back(tenant: Tenant, admin: Browser) -> None:
    page = page_of(tenant)
    admin.get(page)
    admin.submit(f"{page}/disable")
    refused = tenant.browser("erika")
    wrong = tenant.browser("erika", "wrong")
    assert (refused.response.status_code, refused.page.alerts) == (wrong.response.status_code, wrong.page.alerts)
    admin.submit(f"{page}/enable")
    assert tenant.browser("erika").path == "/"


def test_a_role_is_changed_after_a_confirmation_and_takes_effect_at_once(tenant: Tenant, admin: Browser) -> None:
    erika = tenant.browser("erika")
    admin.get(page_of(tenant))
    approve(admin, f"{page_of(tenant)}/role", role="administrator")
    assert admin.page.alerts == ["The role was changed."]
    erika.get("/account")
    assert erika.path.startswith("/login")
    erika.log_in("erika", PASSWORD)
    erika.get("/admin/users")
    assert erika.response.status_code == 200
    approve(admin, f"{page_of(tenant)}/role", role="user")
    erika.get("/admin/users")
    assert erika.path.startswith("/login")
    changed = events(tenant, "user.role_changed")
    assert [(one["about"], one["by"], one["role"]) for one in changed] == [
        ("erika", "admin", "user"),
        ("erika", "admin", "administrator"),
    ]


@pytest.mark.parametrize("other", ["none", "a user", "disabled", "invited"])
def test_the_last_administrator_stays_one(tenant: Tenant, admin: Browser, other: str) -> None:
    if other in {"disabled", "invited"}:
        second = tenant.add_user("second", admin=True, password=None if other == "invited" else PASSWORD)
        if other == "disabled":
            admin.get(page_of(tenant, "second"))
            admin.submit(f"/admin/users/{second.id}/disable")
    page = page_of(tenant, "admin")
    for act, fields in (("disable", {}), ("role", {"role": "user"}), ("delete", {})):
        admin.get(page)
        post(admin, f"{page}/{act}", **fields)
        if act != "disable":
            admin.confirm(PASSWORD)
        assert (admin.response.status_code, admin.page.alerts) == (409, [LAST])
    kept = account(tenant, "admin")
    assert (kept.role, kept.disabled) == ("administrator", False)


def test_with_another_administrator_one_can_leave_and_is_signed_out(tenant: Tenant, admin: Browser) -> None:
    tenant.add_user("second", admin=True)
    page = page_of(tenant, "admin")
    admin.get(page)
    approve(admin, f"{page}/role", role="user")
    assert admin.path == "/login"
    admin.log_in("admin", PASSWORD)
    admin.get("/admin/users")
    assert admin.response.status_code == 403


def test_the_second_factor_is_seen_and_reset_with_a_confirmation_and_a_mail(tenant: Tenant, admin: Browser) -> None:
    tenant.activate("twofactor")
    enrol(tenant, account(tenant))
    page = page_of(tenant)
    admin.get("/admin/users")
    assert "erika erika@example.org user active yes" in admin.page.text
    admin.get(page)
    assert "Smartphone app set up" in admin.page.text
    assert SECRET not in admin.page.html
    approve(admin, f"{page}/reset-factor")
    assert admin.page.alerts == ["The second factor was removed."]
    assert "This user has no second factor." in admin.page.text
    assert tenant.mails("erika")[-1]["Subject"] == "The second factor was removed by an administrator"
    assert events(tenant, "factor.reset")[0]["by"] == "admin"
    assert tenant.browser("erika").path == "/"


def test_the_factor_of_a_plugin_that_is_not_active_can_be_reset_too(tenant: Tenant, admin: Browser) -> None:
    user = account(tenant)
    enrol(tenant, user, "gone")
    admin.get(page_of(tenant))
    approve(admin, f"{page_of(tenant)}/reset-factor")
    assert tenant.host.parts.factors.ledger.confirmed(user.id) == ()


def test_a_deleted_user_leaves_nothing_but_the_trail_and_the_name_is_free_again(tenant: Tenant, admin: Browser) -> None:
    tenant.activate("twofactor")
    user, page = account(tenant), page_of(tenant)
    enrol(tenant, user)
    erika = tenant.browser("erika")
    admin.get(page)
    post(admin, f"{page}/delete")
    assert "Delete the user erika with everything that belongs to the account." in admin.page.text
    admin.confirm(PASSWORD)
    assert (admin.path, admin.page.alerts) == ("/admin/users", ["The user was deleted."])
    assert tenant.host.parts.factors.ledger.confirmed(user.id) == ()
    erika.get("/login/challenge")
    assert erika.path == "/login"
    assert events(tenant, "user.deleted")[0]["about"] == "erika"
    assert admin.send("GET", page).status_code == 404
    add(admin, "erika")
    assert account(tenant).id != user.id


def test_administrators_can_neither_set_a_password_nor_an_address(tenant: Tenant, admin: Browser) -> None:
    page, before = page_of(tenant), account(tenant)
    admin.get(page)
    names = {name for form in admin.page.forms for name in form.fields}
    assert names <= {"page_token", "role", "session", "all", "user", "next", "password"}
    for act in ("enable", "password-link"):
        post(admin, f"{page}/{act}", password=NEW, new_password=NEW, email="evil@example.org", password_hash="x")
    after = account(tenant)
    assert (after.email, after.password_hash) == (before.email, before.password_hash)
    assert admin.send("POST", page, data={}).status_code == 405


def test_an_administrator_ends_one_session_of_a_user_or_all(tenant: Tenant, admin: Browser) -> None:
    erika, other, third = (tenant.browser("erika") for _ in range(3))
    page = page_of(tenant)
    admin.get(page)
    admin.submit(f"{page}/sessions")
    assert admin.page.alerts == ["The session was ended."]
    assert sorted(one.session()["state"] for one in (erika, other, third)) == ["active", "active", "none"]
    everything = next(form for form in admin.page.forms if "all" in form.fields)
    assert everything.buttons == ["End all"]
    admin.post(everything.action, everything.fields)
    assert [one.session()["state"] for one in (erika, other, third)] == ["none", "none", "none"]
    assert admin.session()["state"] == "active"
    assert [one["count"] for one in events(tenant, "user.sessions_ended")] == [2, 1]


def test_the_list_is_paged_and_searched(tenant: Tenant, admin: Browser) -> None:
    for number in range(55):
        tenant.add_user(f"user{number:02}", password=None)
    admin.get("/admin/users")
    first = [text for text in admin.page.links if text.startswith("user")]
    assert (first[0], first[-1], len(first)) == ("user00", "user47", 48)
    admin.get(admin.page.links["Next page"])
    rest = [text for text in admin.page.links if text.startswith("user")]
    assert (rest[0], rest[-1], "Next page" in admin.page.links) == ("user48", "user54", False)
    admin.get("/admin/users?q=USER5")
    assert [text for text in admin.page.links if text.startswith("user")] == [f"user5{number}" for number in range(5)]
    admin.get("/admin/users?q=user03@example")
    assert [text for text in admin.page.links if text.startswith("user")] == ["user03"]
    for nobody in ("%25", "_", "nobody"):
        admin.get(f"/admin/users?q={nobody}")
        assert "No user found." in admin.page.text
