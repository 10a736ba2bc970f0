# SPDX-License-Identifier: MIT
"""No request, and nothing that runs beside requests, walks through a table that grows: told through every page."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from ccm_core.app import MODULES
from ccm_core.db import models as m
from ccm_core.db.engine import Database
from ccm_core.services.clients import CONSOLE
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from tests.functional.acts import account, approve, link_in, post
from tests.functional.phone import DISABLE, Enrolled, enrol
from tests.functional.query_plans import STAYS_SMALL, Statements, collected, plan, walks

NEW = "a quite different sentence"
ADDRESSES = [(rule.method, rule.path) for module in MODULES for rule in module.RULES]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host of this process, whose statements can be seen."""
    with running_host(tmp_path_factory.mktemp("plans"), in_process=True, reset_keeps_second_factor="true") as running:
        yield running


def test_no_statement_walks_through_a_table_that_grows(tenant: Tenant) -> None:
    visited: set[tuple[str, str]] = set()
    tenant.host.client.event_hooks["request"].append(lambda sent: visited.add((sent.method, sent.url.path)))
    with collected() as statements:
        everything(tenant)
    missed = [one for one in ADDRESSES if not any(fits(one, seen) for seen in visited)]
    assert missed == []
    assert len(statements) > 100
    found = walked(tenant.host.parts.database, statements)
    assert not found, "\n\n".join(f"{text}\n{how}" for text, how in found.items())


def test_a_walk_through_a_table_is_seen(host: Host) -> None:
    counts = {f'SELECT count(*) FROM "{table}"': () for table in m.metadata.tables}
    seen = {text.split('"')[1] for text in walked(host.parts.database, counts)}
    assert seen == set(m.metadata.tables) - set(STAYS_SMALL)


@pytest.mark.sqlite  # PostgreSQL takes whichever index it likes while the table is small
@pytest.mark.parametrize(("query", "index"), [("user", "user_name_id"), ("user", "actor_id"), ("event", "event_id")])
def test_a_filter_of_the_trail_has_its_own_index(host: Host, query: str, index: str) -> None:
    audit, database = host.parts.audit, host.parts.database
    audit.note("login.refused", 1, 0, about=None, client=CONSOLE)
    with collected() as statements:
        audit.entries(1, **{query: "login"})  # type: ignore[arg-type]  # a query of the test
    with database.write() as connection:
        plans = [str(plan(connection, text, parameters)) for text, parameters in statements.items() if is_ours(text)]
    assert any(f"ix_audit_instance_id_{index}" in one for one in plans)


def fits(address: tuple[str, str], seen: tuple[str, str]) -> bool:
    pattern = re.sub(r"<path:\w+>", ".+", address[1])
    return address[0] == seen[0] and re.fullmatch(re.sub(r"<\w+>", "[^/]+", pattern), seen[1]) is not None


def walked(database: Database, statements: Statements) -> dict[str, list[str]]:
    """Return the statements that walk, and how."""

    def each(connection: Connection) -> dict[str, list[str]]:
        found = {text: walks(connection, text, parameters) for text, parameters in statements.items() if is_ours(text)}
        return {text: how for text, how in found.items() if how}

    with database.write() as connection:
        return each(connection)


def is_ours(statement: str) -> bool:
    """Whether the statement is one of the host's, not of the driver or of the schema."""
    return (
        statement.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"))
        and "pg_catalog" not in statement
    )


def everything(tenant: Tenant) -> None:
    """Visit every page, in all the ways that lead to other statements."""
    admin = tenant.browser("admin")
    plugins(tenant, admin)
    erika = enrol(tenant, "erika")
    sign_ins(tenant, erika)
    own_account(tenant, erika)
    admin = tenant.browser("admin")
    users(tenant, admin)
    lists(admin)
    forgotten(tenant)
    ends(tenant)
    beside(tenant.host)


def plugins(tenant: Tenant, admin: Browser) -> None:
    page = "/admin/plugins/twofactor"
    admin.get("/admin/plugins")
    admin.submit(f"{page}/activate")
    admin.get(page)
    admin.submit(f"{page}/everyone")
    admin.get(page)
    post(admin, f"{page}/settings", issuer="x")
    post(admin, f"{page}/retry")


def sign_ins(tenant: Tenant, erika: Enrolled) -> None:
    tenant.browser("erika", "wrong")
    tenant.browser("nobody", "wrong")
    wrong = erika.at_second_dialog()
    wrong.submit("/login/challenge", code="000000")
    wrong.post("/login/challenge", {**wrong.page.form("/login/challenge").fields, "action": "back"})
    signed_in = erika.log_in()
    signed_in.get("/account")
    stale = dict(signed_in.cookies)
    signed_in.session()
    tenant.host.clock.move(1801)
    signed_in.session()
    assert signed_in.unlock("wrong").status_code == 403
    assert signed_in.unlock(PASSWORD).status_code == 200
    tenant.host.clock.move(61)
    signed_in.get("/")
    thief = tenant.browser()
    thief.cookies |= stale
    thief.get("/account")
    again = erika.log_in()
    post(again, "/logout")


