"""The audit read a page at a time, newest first, and as a whole for a file.

A page begins after (or ends before) a row's number, so that the last page of a million rows costs
what the first one does. Days are turned into numbers first: the rows are in the order of time, but
for a clock that was set back.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, select, union_all

from .audit import AUDIT, BATCH

SLACK = timedelta(days=2)  # how far a clock may have been set back
EVERYBODY_ELSE = ("patient", "system")  # these have most rows: an index by action leads to fewer
COLUMNS = ("id", "at", "actor", "action", "intake_id", "detail")


@dataclass(frozen=True)
class Wanted:
    """Which rows. `until` is exclusive; `actions` () means all."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    actions: tuple[str, ...] = ()
    intake_id: str | None = None


@dataclass(frozen=True)
class Row:
    """A row of the audit without its code."""

    id: int
    at: datetime
    actor: str
    action: str
    intake_id: str | None
    detail: dict[str, Any] = field(default_factory=dict)


def page(
    conn: Connection,
    wanted: Wanted,
    *,
    limit: int,
    before: int | None = None,
    after: int | None = None,
) -> list[Row]:
    """Up to so many rows below the number `before`, or above `after`; always the newest first."""
    low, high = _bounds(conn, wanted)
    if before is not None:
        high = min(high, before - 1)
    if after is not None:
        low = max(low, after + 1)
    back = after is not None
    parts = [
        _part(conn, wanted, action, low, high).order_by(_order(back)).limit(limit)
        for action in _apart(wanted) or (None,)
    ]
    if len(parts) == 1:
        asked: Any = parts[0]
    else:
        # Each action by its index: an index of all would be sorted anew for every page.
        joined = union_all(*(select(part.subquery()) for part in parts)).subquery()
        order = joined.c.id if back else joined.c.id.desc()
        asked = select(joined).order_by(order).limit(limit)
    found = [_row(row) for row in conn.execute(asked)]
    return found[::-1] if back else found


def every(conn: Connection, wanted: Wanted) -> Iterator[Row]:
    """All of them, the oldest first, streamed."""
    low, high = _bounds(conn, wanted)
    asked = _part(conn, wanted, None, low, high).order_by(AUDIT.c.id)
    if wanted.actions:
        asked = asked.where(AUDIT.c.action.in_(wanted.actions))
    with conn.execute(asked.execution_options(yield_per=BATCH)) as rows:
        for row in rows:
            yield _row(row)


def newest(conn: Connection, actions: Sequence[str]) -> Row | None:
    """The last row with one of these actions."""
    return next(iter(page(conn, Wanted(actions=tuple(actions)), limit=1)), None)


def _apart(wanted: Wanted) -> tuple[str, ...]:
    """The actions to look for each by itself; () where another index leads to few rows."""
    few = wanted.intake_id is not None or (wanted.actor and wanted.actor not in EVERYBODY_ELSE)
    return () if few else wanted.actions


def _part(conn: Connection, wanted: Wanted, action: str | None, low: int, high: int) -> Select[Any]:
    asked = select(*(AUDIT.c[name] for name in COLUMNS)).where(AUDIT.c.id.between(low, high))
    actor: Any = AUDIT.c.actor
    if wanted.intake_id is not None:
        asked = asked.where(AUDIT.c.intake_id == wanted.intake_id)
        actor = unindexed(conn, actor)
    if action is not None:
        asked = asked.where(AUDIT.c.action == action)
        actor = unindexed(conn, actor)
    elif wanted.actions:
        asked = asked.where(unindexed(conn, AUDIT.c.action).in_(wanted.actions))
    if wanted.actor:
        asked = asked.where(actor == wanted.actor)
    if wanted.since is not None:
        asked = asked.where(AUDIT.c.at >= wanted.since)
    if wanted.until is not None:
        asked = asked.where(AUDIT.c.at < wanted.until)
    return asked


def unindexed(conn: Connection, column: Any) -> Any:
    """SQLite knows no counts of values: it would take whichever index is named last."""
    return func.coalesce(column, column) if conn.dialect.name == "sqlite" else column


def _order(back: bool) -> Any:
    return AUDIT.c.id if back else AUDIT.c.id.desc()


def _bounds(conn: Connection, wanted: Wanted) -> tuple[int, int]:
    """The numbers between which the rows of these days lie."""
    last = conn.execute(select(func.max(AUDIT.c.id))).scalar() or 0
    low = _first_since(conn, wanted.since - SLACK, last) if wanted.since else 1
    high = _first_since(conn, wanted.until + SLACK, last) if wanted.until else last
    return low, high


def _first_since(conn: Connection, moment: datetime, last: int) -> int:
    """The number of the first row of this moment or later, by halving; `last` without one."""
    low, high = 1, last
    while low < high:
        middle = (low + high) // 2
        # A removed row shows in `verify`; here the next one that is there will do.
        asked = select(AUDIT.c.at).where(AUDIT.c.id >= middle).order_by(AUDIT.c.id).limit(1)
        at = conn.execute(asked).scalar()
        if at is not None and at < moment:
            low = middle + 1
        else:
            high = middle
    return low


def _row(row: Any) -> Row:
    id_, at, actor, action, intake_id, detail = row
    return Row(id_, at, actor, action, intake_id, json.loads(detail) if detail else {})
