"""The lists that submissions stand in: found and filtered by index, a page at a time.

Only the lines of a page are opened. A page begins after (or ends before) the place of a submission,
so that the last page costs what the first one does, and nothing is counted.

A submission whose urgency is None is not indexed yet: it stands before the urgent ones, and no
filter by urgency leaves it out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from . import due, search
from .intakes import ALERTS, DRAFT, INTAKES, SUBMISSIONS
from .sealed import seal_json, unseal_json
from .submissions import CARDS, NEW, URGENCY, StoredSubmission, context
from .vault import Vault, grouped, normal_code

WAITING, DECIDED, WITHDRAWN, ALL = "waiting", "decided", "withdrawn", "all"
NOBODY = 0  # the id of no member
STEPS = (None, *URGENCY.values())  # in the order of a list by urgency


@dataclass(frozen=True)
class QueueEntry:
    """One line. `withdrawn`: by the patient. `assigned_to`: the id of a member."""

    id: int
    intake_id: str
    reference: str
    submitted_at: datetime
    status: str
    withdrawn: bool
    urgency: int | None
    decided_at: datetime | None
    assigned_to: int | None
    card: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Wanted:
    """Which submissions. Waiting are those without a decision that nobody has withdrawn.

    `by_urgency` (of the waiting): the urgent first, of each the oldest first; otherwise the newest
    first. `assigned`: the id of a member, or NOBODY. `until` is exclusive.
    """

    state: str = WAITING
    by_urgency: bool = True
    urgency: int | None = None
    unread: bool = False
    assigned: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Place:
    """Where a submission stands in any list."""

    id: int
    submitted_at: datetime
    decided_at: datetime | None
    urgency: int | None


def place_of(conn: Connection, reference: str) -> Place | None:
    """None when there is no such submission (any more)."""
    columns = ("id", "submitted_at", "decided_at", "urgency")
    asked = select(*(SUBMISSIONS.c[name] for name in columns)).join(INTAKES)
    row = conn.execute(asked.where(INTAKES.c.reference == grouped(normal_code(reference)))).first()
    return Place(*row) if row else None


def lines(
    conn: Connection,
    vault: Vault,
    wanted: Wanted,
    *,
    limit: int,
    place: Place | None = None,
    back: bool = False,
) -> list[QueueEntry]:
    """Up to so many lines after this place (with `back` before it), in the order of the list.

    Ask for one more than a page holds to learn whether there is a next one.
    """
    found: list[QueueEntry] = []
    if wanted.state == WAITING and wanted.by_urgency:
        for step, beside in _steps(wanted, place, back):
            asked = _Part(_waiting(step), SUBMISSIONS.c.submitted_at, back, beside)
            found += _read(conn, vault, wanted, asked, limit - len(found))
    else:
        found = _read(conn, vault, wanted, _newest_first(wanted, place, back), limit)
    return found[::-1] if back else found


def by_ids(conn: Connection, vault: Vault, ids: Sequence[int]) -> list[QueueEntry]:
    """The newest first."""
    asked = CARDS.where(SUBMISSIONS.c.id.in_(ids)).order_by(SUBMISSIONS.c.id.desc())
    return [_entry(vault, row) for row in conn.execute(asked)]


def by_reference(conn: Connection, reference: str) -> int | None:
    """The id of the submission, however the reference is spelled."""
    place = place_of(conn, reference)
    return place.id if place else None


def is_indexed(conn: Connection) -> bool:
    """Whether all that wait are found by a search."""
    some = select(SUBMISSIONS.c.id).where(*_waiting(None)).limit(1)
    return conn.execute(some).first() is None


# The rows of a list


@dataclass(frozen=True)
class _Part:
    """A list, or what has one urgency in it, as an index holds it. `place`: where it goes on."""

    where: tuple[ColumnElement[bool], ...]
    by: ColumnElement[datetime]
    descending: bool
    place: tuple[datetime, int] | None


def _waiting(urgency: int | None) -> tuple[ColumnElement[bool], ...]:
    column = SUBMISSIONS.c.urgency
    same = column.is_(None) if urgency is None else column == urgency
    return SUBMISSIONS.c.decided_at.is_(None), same


def _steps(
    wanted: Wanted, place: Place | None, back: bool
) -> Iterator[tuple[int | None, tuple[datetime, int] | None]]:
    """Each urgency that is left to read, and in the one where the place is, the place."""
    order = STEPS[::-1] if back else STEPS
    if place is not None:
        order = order[order.index(place.urgency) :]
    for number, step in enumerate(order):
        if wanted.urgency is None or step in (None, wanted.urgency):
            here = place if number == 0 else None
            yield step, (here.submitted_at, here.id) if here else None


def _newest_first(wanted: Wanted, place: Place | None, back: bool) -> _Part:
    by = SUBMISSIONS.c.submitted_at
    where: list[ColumnElement[bool]] = []
    if wanted.state == WAITING:
        # Not as a bare column: SQLite would take the index by urgency, and sort all that wait.
        where = [func.coalesce(SUBMISSIONS.c.decided_at, SUBMISSIONS.c.decided_at).is_(None)]
    elif wanted.state == DECIDED:
        by = SUBMISSIONS.c.decided_at
        where = [by.is_not(None)]
    elif wanted.state == WITHDRAWN:
        gone = select(INTAKES.c.id).where(INTAKES.c.withdrawn_at.is_not(None))
        where = [SUBMISSIONS.c.intake_id.in_(gone)]
    if wanted.urgency is not None:
        column = SUBMISSIONS.c.urgency
        where.append(or_(column == wanted.urgency, column.is_(None)))
    moment = place and (place.decided_at if wanted.state == DECIDED else place.submitted_at)
    beside = (moment, place.id) if place and moment else None
    return _Part(tuple(where), by, not back, beside)


def _read(
    conn: Connection, vault: Vault, wanted: Wanted, part: _Part, limit: int
) -> list[QueueEntry]:
    if limit <= 0:
        return []
    id_ = SUBMISSIONS.c.id
    asked = CARDS.where(*part.where, *_filters(wanted))
    if part.place:
        moment, number = part.place
        # The first condition is for the index, which a condition with OR cannot use.
        if part.descending:
            asked = asked.where(part.by <= moment, or_(part.by < moment, id_ < number))
        else:
            asked = asked.where(part.by >= moment, or_(part.by > moment, id_ > number))
    order = (part.by.desc(), id_.desc()) if part.descending else (part.by, id_)
    rows = conn.execute(asked.order_by(*order).limit(limit))
    return [_entry(vault, row) for row in rows]


def _filters(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.state == WAITING:
        yield INTAKES.c.withdrawn_at.is_(None)
    if wanted.unread:
        yield SUBMISSIONS.c.status == NEW
    if wanted.assigned == NOBODY:
        yield SUBMISSIONS.c.assigned_to.is_(None)
    elif wanted.assigned is not None:
        yield SUBMISSIONS.c.assigned_to == wanted.assigned
    if wanted.since is not None:
        yield SUBMISSIONS.c.submitted_at >= wanted.since
    if wanted.until is not None:
        yield SUBMISSIONS.c.submitted_at < wanted.until


def _entry(vault: Vault, row: Any) -> QueueEntry:
    key = vault.open_data_key(row.key_id, row.wrapped_key)
    card = unseal_json(vault, key, row.card, context=context(row.intake_id, "card"))
    return QueueEntry(
        id=row.id,
        intake_id=row.intake_id,
        reference=row.reference,
        submitted_at=row.submitted_at,
        status=row.status,
        withdrawn=row.withdrawn_at is not None,
        urgency=row.urgency,
        decided_at=row.decided_at,
        assigned_to=row.assigned_to,
        card=card,
    )


# Who has it


def assigned_to(conn: Connection, submission_id: int) -> int | None:
    asked = select(SUBMISSIONS.c.assigned_to).where(SUBMISSIONS.c.id == submission_id)
    return conn.execute(asked).scalar()


def assign(conn: Connection, submission_id: int, *, was: int | None, to: int | None) -> bool:
    """Hand it over; None is nobody. False when somebody else than `was` has it (by now)."""
    same = SUBMISSIONS.c.assigned_to.is_not_distinct_from(was)
    changed = conn.execute(
        update(SUBMISSIONS).where(SUBMISSIONS.c.id == submission_id, same).values(assigned_to=to)
    )
    return changed.rowcount == 1


# Keeping the index


def index(
    conn: Connection,
    vault: Vault,
    submission: StoredSubmission,
    *,
    card: Mapping[str, Any],
    known: Sequence[Mapping[str, Any]],
) -> None:
    """A new line for a submission, with the answers it is found by (as sent, as amended)."""
    place = context(submission.intake_id, "card")
    values = {
        "card": seal_json(vault, submission.key, card, context=place),
        "urgency": URGENCY[card["outcome"]],
    }
    conn.execute(update(SUBMISSIONS).where(SUBMISSIONS.c.id == submission.id).values(values))
    search.store_terms(conn, vault, submission.id, known)


def stand(
    conn: Connection,
    vault: Vault,
    submission: StoredSubmission,
    *,
    decided_at: datetime | None,
    changed: bool,
    check_in_due: date | None,
) -> None:
    """Whether a submission waits (`decided_at` None), and what its line says beside that."""
    this = SUBMISSIONS.c.id == submission.id
    place = context(submission.intake_id, "card")
    sealed = conn.execute(select(SUBMISSIONS.c.card).where(this)).scalar_one()
    card = unseal_json(vault, submission.key, sealed, context=place)
    was = card.get("check_in_due")
    now = {"changed": changed, "check_in_due": check_in_due and check_in_due.isoformat()}
    values: dict[str, Any] = {"decided_at": decided_at}
    if (bool(card.get("changed")), was) != (changed, now["check_in_due"]):
        values["card"] = seal_json(vault, submission.key, card | now, context=place)
    conn.execute(update(SUBMISSIONS).where(this).values(values))
    earlier = date.fromisoformat(was) if was else None
    due.move(conn, vault, submission.id, was=earlier, to=check_in_due)


def index_older(conn: Connection, vault: Vault, *, limit: int = 100) -> int:
    """Index up to so many that came before there was an index; returns how many were left to do.

    Call it in short transactions until it returns 0. It may be stopped and run again at any time.
    """
    # By the index alone: in the table the urgency lies behind the document.
    ids = select(SUBMISSIONS.c.id).where(SUBMISSIONS.c.urgency.is_(None)).limit(limit)
    found = list(conn.execute(ids).scalars())
    columns = [SUBMISSIONS.c[name] for name in ("id", "intake_id", "document", "card")]
    asked = select(*columns, INTAKES.c.key_id, INTAKES.c.wrapped_key).join(INTAKES)
    rows = conn.execute(asked.where(SUBMISSIONS.c.id.in_(found))).all()
    return sum(_index_older(conn, vault, row) for row in rows)


def _index_older(conn: Connection, vault: Vault, row: Any) -> bool:
    key = vault.unwrap(row.key_id, row.wrapped_key)
    card = unseal_json(vault, key, row.card, context=context(row.intake_id, "card"))
    urgency = URGENCY.get(card.get("outcome", ""))
    if urgency is None:
        return False
    document = unseal_json(vault, key, row.document, context=context(row.intake_id, "document"))
    search.store_terms(conn, vault, row.id, [document["answers"]])
    same = (SUBMISSIONS.c.id == row.id, SUBMISSIONS.c.urgency.is_(None))
    conn.execute(update(SUBMISSIONS).where(*same).values(urgency=urgency))
    return True


# Unfinished intakes


def drafts_with_alerts(conn: Connection, *, limit: int) -> list[str]:
    """Ids of the unfinished intakes that have raised an alert, the one last active first."""
    raised = select(ALERTS.c.id).where(ALERTS.c.intake_id == INTAKES.c.id).exists()
    asked = select(INTAKES.c.id).where(INTAKES.c.status == DRAFT, raised)
    return list(conn.execute(asked.order_by(INTAKES.c.seen_at.desc()).limit(limit)).scalars())
