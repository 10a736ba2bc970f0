# SPDX-License-Identifier: MIT
"""Every form needs a page token and a page of our own, and every answer, whatever its status, carries all headers."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from sqlalchemy import func, select

from ccm_core.db import models as m
from ccm_core.services.instances import ON_PREMISE
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from tests.functional.acts import account, activate_missing, enrol, events, snapshot
from tests.functional.test_guards import FOREIGN_HEADERS, OPEN
from tests.functional.test_headers import assert_complete
from tests.hostile.test_one_gate import FILES, ROUTES

FORMS = [path for method, path in ROUTES if method == "POST" and not path.startswith("/plugins/<name>/")]
OWN_CHECKS = {"/logout", "/session/unlock"}


def address(tenant: Tenant, path: str) -> str:
    """Return an address of a route that exists; a mailed link's token is made up."""
    digest = tenant.host.parts.registry.get("twofactor").static_hash
    places = {"<name>/<path:path>": "twofactor/setup", "<name>": "twofactor", "<digest>": digest, "<token>": "x" * 43}
    for place, value in (places | {"<path:path>": "x.css", "<id>": str(account(tenant).id)}).items():
        path = path.replace(place, value)
    return path


def everything(tenant: Tenant) -> tuple[object, ...]:
    """Return what the instance keeps, its sessions and pending logins, but for the trail."""
    instance = tenant.instance.id
    with tenant.host.parts.database.read() as connection:
        counts = [
            connection.execute(select(func.count(), func.max(one.c.id)).where(one.c.instance_id == instance)).one()
            for one in (m.session, m.pending_login)
        ]
    return snapshot(tenant), [tuple(row) for row in counts]


def sender(tenant: Tenant, path: str) -> tuple[Browser, dict[str, str]]:
    """Return a browser that may send a form, and the form with all that its change needs."""
    public = ("POST", path) in OPEN and path not in OWN_CHECKS
    browser = tenant.browser(None if public else "admin")
    browser.get("/login" if public else "/account")
    token = next(form.fields["page_token"] for form in browser.page.forms if form.method == "post")
    form = {"page_token": token, "username": "erika", "password": PASSWORD, "current_password": PASSWORD}
    form |= dict.fromkeys(("new_password", "repeat_password"), "a quite different sentence")
    form |= dict.fromkeys(("first_name", "last_name", "company", "name", "issuer", "language"), "de")
    return browser, form | {"user": str(account(tenant).id), "role": "user", "email": "new@example.org", "all": "1"}


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_the_page_token_of_its_own_browser_is_refused_and_changes_nothing(
    protected: Tenant, path: str
) -> None:
    browser, form = sender(protected, path)
    foreign = protected.browser("erika").page.form("/logout").fields["page_token"]
    del form["page_token"]
    before = everything(protected)
    for number, token in enumerate((None, "", foreign, "A" * 86)):
        data = form | ({} if token is None else {"page_token": token})
        query = f"?page_token={foreign}" if token is None else ""
        answer = browser.send("POST", address(protected, path) + query, data=data)
        assert answer.status_code == 403, token
        assert_complete(answer, secure=False)
        kind = "unlock.refused" if path == "/session/unlock" else "request.refused"
        assert len(events(protected, kind)) == number + 1
    assert everything(protected) == before
    assert browser.session()["state"] == ("none" if "ccm_session" not in browser.cookies else "active")


@pytest.mark.parametrize("path", FORMS)
def test_a_form_that_no_page_of_the_instance_sends_is_refused_and_changes_nothing(protected: Tenant, path: str) -> None:
    browser, form = sender(protected, path)
    before = everything(protected)
    for number, headers in enumerate(FOREIGN_HEADERS):
        answer = browser.send("POST", address(protected, path), data=form, headers=headers)
        assert answer.status_code == 403, headers
        assert_complete(answer, secure=False)
        assert len(events(protected, "request.refused")) == number + 1
    assert everything(protected) == before


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_answers_every_method_with_all_headers(protected: Tenant, method: str, path: str) -> None:
    visitor, admin = protected.browser(), protected.browser("admin")
    for browser in (visitor, admin):
        for own in (method, "HEAD", "GET", "POST", "PUT", "DELETE", "OPTIONS"):
            data = {"page_token": "x"} if own == "POST" else None
            answer = browser.send(own, address(protected, path), data=data)
            assert_complete(answer, secure=False)
            cached = answer.status_code == 200 and (("GET", path) in FILES and path.startswith("/static"))
            assert ("immutable" in answer.headers["cache-control"]) is cached, own
            assert cached or answer.headers["cache-control"] == "no-store", own


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
def test_every_route_refuses_to_send_a_request_back_with_all_headers(protected: Tenant) -> None:
    browser = protected.browser("admin")
    for _, path in ROUTES:
        answer = browser.send("TRACE", address(protected, path))
        assert answer.status_code in {404, 405}, path
        assert_complete(answer, secure=False)
        assert answer.headers["cache-control"] == "no-store"


