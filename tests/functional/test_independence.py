# SPDX-License-Identifier: MIT
"""The host works without the plugin, before it is installed and after it was removed with its users' phones bound."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ccm_core.testing.host import PASSWORD, Host, Tenant, running_host
from tests.bad_plugins import announce
from tests.functional.acts import account, approve, events, link_in
from tests.functional.phone import ACCOUNT, DISABLE, ENABLE_BUTTON, SETUP, Enrolled, begin_setup, enrol

PAGE = "/admin/plugins/twofactor"
NEW = "a quite different staple"
UNAVAILABLE = "The second step of your login cannot be checked right now. Please ask your administrator."


@contextmanager
def going_on(tenant: Tenant, folder: Path, **options: object) -> Iterator[Tenant]:
    """Run another host on the data of the first one, and give its instance."""
    with running_host(folder, workers=1, **options) as host:  # type: ignore[arg-type]  # options of running_host
        yield replace(tenant, host=host)
        host.deliver()  # a server that is stopped while it sends keeps its lease, and this clock stands still


def with_users(host: Host) -> Tenant:
    tenant = host.tenant()
    tenant.add_user("admin", admin=True)
    tenant.add_user("erika")
    tenant.add_user("otto")
    return tenant


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    with running_host(tmp_path_factory.mktemp("bare"), workers=1, installed=False) as host:
        yield with_users(host)


def test_without_any_plugin_people_log_in_and_manage_their_account(bare: Tenant) -> None:
    browser = bare.browser("erika")
    browser.get(ACCOUNT)
    assert "2-factor authentication" not in browser.page.headings
    browser.submit(ACCOUNT, first_name="Erika")
    assert browser.page.alerts == ["Your data was saved."]
    assert [browser.send("GET", path).status_code for path in (SETUP, DISABLE)] == [404, 404]


def test_without_any_plugin_a_forgotten_password_is_reset(bare: Tenant) -> None:
    reset(bare, "otto")
    assert bare.browser("otto", NEW).path == "/"


def test_without_any_plugin_plugin_management_says_how_to_get_one(bare: Tenant) -> None:
    admin = bare.browser("admin")
    assert "No plugin is installed." in admin.get("/admin/plugins").text
    assert admin.send("GET", PAGE).status_code == 404
    assert admin.get(f"/admin/users/{account(bare).id}").headings


def test_removed_with_phones_bound_it_lets_nobody_in_by_password_alone_until_an_administrator_decides(
    tmp_path: Path,
) -> None:
    with running_host(tmp_path, workers=1) as host:
        tenant = with_users(host)
        tenant.activate("twofactor")
        erika = enrol(tenant, "erika")
        enrol(tenant, "otto")
        host.deliver()
    with going_on(tenant, tmp_path, installed=False) as tenant:
        browser = tenant.browser("erika")
        assert (browser.response.status_code, browser.session()["state"]) == (503, "none")
        assert UNAVAILABLE in browser.page.text
        admin = tenant.browser("admin")
        assert admin.get("/admin/plugins").alerts == ["The plugin twofactor is not installed."]
        reset(tenant, "otto")
        assert tenant.browser("otto", NEW).path == "/"
        admin.get(PAGE)
        approve(admin, f"{PAGE}/deactivate")
        assert tenant.browser("erika").path == "/"
    with going_on(tenant, tmp_path) as tenant:
        comes_back(replace(erika, tenant=tenant))


def reset(tenant: Tenant, name: str) -> None:
    """Set a new password by mail."""
    browser = tenant.browser()
    browser.get("/password/forgot")
    browser.submit("/password/forgot", username=name)
    link = link_in(tenant.mails(name)[-1])
    browser.get(link)
    browser.submit(link, new_password=NEW, repeat_password=NEW)


def comes_back(erika: Enrolled) -> None:
    """Installed again and activated, the plugin asks for the code of the phone that was bound before."""
    tenant = erika.tenant
    admin = tenant.browser("admin")
    assert "not active" in admin.get(PAGE).text
    admin.submit(f"{PAGE}/activate")
    browser = tenant.browser("erika")
    assert browser.path == "/login/challenge"
    browser.submit("/login/challenge", code=replace(erika.phone, tenant=tenant).next_code())
    assert browser.path == "/"


def test_the_entry_point_alone_makes_the_plugin_known(tmp_path: Path) -> None:
    announce(tmp_path / "plugins", distribution="ccm-x", name="twofactor", target="ccm_twofactor.plugin")
    (tmp_path / "data").mkdir()
    with running_host(tmp_path / "data", workers=1, installed=False, plugin_path=[tmp_path / "plugins"]) as host:
        tenant = with_users(host)
        admin = tenant.browser("admin")
        admin.get("/admin/plugins")
        admin.submit(f"{PAGE}/activate")
        admin.submit(f"{PAGE}/everyone")
        browser = tenant.browser("erika")
        assert browser.get(ACCOUNT).form(f"{SETUP}/begin").buttons == [ENABLE_BUTTON]
        browser.submit(SETUP, code=begin_setup(tenant, browser).code())
        assert tenant.browser("erika", PASSWORD).path == "/login/challenge"
        assert events(tenant, "factor.enabled")
