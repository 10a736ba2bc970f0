# SPDX-License-Identifier: MIT
"""H80 to H82, H85, H86: who administers, what even an administrator cannot do, and what a deactivation leaves open."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from tests.functional.acts import account, asked, events, link_in, post, snapshot
from tests.functional.phone import DISABLE, SETUP, Enrolled, enrol
from tests.functional.test_guards import filled, routes

PLUGIN = "/admin/plugins/twofactor"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
ACTS = ("activate", "deactivate", "everyone", "select", "allow", "revoke", "settings", "purge", "retry")
BYSTANDER = "from pathlib import Path\nPath(__file__).with_name('imported').touch()\n"


@pytest.fixture
def admin(protected: Tenant) -> Enrolled:
    """An administrator with a phone."""
    return enrol(protected, "admin")


def token_of(browser: Browser) -> str:
    return browser.page.form("/logout").fields["page_token"]


def active(tenant: Tenant) -> bool:
    return "twofactor" in tenant.instance.active


def administration(tenant: Tenant) -> dict[str, set[str]]:
    """Return the methods of every path of the administration."""
    found: dict[str, set[str]] = {}
    for method, rule in routes(tenant.host):
        if rule.startswith("/admin"):
            found.setdefault(filled(rule, tenant), set()).update({method} | ({"HEAD"} if method == "GET" else set()))
    assert len(found) > 15
    return found


@pytest.mark.parametrize("method", METHODS)
def test_h80_a_user_reaches_nothing_of_the_administration_by_any_method_and_each_attempt_is_recorded(
    protected: Tenant, method: str
) -> None:
    browser = protected.browser("erika")
    form = {"page_token": token_of(browser), "user": str(account(protected).id), "role": "administrator", "all": "1"}
    before, tried = snapshot(protected), []
    for path, methods in administration(protected).items():
        answer = browser.send(method, path, data=form if method == "POST" else None)
        assert answer.status_code == (403 if method in methods else 405), path
        if method in methods:
            tried.append(path)
    assert snapshot(protected) == before
    refused = events(protected, "request.refused")
    assert [(one["path"], one["about"], one["reason"]) for one in reversed(refused)] == [
        (path, "erika", "not an administrator") for path in tried
    ]


@pytest.mark.parametrize("standing", ["not active", "not allowed"])
def test_h80_pages_of_a_plugin_that_is_not_for_this_user_do_not_exist(tenant: Tenant, standing: str) -> None:
    """404 rather than 403 (D17): whoever may not use a plugin need not learn of it."""
    if standing == "not allowed":
        tenant.activate("twofactor", everyone=False)
    browser = tenant.browser("erika")
    form, before = {"page_token": token_of(browser), "code": "123456"}, snapshot(tenant)
    for path in ("setup/begin", "setup", "disable", "", "nothing"):
        for method in ("GET", "HEAD", "POST"):
            answer = browser.send(method, f"/plugins/twofactor/{path}", data=form if method == "POST" else None)
            assert answer.status_code == 404, (method, path)
    assert snapshot(tenant) == before


def test_h80_no_header_and_no_field_makes_an_administrator_of_a_user(protected: Tenant) -> None:
    browser = protected.browser("erika")
    user = str(account(protected).id)
    for headers in ({"X-Role": "administrator"}, {"X-User": "admin"}, {"X-Original-URL": "/account"}):
        form = {"page_token": token_of(browser), "role": "administrator", "user": "admin", "is_admin": "1"}
        answer = browser.send("POST", f"/admin/users/{user}/role", data=form, headers=headers)
        assert answer.status_code == 403
    assert account(protected).role == "user"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, Path]]:
    """A host whose processes could import a module that tells when it was imported, and is no plugin."""
    folder = tmp_path_factory.mktemp("path")
    (folder / "bystander.py").write_text(BYSTANDER, "utf-8")
    with running_host(tmp_path_factory.mktemp("host"), plugin_path=[folder]) as running:
        yield running, folder


NAMES = "bystander bystander.py os ccm_twofactor ccm_twofactor.plugin Twofactor twofactor%00 ../bystander ..\\bystander"
NAMES += " ..%2fbystander %2e%2e%2fbystander ..%5cbystander %252e%252e%252fbystander twofactor%252f..%252fos"
NAMES += " {folder}/bystander.py %2f{folder}%2fbystander file:%2f%2f{folder}"


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize("name", [*NAMES.split(), "x" * 3000])
def test_h81_a_name_of_no_plugin_is_404_and_imports_nothing(watched: tuple[Host, Path], name: str) -> None:
    host, folder = watched
    tenant = host.tenant()
    tenant.add_user("admin", admin=True)
    tenant.activate("twofactor")
    admin, before = tenant.browser("admin"), snapshot(tenant)
    name = name.format(folder=str(folder).lstrip("/"))
    paths = {
        "GET": [f"/admin/plugins/{name}", f"/plugins/{name}/setup", f"/static/plugins/{name}/{'0' * 16}/plugin.py"],
        "POST": [*(f"/admin/plugins/{name}/{act}" for act in ACTS), f"/plugins/{name}/setup"],
    }
    for method, tried in paths.items():
        for path in tried:
            # «target» is sent as it is: the client would take «..» out of the path.
            data = {"page_token": token_of(admin), "user": "1"} if method == "POST" else None
            answer = admin.send(method, "/", data=data, extensions={"target": path.encode()})
            assert answer.status_code in ({404, 405} if "/" in name else {404}), (method, path)
    assert snapshot(tenant) == before
    assert not (folder / "imported").exists()


def refused(browser: Browser, tenant: Tenant) -> bool:
    """Whether a confirmation stands between the browser and the deactivation."""
    return asked(browser) and active(tenant)


def test_h82_a_resumed_session_deactivates_a_plugin_with_a_fresh_code_alone(admin: Enrolled) -> None:
    tenant, browser = admin.tenant, admin.log_in()
    browser.get(PLUGIN)
    tenant.host.clock.move(1801)
    assert browser.unlock(PASSWORD).status_code == 200
    used = admin.phone.next_code()
    other = admin.at_second_dialog()
    other.submit("/login/challenge", code=used)
    before = snapshot(tenant)
    browser.submit(f"{PLUGIN}/deactivate")
    assert refused(browser, tenant)
    for code in ("", "000000", used, admin.phone.code(steps=9)):
        browser.submit("/confirm", password=PASSWORD, code=code)
        assert refused(browser, tenant), code
    tenant.host.clock.move(31)
    code = admin.phone.next_code()
    browser.submit("/confirm", password="not the password", code=code)
    assert refused(browser, tenant)
    assert snapshot(tenant) == before
    browser.confirm(PASSWORD, code=admin.phone.next_code())
    assert not active(tenant)
    assert events(tenant, "plugin.deactivated")[0]["by"] == "admin"


@pytest.mark.parametrize("act", ["deactivate", "purge"])
def test_h82_a_login_a_minute_ago_is_no_confirmation_of_this_act(admin: Enrolled, act: str) -> None:
    tenant, browser = admin.tenant, admin.log_in()
    before = snapshot(tenant)
    for _ in range(2):
        browser.get(PLUGIN)
        post(browser, f"{PLUGIN}/{act}")
        assert refused(browser, tenant)
    browser.submit("/confirm", password=PASSWORD, code=admin.phone.next_code())
    other = browser.page.form(f"{PLUGIN}/{act}").fields
    browser.post(f"/admin/users/{account(tenant).id}/delete", other)
    assert refused(browser, tenant)
    browser.post(f"{PLUGIN}/{act}", other | {"approval": "A" * 86})
    assert refused(browser, tenant)
    assert snapshot(tenant)["user"] == before["user"]


def test_h85_no_form_of_the_administration_takes_a_password_an_address_or_a_secret(protected: Tenant) -> None:
    admin, user = protected.browser("admin"), account(protected)
    page, evil = (
        f"/admin/users/{user.id}",
        dict.fromkeys(("password", "new_password", "repeat_password"), "eve's password"),
    )
    evil |= {"password_hash": "x", "email": "eve@example.org", "secret": "A" * 32, "name": "eve", "data": "x"}
    for act in ("", "/password-link", "/reset-factor", "/sessions", "/enable", "/password", "/email", "/edit"):
        admin.get(page)
        post(admin, f"{page}{act}", all="1", **evil)
        if asked(admin):
            admin.confirm(PASSWORD)
        assert admin.response.status_code in {200, 404, 405}, act
    kept = account(protected)
    assert (kept.name, kept.email, kept.password_hash) == (user.name, user.email, user.password_hash)
    assert [str(mail["To"]) for mail in protected.mails()] == ["erika@example.org"]
    admin.get("/admin/users")
    admin.submit("/admin/users", role="user", **(evil | {"name": "otto", "email": "otto@example.org"}))
    assert account(protected, "otto").password_hash is None


def test_h85_no_page_of_the_administration_shows_a_secret_key_or_a_mailed_link(erika: Enrolled) -> None:
    tenant = erika.tenant
    admin, user = tenant.browser("admin"), account(tenant)
    admin.get(f"/admin/users/{user.id}")
    admin.submit(f"/admin/users/{user.id}/password-link")
    link = link_in(tenant.mails("erika@example.org")[-1])
    secrets = {erika.phone.secret, erika.phone.secret.lower(), link.rpartition("/")[2], PASSWORD}
    secrets |= {erika.browser.cookies["ccm_session"], user.password_hash or "none"}
    pages = [path for path, methods in administration(tenant).items() if "GET" in methods]
    for path in [*pages, SETUP, DISABLE, "/admin/audit?user=erika", "/admin/users?q=erika"]:
        admin.get(path)
        assert not [secret for secret in secrets if secret in admin.response.text], path
    assert [str(mail["To"]) for mail in tenant.mails() if link in mail.get_content()] == ["erika@example.org"]


def test_h85_whoever_loses_a_second_factor_to_an_administrator_is_told_and_signed_out(erika: Enrolled) -> None:
    tenant = erika.tenant
    admin, page = tenant.browser("admin"), f"/admin/users/{account(tenant).id}"
    admin.get(page)
    admin.submit(f"{page}/reset-factor")
    assert asked(admin)
    assert tenant.browser("erika").path == "/login/challenge"
    admin.confirm(PASSWORD)
    assert tenant.browser("erika").path == "/"
    assert erika.browser.session()["state"] == "none"
    assert "second factor was removed" in tenant.mails("erika")[-1]["Subject"]
    reset = events(tenant, "factor.reset")[0]
    assert (reset["about"], reset["by"], reset["removed"]) == ("erika", "admin", 1)


def test_h86_a_session_begun_while_the_plugin_was_off_must_pass_the_code_when_it_is_on_again(erika: Enrolled) -> None:
    tenant, admin = erika.tenant, erika.tenant.browser("admin")
    admin.get(PLUGIN)
    admin.submit(f"{PLUGIN}/deactivate")
    admin.confirm(PASSWORD)
    meanwhile = tenant.browser("erika")
    meanwhile.get("/account")
    assert (meanwhile.path, meanwhile.response.status_code) == ("/account", 200)
    admin.get(PLUGIN)
    admin.submit(f"{PLUGIN}/activate")
    assert meanwhile.session()["state"] == "none"
    assert meanwhile.unlock(PASSWORD).status_code == 403
    meanwhile.get("/account")
    assert meanwhile.path.startswith("/login")
    meanwhile.submit("/login", username="erika", password=PASSWORD)
    assert meanwhile.path.startswith("/login/challenge")
    meanwhile.submit("/login/challenge", code=erika.phone.next_code())
    assert meanwhile.path == "/account"
