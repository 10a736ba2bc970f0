# SPDX-License-Identifier: MIT
"""The headers of every kind of answer, and the attributes of the cookies, over http and https."""

from collections.abc import Iterator

import httpx
import pytest

from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from ccm_core.web.static_files import static_url
from tests.functional.acts import account, activate_missing, enrol

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
FIXED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
HSTS = "max-age=31536000; includeSubDomains"


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with running_host(tmp_path_factory.mktemp("secure"), workers=1, base_url="https://ccm.example") as running:
        yield running


def assert_complete(answer: httpx.Response, *, secure: bool) -> None:
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == POLICY
    assert {name: answer.headers.get(name) for name in FIXED} == FIXED
    assert answer.headers.get("strict-transport-security") == (HSTS if secure else None)
    assert not any(name.startswith("access-control-") for name in answer.headers)
    assert not any(character.isdigit() for character in answer.headers.get("server", ""))
    if answer.content:
        kind = answer.headers["content-type"]
        assert kind == "application/json" or kind.endswith("charset=utf-8")


def answers(tenant: Tenant) -> dict[str, httpx.Response]:
    """Return one answer of every kind, by status and path."""
    admin = tenant.add_user("admin", admin=True)
    tenant.add_user("erika")
    activate_missing(tenant, "gone")
    visitor, browser = tenant.browser(), tenant.browser("admin")
    token = browser.page.form("/logout").fields["page_token"]
    enrol(tenant, account(tenant), "gone")
    half = tenant.browser("erika")

    def chunks() -> Iterator[bytes]:
        yield b"a=b"

    found = [
        visitor.send("GET", "/healthz"),
        visitor.send("GET", "/login"),
        visitor.send("HEAD", "/login"),
        browser.send("GET", "/account"),
        browser.send("GET", "/session"),
        visitor.send("GET", "/account"),
        browser.send("POST", "/account", data={"page_token": token}),
        browser.send("POST", "/account", data={"page_token": token, "language": "x"}),
        visitor.send("POST", "/login", data={"username": "erika"}),
        browser.send("GET", "/nowhere"),
        browser.send("GET", "/admin/users/0"),
        browser.send("PUT", "/account"),
        browser.send("POST", "/account", content=chunks()),
        browser.send("POST", "/account", data={"page_token": token, "first_name": "x" * 70000}),
        browser.send("POST", "/account", json={"page_token": token}),
        browser.send("POST", f"/admin/users/{admin.id}/password-link", data={"page_token": "x"}),
        browser.send("POST", "/admin/plugins/gone/settings", data={"page_token": token}),
        visitor.send("GET", "/login", headers={"Host": "unknown.example"}),
        browser.send("GET", "/plugins/gone/setup"),
        half.send("GET", "/login/challenge"),
    ]
    return {f"{one.request.method} {one.url.path} {one.status_code}": one for one in found}


STATUSES = {200, 303, 400, 403, 404, 405, 409, 411, 413, 415, 500, 503}


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
def test_every_answer_has_all_headers(host: Host) -> None:
    found = answers(host.tenant())
    assert {one.status_code for one in found.values()} == STATUSES
    for answer in found.values():
        assert_complete(answer, secure=False)
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
def test_over_https_every_answer_asks_for_https_for_a_year(secure: Host) -> None:
    found = answers(secure.tenant())
    assert {one.status_code for one in found.values()} == STATUSES
    for answer in found.values():
        assert_complete(answer, secure=True)


def test_a_page_of_an_error_tells_nothing_of_the_inside(host: Host) -> None:
    for answer in answers(host.tenant()).values():
        assert "Traceback" not in answer.text
        assert "ccm_core" not in answer.text
        assert 'File "' not in answer.text


def test_static_files_are_kept_and_have_the_other_headers(host: Host, tenant: Tenant) -> None:
    for name in ("app.css", "app.js"):
        answer = host.client.get(static_url(name), headers={"Host": tenant.name})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert_complete(answer, secure=False)
    old = static_url("app.css").replace("/static/", "/static/f")
    assert host.client.get(old).status_code == 404


def set_cookies(answer: httpx.Response) -> dict[str, set[str]]:
    """Return name and attributes of the cookies that an answer sets; ``Max-Age`` tells when they end."""
    found = {}
    for line in answer.headers.get_list("set-cookie"):
        pair, *attributes = line.split("; ")
        found[pair.partition("=")[0]] = {one for one in attributes if not one.startswith("Expires=")}
    return found


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cookies_are_for_this_host_alone_and_out_of_reach_of_scripts(
    request: pytest.FixtureRequest, scheme: str
) -> None:
    tenant: Tenant = request.getfixturevalue("host" if scheme == "http" else "secure").tenant()
    tenant.activate("twofactor")
    enrol(tenant, tenant.add_user("erika"))
    tenant.add_user("otto")
    prefix, attributes = "", {"HttpOnly", "Path=/", "SameSite=Lax"}
    if scheme == "https":
        prefix, attributes = "__Host-", attributes | {"Secure"}
    browser = tenant.browser()
    assert set_cookies(browser.send("GET", "/login")) == {f"{prefix}ccm_visit": attributes}
    browser.get("/login")
    fields = browser.page.form("/login").fields | {"password": PASSWORD}
    gone = attributes | {"Max-Age=0"}
    half = set_cookies(browser.send("POST", "/login", data=fields | {"username": "erika"}))
    assert half == {f"{prefix}ccm_login": attributes, f"{prefix}ccm_session": gone}
    whole = set_cookies(browser.send("POST", "/login", data=fields | {"username": "otto"}))
    assert whole == {f"{prefix}ccm_login": gone, f"{prefix}ccm_session": attributes}
    browser.get("/")
    logout = browser.send("POST", "/logout", data=browser.page.form("/logout").fields)
    assert set_cookies(logout) == {f"{prefix}ccm_session": gone, f"{prefix}ccm_login": gone}
    assert logout.headers["clear-site-data"] == '"cache", "storage"'


def test_no_answer_and_no_log_holds_a_token_a_password_or_a_key(host: Host, tenant: Tenant) -> None:
    tenant.activate("twofactor")
    browser = tenant.browser("admin")
    secrets = {browser.cookies["ccm_session"], browser.cookies["ccm_visit"], PASSWORD}
    for path in ("/", "/account", "/session", "/admin/users", "/admin/plugins", "/admin/audit", "/confirm", "/nowhere"):
        browser.get(path)
        assert not [secret for secret in secrets if secret in browser.response.text]
    browser.get("/account")
    browser.submit("/plugins/twofactor/setup/begin")
    key = browser.page.html.partition("secret=")[2][:32]
    assert len(key) == 32
    browser.submit("/plugins/twofactor/setup", code="123 456")
    browser.submit("/logout")
    log = (host.settings.data_dir / "server.log").read_text("utf-8")
    assert "login.succeeded" in log
    assert not [secret for secret in {*secrets, key, "123 456", "123456"} if secret in log]