def own_account(tenant: Tenant, erika: Enrolled) -> None:
    browser = erika.log_in()
    for path in ("/account", "/account/email", "/account/password", "/account/sessions"):
        browser.get(path)
    browser.submit("/account", first_name="Erika")
    browser.submit("/account/email", email="new@example.org")
    link = link_in(tenant.mails("new@example.org")[-1])
    browser.get("/account")
    browser.get(link)
    browser.submit(link)
    browser.get("/account")
    browser.submit("/account/password", current_password=PASSWORD, new_password=NEW, repeat_password=NEW)
    assert browser.page.alerts == ["Your password was changed. Other sessions were ended."]
    tenant.host.clock.move(901)
    browser.get("/confirm?next=/account")
    browser.submit("/confirm", password=NEW, code=erika.phone.next_code())
    assert browser.path == "/account"
    post(browser, "/account/sessions", session="77")
    browser.get("/account")
    post(browser, "/account/sessions", all="1")
    browser.get("/account")
    browser.get(DISABLE)
    browser.send("GET", "/plugins/twofactor/")
    browser.send("POST", "/plugins/twofactor/", data=browser.page.form(DISABLE).fields)
    browser.submit(DISABLE, code=erika.phone.next_code())


def users(tenant: Tenant, admin: Browser) -> None:
    admin.get("/admin/users")
    admin.submit("/admin/users", name="otto", email="otto@example.org", role="user")
    link = link_in(tenant.mails("otto")[-1])
    otto = tenant.browser()
    otto.get(link)
    otto.submit(link, new_password=NEW, repeat_password=NEW)
    page = f"/admin/users/{account(tenant, 'otto').id}"
    for act in ("disable", "enable", "password-link"):
        admin.get(page)
        admin.submit(f"{page}/{act}")
    admin.get(page)
    approve(admin, f"{page}/role", role="administrator")
    admin.get(page)
    post(admin, f"{page}/sessions", session="77")
    admin.get(page)
    post(admin, f"{page}/sessions", all="1")


def lists(admin: Browser) -> None:
    for query in ("", "?q=er", "?q=example&after=a", "?after=a", "?before=z", "?q=r&before=z"):
        for path in ("/admin/users", "/admin/plugins/twofactor"):
            admin.get(path + query)
            assert admin.response.status_code in {200, 303}
    for user in ("", "erika"):
        for event in ("", "login"):
            for key in ("", "after=99", "before=1"):
                admin.get(f"/admin/audit?user={user}&event={event}&{key}")
                assert admin.response.status_code in {200, 303}


def forgotten(tenant: Tenant) -> None:
    browser = tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username="erika")
    link = link_in(tenant.mails("new@example.org")[-1])
    browser.get(link)
    browser.submit(link, new_password=PASSWORD, repeat_password=PASSWORD)


def ends(tenant: Tenant) -> None:
    enrol(tenant, "erika")
    admin = tenant.browser("admin")
    page = f"/admin/users/{account(tenant).id}"
    admin.get(page)
    approve(admin, f"{page}/reset-factor")
    enrol(tenant, "erika")
    plugin = "/admin/plugins/twofactor"
    admin.get(plugin)
    admin.submit(f"{plugin}/select")
    admin.get(plugin)
    post(admin, f"{plugin}/allow", user=str(account(tenant, "otto").id))
    admin.get(plugin)
    post(admin, f"{plugin}/revoke", user=str(account(tenant).id))
    admin.confirm(PASSWORD)
    admin.get(plugin)
    post(admin, f"{plugin}/everyone")
    for act in ("deactivate", "purge"):
        admin.get(plugin)
        approve(admin, f"{plugin}/{act}")
    page = f"/admin/users/{account(tenant, 'otto').id}"
    admin.get(page)
    approve(admin, f"{page}/delete")


def beside(host: Host) -> None:
    """What no request waits for: load balancers, the delivery of mails, the tidy-up, looking after it all."""
    for path in ("/healthz", "/readyz"):
        assert host.client.get(path).status_code == 200
    assert host.client.get("/login", headers={"Host": "unknown.example"}).status_code == 404
    host.parts.outbox.hurry()
    host.parts.outbox.deliver()
    host.parts.tidy.run(host.clock())
