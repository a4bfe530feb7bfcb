"""What has had its time, and what holds it. Only ids, times and states: nothing is opened here.

Every function takes a Connection inside a transaction and leaves the COMMIT to its caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, func, insert, select, update

from .intakes import ALERTS, AUDIT, CHART, DRAFT, HOLDS, INTAKES, MESSAGES, SUBMISSIONS
from .messages import CORRECTION
from .sealed import from_json
from .submissions import NEW
from .vault import Vault

PURGED = "intake.purged"  # the action of the audit
MOST = 2000  # series that one list holds

_SERIES = func.coalesce(INTAKES.c.follows, INTAKES.c.id)
_OTHER = INTAKES.alias()
_OTHERS = func.coalesce(_OTHER.c.follows, _OTHER.c.id)


@dataclass(frozen=True)
class Kept:
    """One intake. `series`: the id of its patient's first; `last_at`: the last that happened."""

    id: str
    series: str
    reference: str
    status: str
    submitted_at: datetime | None
    withdrawn_at: datetime | None
    last_at: datetime
    is_new: bool  # nobody has opened it
    open_alerts: int
    unread: int  # messages
    asked: int  # requests for a correction that have no answer
    held: int  # legal holds on any intake of the series


@dataclass(frozen=True)
class StoredHold:
    id: int
    reference: str
    at: datetime
    by: str  # user:12
    reason: str = field(repr=False)


def untouched_since(conn: Connection, before: datetime) -> list[Kept]:
    """Every intake of the patients who sent something, and nothing since then."""
    sent = func.max(_OTHER.c.submitted_at)
    old = (
        select(_OTHERS)
        .group_by(_OTHERS)
        .having(func.max(func.coalesce(_OTHER.c.submitted_at, _OTHER.c.created_at)) < before)
        .having(sent.is_not(None))
        .order_by(sent)
        .limit(MOST)
    )
    return _kept(conn, _WHOLE.where(_SERIES.in_(old)))


def withdrawn_before(conn: Connection, before: datetime) -> list[Kept]:
    """The sent intakes that their patients had taken back by then, each alone; not those that
    somebody has decided on, which belong to the record of a treatment."""
    # By the chart: the queue forgets when it was decided while somebody has to decide again.
    decided = exists().where(CHART.c.intake_id == INTAKES.c.id, CHART.c.kind == "decision")
    taken = (INTAKES.c.withdrawn_at < before, INTAKES.c.status != DRAFT, ~decided)
    return _kept(conn, _WHOLE.where(*taken).order_by(INTAKES.c.withdrawn_at).limit(MOST))


def lock(conn: Connection, intake_ids: Sequence[str]) -> None:
    """Nobody changes these before this transaction ends."""
    these = select(INTAKES.c.id).where(INTAKES.c.id.in_(intake_ids))
    conn.execute(these.order_by(INTAKES.c.id).with_for_update())


def series_of(conn: Connection, intake_id: str) -> list[Kept]:
    first = select(_OTHERS).where(_OTHER.c.id == intake_id).scalar_subquery()
    return _kept(conn, _WHOLE.where(first == _SERIES))


def _count(of: Any, *where: Any) -> Any:
    asked = select(func.count()).where(of.c.intake_id == INTAKES.c.id, *where)
    return asked.correlate(INTAKES).scalar_subquery()


def _holds() -> Any:
    """Of the whole series: a hold is the patient's, whichever of their intakes it was placed on."""
    asked = (
        select(func.count())
        .select_from(HOLDS.join(_OTHER, _OTHER.c.id == HOLDS.c.intake_id))
        .where(HOLDS.c.lifted_at.is_(None), _OTHERS == _SERIES)
    )
    return asked.correlate(INTAKES).scalar_subquery()


def _latest(moment: Any, of: Any) -> Any:
    asked = select(func.max(moment)).where(of.c.intake_id == INTAKES.c.id)
    return asked.correlate(INTAKES).scalar_subquery()


