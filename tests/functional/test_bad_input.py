# SPDX-License-Identifier: MIT
"""Bad input: every form answers it with a sentence at the field or on the page (4xx), and changes nothing."""

from collections.abc import Callable
from urllib.parse import quote, urlencode

import httpx
import pytest

from ccm_core.services.user_admin import Actor
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from ccm_core.testing.pages import HtmlPage
from tests.functional.acts import account, link_in, snapshot

NEW = "a quite different sentence"
FORM = {"content-type": "application/x-www-form-urlencoded"}
NAMES = {"first_name": "Erika", "last_name": "Muster", "company": "ACME", "language": "de"}
USER = {"name": "otto", "email": "otto@example.org", "role": "user"}
PASSWORDS = {"new_password": NEW, "repeat_password": NEW}
LONG = "x" * 5000


def visitor(tenant: Tenant) -> Browser:
    browser = tenant.browser()
    browser.get("/login")
    return browser


def admin(tenant: Tenant) -> Browser:
    return tenant.browser("admin")


FORMS: dict[str, tuple[Callable[[Tenant], Browser], dict[str, str]]] = {
    "/login": (visitor, {"username": "erika", "password": PASSWORD}),
    "/password/forgot": (visitor, {"username": "erika"}),
    "/password/reset/TOKEN": (visitor, PASSWORDS),
    "/confirm": (admin, {"password": PASSWORD}),
    "/account": (admin, NAMES),
    "/account/email": (admin, {"email": "new@example.org"}),
    "/account/password": (admin, {"current_password": PASSWORD, **PASSWORDS}),
    "/account/sessions": (admin, {"session": "1"}),
    "/admin/users": (admin, USER),
    "/admin/users/ERIKA/sessions": (admin, {"session": "1"}),
    "/admin/plugins/twofactor/allow": (admin, {"user": "1"}),
    "/admin/plugins/twofactor/revoke": (admin, {"user": "1"}),
    "/admin/plugins/twofactor/settings": (admin, {"issuer": "ACME"}),
}
MAY_BE_EMPTY = {"first_name", "last_name", "company", "language", "issuer"}
BAD_VALUES = ("", " ", LONG, "a\0b", "\0")
BAD_ENCODINGS = (b"%ff", b"\xe4\xf6", b"%C3", b"%ed%a0%80", b"%00")


@pytest.fixture
def tenant(tenant: Tenant) -> Tenant:
    tenant.activate("twofactor", everyone=False)
    tenant.host.parts.users.send_link(tenant.instance, account(tenant).id, tenant.host.clock(), Actor())
    return tenant


def opened(tenant: Tenant, form: str) -> tuple[Browser, str, dict[str, str]]:
    """Return a browser that may send the form, its address, and its fields filled in rightly."""
    who, fields = FORMS[form]
    browser = who(tenant)
    token = next(one.fields["page_token"] for one in browser.page.forms if one.method == "post")
    path = form.replace("ERIKA", str(account(tenant).id))
    if "TOKEN" in form:
        path = link_in(tenant.mails("erika")[-1])
    return browser, path, {"page_token": token, **fields}


def assert_told(answer: httpx.Response, about: object) -> None:
    assert 400 <= answer.status_code < 500, (answer.status_code, about)
    page = HtmlPage(answer.text)
    assert page.errors or page.alerts or str(answer.status_code) in page.text, about
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("form", FORMS)
def test_missing_empty_and_overlong_values_are_told(tenant: Tenant, form: str) -> None:
    browser, path, fields = opened(tenant, form)
    before = snapshot(tenant)
    for field in FORMS[form][1]:
        missing = {name: value for name, value in fields.items() if name != field}
        assert_told(browser.send("POST", path, data=missing), (field, "missing"))
        for value in BAD_VALUES:
            if value.strip() or field not in MAY_BE_EMPTY:
                assert_told(browser.send("POST", path, data=fields | {field: value}), (field, value[:20]))
                tenant.host.clock.move(61)
    assert snapshot(tenant) == before


