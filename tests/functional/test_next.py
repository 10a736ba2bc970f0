# SPDX-License-Identifier: MIT
"""Return addresses: after the login people come to the page that they asked for, and never to a foreign one."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import SECRET, account, enrol

FOREIGN = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "https:evil.example",
    "https://evil.example/",
    "%2f%2fevil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " /account",
    "account",
    "/account\x7f",
    "/ä",
    "/" + "a" * 3000,
    "",
]


def test_the_login_leads_back_to_the_page_that_was_asked_for(tenant: Tenant) -> None:
    browser = tenant.browser()
    browser.get("/account?x=1")
    assert browser.path == "/login?next=%2Faccount%3Fx%3D1"
    browser.submit("/login", username="erika", password=PASSWORD)
    assert browser.path == "/account?x=1"


def test_the_login_leads_back_also_through_the_second_dialog_and_a_mistyped_code(
    tenant: Tenant, oathtool: Callable[..., str]
) -> None:
    tenant.activate("twofactor")
    enrol(tenant, account(tenant))
    browser = tenant.browser()
    browser.get("/account")
    browser.submit("/login", username="erika", password=PASSWORD + "x")
    browser.submit("/login", username="erika", password=PASSWORD)
    browser.submit("/login/challenge", code="000000")
    browser.submit("/login/challenge", code=oathtool(SECRET))
    assert browser.path == "/account"


@pytest.mark.parametrize("address", FOREIGN)
def test_a_foreign_return_address_leads_to_the_start_page(tenant: Tenant, address: str) -> None:
    browser = tenant.browser()
    browser.get(f"/login?next={quote(address, safe='')}")
    browser.post("/login", browser.page.form("/login").fields | {"username": "erika", "password": PASSWORD})
    assert browser.path == "/"


@pytest.mark.parametrize("address", FOREIGN)
def test_a_foreign_return_address_is_not_followed_from_the_form_either(tenant: Tenant, address: str) -> None:
    browser = tenant.browser()
    browser.get("/login")
    fields = browser.page.form("/login").fields | {"username": "erika", "password": PASSWORD, "next": address}
    location = browser.send("POST", "/login", data=fields).headers["location"]
    assert location == "/"


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"])
def test_the_confirmation_does_not_follow_a_foreign_address(tenant: Tenant, address: str) -> None:
    browser = tenant.browser("erika")
    browser.get(f"/confirm?next={quote(address, safe='')}")
    browser.submit("/confirm", password=PASSWORD, next=address, target="")
    assert browser.path == "/"
    browser.get("/confirm")
    browser.submit("/confirm", password=PASSWORD, next="/account", target=address)
    assert browser.path == "/account"


@pytest.mark.parametrize("address", ["/login", "/login/challenge", "/logout", "/session/unlock"])
def test_the_login_leads_to_no_page_of_the_login(tenant: Tenant, address: str) -> None:
    browser = tenant.browser()
    browser.get(f"/login?next={quote(address, safe='')}")
    browser.submit("/login", username="erika", password=PASSWORD)
    assert browser.path == "/"
