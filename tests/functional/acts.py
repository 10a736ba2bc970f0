# SPDX-License-Identifier: MIT
"""What several functional tests do or look at: a bound second factor, a form that needs a confirmation, the trail."""

import base64

from sqlalchemy import insert, select

from ccm_core.db import models as m
from ccm_core.services.accounts import Account
from ccm_core.services.enrolments import place
from ccm_core.services.instances import ACTIVE
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from ccm_core.testing.links import link_in
from ccm_core.testing.pages import HtmlPage

__all__ = ["link_in"]

KEY = b"12345678901234567890"
SECRET = base64.b32encode(KEY).decode()
"""The key of ``enrol`` as oathtool takes it."""


def enrol(tenant: Tenant, account: Account, plugin: str = "twofactor", data: bytes = KEY) -> None:
    """Bind a second factor as if the user had set it up before."""
    parts, instance = tenant.host.parts, tenant.instance
    values = {"instance_id": instance.id, "user_id": account.id, "plugin": plugin, "label": "Smartphone app"}
    values |= {"confirmed": True, "counter": -1, "created_at": tenant.host.clock()}
    values |= {"data": parts.vault.seal(data, place=place(instance.id, account.id, plugin))}
    with parts.database.write() as connection:
        connection.execute(insert(m.enrolment).values(values))


def activate_missing(tenant: Tenant, plugin: str) -> None:
    """Leave the instance with an active plugin whose distribution is gone."""
    values = {"instance_id": tenant.instance.id, "plugin": plugin, "state": ACTIVE, "everyone": True, "settings": {}}
    with tenant.host.parts.database.write() as connection:
        connection.execute(insert(m.activation).values(values | {"changed_at": tenant.host.clock()}))


def account(tenant: Tenant, name: str = "erika") -> Account:
    """Return a user as the database has it now."""
    found = tenant.host.parts.users.find(tenant.instance, name)
    assert found is not None
    return found


def asked(browser: Browser) -> bool:
    """Whether the browser shows the confirmation."""
    return "Confirm that it is you" in browser.page.headings


def approve(browser: Browser, action: str, **fields: str) -> HtmlPage:
    """Send a form that is to be confirmed every time, confirm it by password, and go on."""
    browser.submit(action, **fields)
    assert "Confirm that it is you" in browser.page.headings
    return browser.confirm(PASSWORD)


def post(browser: Browser, action: str, **fields: str) -> HtmlPage:
    """Post to an address of which the shown page has no form, with the page's token."""
    token = browser.page.form("/logout").fields["page_token"]
    return browser.post(action, {"page_token": token, **fields})


def events(tenant: Tenant, event: str = "") -> list[dict[str, object]]:
    """Return the trail's entries of a kind, latest first."""
    found = tenant.host.parts.audit.entries(tenant.instance.id, event=event, limit=200)
    return [{"event": one.event, "about": one.user_name, "by": one.actor, **one.detail} for one in found]


KEPT = (m.instance, m.user, m.enrolment, m.activation, m.access, m.store, m.mailed_link)
MAIL = (m.outbox.c.id, m.outbox.c.kind, m.outbox.c.recipient, m.outbox.c.subject)


def snapshot(tenant: Tenant) -> dict[str, list[str]]:
    """Return everything that the instance keeps, but for sessions, counters and the trail."""
    instance = tenant.instance.id
    found = {}
    with tenant.host.parts.database.read() as connection:
        for table in KEPT:
            mine = table.c.id if table is m.instance else table.c.instance_id
            found[table.name] = sorted(str(row) for row in connection.execute(select(table).where(mine == instance)))
        mails = connection.execute(select(*MAIL).where(m.outbox.c.instance_id == instance))
        found["outbox"] = sorted(str(row) for row in mails)
    return found