_WHOLE: Select[Any] = select(
    INTAKES.c.id,
    _SERIES.label("series"),
    INTAKES.c.reference,
    INTAKES.c.status,
    INTAKES.c.submitted_at,
    INTAKES.c.withdrawn_at,
    INTAKES.c.created_at,
    SUBMISSIONS.c.status.label("state"),
    _latest(CHART.c.at, CHART).label("chart_at"),
    _latest(MESSAGES.c.sent_at, MESSAGES).label("message_at"),
    _count(ALERTS, ALERTS.c.acknowledged_at.is_(None)).label("open_alerts"),
    _count(MESSAGES, MESSAGES.c.read_at.is_(None)).label("unread"),
    _count(MESSAGES, MESSAGES.c.kind == CORRECTION).label("asked"),
    _holds().label("held"),
).select_from(INTAKES.outerjoin(SUBMISSIONS, SUBMISSIONS.c.intake_id == INTAKES.c.id))


def _kept(conn: Connection, asked: Select[Any]) -> list[Kept]:
    return [_as_kept(row) for row in conn.execute(asked)]


def _as_kept(row: Any) -> Kept:
    moments = (row.created_at, row.submitted_at, row.chart_at, row.message_at, row.withdrawn_at)
    return Kept(
        id=row.id,
        series=row.series,
        reference=row.reference,
        status=row.status,
        submitted_at=row.submitted_at,
        withdrawn_at=row.withdrawn_at,
        last_at=max(moment for moment in moments if moment),
        is_new=row.state == NEW,
        open_alerts=row.open_alerts,
        unread=row.unread,
        asked=row.asked,
        held=row.held,
    )


# Legal holds


def place_hold(
    conn: Connection, vault: Vault, intake_id: str, *, reason: str, by: str, now: datetime
) -> bool:
    """Nothing of this intake's patient is purged until the hold is lifted. False: it is gone."""
    asked = select(INTAKES.c.key_id, INTAKES.c.wrapped_key).where(INTAKES.c.id == intake_id)
    wrapped = conn.execute(asked.with_for_update()).one_or_none()
    if wrapped is None:
        return False
    key = vault.open_data_key(*wrapped)
    context = _context(intake_id, now)
    sealed = vault.seal(key, reason.encode(), context=context)
    values = {"intake_id": intake_id, "at": now, "by": by, "reason": sealed}
    conn.execute(insert(HOLDS), values)
    return True


def lift_hold(conn: Connection, hold_id: int, *, by: str, now: datetime) -> str | None:
    """The intake that it was of; None when there is no such hold (any more)."""
    this = (HOLDS.c.id == hold_id, HOLDS.c.lifted_at.is_(None))
    changed = update(HOLDS).where(*this).values(lifted_at=now, lifted_by=by)
    return conn.execute(changed.returning(HOLDS.c.intake_id)).scalar()


def holds(conn: Connection, vault: Vault) -> list[StoredHold]:
    """Those that hold now, the newest first."""
    asked = (
        select(HOLDS, INTAKES.c.reference, INTAKES.c.key_id, INTAKES.c.wrapped_key)
        .join(INTAKES, INTAKES.c.id == HOLDS.c.intake_id)
        .where(HOLDS.c.lifted_at.is_(None))
        .order_by(HOLDS.c.at.desc())
    )
    return [_hold(vault, row) for row in conn.execute(asked)]


def _hold(vault: Vault, row: Any) -> StoredHold:
    key = vault.open_data_key(row.key_id, row.wrapped_key)
    reason = vault.unseal(key, row.reason, context=_context(row.intake_id, row.at))
    return StoredHold(row.id, row.reference, row.at, row.by, reason.decode())


def _context(intake_id: str, at: datetime) -> str:
    return f"holds:{intake_id}:{at.astimezone(UTC).isoformat()}:reason"


# What was purged


def purged(conn: Connection) -> list[tuple[str, datetime]]:
    """Every intake that was ever purged here, and when: the audit outlives it."""
    asked = select(AUDIT.c.intake_id, AUDIT.c.at).where(AUDIT.c.action == PURGED)
    return [(row.intake_id, row.at) for row in conn.execute(asked.order_by(AUDIT.c.id))]


def purged_references(conn: Connection) -> dict[str, str]:
    """What intakes that are purged were called: id -> reference."""
    asked = select(AUDIT.c.intake_id, AUDIT.c.detail).where(AUDIT.c.action == PURGED)
    details = {
        row.intake_id: from_json((row.detail or "{}").encode()) for row in conn.execute(asked)
    }
    return {key: detail["reference"] for key, detail in details.items() if "reference" in detail}
