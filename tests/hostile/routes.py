# SPDX-License-Identifier: MIT
"""Every closed address of the application, the plugin's own ones included, and what a caller without a session gets."""

from typing import Any

import httpx

from ccm_core.app import MODULES
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Tenant
from tests.functional.acts import snapshot
from tests.functional.test_guards import OPEN, closed, filled, routes

PLUGIN_PAGES = "/plugins/twofactor/"


def plugin_addresses(tenant: Tenant) -> list[tuple[str, str]]:
    """Return method and path of every page that the plugin announces, and of some that it does not."""
    own = [
        (route.method, f"{PLUGIN_PAGES}{route.path}") for route in tenant.host.parts.registry.get("twofactor").routes
    ]
    assert len(own) > 3
    return [
        *own,
        ("GET", f"{PLUGIN_PAGES}nothing"),
        ("GET", "/plugins/nothing/setup"),
        ("POST", "/plugins/nothing/setup"),
    ]


def addresses(tenant: Tenant) -> list[tuple[str, str]]:
    """Return method and path of everything that needs a session."""
    announced = {(rule.method, rule.path) for module in MODULES for rule in module.RULES}
    assert announced <= set(routes(tenant.host))
    host = [(method, filled(rule, tenant)) for method, rule in closed(tenant.host)]
    return [*host, *(("HEAD", path) for method, path in host if method == "GET"), *plugin_addresses(tenant)]


def open_addresses(tenant: Tenant) -> list[str]:
    """Return the paths that anybody may look at."""
    return [filled(rule, tenant) for method, rule in sorted(OPEN) if method == "GET"]


def token_of(browser: Browser) -> str:
    """Return the page token of the shown page."""
    return next(form.fields["page_token"] for form in browser.page.forms if form.method == "post")


def ask(browser: Browser, method: str, path: str, token: str, **options: Any) -> httpx.Response:
    """Send one request; a form holds the page token and something that the change would need."""
    form = {"page_token": token, "role": "administrator", "all": "1"} if method == "POST" else None
    return browser.send(method, path, data=form, **options)


def assert_closed(browser: Browser, tenant: Tenant, token: str, *, state: str = "none", **options: Any) -> int:
    """Try every closed address: each leads to the login and changes nothing; returns how many there are."""
    before, found = snapshot(tenant), addresses(tenant)
    for method, path in found:
        answer = ask(browser, method, path, token, **options)
        assert answer.status_code == 303, (method, path)
        assert answer.headers["location"].partition("?")[0] == "/login", (method, path)
        assert answer.text == ""
    assert snapshot(tenant) == before
    assert browser.session()["state"] == state
    return len(found)
