"""The physician's use cases: one record, its PDF. `actor` is "user:12".

What is read is noted in the audit in the same transaction: who saw which record, and when.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from ..assessment.facts import Facts
from ..assessment.outcome import assess_facts
from ..assessment.results import Assessment
from ..changes import Said, Sent, with_staff
from ..record import Record, build_record
from ..storage import half_pages, intakes, series, submissions
from ..storage.chart import Entry
from ..storage.intakes import DRAFT, StoredIntake
from ..storage.references import intake_of
from ..storage.submissions import NEW, StoredSubmission
from . import examine
from .act import Act
from .after import Message, local, read_messages, when_withdrawn
from .chart import CHANGES, DECISION, as_sent, entries_of
from .checkin import Scored, over_time
from .definitions import definition_of
from .examine import Case
from .office import Office
from .urgent import Alert, alerts_of

READ = "read"
PAPERS = ("letter", "a4")


@dataclass(frozen=True)
class Opened:
    """A record as it is shown. Unfinished: what has been answered so far, assessed today.

    `sent`: all that the patient has sent, this too if it is sent, the oldest first."""

    record: Record
    unfinished: bool
    alerts: tuple[Alert, ...]
    sent: tuple[Scored, ...] = ()
    messages: tuple[Message, ...] = ()
    withdrawn_at: datetime | None = None  # clinic time
    case: Case | None = None  # of a sent one: what is known now, and all that staff added


@dataclass(frozen=True)
class Pdf:
    """`content` is None while the worker makes it."""

    reference: str  # as it is spelled
    content: bytes | None = field(repr=False)


def open_record(office: Office, actor: str, reference: str) -> Opened | None:
    """The record of a submission, now read; or of an unfinished intake that has raised an alert.

    None when there is no such reference, or the intake is unfinished and nothing is urgent.
    """
    with office.database.write() as conn:
        submission = submissions.submission_by_reference(conn, office.vault, reference)
        if submission is None:
            return _open_unfinished(conn, office, actor, reference)
        series.hold(conn, submission.intake_id)
        submissions.set_status(conn, submission.id, was=NEW, to=READ)
        act = Act(conn, office, actor)
        act.note("record.viewed", submission.intake_id)
        written = read_messages(act, submission.intake_id)
        withdrawn_at = when_withdrawn(act, submission.intake_id)
        alerts = alerts_of(conn, office, submission.intake_id)
        found = over_time(conn, office, submission.intake_id)
        case = examine.case_of(conn, office, submission)
    opened = Opened(_record_now(office, case), False, alerts, found, case=case)
    return replace(opened, messages=written, withdrawn_at=withdrawn_at)


def record_now(conn: Connection, office: Office, submission: StoredSubmission) -> Record:
    """The Record with what staff measured and corrected, as it was last assessed."""
    return _record_now(office, examine.case_of(conn, office, submission))


def _record_now(office: Office, case: Case) -> Record:
    known, sent = case.known, as_sent(case.submission)
    record = build_record(
        case.questionnaire,
        known.answers,
        known.assessment,
        as_of=known.as_of,
        reference=case.submission.reference,
        submitted_at=case.submission.submitted_at.astimezone(office.zone),
    )
    changed = [
        Said(
            entry.number,
            entry.at.astimezone(office.zone),
            case.names[entry.by],
            entry.body.get("reason", ""),
            entry.body["answers"],
        )
        for entry in case.entries
        if entry.kind in CHANGES
    ]
    return with_staff(record, Sent(sent.answers, sent.assessment, sent.as_of), changed)


def pdf(office: Office, actor: str, reference: str, paper: str) -> Pdf | None:
    """The stored summary; noted in the audit when it is handed out. None: no such submission."""
    if paper not in PAPERS:
        return None
    with office.database.write() as conn:
        submission = submissions.submission_by_reference(conn, office.vault, reference)
        if submission is None:
            return None
        key = paper_key(paper, entries_of(conn, office, submission.intake_id))
        content = submissions.read_document(conn, office.vault, submission, kind="pdf", paper=key)
        if content is not None:
            act = Act(conn, office, actor)
            act.note("pdf.downloaded", submission.intake_id, paper=paper)
    return Pdf(submission.reference, content)


def paper_key(paper: str, entries: Sequence[Entry]) -> str:
    """What a stored summary is kept under: "letter", and "letter-3" once entry 3 changed answers
    or decided. Earlier ones stay."""
    last = max((e.number for e in entries if e.kind in (*CHANGES, DECISION)), default=0)
    return f"{paper}-{last}" if last else paper


# An unfinished intake


def _open_unfinished(conn: Connection, office: Office, actor: str, reference: str) -> Opened | None:
    intake_id = intake_of(conn, reference)
    alerts = alerts_of(conn, office, intake_id) if intake_id else ()
    intake = intakes.read_draft(conn, office.vault, intake_id) if intake_id and alerts else None
    if intake is None or intake.status != DRAFT:
        return None
    Act(conn, office, actor).note("record.viewed", intake.id, unfinished=True)
    questionnaire = definition_of(conn, office, intake.content_hash)
    found = over_time(conn, office, intake.id)
    record = _so_far(replace(office, questionnaire=questionnaire), intake)
    opened = Opened(record, True, alerts, found)
    return replace(opened, withdrawn_at=local(office, intake.withdrawn_at))


def _so_far(office: Office, intake: StoredIntake) -> Record:
    """What is known now. What is not known yet is no finding and no score: it was not asked yet."""
    known = half_pages.so_far(office.vault, intake)
    facts = Facts(office.questionnaire, known, office.today(), set(intake.answers))
    whole = assess_facts(facts)
    met = tuple(finding for finding in whole.findings if finding.status == "met")
    scored = tuple(score for score in whole.scores if score.status != "invalid")
    assessment: Assessment = replace(whole, findings=met, scores=scored)
    return build_record(
        office.questionnaire,
        known,
        assessment,
        as_of=office.today(),
        reference=intake.reference,
        submitted_at=(intake.saved_at or intake.created_at).astimezone(office.zone),
    )
