# SPDX-License-Identifier: MIT
"""What users see of the plugin, over HTTP, with a real host."""

from collections.abc import Callable

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
GERMAN_SUBJECT = "Anmeldung von einem neuen Gerät"
TITLE, FORGET = "Devices that signed in", "/plugins/signins/forget"

SignIn = Callable[..., Browser]
Told = Callable[..., list[str]]


def documents(tenant: Tenant) -> int:
    """Return how many documents the instance's plugins keep."""
    query = f"SELECT count(*) FROM plugin_store WHERE instance_id = {tenant.instance.id}"
    with tenant.host.parts.database.read() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())


def test_the_first_sign_in_and_the_same_device_again_bring_no_mail(tenant: Tenant, sign_in: SignIn, told: Told) -> None:
    browser = sign_in(tenant)
    assert "Chrome, Linux" in browser.get("/account").text
    tenant.host.clock.move(3 * 86_400)
    sign_in(tenant, address="192.0.2.99")
    assert told(tenant) == []


def test_another_browser_brings_one_mail_that_says_which_and_from_where(
    tenant: Tenant, sign_in: SignIn, told: Told
) -> None:
    sign_in(tenant)
    sign_in(tenant, user_agent=FIREFOX, address="203.0.113.5")
    sign_in(tenant, user_agent=FIREFOX, address="203.0.113.6")
    (text,) = told(tenant)
    assert text.startswith("Hello erika,\n")
    where = f"your account erika on {tenant.name} with Firefox, Windows from the network 203.0.113.0/24."
    assert where in " ".join(text.split())
    assert "203.0.113.5" not in text


def test_the_same_browser_in_another_network_is_told_too(tenant: Tenant, sign_in: SignIn, told: Told) -> None:
    sign_in(tenant)
    sign_in(tenant, address="2001:db8::7")
    (text,) = told(tenant)
    assert "Chrome, Linux from the network 2001:db8::/64." in " ".join(text.split())


def test_the_mail_is_in_the_user_s_language_and_not_in_that_of_the_browser_that_signed_in(
    tenant: Tenant, sign_in: SignIn, told: Told
) -> None:
    browser = sign_in(tenant)
    browser.get("/account")
    browser.submit("/account", language="de")
    sign_in(tenant, user_agent=FIREFOX, language="en")
    (text,) = told(tenant, subject=GERMAN_SUBJECT)
    assert "angemeldet, mit Firefox, Windows aus dem Netz 192.0.2.0/24." in " ".join(text.split())
    assert told(tenant) == []


def test_the_section_lists_the_devices_with_their_times_and_forgets_them(
    tenant: Tenant, sign_in: SignIn, told: Told
) -> None:
    sign_in(tenant)
    tenant.host.clock.move(120)
    browser = sign_in(tenant, user_agent=FIREFOX)
    page = browser.get("/account")
    assert TITLE in page.headings
    shown = page.text.partition(TITLE)[2]
    assert shown.index("Firefox, Windows") < shown.index("Chrome, Linux")
    assert shown.count("192.0.2.0/24") == shown.count("first sign-in") == shown.count("latest sign-in") == 2
    browser.submit(FORGET)
    assert browser.path == "/account"
    message = "The devices were forgotten. The next sign-in from each of them is told to you by mail."
    assert browser.page.alerts == [message]
    assert "No device is listed yet." in browser.page.text
    sign_in(tenant)
    assert len(told(tenant)) == 2


def test_the_section_speaks_german(tenant: Tenant, sign_in: SignIn) -> None:
    browser = sign_in(tenant, language="de")
    page = browser.get("/account")
    assert "Angemeldete Geräte" in page.headings
    assert page.form(FORGET).buttons == ["Diese Geräte vergessen"]


def test_devices_are_forgotten_by_their_button_alone(tenant: Tenant, sign_in: SignIn) -> None:
    browser = sign_in(tenant)
    assert browser.send("GET", FORGET).status_code == 405
    assert browser.send("POST", FORGET, data={}).status_code == 403
    assert tenant.browser().send("GET", FORGET).status_code == 303
    assert "Chrome, Linux" in browser.get("/account").text.partition(TITLE)[2]


