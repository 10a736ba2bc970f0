# SPDX-License-Identifier: MIT
"""The statements that move the counters of ``throttle.py``: each whole by itself, however many come at once."""

from __future__ import annotations

from sqlalchemy import BindParameter, and_, bindparam, case, func, literal, select, union_all, update
from sqlalchemy.sql.dml import ReturningInsert

from ccm_core.db import models as m
from ccm_core.db.functions import insert

_t = m.throttle.c
_now: BindParameter[float] = bindparam("now")
_fresh = _t.started_at <= _now - _t.life
_count = case((_fresh, 1), else_=_t.count + 1)
_start = case((and_(_t.fixed, ~_fresh), _t.started_at), else_=_now)
_doublings = case((_count - _t.free > 10, 10), else_=_count - _t.free)
_delay = case((literal(1).op("<<")(_doublings) > _t.longest, _t.longest), else_=literal(1).op("<<")(_doublings))
_until = case((_count < _t.free, 0.0), (_t.fixed, _start + _t.life), else_=_now + _delay)


COUNTED = ("key", "count", "blocked_until", "started_at", "free", "longest", "life", "fixed")
"""The columns of a new row, in the order of its values."""


def _counting(rows: int) -> ReturningInsert[tuple[bytes]]:
    """Return the statement that counts in so many rows; it tells in which of them."""
    # Not VALUES: a statement with several of them is compiled anew each time it is used.
    new = [select(*(bindparam(f"{name}{row}", type_=_t[name].type) for name in COUNTED)) for row in range(rows)]
    return (
        insert(m.throttle)
        .from_select(COUNTED, union_all(*new))
        .on_conflict_do_update(
            index_elements=["key"],
            set_={"count": _count, "started_at": _start, "blocked_until": _until},
            where=_t.blocked_until <= _now,
        )
        .returning(_t.key)
    )


COUNT = {rows: _counting(rows) for rows in (1, 2, 3)}
"""By the number of rows; the values of row N have N at the end of their names. Returns the keys that were counted."""
_mine = _t.key.in_(bindparam("keys", expanding=True))
BLOCKED = select(func.max(_t.blocked_until)).where(_mine)
"""Until when the ``keys`` hold the caller back."""
_IN_ORDER = select(_t.key).where(_mine).order_by(_t.key).with_for_update()
TAKE_BACK = (
    update(m.throttle)
    .where(_t.key.in_(_IN_ORDER.scalar_subquery()))
    .values(
        count=case((_t.key == bindparam("cleared"), 0), (_t.count > 0, _t.count - 1), else_=0),
        blocked_until=case(
            (_t.key == bindparam("cleared"), 0.0), (_t.count - 1 >= _t.free, _t.blocked_until), else_=0.0
        ),
    )
)
"""Takes one attempt back from the ``keys``, and sets the one that is ``cleared`` to nothing."""
