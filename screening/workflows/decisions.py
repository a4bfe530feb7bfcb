"""A physician's signed decision on a sent intake: what it stands on and how it is shown.

A decision is an entry of the chart and never changes; a new one supersedes it. Its body:

    decision        a key of DECISIONS
    reason, refer_to, clearance_text   as typed, "" without
    clearances      [{"label", "rules", "unknown"}]: what has to be cleared first
    overrides       [{"rule", "kind", "says", "reason"}]: what speaks against a candidate, and why
                    the physician goes on all the same
    outcome, met, unknown   the assessment as it stood: its outcome and the ids of its rules
    read            the number of the last chart entry that the signer had read
    submission, content_hash   what was decided on, and under which rules
    record_sha256   of all that the record was drawn from, see `signing.record_sha256`
    signer          their name on that day
    supersedes      the number of the decision before it, or None
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from .. import wording
from ..assessment.facts import Facts
from ..outputs.decided import Decided
from ..questionnaire.definition import Questionnaire
from ..record import FindingRow, Record, build_record
from ..storage import alerts, intakes, members, submissions
from ..storage.chart import Entry
from ..storage.intakes import DRAFT, INTAKES
from ..storage.submissions import StoredSubmission
from ..storage.vault import grouped, normal_code
from . import chart
from .act import Act
from .chart import CHANGES, DECISION, Known
from .definitions import definition_of
from .office import Office

CANDIDATE, NOT_NOW, NOT_A_CANDIDATE = "candidate", "not-now", "not-a-candidate"
CLEARANCE, REFER = "clearance", "refer"
DECISIONS = {
    CANDIDATE: "Candidate",
    NOT_NOW: "Not now",
    NOT_A_CANDIDATE: "Not a candidate",
    CLEARANCE: "Needs clearance",
    REFER: "Refer",
}
AGAINST = ("urgent", "exclude")  # findings that a candidate is taken on in spite of
MATTERS = (*CHANGES, DECISION)  # entries that a decision must have read
ALERT, WITHDRAWN = "alert", "withdrawn"  # why nothing can be signed now


class NotSent(Exception):  # noqa: N818 - an outcome that pages answer
    """The intake is not finished: there is nothing to decide on yet."""


@dataclass(frozen=True)
class Item:
    """Something to clear: a finding that is met, or a question that leaves findings open."""

    id: str
    label: str
    settles: str  # "" where nothing is known to
    unknown: bool
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """A signed decision as it is shown. `at`: clinic time. `holds`: no later one supersedes it."""

    number: int
    at: datetime
    holds: bool
    signer: str
    words: str
    body: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Ground:
    """What a decision stands on now. `number`: the newest chart entry, 0 without any."""

    intake_id: str
    record: Record = field(repr=False)
    number: int
    decisions: tuple[Decision, ...]  # the newest first
    blocked: str | None
    submission: StoredSubmission = field(repr=False)
    entries: tuple[Entry, ...] = field(repr=False)

    @property
    def against(self) -> tuple[FindingRow, ...]:
        """What a candidate is taken on in spite of."""
        return tuple(row for row in self.record.findings if row.finding.kind in AGAINST)

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(_items(self.record))

    @property
    def holds(self) -> Decision | None:
        return self.decisions[0] if self.decisions else None


@dataclass(frozen=True)
class Change:
    """An entry that came after what was read. `at`: clinic time; `told`: what it says, in words."""

    number: int
    kind: str
    at: datetime
    by: str
    told: tuple[str, ...] = field(repr=False)


def ground(office: Office, actor: str, reference: str) -> Ground | None:
    """What there is to decide on; noted in the audit. None: no such intake. Raises NotSent."""
    with office.database.write() as conn:
        found = ground_in(conn, office, reference)
        if found is not None:
            Act(conn, office, actor).note("decision.opened", found.intake_id)
    return found


def later(found: Ground, read: int) -> tuple[Entry, ...]:
    """What matters and came after this entry; all of it when there is no such entry yet."""
    last = read if 0 <= read <= found.number else 0
    return tuple(e for e in found.entries if e.number > last and e.kind in MATTERS)


# What it stands on


def ground_in(conn: Connection, office: Office, reference: str) -> Ground | None:
    submission = submissions.submission_by_reference(conn, office.vault, reference)
    if submission is None:
        _refuse_draft(conn, reference)
        return None
    entries = chart.entries_of(conn, office, submission.intake_id)
    questionnaire = definition_of(conn, office, submission.content_hash)
    known = chart.known_now(submission, entries)
    return Ground(
        intake_id=submission.intake_id,
        record=_record(office, questionnaire, submission, known),
        number=entries[-1].number if entries else 0,
        decisions=decisions_in(office, entries),
        blocked=_blocked(conn, office, submission.intake_id),
        submission=submission,
        entries=entries,
    )


def _refuse_draft(conn: Connection, reference: str) -> None:
    spelled = grouped(normal_code(reference))
    asked = select(INTAKES.c.status).where(INTAKES.c.reference == spelled)
    if conn.execute(asked).scalar() == DRAFT:
        raise NotSent(reference)


def _blocked(conn: Connection, office: Office, intake_id: str) -> str | None:
    intake = intakes.read_draft(conn, office.vault, intake_id)
    if intake and intake.withdrawn_at:
        return WITHDRAWN
    raised = alerts.alerts_of(conn, office.vault, intake_id)
    return ALERT if any(alert.acknowledged_at is None for alert in raised) else None


def _record(
    office: Office, questionnaire: Questionnaire, submission: StoredSubmission, known: Known
) -> Record:
    return build_record(
        questionnaire,
        known.answers,
        known.assessment,
        as_of=known.as_of,
        reference=submission.reference,
        submitted_at=submission.submitted_at.astimezone(office.zone),
    )


def _items(record: Record) -> Iterator[Item]:
    rules = record.questionnaire.rule
    for row in record.findings:
        if row.finding.kind == "clear":
            rule = row.finding.rule
            yield Item(rule, row.says, rules[rule].settles, False, (rule,))
    for label, rows in record.unknowns:
        found = tuple(row.finding.rule for row in rows)
        settles = "; ".join(dict.fromkeys(rules[r].settles for r in found if rules[r].settles))
        yield Item(f"unknown-{found[0]}", label, settles, True, found)


# What is shown


def chart_of(office: Office, reference: str) -> tuple[Entry, ...]:
    """The chart of a sent intake; () for an unfinished or unknown one."""
    with office.database.read() as conn:
        submission = submissions.submission_by_reference(conn, office.vault, reference)
        return chart.entries_of(conn, office, submission.intake_id) if submission else ()


def decisions_in(office: Office, entries: tuple[Entry, ...]) -> tuple[Decision, ...]:
    """All signed decisions of a chart, the newest first."""
    signed = [entry for entry in reversed(entries) if entry.kind == DECISION]
    return tuple(shown(office, entry, holds=not i) for i, entry in enumerate(signed))


def shown(office: Office, entry: Entry, *, holds: bool) -> Decision:
    return Decision(
        number=entry.number,
        at=entry.at.astimezone(office.zone),
        holds=holds,
        signer=entry.body["signer"],
        words=DECISIONS[entry.body["decision"]],
        body=entry.body,
    )


def to_print(office: Office, entries: tuple[Entry, ...]) -> Decided | None:
    """What a summary says of the decision that holds."""
    found = decisions_in(office, entries)
    if not found:
        return None
    held = found[0]
    return Decided(held.words, held.signer, held.at, tuple(_lines(held.body)), len(found) - 1)


def _lines(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if body["refer_to"]:
        yield "To", body["refer_to"]
    for asked in body["clearances"]:
        yield "To clear first", asked["label"] + (" (not known)" if asked["unknown"] else "")
    for line in body["clearance_text"].splitlines():
        yield "To clear first", line
    for override in body["overrides"]:
        yield "In spite of", override["says"]
        yield "Because", override["reason"]
    if body["reason"]:
        yield "Reason", body["reason"]


def changes(office: Office, found: Ground, read: int) -> tuple[Change, ...]:
    """What matters and came after this entry, in words."""
    with office.database.read() as conn:
        return tuple(
            Change(
                number=entry.number,
                kind=entry.kind,
                at=entry.at.astimezone(office.zone),
                by=members.name_of(conn, entry.by),
                told=tuple(_told(found.record, entry)),
            )
            for entry in later(found, read)
        )


def _told(record: Record, entry: Entry) -> Iterator[str]:
    if entry.kind == DECISION:
        yield DECISIONS[entry.body["decision"]]
        return
    answers = entry.body["answers"]
    facts = Facts(record.questionnaire, answers, record.submitted_at.date())
    for name, value in answers.items():
        question = record.questionnaire.questions[name]
        words = "taken away" if value is None else wording.in_words(question, value)
        yield f"{wording.name_label(facts, name)}: {words}"
