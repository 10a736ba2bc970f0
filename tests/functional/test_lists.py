# SPDX-License-Identifier: MIT
"""Lists of more users than a page holds: on and back by key, searches that go on, counts that stop."""

import pytest
from sqlalchemy import insert, select

from ccm_core.db import models as m
from ccm_core.services.user_list import LOOKED_THROUGH
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Tenant
from ccm_core.web.plugin_admin import MOST_COUNTED

USERS, PLUGIN = "/admin/users", "/admin/plugins/twofactor"


@pytest.fixture
def crowded(tenant: Tenant) -> Tenant:
    """An instance with a thousand users and one, all of whom use the plugin."""
    tenant.activate("twofactor")
    instance, now = tenant.instance.id, tenant.host.clock()
    names = [f"u{number:04}" for number in range(max(MOST_COUNTED, LOOKED_THROUGH) + 1)]
    users = [
        {"name": one, "name_key": one, "email": f"{one}@x.example", "email_key": f"{one}@x.example"} for one in names
    ]
    same = {"instance_id": instance, "role": "user", "created_at": now}
    factor = {"instance_id": instance, "plugin": "twofactor", "label": "", "confirmed": True, "data": b"", "counter": 0}
    with tenant.host.parts.database.write() as connection:
        connection.execute(insert(m.user), [same | user for user in users])
        mine = select(m.user.c.id).where(m.user.c.instance_id == instance, m.user.c.name.in_(names))
        ids = connection.execute(mine).scalars().all()
        connection.execute(insert(m.enrolment), [factor | {"created_at": now, "user_id": one} for one in ids])
    return tenant


@pytest.fixture
def admin(crowded: Tenant) -> Browser:
    return crowded.browser("admin")


def shown(browser: Browser) -> list[str]:
    """Return the users of the list, in its order."""
    return [text for text, to in browser.page.links.items() if to.startswith(f"{USERS}/")]


@pytest.mark.parametrize("page", [USERS, PLUGIN])
def test_a_list_of_users_leads_on_and_back(admin: Browser, page: str) -> None:
    admin.get(page)
    first = shown(admin)
    assert (len(first), first[:3]) == (50, ["admin", "erika", "u0000"])
    assert not {"First page", "Previous page"} & set(admin.page.links)
    admin.get(admin.page.links["Next page"])
    second = shown(admin)
    assert (len(second), second[0]) == (50, "u0048")
    admin.get(admin.page.links["Next page"])
    admin.get(admin.page.links["Previous page"])
    assert shown(admin) == second
    admin.get(admin.page.links["Previous page"])
    assert shown(admin) == first
    assert "Previous page" not in admin.page.links


@pytest.mark.parametrize("page", [USERS, PLUGIN])
def test_a_search_keeps_its_text_and_goes_on(admin: Browser, page: str) -> None:
    admin.get(f"{page}?q=00")
    found = shown(admin)
    assert found[:2] == ["u0000", "u0001"]
    admin.get(admin.page.links["Next page" if "Next page" in admin.page.links else "Search on"])
    assert "q=00" in admin.path
    assert not set(found) & set(shown(admin))
    admin.get(f"{page}?q={MOST_COUNTED}%40")
    assert shown(admin) == []
    assert "No user found so far." in admin.page.text
    while "Search on" in admin.page.links:
        admin.get(admin.page.links["Search on"])
    assert shown(admin) == [f"u{MOST_COUNTED}"]


def test_a_page_counts_the_users_of_a_plugin_up_to_a_thousand(admin: Browser) -> None:
    admin.get("/admin/plugins")
    assert "more than 1000 users use it" in admin.page.text
    admin.get(PLUGIN)
    assert "Used by more than 1000 users" in admin.page.text
    admin.submit(f"{PLUGIN}/deactivate")
    assert "More than 1000 users have a second factor of this plugin." in admin.page.text


def test_the_trail_leads_on_and_back_and_keeps_its_filter(crowded: Tenant, admin: Browser) -> None:
    parts, now = crowded.host.parts, crowded.host.clock()
    with parts.database.write() as connection:
        for number in range(120):
            parts.audit.record(connection, "plugin.test", crowded.instance.id, now, number=number)
    admin.get("/admin/audit?event=plugin")
    first = admin.page.text
    assert "Previous page" not in admin.page.links
    admin.get(admin.page.links["Next page"])
    assert "number: 69" in admin.page.text
    admin.get(admin.page.links["Previous page"])
    assert admin.page.text.partition("Time")[2].startswith(first.partition("Time")[2][:400])
    assert "event=plugin" in admin.path
    assert "Previous page" not in admin.page.links
