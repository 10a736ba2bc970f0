# SPDX-License-Identifier: MIT
"""What SQLite and PostgreSQL say in different words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Table, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["BATCH", "delete_batch", "insert", "rows_as_json"]
# ``insert`` is PostgreSQL's, with its ON CONFLICT: SQLite took over its words, and SQLAlchemy writes them for both.


class rows_as_json(FunctionElement[list[list[Any]]]):  # noqa: N801 - used like a function of SQL
    """All rows of a query as one JSON list of lists: they then multiply no rows of another query."""

    type = JSON()
    inherit_cache = True
    name = "rows_as_json"


BATCH = 1000
"""Rows that one transaction deletes: few enough for others not to notice."""


def delete_batch(connection: Connection, table: Table, over: ColumnElement[bool]) -> int:
    """Delete up to ``BATCH`` rows that are over, but for what somebody else is working on; returns how many."""
    key = table.primary_key.columns.values()
    some = select(*key).where(over).limit(BATCH).with_for_update(skip_locked=True)
    return connection.execute(delete(table).where(tuple_(*key).in_(some))).rowcount


@compiles(rows_as_json, "sqlite")
def _sqlite(element: rows_as_json, compiler: SQLCompiler, **options: Any) -> str:
    columns = [func.json(column) if isinstance(column.type, JSON) else column for column in element.clauses]
    return compiler.process(func.json_group_array(func.json_array(*columns)), **options)


@compiles(rows_as_json, "postgresql")
def _postgresql(element: rows_as_json, compiler: SQLCompiler, **options: Any) -> str:
    rows: ColumnElement[Any] = func.json_agg(func.json_build_array(*element.clauses))
    return compiler.process(func.coalesce(rows, func.json_build_array()), **options)
