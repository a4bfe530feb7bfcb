"""Letters after a decision: what they may tell, keeping one in the chart, handing out its file.

Body of the entry:

    to        a key of RECIPIENTS; addressee: lines of name and address
    language  "en" or "es"; subject, text: as the physician left them
    medicines [str]: the list that goes with it, [] without
    decision  the number of the decision that it follows
    in_person it may reach the patient only when they are alone
    signer, clinic, address, phone   of the head and the foot, as they were on that day
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ..questionnaire.conditions import names, parse
from ..questionnaire.definition import Questionnaire
from ..record import Record
from ..storage import alerts, members, submissions
from ..storage.accounts import PHYSICIAN
from ..storage.chart import ChartChanged, Entry
from ..storage.submissions import StoredSubmission
from . import chart, decisions
from .act import Act
from .alerts import DANGER_AT_HOME
from .chart import LETTER
from .decisions import Decision, Ground
from .office import Office
from .signing import NotAPhysician

PATIENT, CLINICIAN, PHARMACY, OTHER = "patient", "clinician", "pharmacy", "other"
RECIPIENTS = {
    PATIENT: "the patient",
    CLINICIAN: "a clinician",
    PHARMACY: "the pharmacy",
    OTHER: "somebody else",
}
LONGEST = {"text": 8000, "addressee": 500}
# Never told to others by default: substance use (42 CFR part 2), safety at home, weapons, pressure.
KEPT_IN = ("part2", "dv", "firearm")
KEPT_IN_TOO = ("feels_pushed",)


class NotPossible(Exception):  # noqa: N818 - an outcome that pages answer
    """No decision is signed yet, or the patient has withdrawn the form."""


class Superseded(Exception):  # noqa: N818
    """Another decision was signed since the letter was begun."""


@dataclass(frozen=True)
class Draft:
    """A letter as it is to be kept; the fields are those of the body."""

    to: str
    language: str
    decision: int
    subject: str = field(default="", repr=False)
    addressee: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    medicines: tuple[str, ...] = field(default=(), repr=False)
    in_person: bool = False
    head: Mapping[str, str] = field(default_factory=dict)  # clinic, address, phone


@dataclass(frozen=True)
class Desk:
    """What a letter is written from. `unsafe`: who is at home may be the danger."""

    ground: Ground
    decision: Decision
    unsafe: bool

    @property
    def record(self) -> Record:
        return self.ground.record


@dataclass(frozen=True)
class Kept:
    """A letter of the chart; `at`: clinic time."""

    number: int
    at: datetime
    body: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class File:
    """`content` is None while the worker makes it."""

    reference: str
    content: bytes | None = field(repr=False)


def open_desk(office: Office, actor: str, reference: str) -> Desk | None:
    """What a letter is written from; noted in the audit. None: no such intake.

    Raises decisions.NotSent, and NotPossible."""
    found = decisions.ground(office, actor, reference)
    if found is None:
        return None
    if found.holds is None or found.blocked == decisions.WITHDRAWN:
        raise NotPossible(found.blocked or "")
    with office.database.read() as conn:
        raised = alerts.alerts_of(conn, office.vault, found.intake_id)
    unsafe = any(DANGER_AT_HOME in alert.detail["rules"] for alert in raised)
    return Desk(found, found.holds, unsafe)


def keep(office: Office, actor: str, reference: str, draft: Draft) -> Kept:
    """Put a letter into the chart. Raises NotAPhysician, NotPossible, Superseded."""
    try:
        with office.database.write() as conn:
            member = members.read_member(conn, int(actor.removeprefix("user:")), lock=True)
            if member is None or not member.active or PHYSICIAN not in member.roles:
                raise NotAPhysician(actor)
            found = decisions.ground_in(conn, office, reference)
            if found is None or found.holds is None or found.blocked == decisions.WITHDRAWN:
                raise NotPossible(reference)
            if found.holds.number != draft.decision:
                raise Superseded(reference)
            act = Act(conn, office, actor)
            body = _body(draft, member.name)
            entry = chart.add(act, found.intake_id, LETTER, body, after=found.number)
    except ChartChanged:
        raise Superseded(reference) from None
    return _kept(office, entry)


def _body(draft: Draft, signer: str) -> dict[str, Any]:
    return {
        "to": draft.to,
        "language": draft.language,
        "subject": draft.subject,
        "addressee": draft.addressee,
        "text": draft.text,
        "medicines": list(draft.medicines),
        "decision": draft.decision,
        "in_person": draft.in_person,
        "signer": signer,
        **draft.head,
    }


# What a letter may tell


def tellable(questionnaire: Questionnaire, rules: Iterable[str]) -> bool:
    """Does none of these rules read what is not told to others without being asked?"""
    read = {name for rule in rules for name in names(parse(questionnaire.rule[rule].when))}
    return not any(_kept_in(questionnaire, name) for name in read)


def _kept_in(questionnaire: Questionnaire, name: str) -> bool:
    owner = name.partition(".")[0]
    instrument = questionnaire.instrument.get(owner)
    items = instrument.items if instrument else (name,)
    return any(
        item in KEPT_IN_TOO
        or (item in questionnaire.questions and questionnaire.questions[item].privacy in KEPT_IN)
        for item in items
    )


def medicines(record: Record) -> tuple[str, ...]:
    """The medicines as the patient typed them, one a line."""
    rows = (row for section in record.sections for row in section.rows)
    listed = (row.cells for row in rows if row.question == "medications")
    return tuple(
        ", ".join(cell.text for cell in cells if cell.text and cell.column != "last_taken")
        for found in listed
        for cells in found
    )


# What is kept


def letters_in(office: Office, entries: tuple[Entry, ...]) -> tuple[Kept, ...]:
    """The newest first."""
    return tuple(_kept(office, entry) for entry in reversed(entries) if entry.kind == LETTER)


def letter_of(office: Office, reference: str, number: int) -> tuple[StoredSubmission, Kept] | None:
    with office.database.read() as conn:
        return next(_found(conn, office, reference, number), None)


def file(office: Office, actor: str, reference: str, number: int) -> File | None:
    """The stored file; noted in the audit when it is handed out. None: no such letter."""
    with office.database.write() as conn:
        found = next(_found(conn, office, reference, number), None)
        if found is None:
            return None
        submission, _ = found
        key = file_key(office.paper, number)
        content = submissions.read_document(conn, office.vault, submission, kind=LETTER, paper=key)
        if content is not None:
            Act(conn, office, actor).note("letter.downloaded", submission.intake_id, number=number)
    return File(submission.reference, content)


def file_key(paper: str, number: int) -> str:
    """Under which a letter's file is kept: "letter-3"."""
    return f"{paper}-{number}"


def _found(
    conn: Connection, office: Office, reference: str, number: int
) -> Iterator[tuple[StoredSubmission, Kept]]:
    submission = submissions.submission_by_reference(conn, office.vault, reference)
    if submission is not None:
        entries = chart.entries_of(conn, office, submission.intake_id)
        for letter in letters_in(office, entries):
            if letter.number == number:
                yield submission, letter


def _kept(office: Office, entry: Entry) -> Kept:
    return Kept(entry.number, entry.at.astimezone(office.zone), entry.body)
