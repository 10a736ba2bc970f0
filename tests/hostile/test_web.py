# SPDX-License-Identifier: MIT
"""H87 to H91: return addresses, headers, logs, fields that nobody asked for, methods."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from ccm_core.db import models as m
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from tests.functional.acts import account, events, link_in, post, snapshot
from tests.functional.phone import ACCOUNT, SETUP, Enrolled, begin_setup, enrol
from tests.functional.test_guards import OPEN, filled, routes
from tests.functional.test_headers import answers, assert_complete

FOREIGN = {
    "two slashes": "//evil.example",
    "slash and backslash": "/\\evil.example",
    "backslashes": "\\\\evil.example",
    "scheme without slashes": "https:evil.example",
    "scheme": "https://evil.example/",
    "encoded slashes": "%2f%2fevil.example",
    "script": "javascript:alert(1)",
    "data": "data:text/html,<script>alert(1)</script>",
    "tab": "/\t/evil.example",
    "line break": "/\r\nLocation: https://evil.example",
    "name and password": "/@evil.example\\@/",
    "overlong": "/" + "a" * 5000,
}


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize("kind", FOREIGN)
def test_h87_a_foreign_return_address_leads_to_our_own_start_page(erika: Enrolled, kind: str) -> None:
    address, tenant = FOREIGN[kind], erika.tenant
    browser = tenant.browser()
    browser.get(f"/login?next={quote(address, safe='')}&url={quote(address, safe='')}")
    assert browser.page.form("/login").fields["next"] in {"", "/"}
    fields = browser.page.form("/login").fields | {"username": "erika", "password": PASSWORD, "next": address}
    assert browser.send("POST", "/login", data=fields).headers["location"] == "/login/challenge"
    browser.get(f"/login/challenge?next={quote(address, safe='')}")
    fields = browser.page.form("/login/challenge").fields | {"code": erika.phone.next_code(), "next": address}
    answer = browser.send("POST", "/login/challenge", data=fields)
    assert (answer.headers["location"], "evil" in str(answer.headers)) == ("/", False)
    for target in ({"next": address, "target": ""}, {"next": "", "target": address}):
        browser.get(f"/confirm?next={quote(address, safe='')}")
        tenant.host.clock.move(31)
        fields = {"password": PASSWORD, "code": erika.phone.next_code(), **target}
        answer = browser.send("POST", "/confirm", data=browser.page.form("/confirm").fields | fields)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("kind", FOREIGN)
def test_h87_the_administration_goes_back_to_its_own_pages_alone(protected: Tenant, kind: str) -> None:
    admin = protected.browser("admin")
    form = {"page_token": token_of(admin), "user": str(account(protected).id), "next": FOREIGN[kind]}
    answer = admin.send("POST", "/admin/plugins/twofactor/allow", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/plugins/twofactor")


def token_of(browser: Browser) -> str:
    return browser.page.form("/logout").fields["page_token"]


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host behind https."""
    with running_host(tmp_path_factory.mktemp("secure"), base_url="https://ccm.example") as running:
        yield running


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_h88_answers_of_every_status_carry_the_complete_set_of_headers(
    request: pytest.FixtureRequest, scheme: str
) -> None:
    """``Referrer-Policy`` is ``same-origin`` rather than ``no-referrer`` (D19)."""
    found = answers(request.getfixturevalue("host" if scheme == "http" else "secure").tenant())
    assert {200, 303, 403, 404, 405, 413, 500} <= {one.status_code for one in found.values()}
    for answer in found.values():
        assert_complete(answer, secure=scheme == "https")
        assert answer.headers["cache-control"] == "no-store"


FORGED = '{"event": "login.succeeded", "user": "admin"}'
EVIL_NAMES = [f"erika\r\n{FORGED}", f"erika\n{FORGED}", f"erika\u2028{FORGED}\x85{FORGED}", "\x1b[31merika\x1b[2J\x07"]
EVIL_NAMES += ["x" * 10_000, "\u202eakire", 'erika"}\\n{"event": "x"', "%s%n%(name)s{0}", "\ud7ff\U0001f600"]


