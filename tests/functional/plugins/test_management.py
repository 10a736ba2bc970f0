# SPDX-License-Identifier: MIT
"""Plugin management with plugins in every state: refused, failing, missing, mended, set, purged, in a plan."""

from pathlib import Path

import pytest

from ccm_core.services.store import UserStore
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Host, Tenant
from tests.functional.acts import account, activate_missing, approve, asked, enrol, events, post, snapshot
from tests.functional.plugins.conftest import BROKEN

MENDED = """
from ccm_core.plugin_api import Page, Route, hookimpl


@hookimpl
def ccm_pages():
    return [Route("GET", "setup", lambda request: Page("Later", "plugins/later/none.html"))]
"""
WORKING = "/admin/plugins/working"


@pytest.fixture
def admin(tenant: Tenant) -> Browser:
    return tenant.browser("admin")


def test_every_installed_plugin_is_listed(admin: Browser) -> None:
    admin.get("/admin/plugins")
    for label in ("2-factor authentication", "Working", "Importerror", "Later", "Viewraises"):
        assert label in admin.page.links
    assert "not active" in admin.page.text
    assert "Version 1.0" in admin.page.text


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [("importerror", "No module named 'a_module_that_nobody_has'"), ("unknownhook", "Use one of: ccm_login_challenge")],
)
def test_a_plugin_that_is_refused_stays_inactive_and_the_page_says_why(
    tenant: Tenant, admin: Browser, plugin: str, reason: str
) -> None:
    admin.get(f"/admin/plugins/{plugin}")
    before = snapshot(tenant)
    admin.submit(f"/admin/plugins/{plugin}/activate")
    assert admin.path == f"/admin/plugins/{plugin}"
    assert reason in admin.page.text
    assert "was activated" not in admin.page.text
    assert {"Activate", "Retry"} <= {button for form in admin.page.forms for button in form.buttons}
    assert snapshot(tenant) == before
    admin.get("/admin/plugins")
    assert admin.response.status_code == 200


def test_a_mended_plugin_is_loaded_by_every_process_after_a_retry(
    host: Host, tenant: Tenant, admin: Browser, plugin_folder: Path
) -> None:
    page = "/admin/plugins/later"
    activate_missing(tenant, "later")
    with host.client_of_each_worker() as clients:
        for client in clients:
            admin.client = client
            admin.get("/plugins/later/setup")
            assert admin.response.status_code == 500
        (plugin_folder / "later.py").write_text(MENDED, "utf-8")
        admin.get(page)
        assert "RuntimeError: not yet" in admin.page.text
        admin.submit(f"{page}/retry")
        assert admin.page.alerts == ["The plugin could be loaded again."]
        assert "not yet" not in admin.page.text
        for client in clients:
            admin.client = client
            assert admin.send("GET", "/plugins/later/no-such-page").status_code == 404
    admin.client = host.client
    assert events(tenant, "plugin.retried")[0]["by"] == "admin"
    (plugin_folder / "later.py").write_text(BROKEN, "utf-8")


def test_a_retry_that_fails_again_says_why(admin: Browser) -> None:
    page = "/admin/plugins/importerror"
    admin.get(page)
    admin.submit(f"{page}/activate")
    admin.submit(f"{page}/retry")
    assert "No module named" in admin.page.alerts[0]
    assert admin.response.status_code == 200


def test_a_missing_plugin_is_shown_and_can_be_deactivated_and_purged(tenant: Tenant, admin: Browser) -> None:
    activate_missing(tenant, "gone")
    user = account(tenant)
    enrol(tenant, user, "gone")
    admin.get("/admin/plugins")
    assert "The plugin gone is not installed" in admin.page.text
    admin.get("/admin/plugins/gone")
    assert {button for form in admin.page.forms for button in form.buttons}.isdisjoint({"Activate", "Retry"})
    approve(admin, "/admin/plugins/gone/deactivate")
    assert tenant.browser("erika").path == "/"
    admin.get("/admin/plugins/gone")
    admin.submit("/admin/plugins/gone/purge")
    assert "1 user has a second factor of this plugin." in admin.page.text
    assert asked(admin)
    admin.confirm("correct horse battery staple")
    assert tenant.host.parts.factors.ledger.confirmed(user.id) == ()
    assert "The second factor was removed" in tenant.mails("erika")[-1]["Subject"]
    assert events(tenant, "plugin.purged")[0]["enrolments_removed"] == 1


