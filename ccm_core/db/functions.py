# SPDX-License-Identifier: MIT
"""What SQLite and PostgreSQL say in different words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, JSON, Column, ColumnElement, Connection, Table, Text, cast, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["BATCH", "begins_with", "delete_batch", "different", "insert", "rows_as_json"]
# ``insert`` is PostgreSQL's, with its ON CONFLICT: SQLite took over its words, and SQLAlchemy writes them for both.


class rows_as_json(FunctionElement[str]):  # noqa: N801 - used like a function of SQL
    """All rows of a query as the text of one JSON list of lists: they then multiply no rows of another query."""

    type = Text()
    inherit_cache = True
    name = "rows_as_json"


BATCH = 1000
"""Rows that one transaction deletes: few enough for others not to notice."""


def delete_batch(connection: Connection, table: Table, over: ColumnElement[bool]) -> int:
    """Delete up to ``BATCH`` rows that are over, but for what somebody else is working on; returns how many."""
    key = table.primary_key.columns.values()
    some = select(*key).where(over).limit(BATCH).with_for_update(skip_locked=True)
    return connection.execute(delete(table).where(tuple_(*key).in_(some))).rowcount


_LAST = chr(0x10FFFF)
"""Follows every letter in the order of bytes."""


def begins_with(column: Column[str], text: str, after: str = "") -> ColumnElement[bool]:
    """Return whether a column that is ordered by its bytes begins with a text, and follows another value.

    It is one range of the column's index, with one bound at each end: of two SQLite would take the first.
    """
    low = column > after if after >= text and after else column >= text
    return low & (column < text + _LAST)


def different(column: ColumnElement[Any], *of: ColumnElement[bool]) -> CTE:
    """Return the different values of an indexed column, as ``value``, by one step in the index for each.

    The index begins with the columns of the conditions ``of``. The last value is NULL.
    """
    nearest = select(column).where(*of).order_by(column).limit(1)
    seen = select(nearest.scalar_subquery().label("value")).cte("seen", recursive=True)
    following = nearest.where(column > seen.c.value).correlate(seen).scalar_subquery()
    return seen.union_all(select(following).where(seen.c.value.is_not(None)))


@compiles(rows_as_json, "sqlite")
def _sqlite(element: rows_as_json, compiler: SQLCompiler, **options: Any) -> str:
    columns = [func.json(column) if isinstance(column.type, JSON) else column for column in element.clauses]
    return compiler.process(func.json_group_array(func.json_array(*columns)), **options)


@compiles(rows_as_json, "postgresql")
def _postgresql(element: rows_as_json, compiler: SQLCompiler, **options: Any) -> str:
    rows: ColumnElement[Any] = func.json_agg(func.json_build_array(*element.clauses))
    return compiler.process(cast(func.coalesce(rows, func.json_build_array()), Text), **options)
