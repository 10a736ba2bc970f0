# SPDX-License-Identifier: MIT
"""No state outside the database: what changes on one node counts on the other at its next request."""

import shutil

import httpx
import pytest

from ccm_core.services.vault import read_ring
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, approve, post
from tests.functional.phone import ACCOUNT, ENABLE_BUTTON, SETUP, Enrolled, begin_setup
from tests.hostile.acts import CHALLENGE, state

PAGE = "/admin/plugins/twofactor"
Nodes = list[httpx.Client]


@pytest.fixture
def admin(tenant: Tenant, each_node: Nodes) -> Browser:
    """An administrator who works on the first node."""
    browser = tenant.browser("admin")
    browser.client = each_node[0]
    browser.get(PAGE)
    return browser


def offered(browser: Browser, nodes: Nodes) -> list[bool]:
    """Whether each node offers to set a phone up."""
    found = []
    for browser.client in nodes:
        buttons = [button for form in browser.get(ACCOUNT).forms for button in form.buttons]
        found.append(ENABLE_BUTTON in buttons)
    return found


def states(browser: Browser, nodes: Nodes) -> list[str]:
    found = []
    for browser.client in nodes:
        found.append(state(browser))
    return found


def test_the_proxy_uses_both_nodes(tenant: Tenant) -> None:
    browser = tenant.browser()
    names = {browser.send("GET", "/login").headers["X-Worker"] for _ in range(60)}
    assert len(names) > 2  # each node has two


def test_activation_access_and_deactivation_count_everywhere(tenant: Tenant, admin: Browser, each_node: Nodes) -> None:
    erika = tenant.browser("erika")
    assert offered(erika, each_node) == [False, False]
    admin.submit(f"{PAGE}/activate")
    assert offered(erika, each_node) == [False, False]
    admin.submit(f"{PAGE}/everyone")
    assert offered(erika, each_node) == [True, True]
    post(admin, f"{PAGE}/select")
    assert offered(erika, each_node) == [False, False]
    post(admin, f"{PAGE}/allow", user=str(account(tenant).id))
    assert offered(erika, each_node) == [True, True]
    post(admin, f"{PAGE}/revoke", user=str(account(tenant).id))
    admin.confirm(PASSWORD)
    assert offered(erika, each_node) == [False, False]
    admin.get(PAGE)
    approve(admin, f"{PAGE}/deactivate")
    assert not tenant.instance.active


def test_settings_of_a_plugin_count_everywhere(protected: Tenant, admin: Browser, each_node: Nodes) -> None:
    erika = protected.browser("erika")
    erika.get(ACCOUNT)
    erika.submit(f"{SETUP}/begin")
    for number, client in enumerate(each_node):
        admin.get(PAGE)
        admin.submit(f"{PAGE}/settings", issuer=f"Name {number}")
        erika.client = each_node[1]
        assert f"Name%20{number}" in erika.get(SETUP).html
        admin.client = client


def test_a_sign_in_begun_on_one_node_ends_on_the_other_and_its_code_is_used_up_on_both(
    erika: Enrolled, each_node: Nodes
) -> None:
    first, second = each_node
    code, again = erika.phone.next_code(), erika.at_second_dialog()
    browser = erika.tenant.browser()
    browser.client = first
    browser.log_in("erika", PASSWORD)
    browser.client = second
    browser.submit(CHALLENGE, code=code)
    assert states(browser, each_node) == ["active", "active"]
    again.client = first
    again.submit(CHALLENGE, code=code)
    assert states(again, each_node) == ["none", "none"]


def test_a_set_up_begun_on_one_node_ends_on_the_other(protected: Tenant, each_node: Nodes) -> None:
    browser = protected.browser("erika")
    browser.client = each_node[0]
    phone = begin_setup(protected, browser)
    browser.client = each_node[1]
    browser.submit(SETUP, code=phone.code())
    assert browser.page.alerts == ["2-factor authentication successfully enabled."]


def test_wrong_passwords_are_counted_together(tenant: Tenant, each_node: Nodes) -> None:
    browser = tenant.browser()
    statuses = []
    for number in range(8):
        browser.client = each_node[number % 2]
        browser.log_in("erika", "not the password")
        statuses.append(browser.response.status_code)
    assert (statuses[0], statuses[-1]) == (401, 429)
    browser.client = each_node[0]
    browser.log_in("erika", PASSWORD)
    assert browser.response.status_code == 429


def test_a_session_that_ends_on_one_node_is_over_on_the_other(tenant: Tenant, each_node: Nodes) -> None:
    browser = tenant.browser("erika")
    assert states(browser, each_node) == ["active", "active"]
    kept = dict(browser.cookies)
    browser.client = each_node[0]
    browser.get(ACCOUNT)
    browser.submit("/logout")
    browser.cookies = kept
    assert states(browser, each_node) == ["none", "none"]


def test_a_disabled_user_is_signed_out_everywhere(tenant: Tenant, admin: Browser, each_node: Nodes) -> None:
    browser, page = tenant.browser("erika"), f"/admin/users/{account(tenant).id}"
    assert states(browser, each_node) == ["active", "active"]
    admin.get(page)
    admin.submit(f"{page}/disable")
    assert states(browser, each_node) == ["none", "none"]


def test_keys_rotate_over_nodes_when_each_gets_the_new_one_before_it_is_promoted(
    erika: Enrolled, each_node: Nodes
) -> None:
    keys, (first, second) = erika.tenant.host.parts.keys, erika.tenant.host.nodes

    def copy() -> None:
        draft = second.folder / "keys.copied"
        shutil.copy2(first.folder / "keys", draft)
        draft.replace(second.folder / "keys")

    def signs_in() -> list[str]:
        found = []
        for client in each_node:
            browser = erika.tenant.browser()
            browser.client = client
            browser.log_in("erika", PASSWORD)
            browser.submit(CHALLENGE, code=erika.phone.next_code())
            found.append(state(browser))
        return found

    for step in (keys.rotate, keys.promote, keys.drop):
        erika.tenant.host.deliver()
        step()
        copy()
        assert signs_in() == ["active", "active"]
    assert len(read_ring(second.folder / "keys").keys) == 1


def test_a_node_without_the_new_key_lets_nobody_in_until_it_gets_it(erika: Enrolled, each_node: Nodes) -> None:
    host = erika.tenant.host
    keys, (first, second) = host.parts.keys, host.nodes
    keys.rotate()
    keys.promote()
    browser = erika.tenant.browser()
    browser.client = each_node[1]
    browser.log_in("erika", PASSWORD)
    assert browser.page.headings == ["Signing in is not possible at the moment"]
    assert states(browser, each_node) == ["none", "none"]
    shutil.copy2(first.folder / "keys", second.folder / "keys")
    browser.log_in("erika", PASSWORD)
    browser.submit(CHALLENGE, code=erika.phone.next_code())
    assert states(browser, each_node) == ["active", "active"]