def test_purging_removes_everything_of_the_plugin_and_nothing_else(tenant: Tenant, admin: Browser) -> None:
    other = tenant.host.tenant()
    parts, user = tenant.host.parts, account(tenant)
    for one in (tenant, other):
        one.activate("working")
        one.activate("twofactor")
    theirs = other.add_user("erika")
    for one, who in ((tenant, user), (other, theirs)):
        for plugin in ("working", "twofactor"):
            enrol(one, who, plugin)
            UserStore(parts.database, one.instance.id, plugin, who.id).put("seen", plugin)
    admin.get(WORKING)
    admin.submit(f"{WORKING}/settings", greeting="Hi")
    approve(admin, f"{WORKING}/deactivate")
    foreign = snapshot(other)
    approve(admin, f"{WORKING}/purge")
    assert [row.plugin for row in parts.factors.ledger.confirmed(user.id)] == ["twofactor"]
    assert UserStore(parts.database, tenant.instance.id, "working", user.id).get("seen") is None
    assert UserStore(parts.database, tenant.instance.id, "twofactor", user.id).get("seen") == "twofactor"
    assert snapshot(other) == foreign
    admin.get(WORKING)
    admin.submit(f"{WORKING}/activate")
    assert tenant.instance.active["working"].settings == {}
    assert not tenant.instance.active["working"].everyone


def test_an_active_plugin_is_not_purged(tenant: Tenant, admin: Browser) -> None:
    tenant.activate("working")
    admin.get(WORKING)
    before = snapshot(tenant)
    post(admin, f"{WORKING}/purge")
    admin.confirm("correct horse battery staple")
    assert admin.response.status_code == 409
    assert "Deactivate it first." in admin.page.text
    assert snapshot(tenant) == before


def test_the_settings_are_drawn_checked_and_kept(tenant: Tenant, admin: Browser) -> None:
    tenant.activate("working")
    admin.get(WORKING)
    form = admin.page.form(f"{WORKING}/settings").fields
    assert {name: form.get(name) for name in ("greeting", "digits", "strict", "size")} == {
        "greeting": "Hello",
        "digits": "6",
        "strict": None,
        "size": "s",
    }
    admin.submit(f"{WORKING}/settings", greeting="Grüß Gott <b>", digits="8", strict="1", size="m", more="x")
    assert admin.page.alerts == ["The settings were saved."]
    kept = {"greeting": "Grüß Gott <b>", "digits": 8, "strict": True, "size": "m"}
    assert tenant.instance.active["working"].settings == kept
    assert admin.page.form(f"{WORKING}/settings").fields["greeting"] == "Grüß Gott <b>"
    saved = events(tenant, "plugin.settings_saved")[0]
    assert (saved["by"], saved["plugin"]) == ("admin", "working")


def test_trail_and_log_name_the_fields_of_saved_settings_and_never_their_values(tenant: Tenant, admin: Browser) -> None:
    tenant.activate("working")
    admin.get(WORKING)
    admin.submit(f"{WORKING}/settings", greeting="open sesame", digits="7")
    (saved,) = events(tenant, "plugin.settings_saved")
    who = {"event": "plugin.settings_saved", "about": "", "by": "admin"}
    assert saved == who | {"plugin": "working", "fields": ["digits", "greeting", "size", "strict"]}
    trail = admin.get("/admin/audit").html
    log = (tenant.host.settings.data_dir / "server.log").read_text("utf-8")
    for text in (trail, log):
        assert "plugin.settings_saved" in text
        assert "greeting" in text
        assert "sesame" not in text


BAD_SETTINGS = [
    ("digits", "5", "Please enter a number from 6 to 8."),
    ("digits", "9", "Please enter a number from 6 to 8."),
    ("digits", "", "Please enter a whole number."),
    ("digits", "7.0", "Please enter a whole number."),
    ("digits", "٧", "Please enter a whole number."),
    ("digits", "7e0", "Please enter a whole number."),
    ("digits", "-", "Please enter a whole number."),
    ("digits", "9" * 400, "Please enter a whole number."),
    ("size", "l", "Please choose one of the values."),
    ("size", "", "Please choose one of the values."),
    ("greeting", "x" * 201, "At most 200 characters"),
    ("greeting", "a\nb", "At most 200 characters"),
]


