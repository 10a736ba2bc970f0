# SPDX-License-Identifier: MIT
"""What the contract suite compares: what the host keeps for a plugin, and what people see of it."""

from __future__ import annotations

import re

from sqlalchemy import Table, select

from ccm_core.db import models as m
from ccm_core.plugin_api import Route
from ccm_core.testing.browser import Browser
from ccm_core.testing.host import Tenant

_TABLES = tuple(table for table in m.metadata.sorted_tables if {"plugin", "user_id"} <= set(table.c.keys()))
_VARIABLE = re.compile(r"<(?:(\w+)(?:\(([^)]*)\))?:)?\w+>")
_SAMPLES = {"float": "1.5", "uuid": "00000000-0000-4000-8000-000000000000"}
_RANDOM = re.compile(r"""(name="page_token" value=")[^"]*|[A-Za-z0-9_-]{40,}|\b[a-z]{16}\b|http://[^/"' ]*""")


def routes_of(tenant: Tenant, plugin: str) -> tuple[Route, ...]:
    """Return the plugin's pages."""
    return tenant.host.parts.registry.get(plugin).routes


def address(plugin: str, route: Route) -> str:
    """Return an address that a route matches."""
    return f"/plugins/{plugin}/" + _VARIABLE.sub(_sample, route.path)


def _sample(variable: re.Match[str]) -> str:
    kind, options = variable[1], variable[2] or ""
    return options.split(",")[0].strip(" \"'") if kind == "any" else _SAMPLES.get(kind, "1")


def kept(tenant: Tenant, plugin: str) -> dict[str, list[str]]:
    """Return the rows that an instance has of a plugin and its users, by table."""
    return {table.name: rows for table in _TABLES if (rows := _rows(tenant, plugin, table))}


def _rows(tenant: Tenant, plugin: str, table: Table) -> list[str]:
    mine = select(table).where(table.c.instance_id == tenant.instance.id, table.c.plugin == plugin)
    with tenant.host.parts.database.read() as connection:
        return sorted(str(row) for row in connection.execute(mine))


def looks(browser: Browser, plugin: str, routes: tuple[Route, ...]) -> dict[str, str]:
    """Return what a signed-in user sees on the account page and the plugin's pages, without what is random."""
    paths = ["/account", *(address(plugin, route) for route in routes if route.method == "GET")]
    return {path: same(browser.get(path).text) for path in paths}


def same(text: str) -> str:
    """Return a page or its text with tokens, request ids and addresses of the host taken out."""
    return _RANDOM.sub(lambda found: found[1] or "…", text)