@pytest.mark.parametrize("form", FORMS)
def test_bytes_that_are_no_text_are_refused(tenant: Tenant, form: str) -> None:
    browser, path, fields = opened(tenant, form)
    before = snapshot(tenant)
    for field in FORMS[form][1]:
        rest = urlencode({name: value for name, value in fields.items() if name != field}).encode()
        for value in BAD_ENCODINGS:
            answer = browser.send("POST", path, content=rest + f"&{field}=".encode() + value, headers=FORM)
            assert answer.status_code == 400, (field, value)
            assert "The request could not be read." in answer.text
        in_name = browser.send("POST", path, content=urlencode(fields).encode() + b"&%ff=1", headers=FORM)
        assert in_name.status_code == 400
    assert snapshot(tenant) == before


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize("form", FORMS)
def test_other_kinds_of_bodies_are_refused(tenant: Tenant, form: str) -> None:
    browser, path, fields = opened(tenant, form)
    before = snapshot(tenant)
    for options in (
        {"data": fields, "files": {"first_name": ("x.txt", b"text")}},
        {"json": fields},
        {"json": [1, True, None, {"a": [[[[]]]]}]},
        {"content": b"{", "headers": {"content-type": "application/json"}},
        {"content": urlencode(fields).encode(), "headers": {"content-type": "text/plain"}},
        {"content": b"--x\r\nbroken", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"--x", "headers": {"content-type": "multipart/form-data"}},
        {"content": urlencode(fields).encode()},
    ):
        answer = browser.send("POST", path, **options)
        assert (answer.status_code, answer.headers["connection"]) == (415, "close")
        assert "The request does not hold a form." in answer.text
    for body in (b"", b"&&&", b"=", b"a=b;c=d", b"page_token", b"%" * 99):
        assert_told(browser.send("POST", f"{path}?{urlencode(fields)}", content=body, headers=FORM), body)
    for many in (10_000, 100_000):
        body = urlencode(fields).encode() + b"".join(b"&f%d=" % number for number in range(many))
        answer = browser.send("POST", path, content=body, headers=FORM)
        assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert snapshot(tenant) == before


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize(
    ("method", "path", "asked", "status"),
    [
        ("TRACE", "/account", None, 405),
        ("PUT", "/login", None, 405),
        ("POST", "/no-such-page", None, 404),
        ("POST", "/login", "elsewhere.example", 404),
    ],
)
def test_whoever_is_answered_before_the_body_came_is_told_that_the_connection_ends(
    tenant: Tenant, method: str, path: str, asked: str | None, status: int
) -> None:
    """The server closes it then; a program that was not told would send its next request into nothing."""
    browser, headers = tenant.browser(), FORM | ({"Host": asked} if asked else {})
    answer = browser.send(method, path, content=b"name=x", headers=headers)
    assert (answer.status_code, answer.headers.get("connection")) == (status, "close")
    answer = browser.send("GET" if method == "POST" else method, path, headers=headers)
    assert answer.headers.get("connection") is None


def test_of_a_field_that_comes_twice_the_first_value_counts(tenant: Tenant) -> None:
    browser, path, fields = opened(tenant, "/account")
    body = f"{urlencode(fields)}&first_name=Second&is_admin=1&role=administrator&id=1&email=x%40example.org"
    assert browser.send("POST", path, content=body.encode(), headers=FORM).status_code == 303
    saved = account(tenant, "admin")
    assert (saved.first_name, saved.email, saved.company) == ("Erika", "admin@example.org", "ACME")
    visit, login, typed = opened(tenant, "/login")
    twice = f"{urlencode(typed | {'password': 'wrong'})}&password={quote(PASSWORD)}"
    assert visit.send("POST", login, content=twice.encode(), headers=FORM).status_code == 401


