"""Counts of months, over all patients: nothing about any one. They are made from the audit, once a
row, so that what is deleted or purged later has been counted and leaves nothing behind.

`count_on` and `add` are one step: what was read up to a row, and the row up to which it was read.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from .audit import AUDIT
from .audit_pages import unindexed
from .intakes import ALERTS, DRAFT, INTAKES, SAVES, SUBMISSIONS
from .models import Tally, table
from .sealed import unseal_json
from .submissions import context
from .vault import Vault

TALLIES = table(Tally)
ALL = ""  # the month and the value of what has none
READ_TO = "read to"  # the audit row up to which was counted, as the count of this name
AS_OF = "as of"  # the moment of the last count, as the value of this name

Counts = Mapping[tuple[str, str, str], int]  # by name, month and value


class Event(NamedTuple):
    """A row of the audit that something is counted by."""

    id: int
    at: datetime
    action: str
    intake_id: str | None
    detail: dict[str, Any]


@dataclass(frozen=True)
class Card:
    """Of a sent intake: what a line of the queue says of it, and no name."""

    check_in: bool
    outcome: str
    concern: str | None


# Reading what is to be counted


def read_to(conn: Connection) -> int:
    asked = select(TALLIES.c.count).where(TALLIES.c.name == READ_TO)
    return conn.execute(asked).scalar() or 0


def events(
    conn: Connection, after: int, actions: Iterable[str], *, limit: int
) -> tuple[int, list[Event]]:
    """What happened in the next rows, whose numbers have no gaps: the last of them, and the rows
    with such an action."""
    newest = conn.execute(select(func.max(AUDIT.c.id))).scalar() or 0
    last = min(after + limit, newest)
    columns = (AUDIT.c.id, AUDIT.c.at, AUDIT.c.action, AUDIT.c.intake_id, AUDIT.c.detail)
    here = (AUDIT.c.id > after, AUDIT.c.id <= last, AUDIT.c.action.in_(list(actions)))
    rows = conn.execute(select(*columns).where(*here).order_by(AUDIT.c.id))
    return last, [
        Event(id_, at, action, intake_id, json.loads(detail) if detail else {})
        for id_, at, action, intake_id, detail in rows
    ]


def cards(conn: Connection, vault: Vault, intake_ids: Iterable[str]) -> dict[str, Card]:
    """By intake; without those that are gone."""
    asked = (
        select(SUBMISSIONS.c.intake_id, SUBMISSIONS.c.card, INTAKES.c.key_id, INTAKES.c.wrapped_key)
        .join(INTAKES, INTAKES.c.id == SUBMISSIONS.c.intake_id)
        .where(SUBMISSIONS.c.intake_id.in_(list(intake_ids)))
    )
    found = {}
    for intake_id, sealed, key_id, wrapped in conn.execute(asked):
        key = vault.unwrap(key_id, wrapped)  # a walk over all would only flush the cache
        card = unseal_json(vault, key, sealed, context=context(intake_id, "card"))
        told = (card.get("check_in", False), card["outcome"], card["main_concern"])
        found[intake_id] = Card(*told)
    return found


def first_times(
    conn: Connection, action: str, intake_ids: Iterable[str]
) -> dict[str, tuple[int, datetime]]:
    """By intake, the first row with this action: its number and its time."""
    first = (
        select(func.min(AUDIT.c.id))
        .where(AUDIT.c.intake_id.in_(list(intake_ids)), unindexed(conn, AUDIT.c.action) == action)
        .group_by(AUDIT.c.intake_id)
    )
    asked = select(AUDIT.c.intake_id, AUDIT.c.id, AUDIT.c.at).where(AUDIT.c.id.in_(first))
    return {intake_id: (id_, at) for intake_id, id_, at in conn.execute(asked)}


def last_page(conn: Connection, intake_id: str) -> str | None:
    """The page that was saved last of an intake that may be gone; None: none was."""
    asked = (
        select(AUDIT.c.detail)
        .where(AUDIT.c.intake_id == intake_id)
        .where(unindexed(conn, AUDIT.c.action) == "page.saved")
        .order_by(AUDIT.c.id.desc())
        .limit(1)
    )
    detail = conn.execute(asked).scalar()
    page: str | None = json.loads(detail).get("page") if detail else None
    return page


def raised(conn: Connection, alert_ids: Iterable[str]) -> dict[str, datetime]:
    """When these alerts were raised; without those that are gone."""
    asked = select(ALERTS.c.id, ALERTS.c.raised_at).where(ALERTS.c.id.in_(list(alert_ids)))
    return {row.id: row.raised_at for row in conn.execute(asked)}


def idle(conn: Connection, *, before: datetime) -> dict[str, int]:
    """How many unfinished intakes without activity since then ended at which saved page."""
    last = (
        select(SAVES.c.intake_id, func.max(SAVES.c.revision).label("revision"))
        .join(INTAKES, INTAKES.c.id == SAVES.c.intake_id)
        .where(INTAKES.c.status == DRAFT, INTAKES.c.seen_at < before)
        .group_by(SAVES.c.intake_id)
        .subquery()
    )
    same = (SAVES.c.intake_id == last.c.intake_id) & (SAVES.c.revision == last.c.revision)
    counted = select(SAVES.c.page_id, func.count().label("number")).join(last, same)
    rows = conn.execute(counted.group_by(SAVES.c.page_id))
    return {row.page_id: row.number for row in rows}


# Keeping the counts


def add(conn: Connection, counts: Counts, *, was: int, to: int) -> bool:
    """Add to the counts; False when another process has counted from `was` in the meantime."""
    if was == 0 and read_to(conn) == 0:
        _set(conn, (READ_TO, ALL, ALL), 0)
    place = _at((READ_TO, ALL, ALL))
    moved = conn.execute(update(TALLIES).where(*place, TALLIES.c.count == was).values(count=to))
    if moved.rowcount == 0:
        return False
    for key, number in counts.items():
        more = update(TALLIES).where(*_at(key)).values(count=TALLIES.c.count + number)
        if conn.execute(more).rowcount == 0:
            _set(conn, key, number)
    return True


def keep_now(conn: Connection, name: str, numbers: Mapping[str, int], *, now: datetime) -> None:
    """Replace what is counted anew each time, and say when it was."""
    conn.execute(delete(TALLIES).where(TALLIES.c.name.in_((name, AS_OF))))
    for value, number in numbers.items():
        _set(conn, (name, ALL, value), number)
    _set(conn, (AS_OF, ALL, now.isoformat(timespec="seconds")), 0)


def read(conn: Connection) -> dict[tuple[str, str, str], int]:
    """All of them: a few thousand after many years."""
    asked = select(TALLIES.c.name, TALLIES.c.month, TALLIES.c.value, TALLIES.c.count)
    return {(name, month, value): number for name, month, value, number in conn.execute(asked)}


def as_of(counts: Counts) -> datetime | None:
    """When they were counted last."""
    return next((datetime.fromisoformat(v) for name, _, v in counts if name == AS_OF), None)


def _set(conn: Connection, key: tuple[str, str, str], number: int) -> None:
    name, month, value = key
    conn.execute(delete(TALLIES).where(*_at(key)))
    row = {"name": name, "month": month, "value": value, "count": number}
    conn.execute(insert(TALLIES), row)


def _at(key: tuple[str, str, str]) -> tuple[Any, ...]:
    return tuple(TALLIES.c[n] == v for n, v in zip(("name", "month", "value"), key, strict=True))