def chunks() -> Iterator[bytes]:
    yield b"a=b"


def throttled(tenant: Tenant) -> httpx.Response:
    for _ in range(6):
        browser = tenant.browser("erika", "not the password")
    return browser.response


def without_factor(tenant: Tenant) -> httpx.Response:
    activate_missing(tenant, "gone")
    enrol(tenant, account(tenant), "gone")
    return tenant.browser("erika").response


def as_admin(method: str, path: str, **options: object) -> Callable[[Tenant], httpx.Response]:
    """Return what sends a request of the administrator: a form with the right page token, unless told what else."""

    def send(tenant: Tenant) -> httpx.Response:
        browser = tenant.browser("admin")
        fields = {"page_token": browser.page.form("/logout").fields["page_token"]}
        plain = method != "POST" or {"content", "json"} & set(options)
        return browser.send(method, path, **({} if plain else {"data": fields}) | options)

    return send


def of_a_missing_plugin(method: str, path: str) -> Callable[[Tenant], httpx.Response]:
    """Return what sends a request that an active plugin would be needed for, which is gone."""

    def send(tenant: Tenant) -> httpx.Response:
        activate_missing(tenant, "gone")
        return as_admin(method, path)(tenant)

    return send


PROVOKED: dict[int, Callable[[Tenant], httpx.Response]] = {
    200: as_admin("GET", "/account"),
    303: as_admin("POST", "/logout"),
    400: as_admin("GET", "/account?x=%ff"),
    401: lambda tenant: tenant.browser("erika", "not the password").response,
    403: lambda tenant: tenant.browser("erika").send("GET", "/admin/users"),
    404: as_admin("GET", "/nowhere"),
    405: as_admin("PUT", "/account"),
    409: of_a_missing_plugin("POST", "/admin/plugins/gone/settings"),
    411: as_admin("POST", "/account", content=chunks()),
    413: as_admin("POST", "/account", content=b"x" * 70_000),
    415: as_admin("POST", "/account", json={}),
    429: throttled,
    500: of_a_missing_plugin("GET", "/plugins/gone/setup"),
    503: without_factor,
}
"""How each status is provoked; 308 and 421 have a test of their own, since they need another host."""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Host]]:
    """A host over http, one behind https, and one with the only instance of the on-premise edition."""
    with ExitStack() as stack:

        def run(name: str, **settings: str) -> Host:
            return stack.enter_context(running_host(tmp_path_factory.mktemp(name), workers=1, **settings))

        found = {"http": run("http"), "https": run("https", base_url="https://ccm.example"), "alone": run("alone")}
        alone = found["alone"]
        alone.parts.instances.add("127.0.0.1", ON_PREMISE, None, alone.clock())
        yield found


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("status", sorted(PROVOKED))
def test_an_answer_of_this_status_has_all_headers(hosts: dict[str, Host], scheme: str, status: int) -> None:
    tenant = hosts[scheme].tenant()
    tenant.add_user("admin", admin=True)
    tenant.add_user("erika")
    tenant.activate("twofactor")
    answer = PROVOKED[status](tenant)
    assert answer.status_code == status
    assert_complete(answer, secure=scheme == "https")
    assert answer.headers["cache-control"] == "no-store"
    assert ("retry-after" in answer.headers) is (status == 429)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(("method", "status"), [("GET", 308), ("HEAD", 308), ("POST", 421), ("PUT", 405)])
def test_an_answer_under_another_name_has_all_headers(hosts: dict[str, Host], method: str, status: int) -> None:
    answer = hosts["alone"].client.request(method, "/login", headers={"Host": "other.example"})
    assert answer.status_code == status
    assert_complete(answer, secure=False)
    assert answer.headers["cache-control"] == "no-store"


NO_HTTP = {
    "garbage": b"\x16\x03\x01 garbage\r\n\r\n",
    "control character": b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
    "length of letters": b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    "two lengths": b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "foreign encoding": b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    "overlong address": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "too many headers": b"GET / HTTP/1.1\r\nHost: a\r\n"
    + b"".join(b"X-%d: 1\r\n" % one for one in range(300))
    + b"\r\n",
}


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize("kind", sorted(NO_HTTP))
def test_what_is_no_request_gets_an_empty_answer_and_the_end_of_the_connection(host: Host, kind: str) -> None:
    """The server refuses it before the application sees it: there are no headers of ours, and nothing to protect."""
    with socket.create_connection(("127.0.0.1", host.port), timeout=30) as connection:
        connection.sendall(NO_HTTP[kind])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 414 ", b"HTTP/1.1 431 "))
    assert (b"connection: close" in head.lower(), body) == (True, b"")