def test_two_users_are_apart(tenant: Tenant, sign_in: SignIn, told: Told) -> None:
    tenant.add_user("otto")
    sign_in(tenant)
    otto = sign_in(tenant, "otto", user_agent=FIREFOX)
    sign_in(tenant, user_agent=FIREFOX)
    assert (len(told(tenant)), told(tenant, "otto")) == (1, [])
    assert "Chrome, Linux" not in otto.get("/account").text.partition(TITLE)[2]
    otto.submit(FORGET)
    sign_in(tenant, user_agent=FIREFOX)
    assert len(told(tenant)) == 1


def test_two_instances_are_apart(host: Host, tenant: Tenant, sign_in: SignIn, told: Told) -> None:
    other = host.tenant()
    other.add_user("erika")
    other.activate("signins")
    sign_in(tenant)
    sign_in(other, user_agent=FIREFOX)
    assert told(tenant) == told(other) == []
    sign_in(tenant, user_agent=FIREFOX)
    assert (len(told(tenant)), told(other)) == (1, [])


def test_while_it_is_not_active_nothing_is_kept_sent_or_shown(empty: Tenant, sign_in: SignIn) -> None:
    sign_in(empty)
    browser = sign_in(empty, user_agent=FIREFOX)
    assert TITLE not in browser.get("/account").headings
    assert browser.send("GET", FORGET).status_code == 404
    assert (documents(empty), empty.mails("erika")) == (0, [])


def test_users_whom_it_was_not_enabled_for_are_left_alone(empty: Tenant, sign_in: SignIn) -> None:
    empty.activate("signins", everyone=False)
    sign_in(empty)
    browser = sign_in(empty, user_agent=FIREFOX)
    assert TITLE not in browser.get("/account").headings
    assert (documents(empty), empty.mails("erika")) == (0, [])


def test_what_is_kept_goes_with_the_user(tenant: Tenant, sign_in: SignIn) -> None:
    admin = tenant.add_user("admin", admin=True)
    sign_in(tenant, "admin")
    sign_in(tenant)
    assert documents(tenant) == 2
    parts, erika = tenant.host.parts, tenant.host.parts.users.find(tenant.instance, "erika")
    assert erika is not None
    browser = sign_in(tenant, "admin")
    browser.get(f"/admin/users/{erika.id}")
    browser.submit(f"/admin/users/{erika.id}/delete")
    browser.confirm(PASSWORD)
    assert parts.users.find(tenant.instance, "erika") is None
    assert documents(tenant) == 1
    assert parts.users.find(tenant.instance, admin.name) is not None


def test_an_attempt_that_opens_no_session_is_neither_kept_nor_told(tenant: Tenant, sign_in: SignIn, told: Told) -> None:
    browser = sign_in(tenant)
    stranger = tenant.browser(user_agent=FIREFOX)
    stranger.log_in("erika", "a wrong password")
    assert stranger.response.status_code == 401
    assert "Firefox" not in browser.get("/account").text.partition(TITLE)[2]
    assert told(tenant) == []


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("", "an unknown browser"),
        ("<script>alert(1)</script>", "an unknown browser"),
        ("https://evil.example/", "https"),
        ("www.evil.example", "www"),
        ("%(name)s %s %", "an unknown browser"),
        ("x" * 5000, "x" * 40),
        ("Odd\tTool; Subject: x", "Odd"),
    ],
)
def test_odd_and_long_user_agents_are_cut_to_a_harmless_word(
    tenant: Tenant, sign_in: SignIn, told: Told, agent: str, shown: str
) -> None:
    browser = sign_in(tenant)
    sign_in(tenant, user_agent=agent)
    (text,) = told(tenant)
    assert f"with {shown} from the network" in " ".join(text.split())
    assert "evil" not in text
    listed = "Unknown browser" if shown == "an unknown browser" else shown
    assert listed in browser.get("/account").text.partition(TITLE)[2]
    assert "<script>alert" not in browser.page.html