def new_lines(log: Path, since: int) -> list[dict[str, object]]:
    """Return the events that were logged since; every line is one."""
    text = log.read_bytes()[since:]
    assert not {byte for byte in text if byte < 0x20} - {ord("\n")}
    return [json.loads(line) for line in text.decode("utf-8").removesuffix("\n").split("\n") if line]


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize("number", range(len(EVIL_NAMES)))
def test_h89_a_name_forges_no_line_of_the_log_and_no_entry_of_the_trail(tenant: Tenant, number: int) -> None:
    name, log = EVIL_NAMES[number], tenant.host.settings.data_dir / "server.log"
    since, browser = log.stat().st_size, tenant.browser()
    browser.headers["X-Forwarded-For"] = f"198.51.{number}.7"
    browser.headers["User-Agent"] = name.encode("ascii", "ignore").decode().translate(dict.fromkeys(range(32)))[:9000]
    browser.log_in(name, "not the password")
    assert browser.response.status_code == (400 if len(name) > 320 else 401)
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username=name)
    browser.get("/login")
    for path in (f"/admin/users/{quote(name)}", f"/activate/{quote(name)}", f"/login?next={quote(name)}"):
        browser.send("GET", path)
        browser.send("POST", path, data={"page_token": name, name: name})
    lines = new_lines(log, since)
    tried = 0 if len(name) > 320 else 1
    assert [line["event"] for line in lines].count("login.refused") == len(events(tenant, "login.refused")) == tried
    assert not [line for line in lines if line["event"] == "login.succeeded"]
    assert all(len(json.dumps(line)) < 1000 for line in lines)
    for entry in events(tenant):
        assert entry["event"] in {"login.refused", "request.refused", "user.added"}
        assert not [value for value in entry.values() if "\n" in str(value) or len(str(value)) > 100]


def trail(tenant: Tenant) -> str:
    """Return everything that the database keeps of what happened, and of the mails that went out."""
    kept = (m.audit, m.session, m.pending_login, m.mailed_link, m.outbox, m.plugin_fault, m.user, m.enrolment)
    with tenant.host.parts.database.read() as connection:
        return "\n".join(repr(row) for table in kept for row in connection.execute(select(table)))


def test_h89_no_password_code_key_token_or_id_stands_in_a_log_the_trail_or_the_database(protected: Tenant) -> None:
    tenant, wrong, new = protected, "a password typed in a hurry", "a quite different sentence"
    log = tenant.host.settings.data_dir / "server.log"
    user, other = enrol(tenant, "erika"), tenant.browser()
    half, again = user.at_second_dialog(), user.at_second_dialog()
    secrets = {PASSWORD, wrong, new, user.phone.secret, half.cookies["ccm_login"], half.cookies["ccm_visit"]}
    secrets |= {user.browser.cookies["ccm_session"], token_of(user.browser)}
    for name, password in (("erika", wrong), (wrong, "erika"), (PASSWORD, PASSWORD)):
        other.log_in(name, password)
    code = user.phone.next_code()
    for browser, typed in ((half, "918273645"), (half, code), (again, code)):
        browser.submit("/login/challenge", code=typed)
    secrets |= {"918273645", f'"{code}"', f"'{code}'", half.cookies["ccm_session"]}
    other.get("/password/forgot")
    other.submit("/password/forgot", username="erika")
    link = link_in(tenant.mails("erika")[-1])
    other.get(link)
    other.submit(link, new_password=wrong, repeat_password=new)
    other.send("POST", link, data={"page_token": "wrong"})
    other.submit(link, new_password=new, repeat_password=new)
    other.log_in("erika", new)
    secrets |= {link.rpartition("/")[2], other.cookies["ccm_session"], begin_setup(tenant, other).secret}
    told = log.read_text("utf-8") + trail(tenant)
    assert "login.succeeded" in told
    assert [secret for secret in secrets if secret in told] == []


