# SPDX-License-Identifier: MIT
"""The list of an instance's users, paged by key: a page costs the same wherever it lies and however many there are.

A search shows who begins with the text, by name, then by e-mail address, and then who holds it elsewhere. An index
finds the first two; for the rest so many users are looked through at a time, and the next page goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, Select, func, or_, select, true

from ccm_core.db import models as m
from ccm_core.db.functions import begins_with
from ccm_core.services import accounts
from ccm_core.services.accounts import Account
from ccm_core.services.instances import Instance

LOOKED_THROUGH = 500
"""Users among whom one request searches, at most."""
PAGE = 50
READ = 500
"""Users who are read at once where all are wanted."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    account: Account
    factors: int


@dataclass(frozen=True, slots=True)
class UserPage:
    """Some users in their order, and the keys that lead on and back; empty where there is no more.

    ``partial``: a search that looked through its share before the page was full.
    """

    users: tuple[Listed, ...]
    after: str = ""
    before: str = ""
    partial: bool = False


@dataclass(frozen=True, slots=True)
class _Rank:
    """Who is found in which order: where a column begins with a text, those who fit (None: all)."""

    column: Column[str]
    begins: str
    fits: ColumnElement[bool] | None


_u = m.user.c
_FACTORS = (
    select(func.count())
    .where(m.enrolment.c.user_id == _u.id, m.enrolment.c.confirmed)
    .correlate(m.user)
    .scalar_subquery()
)
_LISTED = select(*accounts.COLUMNS, _u.name_key, _FACTORS.label("factors"))


def by_name(connection: Connection, instance: Instance, after: str, before: str, limit: int) -> UserPage:
    """Return the users after a key, or the last ones before one."""
    query = _LISTED.where(_u.instance_id == instance.id).limit(limit + 1)
    if before:
        query = query.where(_u.name_key < before).order_by(_u.name_key.desc())
    else:
        query = query.where(_u.name_key > after).order_by(_u.name_key)
    rows = connection.execute(query).mappings().all()
    more, rows = len(rows) > limit, rows[:limit]
    if before:
        rows = rows[::-1]
    first, last = (rows[0]["name_key"], rows[-1]["name_key"]) if rows else ("", "")
    goes_on, goes_back = (bool(rows), more) if before else (more, bool(after and rows))
    return UserPage(tuple(map(_listed, rows)), last if goes_on else "", first if goes_back else "")


def found(connection: Connection, instance: Instance, search: str, after: str, limit: int) -> UserPage:
    """Return the users whom a text finds, after a key that an earlier page gave."""
    ranks, left = _ranks(accounts.key_of(search)), LOOKED_THROUGH
    rank, last = (int(after[0]), after[1:]) if after[:1] in {"0", "1", "2"} else (0, "")
    ids: list[int] = []
    while rank < len(ranks):
        rows, looked, end = _window(connection, instance, ranks[rank], last, limit + 1 - len(ids), left)
        ids += [row["id"] for row in rows]
        if len(ids) > limit:
            key = rows[-2]["key"] if len(rows) > 1 else last
            return UserPage(_with_ids(connection, ids[:limit]), f"{rank}{key}")
        left -= looked
        if left <= 0:
            return UserPage(_with_ids(connection, ids), f"{rank}{end}", partial=True)
        rank, last = rank + 1, ""
    return UserPage(_with_ids(connection, ids))


def _ranks(key: str) -> tuple[_Rank, ...]:
    name, email = begins_with(_u.name_key, key), begins_with(_u.email_key, key)
    held = or_(_u.name_key.contains(key, autoescape=True), _u.email_key.contains(key, autoescape=True))
    return (
        _Rank(_u.name_key, key, None),
        _Rank(_u.email_key, key, ~name),
        _Rank(_u.name_key, "", held & ~name & ~email),
    )


def _window(
    connection: Connection, instance: Instance, rank: _Rank, after: str, wanted: int, most: int
) -> tuple[list[RowMapping], int, str]:
    """Look through up to ``most`` users; returns up to ``wanted`` who fit, how many were looked at, the last key."""
    looked = select(_u.id, rank.column.label("key"), (true() if rank.fits is None else rank.fits).label("fits"))
    looked = looked.where(_u.instance_id == instance.id, begins_with(rank.column, rank.begins, after))
    window = looked.order_by(rank.column).limit(min(wanted, most) if rank.fits is None else most).cte("looked")
    end = select(func.max(window.c.key)).scalar_subquery()
    count = select(func.count()).select_from(window).scalar_subquery()
    query: Select[Any] = select(window, count.label("count"), end.label("end"))
    query = query.where(or_(window.c.fits, window.c.key == end)).order_by(window.c.key)
    rows = connection.execute(query.limit(wanted + 1)).mappings().all()
    if not rows:
        return [], 0, after
    return [row for row in rows if row["fits"]][:wanted], rows[0]["count"], rows[0]["end"]


def _with_ids(connection: Connection, ids: list[int]) -> tuple[Listed, ...]:
    query = _LISTED.where(_u.id.in_(ids))  # of the instance: with that said again, SQLite walks through it
    rows = {row["id"]: row for row in connection.execute(query).mappings()} if ids else {}
    return tuple(_listed(rows[one]) for one in ids if one in rows)


def _listed(row: RowMapping) -> Listed:
    return Listed(accounts.from_row(row), row["factors"])
