# SPDX-License-Identifier: MIT
"""Two instances in one deployment, told apart by host name: nothing of one is visible to the other."""

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant
from tests.functional.acts import account, events, link_in, post
from tests.functional.phone import ACCOUNT, SETUP, Enrolled, begin_setup

OWN_PASSWORD = "the other erika's own password"
ADMIN_PAGE = "/admin/plugins/twofactor"


@pytest.fixture
def other(host: Host) -> Tenant:
    """A second instance with users of the same names, one with another password, and no active plugin."""
    fresh = host.tenant()
    fresh.add_user("admin", admin=True)
    fresh.add_user("erika", password=OWN_PASSWORD)
    return fresh


def carried(browser: Browser, to: Tenant) -> Browser:
    """Return a browser at another instance that sends the cookies of this one."""
    found = to.browser()
    found.cookies = dict(browser.cookies)
    return found


def test_the_same_name_is_another_user_in_another_instance(erika: Enrolled, other: Tenant) -> None:
    assert erika.at_second_dialog().path == "/login/challenge"
    assert other.browser("erika", PASSWORD).response.status_code == 401
    assert other.browser("erika", OWN_PASSWORD).path == "/"
    assert erika.tenant.browser("erika", OWN_PASSWORD).response.status_code == 401


def test_a_session_of_one_is_nothing_to_the_other(erika: Enrolled, other: Tenant) -> None:
    browser = carried(erika.browser, other)
    browser.get(ACCOUNT)
    assert browser.path == "/login?next=%2Faccount"
    assert browser.session()["state"] == "none"
    assert erika.browser.session()["state"] == "active"


def test_a_locked_session_of_one_cannot_be_unlocked_at_the_other(erika: Enrolled, other: Tenant) -> None:
    erika.browser.get(ACCOUNT)
    erika.tenant.host.clock.move(1800)
    browser = carried(erika.browser, other)
    fields = erika.browser.page.form("/session/unlock").fields
    for password in (PASSWORD, OWN_PASSWORD):
        answer = browser.send("POST", "/session/unlock", data=fields | {"password": password})
        assert answer.status_code == 403
    assert erika.browser.unlock(PASSWORD).status_code == 200


def test_a_login_begun_at_one_cannot_be_finished_at_the_other(erika: Enrolled, other: Tenant) -> None:
    other.activate("twofactor")
    browser = carried(erika.at_second_dialog(), other)
    browser.get("/login/challenge")
    assert browser.path == "/login"
    browser.post("/login/challenge", browser.page.form("/login").fields | {"code": erika.phone.next_code()})
    assert browser.path == "/login"
    assert browser.session()["state"] == "none"


def test_the_phone_of_one_is_no_phone_at_the_other(erika: Enrolled, other: Tenant) -> None:
    other.activate("twofactor")
    twin = other.browser("erika", OWN_PASSWORD)
    twin.submit(SETUP, code=begin_setup(other, twin).code())
    browser = other.browser("erika", OWN_PASSWORD)
    browser.submit("/login/challenge", code=erika.phone.next_code())
    assert browser.response.status_code == 401
    assert browser.session()["state"] == "none"


def test_activating_at_one_leaves_the_other_as_it_was(protected: Tenant, other: Tenant) -> None:
    browser = other.browser("erika", OWN_PASSWORD)
    assert "2-factor authentication" not in browser.get(ACCOUNT).headings
    assert browser.send("GET", SETUP).status_code == 404
    assert "not active" in other.browser("admin").get("/admin/plugins").text
    assert "2-factor authentication" in protected.browser("erika").get(ACCOUNT).headings


def test_deactivating_at_one_leaves_the_other_as_it_was(erika: Enrolled, other: Tenant) -> None:
    other.activate("twofactor")
    admin = other.browser("admin")
    admin.get(ADMIN_PAGE)
    admin.submit(f"{ADMIN_PAGE}/deactivate")
    assert "0 users have a second factor of this plugin." in admin.page.text
    admin.confirm(PASSWORD)
    assert erika.at_second_dialog().path == "/login/challenge"


