# SPDX-License-Identifier: MIT
"""What the tests of faulty plugins do: bind a user, take the first step at one of the processes."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from ccm_core.testing.browser import Browser
from ccm_core.testing.host import PASSWORD, Tenant
from tests.functional.acts import account, activate_missing, enrol, events
from tests.hostile.faulty.matrix import WORD

Workers = Sequence[httpx.Client]
"""A client of each worker process."""

CHALLENGE = "/login/challenge"
CANNOT_ASK = "The second step of your login cannot be checked right now. Please ask your administrator."


def bind(tenant: Tenant, *plugins: str) -> None:
    """Make plugins active for everyone, and bind erika to each of them."""
    for plugin in plugins:
        activate_missing(tenant, plugin)
        enrol(tenant, account(tenant), plugin, WORD.encode())


def at_worker(tenant: Tenant, client: httpx.Client, name: str) -> Browser:
    """Take the first step of a login at one of the worker processes."""
    browser = Browser(tenant.origin, client)
    browser.log_in(name, PASSWORD)
    return browser


def load_everywhere(tenant: Tenant, plugin: str, workers: Workers) -> None:
    """Let worker processes load a plugin, without drawing anything of it."""
    browser = tenant.browser("otto")
    for client in workers:
        browser.client = client
        assert browser.send("GET", f"/plugins/{plugin}/no-such-page").status_code == 404


def assert_written_down(tenant: Tenant, plugin: str, purpose: str = "login") -> None:
    """The trail's latest refusal is that of a plugin that failed."""
    told = events(tenant, "code.refused")[0]
    expected = {"about": "erika", "plugin": plugin, "reason": "failed", "purpose": purpose}
    assert {name: told.get(name) for name in expected} == expected
