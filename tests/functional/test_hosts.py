# SPDX-License-Identifier: MIT
"""Host names: which instance answers, what happens under another name, and whose forwarded headers count."""

from collections.abc import Iterator

import httpx
import pytest

from ccm_core.services.instances import ON_PREMISE
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from tests.functional.acts import events

ODD_PATHS = {
    "/login": "/login",
    "/login?next=%2Faccount&a=%0d%0a": "/login?next=%2Faccount&a=%0d%0a",
    "/activate/%0d%0aX-Evil:%20yes": "/activate/%0D%0AX-Evil%3A%20yes",
    "/activate/%C3%A4%00": "/activate/%C3%A4%00",
    "/activate/%5C%5Cevil.example": "/activate/%5C%5Cevil.example",
}


@pytest.fixture(scope="module")
def on_premise(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    with running_host(tmp_path_factory.mktemp("premise"), workers=1) as running:
        running.parts.instances.add("127.0.0.1", ON_PREMISE, None, running.clock())
        tenant = Tenant(running, "127.0.0.1")
        tenant.add_user("erika")
        yield tenant


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize("path", ODD_PATHS)
def test_on_premise_another_name_leads_to_the_only_one(on_premise: Tenant, path: str) -> None:
    for method in ("GET", "HEAD"):
        answer = on_premise.host.client.request(method, path, headers={"Host": "other.example"})
        assert (answer.status_code, answer.headers["location"]) == (308, on_premise.origin + ODD_PATHS[path])
        assert "set-cookie" not in answer.headers
        assert "x-evil" not in answer.headers


def test_on_premise_a_form_under_another_name_is_refused_and_changes_nothing(on_premise: Tenant) -> None:
    before = events(on_premise)
    browser = on_premise.browser()
    browser.get("/login")
    fields = browser.page.form("/login").fields | {"username": "erika", "password": PASSWORD}
    answer = browser.send("POST", "/login", data=fields, headers={"Host": "other.example"})
    assert answer.status_code == 421
    assert "does not answer under this name" in answer.text
    assert "ccm_session" not in browser.cookies
    assert events(on_premise) == before


def test_in_the_cloud_an_unknown_name_is_nobody_s(host: Host, tenant: Tenant) -> None:
    for name in ("unknown.example", "localhost", f"x{tenant.name}", "", "[", "a b", "ä.example"):
        for method in ("GET", "POST"):
            answer = host.client.request(method, "/login", headers={"Host": name.encode()})
            assert answer.status_code in {400, 404}, name
            assert "set-cookie" not in answer.headers


def test_a_name_counts_in_any_case_and_with_any_port(host: Host, tenant: Tenant) -> None:
    for name in (tenant.name.upper(), f"{tenant.name}:1"):
        assert host.client.get("/login", headers={"Host": name}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_under_any_name(host: Host, on_premise: Tenant, path: str) -> None:
    for client in (host.client, on_premise.host.client):
        for name in ("127.0.0.1", "10.0.0.7", "unknown.example"):
            answer = client.get(path, headers={"Host": name})
            assert (answer.status_code, answer.text) == (200, "ok\n")


def network_after_login(tenant: Tenant, forwarded: str) -> object:
    browser = tenant.browser()
    browser.headers["X-Forwarded-For"] = forwarded
    browser.log_in("erika", PASSWORD)
    assert browser.path == "/"
    return tenant.host.parts.audit.entries(tenant.instance.id, event="login.succeeded")[0].network


def test_behind_a_trusted_proxy_the_caller_is_the_last_hop_that_is_not_trusted(tenant: Tenant) -> None:
    expected = {
        "203.0.113.9": "203.0.113.0/24",
        "198.51.100.7, 203.0.113.9": "203.0.113.0/24",
        "198.51.100.7, 203.0.113.9, 127.0.0.1": "203.0.113.0/24",
        "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
        "::ffff:203.0.113.9": "203.0.113.0/24",
        "nonsense": "unknown",
        ", ,": "127.0.0.0/24",
    }
    assert {forwarded: network_after_login(tenant, forwarded) for forwarded in expected} == expected


def test_without_a_trusted_proxy_nobody_can_say_from_where_he_comes(on_premise: Tenant) -> None:
    assert network_after_login(on_premise, "203.0.113.9") == "127.0.0.0/24"


def test_forged_addresses_do_not_free_from_the_delay(on_premise: Tenant) -> None:
    on_premise.add_user("otto")
    browser = on_premise.browser()
    statuses = []
    for number in range(7):
        browser.headers["X-Forwarded-For"] = f"203.0.{number}.9"
        browser.log_in("otto", "wrong")
        statuses.append(browser.response.status_code)
    assert statuses == [401, 401, 401, 401, 401, 429, 429]


@pytest.mark.one_node("nginx passes no X-Forwarded-Host on; tests/nodes/test_proxy.py")
def test_the_forwarded_name_counts_from_a_trusted_proxy_alone(host: Host, tenant: Tenant, on_premise: Tenant) -> None:
    def ask(client: httpx.Client, name: str, forwarded: str) -> int:
        return client.get("/login", headers={"Host": name, "X-Forwarded-Host": forwarded}).status_code

    assert ask(host.client, "inner.example", tenant.name) == 200
    assert ask(host.client, "inner.example", f"evil.example, {tenant.name}") == 200
    assert ask(host.client, tenant.name, "evil.example") == 404
    assert ask(on_premise.host.client, "inner.example", "127.0.0.1") == 308
    assert ask(on_premise.host.client, "127.0.0.1", "evil.example") == 200