def test_a_setting_that_does_not_fit_is_told_at_its_field_and_nothing_is_saved(tenant: Tenant, admin: Browser) -> None:
    tenant.activate("working")
    before = snapshot(tenant)
    for field, value, sentence in BAD_SETTINGS:
        admin.get(WORKING)
        admin.submit(f"{WORKING}/settings", **{field: value})
        assert admin.response.status_code == 400, (field, value)
        assert sentence in admin.page.errors[0]
        assert 'aria-invalid="true"' in admin.page.html
    assert snapshot(tenant) == before


@pytest.mark.parametrize("field", ["greeting", "digits", "size"])
def test_a_setting_that_is_left_out_is_not_emptied(tenant: Tenant, admin: Browser, field: str) -> None:
    tenant.activate("working")
    admin.get(WORKING)
    fields = admin.page.form(f"{WORKING}/settings").fields
    del fields[field]
    before = snapshot(tenant)
    admin.post(f"{WORKING}/settings", fields)
    assert (admin.response.status_code, admin.page.errors) == (400, ["Please fill in this field."])
    assert snapshot(tenant) == before


def test_settings_survive_a_deactivation(tenant: Tenant, admin: Browser) -> None:
    tenant.activate("working")
    admin.get(WORKING)
    admin.submit(f"{WORKING}/settings", digits="7")
    approve(admin, f"{WORKING}/deactivate")
    admin.submit(f"{WORKING}/activate")
    assert tenant.instance.active["working"].settings["digits"] == 7


def test_static_files_of_a_plugin_are_found_under_their_hash_alone(host: Host, tenant: Tenant) -> None:
    tenant.activate("working")
    digest, visitor = host.parts.registry.get("working").static_hash, tenant.browser()
    css = visitor.send("GET", f"/static/plugins/working/{digest}/working.css")
    assert (css.status_code, css.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    for path in ("0" * 16 + "/working.css", f"{digest}/none.css", f"{digest}/..%2F__init__.py", f"{digest}/%2e%2e/x"):
        assert visitor.send("GET", f"/static/plugins/working/{path}").status_code == 404
    for plugin in ("importerror", "twofactor", "nonesuch"):
        assert visitor.send("GET", f"/static/plugins/{plugin}/{digest}/x.css").status_code == 404


def test_what_a_plan_includes_is_shown_as_included_and_then_as_ended(host: Host) -> None:
    parts = host.parts
    parts.instances.include("gold", "working", host.clock(), host.clock())
    parts.instances.include("basic", "twofactor", host.clock(), host.clock())
    tenant = host.tenant(plan="gold")
    tenant.add_user("admin", admin=True)
    admin = tenant.browser("admin")
    admin.get(WORKING)
    assert "included in plan" in admin.page.text
    parts.instances.assign(tenant.name, "basic", host.clock())
    admin.get(WORKING)
    assert "no longer in plan" in admin.page.text


ACTS = ["activate", "deactivate", "everyone", "select", "allow", "revoke", "settings", "purge", "retry"]


@pytest.mark.one_node(
    "nginx itself answers malformed or large requests and TRACE, reads bodies whole and ends connections"
)
@pytest.mark.parametrize("name", ["nonesuch", "x" * 3000, "٣", "%2e%2e%2fx", "os", "a%00b", "Working", "%252e%252e"])
def test_a_name_of_no_plugin_leads_nowhere(tenant: Tenant, admin: Browser, name: str) -> None:
    user, before = str(account(tenant).id), snapshot(tenant)
    for act in ACTS:
        admin.get("/admin/plugins")
        post(admin, f"/admin/plugins/{name}/{act}", user=user)
        assert admin.response.status_code == 404, act
    assert admin.send("GET", f"/admin/plugins/{name}").status_code == 404
    assert admin.send("GET", f"/plugins/{name}/setup").status_code == 404
    assert snapshot(tenant) == before