CLAIMS = dict.fromkeys(("is_admin", "admin", "administrator", "email_verified", "allowed", "enrolled"), "1")
CLAIMS |= dict.fromkeys(("totp_enabled", "second_factor", "stamp", "disabled", "plugin_generation", "instance_id"), "0")
CLAIMS |= dict.fromkeys(("totp_secret", "secret", "password", "new_password", "password_hash"), "A" * 32)
CLAIMS |= {"role": "administrator", "id": "1", "user_id": "1", "user": "admin", "name": "eve", "email": "e@example.org"}


def test_h90_fields_of_the_account_form_that_nobody_asked_for_are_ignored(erika: Enrolled) -> None:
    tenant, browser = erika.tenant, erika.browser
    before, kept = account(tenant), snapshot(tenant)
    browser.get(ACCOUNT)
    browser.submit(ACCOUNT, first_name="Erika", **CLAIMS)
    assert browser.page.alerts == ["Your data was saved."]
    after = account(tenant)
    assert (after.first_name, before.first_name) == ("Erika", "")
    for name in ("id", "name", "email", "role", "disabled", "stamp", "password_hash", "last_name", "company"):
        assert getattr(after, name) == getattr(before, name), name
    assert {name: rows for name, rows in snapshot(tenant).items() if name != "user"} == {
        name: rows for name, rows in kept.items() if name != "user"
    }
    assert erika.at_second_dialog().path == "/login/challenge"


def test_h90_a_set_up_and_a_new_user_take_no_more_than_their_fields(protected: Tenant) -> None:
    browser, admin = protected.browser("erika"), protected.browser("admin")
    phone = begin_setup(protected, browser)
    claims = {name: value for name, value in CLAIMS.items() if name not in {"name", "email", "role"}}
    browser.submit(SETUP, code=phone.code(), **claims, label="mine", data="x", counter="-1", confirmed="1")
    (row,) = protected.host.parts.factors.ledger.confirmed(account(protected).id)
    assert (row.plugin, row.label == "mine") == ("twofactor", False)
    admin.get("/admin/users")
    admin.submit("/admin/users", name="otto", email="otto@example.org", role="user", **claims)
    otto = account(protected, "otto")
    assert (otto.role, otto.password_hash, otto.id == 1) == ("user", None, False)


OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method")


def everything(tenant: Tenant) -> tuple[object, ...]:
    """Return the instance's rows, the number of its sessions, and its trail."""
    query = select(func.count()).where(m.session.c.instance_id == tenant.instance.id)
    with tenant.host.parts.database.read() as connection:
        return snapshot(tenant), connection.execute(query).scalar_one(), events(tenant)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE"])
def test_h91_other_methods_and_headers_that_name_another_change_nothing(protected: Tenant, method: str) -> None:
    admin, read = protected.browser("admin"), method in {"GET", "HEAD"}
    form = {"page_token": token_of(admin), "user": "1", "role": "administrator", "all": "1", "_method": "POST"}
    before = everything(protected)
    for own, rule in routes(protected.host):
        sent = dict.fromkeys(OVERRIDES, own) | {"Origin": protected.origin}
        answer = admin.send(method, filled(rule, protected), headers=sent, **{"params" if read else "data": form})
        assert answer.status_code in ({200, 303, 404, 405} if read else {405}), rule
    assert everything(protected) == before


def test_h91_a_form_s_fields_in_the_query_of_a_get_change_nothing(protected: Tenant) -> None:
    admin = protected.browser("admin")
    user, before = account(protected), everything(protected)
    form = {"page_token": token_of(admin), "user": str(user.id), "role": "administrator", "all": "1"}
    form |= {"first_name": "x", "name": "eve", "email": "eve@example.org", "password": PASSWORD, "username": "admin"}
    for method, rule in routes(protected.host):
        if method == "POST":
            answer = admin.send("GET", filled(rule, protected), params=form | {"_method": "POST"})
            assert answer.status_code in {200, 303, 404, 405}, rule
    assert everything(protected) == before
    assert {rule for method, rule in OPEN if method == "POST"} <= {rule for _, rule in routes(protected.host)}
    post(admin, "/logout")
    assert admin.session()["state"] == "none"
