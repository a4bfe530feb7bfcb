"""Bulk exports: who asked, for what and for whom, and how many rows left, all in the audit.

An export walks the store twice: once to learn how wide the groups are, once to write. On the first
walk it makes the lines that are not there yet, and keeps them (see `storage.exports`); so a line is
worked out once, however often it is exported. Memory does not grow with the number of lines.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args

from pydantic_core import from_json
from sqlalchemy import Connection

from ..assessment.results import Outcome
from ..outputs.csv_export import FORM, Plan, Submitted, csv_chunks, outcome_of
from ..storage.exports import StoredLine, keep_lines, newest_id, stored_lines
from .act import Act
from .definitions import definition_of
from .office import Office

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
LONGEST_REASON = 200  # characters of a purpose or a recipient
KEPT_AT_ONCE = 100  # new lines in a transaction: saves of patients wait for it


@dataclass(frozen=True)
class Filters:
    """Days at the clinic, both included; None leaves it open."""

    since: date | None = None
    until: date | None = None
    outcome: Outcome | None = None

    def as_json(self) -> dict[str, str]:
        """Those that are set, for the audit."""
        given = {"from": self.since, "to": self.until, "outcome": self.outcome}
        return {name: str(value) for name, value in given.items() if value is not None}


EVERYTHING = Filters()


@dataclass
class _Tally:
    rows: int = 0
    done: bool = False


def export_csv(
    office: Office, actor: str, filters: Filters, purpose: str, recipient: str
) -> Iterator[bytes]:
    """The submissions as CSV, streamed. Noted in the audit at once, and again at its end with the
    number of rows, as `export.finished` or, when nobody read to the end, `export.stopped`.

    Raises ValueError without a purpose or a recipient.
    """
    said = {
        "purpose": _required(purpose, "purpose"),
        "recipient": _required(recipient, "recipient"),
    }
    with office.database.write() as conn:
        act = Act(conn, office, actor)
        act.note("export.started", None, kind="csv", filters=filters.as_json(), **said)
    return _audited(office, actor, filters)


def _required(words: str, name: str) -> str:
    """On one line and not endless: it is kept for years."""
    told = " ".join(words.split())[:LONGEST_REASON]
    if not told:
        raise ValueError(f"an export needs a {name}")
    return told


def count_by_outcome(office: Office, filters: Filters) -> dict[Outcome, int]:
    """How many submissions the filters let through, by outcome."""
    counts = dict.fromkeys(OUTCOMES, 0)
    with office.database.read() as conn:
        for _, _, kept in _walk(conn, office, filters, _Plans(office)):
            counts[outcome_of(kept)] += 1  # type: ignore[index]
    return counts


def _audited(office: Office, actor: str, filters: Filters) -> Iterator[bytes]:
    tally = _Tally()
    try:
        yield from _chunks(office, filters, tally)
        tally.done = True
    finally:
        action = "export.finished" if tally.done else "export.stopped"
        with office.database.write() as conn:
            Act(conn, office, actor).note(action, None, kind="csv", rows=tally.rows)


def _chunks(office: Office, filters: Filters, tally: _Tally) -> Iterator[bytes]:
    plans = _Plans(office)
    widths, last_id = _prepare(office, filters, plans)
    with office.database.read() as conn:
        walk = _walk(conn, office, filters, plans, last_id)
        submitted = _submitted(walk, office, tally)
        yield from csv_chunks(list(plans.values()), widths, submitted)


def _prepare(office: Office, filters: Filters, plans: "_Plans") -> tuple[dict[str, int], int]:
    """Make and keep the lines that are missing; the width of every group, and the last id that
    was looked at: what is sent from now on may be wider."""
    widths: dict[str, int] = {}
    fresh: list[StoredLine] = []
    with office.database.read() as conn:
        last_id = newest_id(conn)
        for stored, plan, kept in _walk(conn, office, filters, plans, last_id):
            plan.widen(widths, kept)
            if not stored.kept:
                stored.kept = kept.encode()
                fresh.append(stored)
            if len(fresh) == KEPT_AT_ONCE:
                _keep(office, fresh)
                fresh.clear()
    _keep(office, fresh)
    return widths, last_id


def _keep(office: Office, lines: Sequence[StoredLine]) -> None:
    if lines:
        with office.database.write() as conn:
            keep_lines(conn, office.vault, lines, form=FORM, now=office.now())


class _Plans(dict[str, Plan]):
    """By content hash, the current version's first."""

    def __init__(self, office: Office) -> None:
        current = office.questionnaire
        super().__init__({current.content_hash: Plan(current)})


def _walk(
    conn: Connection, office: Office, filters: Filters, plans: _Plans, last_id: int | None = None
) -> Iterator[tuple[StoredLine, Plan, str]]:
    """The submissions that the filters let through, oldest first, each with its line. The outcome
    is encrypted with the answers, so SQL cannot look for it."""
    since = _start_of(office, filters.since)
    until = _start_of(office, filters.until and filters.until + timedelta(days=1))
    lines = stored_lines(conn, office.vault, form=FORM, since=since, until=until, last_id=last_id)
    for stored in lines:
        if stored.content_hash not in plans:
            plans[stored.content_hash] = Plan(definition_of(conn, office, stored.content_hash))
        plan = plans[stored.content_hash]
        kept = _line_of(stored, plan)
        if filters.outcome is None or filters.outcome == outcome_of(kept):
            yield stored, plan, kept


def _line_of(stored: StoredLine, plan: Plan) -> str:
    return stored.kept.decode() if stored.kept else plan.ready(from_json(stored.document_json))


def _submitted(
    walk: Iterator[tuple[StoredLine, Plan, str]], office: Office, tally: _Tally
) -> Iterator[Submitted]:
    zone = office.zone
    for stored, plan, kept in walk:
        tally.rows += 1
        yield Submitted(stored.reference, stored.submitted_at.astimezone(zone), plan, kept)


def _start_of(office: Office, day: date | None) -> datetime | None:
    """Midnight at the clinic, in UTC."""
    return None if day is None else datetime.combine(day, time(), office.zone).astimezone(UTC)
