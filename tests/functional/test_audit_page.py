# SPDX-License-Identifier: MIT
"""The audit page: who did what, when, from where; newest first, filtered and paged; of this instance alone."""

import pytest

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Tenant
from ccm_core.web.audit import KINDS
from tests.functional.acts import account, events

PAGE = "/admin/audit"


@pytest.fixture
def admin(tenant: Tenant) -> Browser:
    return tenant.browser("admin")


def shown(browser: Browser, query: str = "") -> list[str]:
    """Return the names of the events on the page, in its order."""
    browser.get(f"{PAGE}?{query}")
    assert browser.response.status_code == 200
    return [part.partition("</code>")[0] for part in browser.page.html.split("<code>")[1:]]


def test_the_trail_tells_who_did_what_from_where(tenant: Tenant, admin: Browser) -> None:
    tenant.browser("erika", "wrong")
    admin.get(f"/admin/users/{account(tenant).id}")
    admin.submit(f"/admin/users/{account(tenant).id}/disable")
    assert shown(admin)[:3] == ["user.disabled", "login.refused", "login.succeeded"]
    assert "user.disabled erika admin 127.0.0.0/24 –" in admin.page.text
    assert "login.refused erika – 127.0.0.0/24 reason: password" in admin.page.text
    assert '<time datetime="20' in admin.page.html


def test_the_trail_is_filtered_by_user_and_by_kind(tenant: Tenant, admin: Browser) -> None:
    tenant.browser("erika")
    assert set(shown(admin, "user=erika")) == {"login.succeeded", "user.added"}
    assert shown(admin, "event=user") == ["user.added", "user.added"]
    assert shown(admin, "user=erika&event=login") == ["login.succeeded"]
    assert admin.page.value("Username") == "erika"
    assert shown(admin, "user=nobody") == []
    assert "No event found." in admin.page.text
    assert shown(admin, "event=%25") == []


def test_what_an_administrator_did_is_found_by_the_administrator_s_name_too(tenant: Tenant, admin: Browser) -> None:
    admin.get(f"/admin/users/{account(tenant).id}")
    admin.submit(f"/admin/users/{account(tenant).id}/password-link")
    assert "reset.link_sent" in shown(admin, "user=admin")


def test_every_event_that_happens_can_be_filtered(tenant: Tenant, admin: Browser) -> None:
    browser = tenant.browser("erika")
    browser.submit("/logout")
    kinds = tuple(name for name, _ in KINDS)
    assert [event for event in shown(admin) if not event.startswith(kinds)] == []
    for name in kinds:
        assert all(event.startswith(name) for event in shown(admin, f"event={name}"))
    assert shown(admin, "event=logout") == ["logout"]


def test_the_trail_is_paged_and_keeps_its_filter(tenant: Tenant, admin: Browser) -> None:
    parts, now = tenant.host.parts, tenant.host.clock()
    with parts.database.write() as connection:
        for number in range(120):
            parts.audit.record(connection, "plugin.test", tenant.instance.id, now, about=account(tenant), n=number)
    assert len(shown(admin, "event=plugin&user=erika")) == 50
    assert "n: 119" in admin.page.text
    admin.get(admin.page.links["Next page"])
    assert "n: 69" in admin.page.text
    admin.get(admin.page.links["Next page"])
    assert "n: 0" in admin.page.text
    assert "Next page" not in admin.page.links
    admin.get(admin.page.links["First page"])
    assert "n: 119" in admin.page.text


def test_the_trail_of_another_instance_is_not_shown(tenant: Tenant, admin: Browser) -> None:
    other = tenant.host.tenant()
    other.add_user("somebody-else")
    assert events(other)
    shown(admin)
    assert "somebody-else" not in admin.page.text


def test_a_typed_name_of_nobody_is_not_kept_since_it_may_be_a_password(tenant: Tenant, admin: Browser) -> None:
    browser = tenant.browser()
    browser.log_in("my secret password", "erika")
    shown(admin)
    assert "my secret password" not in admin.page.html
    assert admin.page.text.count("login.refused – –") == 1


def test_the_page_speaks_german(tenant: Tenant) -> None:
    browser = tenant.browser("admin", language="de")
    browser.get(PAGE)
    assert "Anmeldungen" in browser.page.html
    assert "Abmeldungen" in browser.page.html
