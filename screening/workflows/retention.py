"""How long what was sent is kept: what has had its time, legal holds, purging for good.

A purge destroys an intake's data key with all that it seals, in one transaction with its audit row;
nothing brings it back. It is refused while somebody has not looked at something: an intake that
nobody opened, an open alert, an unread message, a request for a correction without an answer, a
check-in that the patient is filling in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection

from ..storage import intakes, members, retention
from ..storage.intakes import DRAFT
from ..storage.private_file import private_file
from ..storage.retention import PURGED, Kept
from ..storage.series import hold
from ..storage.submissions import submission_by_reference
from . import export_jobs
from .act import Act
from .office import Office

LEDGER = "purged"  # the file in the instance folder that a restored backup is purged by
LONGEST_REASON = 500  # characters
HELD, NOT_READ, ALERT, MESSAGE, ASKED, OPEN = (
    "on legal hold",
    "not read yet",
    "an alert is open",
    "a message is not read",
    "a request for a correction is not answered",
    "a check-in is being filled in",
)


@dataclass(frozen=True)
class Due:
    """What has had its time, of one patient. `stays`: why it is not purged all the same."""

    reference: str  # of the first intake
    why: str  # years, withdrawn
    sent_on: date
    last_on: date
    stays: tuple[str, ...]
    intakes: Mapping[str, str] = field(repr=False)  # id -> reference, the first before the others


@dataclass(frozen=True)
class Held:
    """A legal hold. `by` is a name; times are the clinic's."""

    id: int
    reference: str
    at: datetime
    by: str
    reason: str = field(repr=False)


def due(office: Office) -> list[Due]:
    """By the clinic's policy, today; the longest kept first."""
    with office.database.read() as conn:
        return sorted(_due(conn, office), key=lambda one: one.last_on)


def _due(conn: Connection, office: Office) -> Iterator[Due]:
    before = _years_ago(office)
    taken: set[str] = set()
    if before is not None:
        found = sorted(retention.untouched_since(conn, before), key=lambda kept: kept.series)
        for _, group in groupby(found, key=lambda kept: kept.series):
            series = sorted(group, key=lambda kept: kept.submitted_at or kept.last_at)
            if max(kept.last_at for kept in series) < before:
                taken |= {kept.id for kept in series}
                yield _as_due(office, series, "years")
    if office.keep.withdrawn_days is not None:
        since = office.now() - timedelta(days=office.keep.withdrawn_days)
        for kept in retention.withdrawn_before(conn, since):
            if kept.id not in taken:
                yield _as_due(office, [kept], "withdrawn")


def _years_ago(office: Office) -> datetime | None:
    """The same day so many years ago; after February 29 the day after."""
    years = office.keep.years
    if years is None:
        return None
    now = office.now()
    try:
        return now.replace(year=now.year - years)
    except ValueError:
        return now.replace(year=now.year - years, month=3, day=1)


def _as_due(office: Office, series: Sequence[Kept], why: str) -> Due:
    sent = [kept.submitted_at for kept in series if kept.submitted_at]
    return Due(
        reference=series[0].reference,
        why=why,
        sent_on=min(sent).astimezone(office.zone).date(),
        last_on=max(kept.last_at for kept in series).astimezone(office.zone).date(),
        stays=_why_it_stays(series),
        intakes={kept.id: kept.reference for kept in series},
    )


def _why_it_stays(series: Sequence[Kept]) -> tuple[str, ...]:
    reasons = {
        HELD: any(kept.held for kept in series),
        NOT_READ: any(kept.is_new for kept in series),
        ALERT: any(kept.open_alerts for kept in series),
        MESSAGE: any(kept.unread for kept in series),
        ASKED: any(kept.asked for kept in series),
        OPEN: any(kept.status == DRAFT for kept in series),
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


# Purging


def purge(office: Office, actor: str, found: Sequence[Due]) -> int:
    """Purge what may go of these, each patient's in one transaction; returns how many intakes.

    What somebody has held, opened or written to in the meantime stays."""
    gone = sum(_purge(office, actor, one) for one in found if not one.stays)
    if gone:
        # A file that nobody has fetched yet may hold what was purged: it is asked for again.
        export_jobs.cancel_all(office, actor)
        office.database.checkpoint()
        write_ledger(office)
    return gone


def _purge(office: Office, actor: str, one: Due) -> int:
    with office.database.write() as conn:
        hold(conn, next(iter(one.intakes)))  # the first intake first, as everybody else
        retention.lock(conn, tuple(one.intakes))
        now = _still_due(conn, office, one)
        if now is None or now.stays:
            return 0
        act = Act(conn, office, actor)
        # The patient's first comes last: it is what a hold of the others is found by.
        for intake_id, reference in reversed(list(one.intakes.items())):
            intakes.delete_intake(conn, intake_id)
            act.note(PURGED, intake_id, why=one.why, reference=reference)
    return len(one.intakes)


def _still_due(conn: Connection, office: Office, one: Due) -> Due | None:
    """The same as it is now; None: something happened since, and its time begins anew."""
    series = retention.series_of(conn, next(iter(one.intakes)))
    if one.why == "withdrawn":
        series = [kept for kept in series if kept.id in one.intakes]
    if {kept.id for kept in series} != set(one.intakes):
        return None
    found = _as_due(office, series, one.why)
    return found if found.last_on == one.last_on else None


def write_ledger(office: Office) -> None:
    """Write which intakes are purged beside the database, a line each, "ID TIME": whoever restores
    an older backup purges them again. Made of the audit, so that it cannot lack one for long."""
    if office.instance is None:
        return
    with office.database.read() as conn:
        lines = [f"{intake_id} {at.isoformat()}\n" for intake_id, at in retention.purged(conn)]
    with private_file(office.instance / LEDGER) as file:
        file.write("".join(lines).encode())


# Legal holds


def place_hold(office: Office, actor: str, reference: str, reason: str) -> bool:
    """False: no sent intake has this reference. Raises ValueError without a reason."""
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if not reason:
        raise ValueError("a hold needs a reason")
    with office.database.write() as conn:
        submission = submission_by_reference(conn, office.vault, reference)
        if submission is None:
            return False
        held = submission.intake_id
        now = office.now()
        # It may have been purged since it was found.
        if not retention.place_hold(conn, office.vault, held, reason=reason, by=actor, now=now):
            return False
        Act(conn, office, actor).note("hold.placed", held)
    return True


def lift_hold(office: Office, actor: str, hold_id: int) -> bool:
    """False: it was lifted before, or never was."""
    with office.database.write() as conn:
        intake_id = retention.lift_hold(conn, hold_id, by=actor, now=office.now())
        if intake_id is not None:
            Act(conn, office, actor).note("hold.lifted", intake_id, hold=hold_id)
    return intake_id is not None


def note_shown(office: Office, actor: str, references: Sequence[str]) -> None:
    """Whose intakes somebody saw in these lists, for the audit."""
    if references:
        with office.database.write() as conn:
            act = Act(conn, office, actor)
            act.note("retention.viewed", None, shown=list(dict.fromkeys(references)))


def holds(office: Office) -> list[Held]:
    """Those that hold now, the newest first."""
    with office.database.read() as conn:
        return [
            Held(
                one.id,
                one.reference,
                one.at.astimezone(office.zone),
                members.name_of(conn, one.by),
                one.reason,
            )
            for one in retention.holds(conn, office.vault)
        ]
