# SPDX-License-Identifier: MIT
"""What must stay true among the users of an instance, when two administrators act at the same moment."""

import pytest
from sqlalchemy import func, select

from ccm_core.db import models as m
from ccm_core.services.accounts import ADMINISTRATOR
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Host, Tenant
from tests.functional.acts import account
from tests.hostile.crowd import at_both_workers

ROUNDS = 6
USERS = "/admin/users"


@pytest.fixture(scope="module")
def host(hashing_host: Host) -> Host:
    """Here the work of a hash counts."""
    return hashing_host


def administered(host: Host) -> tuple[Tenant, list[Browser]]:
    """Return a fresh instance and its two administrators, signed in."""
    tenant = host.tenant()
    for name in ("admin", "eva"):
        tenant.add_user(name, admin=True)
    return tenant, [tenant.browser("admin"), tenant.browser("eva")]


def count(tenant: Tenant, *which: object) -> int:
    """Return how many users of the instance there are."""
    query = select(func.count()).where(m.user.c.instance_id == tenant.instance.id, *which)  # type: ignore[arg-type]
    with tenant.host.parts.database.read() as connection:
        return connection.execute(query).scalar_one()


def test_two_administrators_who_disable_each_other_leave_one(host: Host) -> None:
    for _ in range(ROUNDS):
        tenant, browsers = administered(host)
        other = dict(zip(browsers, (account(tenant, "eva").id, account(tenant, "admin").id), strict=True))
        for browser in browsers:
            browser.get(f"{USERS}/{other[browser]}")
        at_both_workers(
            host, browsers, lambda browser, other=other: browser.submit(f"{USERS}/{other[browser]}/disable")
        )
        assert count(tenant, m.user.c.role == ADMINISTRATOR, ~m.user.c.disabled) == 1


def test_one_name_and_one_address_are_given_once(host: Host) -> None:
    for _ in range(ROUNDS):
        tenant, browsers = administered(host)
        for browser in browsers:
            browser.get(USERS)
        names = dict(zip(browsers, ("otto", "OTTO"), strict=True))

        def add(browser: Browser, names: dict[Browser, str] = names) -> None:
            browser.submit(USERS, name=names[browser], email="otto@example.org", role="user")

        statuses = at_both_workers(host, browsers, add)
        assert count(tenant) == 3
        assert sorted(statuses) == [200, 400]
        refused = browsers[statuses.index(400)]
        assert "This user name is taken." in refused.page.text
