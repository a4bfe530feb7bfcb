"""The physician's use cases: the queue, one record, its PDF. `actor` is "user:12".

What is read is noted in the audit in the same transaction: who saw which record, and when.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, select

from .. import wording
from ..assessment.facts import Facts
from ..assessment.outcome import assess_facts
from ..assessment.results import Assessment
from ..questionnaire.definition import Questionnaire
from ..record import Record, build_record
from ..storage import half_pages, intakes, submissions
from ..storage.intakes import DRAFT, StoredIntake
from ..storage.submissions import NEW, QueueEntry, StoredSubmission
from ..storage.vault import grouped, normal_code
from .act import Act
from .after import Message, local, read_messages, when_withdrawn
from .checkin import Scored, over_time
from .definitions import definition_of
from .office import Office
from .sending import ASSESSMENT
from .urgent import Alert, alerts_of

READ = "read"
STATUSES = {NEW: "Not read", READ: "Read"}
PAGE = 25  # lines of the queue
WALK = 200  # lines decrypted at once while looking for an outcome
PAPERS = ("letter", "a4")


@dataclass(frozen=True)
class Line:
    """One submission in the queue. `outcome` and what follows are None for who reads no answers."""

    reference: str
    submitted_at: datetime  # in the clinic's time zone
    unread: bool
    name: str = field(repr=False)
    outcome: str | None = None  # "urgent", "excluded", "clearance", "candidate"
    outcome_words: str | None = None
    age: int | None = None
    main_concern: str | None = field(default=None, repr=False)
    counts: Mapping[str, int] = field(default_factory=dict)  # met findings by kind; and "unknown"
    withdrawn: bool = False  # by the patient
    check_in: bool = False  # of a patient who comes back


@dataclass(frozen=True)
class QueuePage:
    """`first` is the number of the first line, counted from 1; nothing counts what comes after."""

    lines: tuple[Line, ...]
    number: int
    first: int
    more: bool


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


@dataclass(frozen=True)
class Pdf:
    """`content` is None while the worker makes it."""

    reference: str  # as it is spelled
    content: bytes | None = field(repr=False)


def queue(
    office: Office,
    actor: str,
    *,
    status: str | None = None,
    outcome: str | None = None,
    page: int = 1,
    answers: bool = True,
) -> QueuePage:
    """A page of the submissions, the newest first; noted in the audit.

    `answers` False leaves out, and does not filter by, all that follows from an answer.
    """
    start = (page - 1) * PAGE
    with office.database.read() as conn:
        found = _entries(conn, office, status, outcome if answers else None)
        entries = list(islice(found, start, start + PAGE + 1))
    with office.database.write() as conn:
        Act(conn, office, actor).note("queue.viewed", None, page=page, lines=len(entries[:PAGE]))
    lines = tuple(_line(office, entry) for entry in entries[:PAGE])
    if not answers:
        lines = tuple(_without_answers(line) for line in lines)
    return QueuePage(lines, page, start + 1, more=len(entries) > PAGE)


def open_record(office: Office, actor: str, reference: str) -> Opened | None:
    """The record of a submission, now read; or of an unfinished intake that has raised an alert.

    None when there is no such reference, or the intake is unfinished and nothing is urgent.
    """
    with office.database.write() as conn:
        submission = submissions.submission_by_reference(conn, office.vault, reference)
        if submission is None:
            return _open_unfinished(conn, office, actor, reference)
        submissions.set_status(conn, submission.id, was=NEW, to=READ)
        act = Act(conn, office, actor)
        act.note("record.viewed", submission.intake_id)
        written = read_messages(act, submission.intake_id)
        withdrawn_at = when_withdrawn(act, submission.intake_id)
        questionnaire = definition_of(conn, office, submission.content_hash)
        alerts = alerts_of(conn, office, submission.intake_id)
        found = over_time(conn, office, submission.intake_id)
    opened = Opened(frozen_record(office, questionnaire, submission), False, alerts, found)
    return replace(opened, messages=written, withdrawn_at=withdrawn_at)


def frozen_record(
    office: Office, questionnaire: Questionnaire, submission: StoredSubmission
) -> Record:
    """The Record of a submission as it was assessed on the day it was sent."""
    document = submission.document
    return build_record(
        questionnaire,
        document["answers"],
        ASSESSMENT.validate_python(document["assessment"]),
        as_of=datetime.fromisoformat(document["as_of"]).date(),
        reference=submission.reference,
        submitted_at=submission.submitted_at.astimezone(office.zone),
    )


def pdf(office: Office, actor: str, reference: str, paper: str) -> Pdf | None:
    """The stored summary; noted in the audit when it is handed out. None: no such submission."""
    if paper not in PAPERS:
        return None
    with office.database.write() as conn:
        submission = submissions.submission_by_reference(conn, office.vault, reference)
        if submission is None:
            return None
        content = submissions.read_document(conn, office.vault, submission, kind="pdf", paper=paper)
        if content is not None:
            act = Act(conn, office, actor)
            act.note("pdf.downloaded", submission.intake_id, paper=paper)
    return Pdf(submission.reference, content)


# The queue


def _entries(
    conn: Connection, office: Office, status: str | None, outcome: str | None
) -> Iterator[QueueEntry]:
    """All entries that fit. The outcome is in the encrypted card, so SQL cannot look for it."""
    offset = 0
    while batch := submissions.queue(
        conn, office.vault, limit=WALK if outcome else PAGE + 1, offset=offset, status=status
    ):
        yield from (e for e in batch if outcome is None or e.card["outcome"] == outcome)
        offset += len(batch)


def _line(office: Office, entry: QueueEntry) -> Line:
    card = entry.card
    return Line(
        reference=entry.reference,
        submitted_at=entry.submitted_at.astimezone(office.zone),
        unread=entry.status == NEW,
        name=card["name"],
        outcome=card["outcome"],
        outcome_words=wording.OUTCOMES[card["outcome"]],
        age=card["age"],
        main_concern=_concern(office.questionnaire, card["main_concern"]),
        counts={**card["counts"], "unknown": card["unknown"]},
        withdrawn=entry.withdrawn,
        check_in=card.get("check_in", False),
    )


def _without_answers(line: Line) -> Line:
    bare = Line(line.reference, line.submitted_at, line.unread, line.name)
    return replace(bare, withdrawn=line.withdrawn, check_in=line.check_in)


def _concern(questionnaire: Questionnaire, option_id: str | None) -> str | None:
    question = questionnaire.questions.get("main_concern")
    options = {o.id: o.label or o.en for o in question.options} if question else {}
    return options.get(option_id, option_id) if option_id else None


# An unfinished intake


def _open_unfinished(conn: Connection, office: Office, actor: str, reference: str) -> Opened | None:
    spelled = grouped(normal_code(reference))
    asked = select(intakes.INTAKES.c.id).where(intakes.INTAKES.c.reference == spelled)
    intake_id = conn.execute(asked).scalar()
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
