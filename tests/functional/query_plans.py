# SPDX-License-Identifier: MIT
"""What the database would do for a statement: read an index where it needs to, or walk through a whole table."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

from ccm_core.db.models import metadata

STAYS_SMALL = {
    "plan": "made by hand, one for each offer",
    "plan_plugin": "a few plugins for each plan",
    "plugin_retry": "at most one row for each installed plugin",
    "plugin_fault": "at most one row for each different failure of a plugin and node",
}
GROWS = set(metadata.tables) - set(STAYS_SMALL)

Statements = dict[str, Any]
"""Texts with the parameters that they were first run with."""


@contextmanager
def collected() -> Iterator[Statements]:
    """Collect every statement that runs on any connection of this process."""
    found: Statements = {}

    def note(
        _connection: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool
    ) -> None:
        found.setdefault(statement, parameters[0] if many and isinstance(parameters, list) else parameters)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def walks(connection: Connection, statement: str, parameters: Any) -> list[str]:
    """Return how the database would walk through whole tables that grow, for one statement."""
    found = plan(connection, statement, parameters)
    if connection.dialect.name == "sqlite":
        return [one for one in found if (scan := re.match(r"SCAN (\w+)", one)) and scan[1] in _names(statement)]
    return [_told(node) for node in _nodes(found[0]["Plan"]) if _is_walk(node)]


def plan(connection: Connection, statement: str, parameters: Any) -> list[Any]:
    """Return what the database says that it would do: lines (SQLite), or a tree (PostgreSQL)."""
    if connection.dialect.name == "sqlite":
        nothing = (None,) * statement.count("?")  # its plans do not depend on values
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", nothing)]
    for way in ("seqscan", "mergejoin", "hashjoin"):  # what it prefers while tables are small
        connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    text = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    found: list[Any] = json.loads(text) if isinstance(text, str) else text
    return found


def _names(statement: str) -> set[str]:
    """Return the tables that grow, with the other names that the statement gives them."""
    aliases = re.findall(r'(?:FROM|JOIN|,) "?(\w+)"? AS (\w+)', statement)
    return GROWS | {alias for table, alias in aliases if table in GROWS}


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        # The scan of a bitmap's heap tells the table, the one below it the condition.
        above = {"Relation Name": plan["Relation Name"]} if plan["Node Type"] == "Bitmap Heap Scan" else {}
        yield from _nodes({**above, **below})


def _is_walk(node: dict[str, Any]) -> bool:
    reads = node["Node Type"] in {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan"}
    return reads and node.get("Relation Name") in GROWS and "Index Cond" not in node


def _told(node: dict[str, Any]) -> str:
    return " ".join(str(node.get(key, "")) for key in ("Node Type", "Relation Name", "Index Name", "Filter"))