def test_each_has_its_own_settings(protected: Tenant, other: Tenant) -> None:
    other.activate("twofactor")
    admin = protected.browser("admin")
    admin.get(ADMIN_PAGE)
    admin.submit(f"{ADMIN_PAGE}/settings", issuer="Only here")
    uris = []
    for tenant, password in ((protected, PASSWORD), (other, OWN_PASSWORD)):
        browser = tenant.browser("erika", password)
        begin_setup(tenant, browser)
        uris.append(browser.page.links["Open in the app on this device"])
    assert "issuer=Only%20here" in uris[0]
    assert f"issuer={other.name}" in uris[1]


def test_each_administrator_sees_its_own_users_alone(erika: Enrolled, other: Tenant) -> None:
    erika.tenant.add_user("otto")
    admin = other.browser("admin")
    assert "otto@example.org" not in admin.get("/admin/users").text
    assert "otto@example.org" not in admin.get("/admin/users?q=otto").text
    assert "otto@example.org" in erika.tenant.browser("admin").get("/admin/users?q=otto").text
    admin.get("/admin/plugins")
    assert "0 users use it" in admin.page.text


@pytest.mark.parametrize(
    "act", ["", "disable", "enable", "password-link", "role", "reset-factor", "delete", "sessions"]
)
def test_the_number_of_a_user_of_the_other_leads_nowhere(erika: Enrolled, other: Tenant, act: str) -> None:
    foreign = account(erika.tenant)
    admin = other.browser("admin")
    page = f"/admin/users/{foreign.id}"
    if act == "":
        admin.get(page)
    else:
        post(admin, f"{page}/{act}", role="administrator", all="1")
    assert admin.response.status_code == 404
    assert account(erika.tenant) == foreign
    assert erika.browser.session()["state"] == "active"
    assert erika.at_second_dialog().path == "/login/challenge"


@pytest.mark.parametrize("act", ["allow", "revoke"])
def test_the_number_of_a_user_of_the_other_cannot_be_allowed_or_revoked(
    erika: Enrolled, other: Tenant, act: str
) -> None:
    other.activate("twofactor", everyone=False)
    admin = other.browser("admin")
    post(admin, f"{ADMIN_PAGE}/{act}", user=str(account(erika.tenant).id))
    assert admin.response.status_code == 404
    assert erika.at_second_dialog().path == "/login/challenge"


def test_each_has_its_own_audit_trail(erika: Enrolled, other: Tenant) -> None:
    erika.tenant.browser("erika", "a wrong password for the trail")
    assert events(erika.tenant, "login.refused")
    text = other.browser("admin").get("/admin/audit").text
    assert "login.refused" not in text
    assert "factor.enabled" not in text
    assert "login.succeeded" in text


def test_a_mailed_link_leads_to_its_own_instance_and_works_only_there(erika: Enrolled, other: Tenant) -> None:
    browser = erika.tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")
    assert other.mails() == []
    mail = erika.tenant.mails("erika")[-1]
    assert erika.tenant.origin in mail.get_content()
    link = link_in(mail)
    assert other.browser().send("GET", link).status_code == 404
    foreign = other.browser()
    foreign.get("/password/forgot")
    fields = foreign.page.form("/password/forgot").fields
    foreign.post(link, fields | {"new_password": OWN_PASSWORD, "repeat_password": OWN_PASSWORD})
    assert foreign.response.status_code == 404
    assert browser.get(link).form(link).buttons == ["Save new password"]


def test_forms_of_one_are_not_accepted_by_the_other(erika: Enrolled, other: Tenant) -> None:
    browser = erika.browser
    browser.get(ACCOUNT)
    fields = browser.page.form(ACCOUNT).fields
    twin = other.browser("erika", OWN_PASSWORD)
    assert twin.send("POST", ACCOUNT, data=fields).status_code == 403
    origin = {"Origin": erika.tenant.origin}
    own = twin.get(ACCOUNT).form(ACCOUNT).fields
    assert twin.send("POST", ACCOUNT, data=own, headers=origin).status_code == 403
    assert twin.send("POST", ACCOUNT, data=own).status_code == 303


def test_wrong_passwords_at_one_do_not_slow_the_other_down(tenant: Tenant, other: Tenant) -> None:
    for _ in range(6):
        browser = tenant.browser("erika", "a wrong password for the trail")
    assert browser.response.status_code == 429
    assert other.browser("erika", OWN_PASSWORD).path == "/"