BAD_FIELDS = [
    ("/account", "first_name", "x" * 101, "At most 100 characters"),
    ("/account", "company", "a\nb", "At most 100 characters"),
    ("/account", "last_name", "a\x1b[31m", "At most 100 characters"),
    ("/account", "language", "fr", "Please choose one of the languages."),
    ("/account/email", "email", "no address", "one valid e-mail address"),
    ("/account/email", "email", "a@example.org,b@example.org", "one valid e-mail address"),
    ("/account/email", "email", "a@example.org\r\nBcc: b@example.org", "one valid e-mail address"),
    ("/account/email", "email", "ä@example.org", "one valid e-mail address"),
    ("/account/email", "email", "a@-example.org", "one valid e-mail address"),
    ("/account/email", "email", "a@ex..ample.org", "one valid e-mail address"),
    ("/account/email", "email", "a" * 65 + "@example.org", "one valid e-mail address"),
    ("/account/email", "email", "ERIKA@example.org", "Another account has this e-mail address."),
    ("/account/email", "email", "admin@example.org", "This is your e-mail address already."),
    ("/account/password", "current_password", "wrong", "This is not your current password."),
    ("/account/password", "new_password", "x" * 14, "The password needs at least 15 characters."),
    ("/account/password", "new_password", "x" * 257, "The password may have at most 256 characters."),
    ("/account/password", "new_password", "passwordpassword", "on the list of passwords"),
    ("/account/password", "new_password", "admin@example.org", "a name or address that others know"),
    ("/account/password", "repeat_password", "another sentence here", "The two passwords are not the same."),
    ("/admin/users", "name", "x" * 65, "The user name needs 1 to 64 characters."),
    ("/admin/users", "name", "a@b", "must not hold «@»"),
    ("/admin/users", "name", "erika＠example.org", "must not hold «@»"),
    ("/admin/users", "name", "a\tb", "must not hold «@» or control characters."),
    ("/admin/users", "name", "ERIKA", "This user name is taken."),
    ("/admin/users", "name", "\N{LATIN SMALL LETTER E}ｒｉｋａ", "This user name is taken."),
    ("/admin/users", "name", "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 60, "The user name needs 1 to 64"),
    ("/admin/users", "email", "Erika@Example.ORG", "Another account has this e-mail address."),
    ("/admin/users", "role", "root", "Please choose one of the roles."),
    ("/password/reset/TOKEN", "new_password", "short", "The password needs at least 15 characters."),
    ("/password/reset/TOKEN", "repeat_password", "another sentence here", "The two passwords are not the same."),
]


def test_values_that_break_a_rule_are_told_at_their_field(tenant: Tenant) -> None:
    forms = {form: opened(tenant, form) for form in {form for form, *_ in BAD_FIELDS}}
    before = snapshot(tenant)
    for form, field, value, sentence in BAD_FIELDS:
        browser, path, fields = forms[form]
        answer = browser.send("POST", path, data=fields | {field: value})
        page = HtmlPage(answer.text)
        assert (answer.status_code, len(page.errors)) == (400, 1), (field, value)
        assert sentence in page.errors[0]
        assert f'id="f-{field}-error"' in answer.text
        if "password" not in field and field not in {"role", "language"}:
            assert page.form(path).fields[field] == value
    assert snapshot(tenant) == before


def test_a_role_that_does_not_exist_is_told_after_the_confirmation(tenant: Tenant) -> None:
    browser = admin(tenant)
    user = account(tenant)
    browser.get(f"/admin/users/{user.id}")
    browser.submit(f"/admin/users/{user.id}/role", role="root")
    browser.confirm(PASSWORD)
    assert (browser.response.status_code, browser.page.alerts) == (400, ["Please choose one of the roles."])
    assert account(tenant).role == "user"


def test_markup_in_every_stored_text_is_shown_as_text(tenant: Tenant) -> None:
    evil = "<script>alert(1)</script>{{7*7}}%n$(id)' or 1=1--"
    browser, path, fields = opened(tenant, "/account")
    browser.send("POST", path, data=fields | dict.fromkeys(("first_name", "last_name", "company"), evil))
    other, add, user = opened(tenant, "/admin/users")
    other.send("POST", add, data=user | {"name": evil})
    added = account(tenant, "otto@example.org")
    for shown in (
        "/",
        "/account",
        "/admin/users",
        f"/admin/users/{added.id}",
        "/admin/audit",
        f"/admin/users?q={evil}",
    ):
        other.get(shown)
        assert other.response.status_code == 200
        assert "<script>alert" not in other.response.text
        assert evil in other.page.text or "first_name" in other.page.form("/account").fields
    assert evil in tenant.mails("otto")[-1].get_content()
