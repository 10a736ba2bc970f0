# SPDX-License-Identifier: MIT
"""Every route there is, and what each kind of caller gets: nobody reaches more than the route's rule allows."""

from collections.abc import Callable
from functools import cache

import pytest

from ccm_core.app import create_app
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant
from tests.functional.acts import account, enrol, events, snapshot

OPEN = {
    ("GET", "/static/<digest>/<name>"),
    ("GET", "/static/plugins/<name>/<digest>/<path:path>"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/login/challenge"),
    ("POST", "/login/challenge"),
    ("POST", "/logout"),
    ("GET", "/session"),
    ("POST", "/session/unlock"),
    ("GET", "/password/forgot"),
    ("POST", "/password/forgot"),
    ("GET", "/password/reset/<token>"),
    ("POST", "/password/reset/<token>"),
    ("GET", "/activate/<token>"),
    ("POST", "/activate/<token>"),
}
"""What the design opens to people without a session; a new route is closed until it is written here."""

ARGUMENTS = {"<name>": "twofactor", "<path:path>": "setup", "<digest>": "0" * 16, "<token>": "x" * 43}


@cache
def routes(host: Host) -> tuple[tuple[str, str], ...]:
    rules = create_app(host.settings, host.clock, host.parts).url_map.iter_rules()
    found = sorted((method, rule.rule) for rule in rules for method in rule.methods or () if method != "HEAD")
    assert len(found) > 50
    return tuple(found)


def closed(host: Host) -> list[tuple[str, str]]:
    return [route for route in routes(host) if route not in OPEN]


def filled(rule: str, tenant: Tenant) -> str:
    """Return an address of the route that exists."""
    for place, value in ARGUMENTS.items():
        rule = rule.replace(place, value)
    return rule.replace("<id>", str(account(tenant).id))


@pytest.fixture
def tenant(tenant: Tenant) -> Tenant:
    """An instance where the plugin is active, so that its routes exist."""
    tenant.activate("twofactor")
    return tenant


def anonymous(tenant: Tenant) -> Browser:
    browser = tenant.browser()
    browser.get("/login")
    return browser


def pending(tenant: Tenant) -> Browser:
    enrol(tenant, account(tenant, "admin"))
    browser = tenant.browser("admin")
    assert browser.path == "/login/challenge"
    return browser


def locked(tenant: Tenant) -> Browser:
    browser = tenant.browser("admin")
    tenant.host.clock.move(1801)
    return browser


def swapped(tenant: Tenant) -> Browser:
    """The token of a pending login where the session's belongs, and the reverse."""
    browser = pending(tenant)
    browser.cookies = {"ccm_session": browser.cookies["ccm_login"], "ccm_visit": browser.cookies["ccm_visit"]}
    return browser


def invented(tenant: Tenant) -> Browser:
    browser = anonymous(tenant)
    browser.cookies |= {"ccm_session": "A" * 43, "ccm_login": "' or 1=1--"}
    return browser


@pytest.mark.parametrize("caller", [anonymous, pending, locked, swapped, invented])
def test_without_an_active_session_every_closed_route_leads_to_the_login(
    tenant: Tenant, caller: Callable[[Tenant], Browser]
) -> None:
    browser = caller(tenant)
    token = next(form.fields["page_token"] for form in browser.page.forms if form.method == "post")
    before = snapshot(tenant)
    for method, rule in closed(tenant.host):
        data = {"page_token": token, "user": str(account(tenant).id)} if method == "POST" else None
        answer = browser.send(method, filled(rule, tenant), data=data)
        assert answer.status_code == 303, (method, rule)
        assert answer.headers["location"].partition("?")[0] == "/login"
        assert answer.text == ""
    assert snapshot(tenant) == before


def test_a_user_gets_403_on_every_route_of_the_administration_and_leaves_a_trace(tenant: Tenant) -> None:
    browser = tenant.browser("erika")
    token = browser.page.form("/logout").fields["page_token"]
    before = snapshot(tenant)
    administration = [(method, rule) for method, rule in routes(tenant.host) if rule.startswith("/admin")]
    assert len(administration) > 15
    for method, rule in administration:
        answer = browser.send(method, filled(rule, tenant), data={"page_token": token} if method == "POST" else None)
        assert answer.status_code == 403, (method, rule)
        assert "You may not do this." in answer.text
        refused = events(tenant, "request.refused")[0]
        assert (refused["about"], refused["reason"]) == ("erika", "not an administrator")
        assert refused["path"] == filled(rule, tenant)
    assert snapshot(tenant) == before


def posts(tenant: Tenant) -> list[tuple[Browser, str, str]]:
    """Return, for every POST, a browser that may use the route, its page's token, and the address."""
    admin, visitor = tenant.browser("admin"), anonymous(tenant)
    before_login = OPEN - {("POST", "/logout"), ("POST", "/session/unlock")}
    found = []
    for method, rule in routes(tenant.host):
        if method == "POST":
            browser = visitor if (method, rule) in before_login else admin
            token = next(form.fields["page_token"] for form in browser.page.forms if form.method == "post")
            found.append((browser, token, filled(rule, tenant)))
    return found


def test_every_form_needs_the_page_token_of_its_own_browser(tenant: Tenant) -> None:
    foreign = tenant.browser("erika").page.form("/logout").fields["page_token"]
    forms, before = posts(tenant), snapshot(tenant)
    for number, (browser, _, path) in enumerate(forms):
        browser.headers["X-Forwarded-For"] = f"198.18.{number}.1"  # what a network is refused is counted
        for token in (None, "", foreign, foreign[:-2], "ä", "A" * 86):
            data = {"password": PASSWORD} | ({} if token is None else {"page_token": token})
            assert browser.send("POST", path, data=data).status_code == 403, (path, token)
        in_query = browser.send("POST", f"{path}?page_token={foreign}", data={"password": PASSWORD})
        assert in_query.status_code == 403, path
    assert snapshot(tenant) == before
    assert events(tenant, "request.refused")[0]["reason"] == "page token"


FOREIGN_HEADERS: list[dict[str, str | None]] = [
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://t1.localhost"},
    {"Origin": "null", "Sec-Fetch-Site": None},
    {"Origin": None, "Sec-Fetch-Site": None},
    {"Origin": None, "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
]


def test_every_form_must_come_from_a_page_of_the_instance(tenant: Tenant) -> None:
    forms, before = posts(tenant), snapshot(tenant)
    for number, (browser, token, path) in enumerate(forms):
        browser.headers["X-Forwarded-For"] = f"198.18.{number}.1"  # what a network is refused is counted
        for headers in FOREIGN_HEADERS:
            answer = browser.send("POST", path, data={"page_token": token, "password": PASSWORD}, headers=headers)
            assert answer.status_code == 403, (path, headers)
    assert snapshot(tenant) == before
    assert events(tenant, "request.refused")[0]["reason"] == "foreign origin"


@pytest.mark.parametrize("headers", [{"Origin": None}, {"Sec-Fetch-Site": None}])
def test_one_of_the_two_headers_is_enough(tenant: Tenant, headers: dict[str, str | None]) -> None:
    browser = anonymous(tenant)
    fields = browser.page.form("/login").fields | {"username": "erika", "password": PASSWORD}
    assert browser.send("POST", "/login", data=fields, headers=headers).status_code == 303


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_method_cannot_be_changed_by_a_header_or_a_field(tenant: Tenant, header: str) -> None:
    browser = tenant.browser("admin")
    browser.get("/account")
    token = browser.page.form("/logout").fields["page_token"]
    before = snapshot(tenant)
    for method in ("GET", "HEAD"):
        options = {"headers": {header: "POST"}, "params": {"page_token": token, "_method": "POST", "first_name": "x"}}
        assert browser.send(method, "/account", **options).status_code == 200
    assert snapshot(tenant) == before


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"])
def test_other_methods_reach_no_route(tenant: Tenant, method: str) -> None:
    browser = tenant.browser("admin")
    for _, rule in routes(tenant.host):
        answer = browser.send(method, filled(rule, tenant), content=b"")
        assert answer.status_code == 405, rule
        assert {"GET", "POST"} & set(answer.headers["allow"].replace(",", " ").split())
    assert browser.send("GET", "/logout").status_code == 405
    browser.get("/account")
    assert browser.path == "/account"


def test_odd_cookies_open_nothing_and_break_nothing(tenant: Tenant) -> None:
    good = tenant.browser("erika").cookies["ccm_session"]
    for cookie in (
        "ccm_session=" + "A" * 8000,
        "ccm_session=../../etc/passwd",
        b"ccm_session=\xe4\xff",
        f"ccm_session={good[:-1]}",
        f"ccm_session={good}x",
        f"ccm_login={good}",
        f"__Host-ccm_session={good}",
        f"ccm_session=x; ccm_session={good}",
        "ccm_session",
        "=;;;=",
    ):
        headers = {"Host": tenant.name, "Cookie": cookie}
        answer = tenant.host.client.get("/account", headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Faccount"), cookie
