"""After sending: where the intake stands, the patient's copy, messages, taking it back.

What a patient writes here is sealed like an answer; the audit says that it was written, not what.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from ..assessment.facts import Facts, has_crisis_words
from ..questionnaire.definition import Panel
from ..storage import chart, intakes, members, messages, series, submissions
from ..storage.alerts import alerts_of
from ..storage.intakes import NotADraft
from ..storage.messages import CORRECTION, MESSAGE, WITHDRAWAL, WRITTEN, StoredMessage
from ..storage.submissions import NEW, StoredSubmission
from . import follow
from . import intake as intake_flow
from .act import Act
from .chart import ANSWER, DECISION
from .definitions import definition_of
from .intake import PATIENT, SENT_OPENS
from .office import Office

COPY = "copy"  # the kind of the stored document
MESSAGES_A_DAY = 10  # of one intake; more would hide what matters
AGAIN = timedelta(minutes=10)  # the same words within this are one message: Reload, a double click
UNREAD_SHOWN = 500  # crisis words are sealed: all are read to put those first
FRIDAY = 4


@dataclass(frozen=True)
class Told:
    """A message as its sender sees it: that it was sent, and whether somebody opened it. `kind`:
    message; correction, which asks for one; answered, when it has its answer."""

    sent_at: datetime
    read_at: datetime | None
    kind: str = MESSAGE
    granted: bool = False  # of an answered one: the record was corrected
    answer: str = field(default="", repr=False)


@dataclass(frozen=True)
class Status:
    """Where a sent intake stands. Times and days are the clinic's."""

    reference: str
    sent_at: datetime
    being_read: bool
    decided: bool  # a physician has signed a decision; which one is not told
    reply_by: date
    open_until: date  # until then the code leads here
    withdrawn_at: datetime | None
    messages: tuple[Told, ...]  # the newest first


@dataclass(frozen=True)
class Sent:
    """A sent intake with its answers as they stood on that day. `sent_at`: clinic time."""

    reference: str
    sent_at: datetime
    facts: Facts = field(repr=False)


@dataclass(frozen=True)
class Copy:
    """The patient's copy as a file. `content` is None while the worker makes it."""

    reference: str
    content: bytes | None = field(repr=False)


@dataclass(frozen=True)
class Deleted:
    """`waits`: somebody has to look at a safety answer first. `panels`: help to show at once."""

    waits: bool
    panels: tuple[Panel, ...] = ()


@dataclass(frozen=True)
class Message:
    """A message as staff see it. Times are the clinic's; `read_by` is a name. `granted`: of an
    answered request to correct something, whether it was, with the `answer` to the patient."""

    id: str
    kind: str
    sent_at: datetime
    crisis: bool
    read_at: datetime | None
    read_by: str | None
    granted: bool
    text: str = field(repr=False)
    answer: str = field(repr=False)


# Where it stands


def reply_by(sent: date, days: int) -> date:
    """The last of so many business days after `sent`. Weekends are none; holidays are not known."""
    day = sent
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() <= FRIDAY
    return day


def status_of(office: Office, intake_id: str, *, reply_days: int) -> Status | None:
    """None when the intake is not sent. `reply_days`: business days until the clinic answers."""
    with office.database.read() as conn:
        submission = submissions.submission_of(conn, office.vault, intake_id)
        intake = intakes.read_draft(conn, office.vault, intake_id)
        written = messages.messages_of(conn, office.vault, intake_id)
        entries = chart.entries_of(conn, office.vault, intake_id)
    if submission is None or intake is None:
        return None
    sent_at = submission.submitted_at.astimezone(office.zone)
    return Status(
        reference=submission.reference,
        sent_at=sent_at,
        being_read=submission.status != NEW,
        decided=any(entry.kind == DECISION for entry in entries),
        reply_by=reply_by(sent_at.date(), reply_days),
        open_until=(submission.submitted_at + SENT_OPENS).astimezone(office.zone).date(),
        withdrawn_at=local(office, intake.withdrawn_at),
        messages=tuple(_told(office, one, entries) for one in written if one.kind in WRITTEN),
    )


def language_of(office: Office, intake_id: str) -> str | None:
    """The language that a sent intake was answered in."""
    with office.database.read() as conn:
        submission = submissions.submission_of(conn, office.vault, intake_id)
    return submission.document["answers"].get("language") if submission else None


def _told(office: Office, message: StoredMessage, entries: Sequence[chart.Entry]) -> Told:
    sent_at, read_at = message.sent_at.astimezone(office.zone), local(office, message.read_at)
    return Told(sent_at, read_at, message.kind, *_answer(message, entries))


def _answer(message: StoredMessage, entries: Sequence[chart.Entry]) -> tuple[bool, str]:
    """Whether a request was granted, and what its patient was told."""
    for entry in entries:
        if entry.kind == ANSWER and entry.body["message"] == message.id:
            return entry.body["granted"], entry.body["text"]
    return False, ""


def local(office: Office, moment: datetime | None) -> datetime | None:
    """In the clinic's time zone."""
    return moment and moment.astimezone(office.zone)


# The copy


def open_copy(office: Office, intake_id: str) -> Sent | None:
    """What the patient sent; noted in the audit. None when the intake is not sent."""
    with office.database.write() as conn:
        submission = submissions.submission_of(conn, office.vault, intake_id)
        if submission is None:
            return None
        Act(conn, office, PATIENT).note("copy.viewed", intake_id)
        return sent_of(conn, office, submission)


def sent_of(conn: Connection, office: Office, submission: StoredSubmission) -> Sent:
    questionnaire = definition_of(conn, office, submission.content_hash)
    document = submission.document
    as_of = datetime.fromisoformat(document["as_of"]).date()
    facts = Facts(questionnaire, document["answers"], as_of)
    return Sent(submission.reference, submission.submitted_at.astimezone(office.zone), facts)


def copy_file(office: Office, intake_id: str, language: str) -> Copy | None:
    """The stored copy in this language, noted when it is handed out. None: not sent."""
    with office.database.write() as conn:
        submission = submissions.submission_of(conn, office.vault, intake_id)
        return _copy(Act(conn, office, PATIENT), submission, language) if submission else None


def copy_for_staff(office: Office, actor: str, reference: str, language: str) -> Copy | None:
    """The same for staff, to hand to a patient who has no code any more."""
    with office.database.write() as conn:
        submission = submissions.submission_by_reference(conn, office.vault, reference)
        return _copy(Act(conn, office, actor), submission, language) if submission else None


def _copy(act: Act, submission: StoredSubmission, language: str) -> Copy:
    office, key = act.office, copy_key(act.office.paper, language)
    content = submissions.read_document(act.conn, office.vault, submission, kind=COPY, paper=key)
    if content is not None:
        act.note("copy.downloaded", submission.intake_id, language=language)
    return Copy(submission.reference, content)


def copy_key(paper: str, language: str) -> str:
    """Under which a copy is kept: "letter-es"."""
    return f"{paper}-{language}"


# Writing to the clinic


def send_message(office: Office, intake_id: str, text: str, *, correction: bool = False) -> bool:
    """Keep a message; crisis words in it are marked for staff and are no alert by themselves.
    `correction`: it asks to have the record amended.

    False: this intake has sent MESSAGES_A_DAY within a day, and this one is not kept.
    """
    now = office.now()
    with office.database.write() as conn:
        messages.hold(conn, intake_id)
        last = _repeated(messages.messages_of(conn, office.vault, intake_id), text, now)
        # The same words once more, to ask for a correction now, are a request that has to be kept.
        if last is not None and not (correction and last.kind == MESSAGE):
            return True
        since = now - timedelta(days=1)
        if messages.count_since(conn, intake_id, since=since) >= MESSAGES_A_DAY:
            return False
        body = {"text": text, "crisis": has_crisis_words(text)}
        kind = CORRECTION if correction else MESSAGE
        messages.add_message(conn, office.vault, intake_id, kind=kind, body=body, at=now)
        action = "correction.asked" if correction else "message.sent"
        Act(conn, office, PATIENT).note(action, intake_id)
    return True


def _repeated(earlier: Sequence[StoredMessage], text: str, now: datetime) -> StoredMessage | None:
    last = next((message for message in earlier if message.kind in WRITTEN), None)
    repeats = last is not None and last.text == text and now - last.sent_at < AGAIN
    return last if repeats else None


# Taking it back


def withdraw(office: Office, intake_id: str, reason: str) -> None:
    """The patient does not want a sent intake to be used; once, and the outcome stays as it is."""
    now = office.now()
    with office.database.write() as conn:
        series.hold(conn, intake_id)
        if messages.withdraw(conn, intake_id, now=now):
            body = {"text": reason, "crisis": has_crisis_words(reason)}
            messages.add_message(conn, office.vault, intake_id, kind=WITHDRAWAL, body=body, at=now)
            act = Act(conn, office, PATIENT)
            act.note("intake.withdrawn", intake_id)
            follow.follow(act, intake_id)


def delete_draft(office: Office, intake_id: str) -> Deleted:
    """Delete an unfinished intake for its patient. Who deletes it leaves it: what a risk answer
    left open is judged first, and while an alert is open the intake waits, closed to the patient.

    Raises NotADraft when it was sent or deleted in the meantime.
    """
    panels = intake_flow.leave(office, intake_id)
    with office.database.write() as conn:
        alerts = alerts_of(conn, office.vault, intake_id)
        waits = any(alert.acknowledged_at is None for alert in alerts)
        if waits:
            gone = messages.close_draft(conn, intake_id, now=office.now())
        else:
            gone = intakes.delete_draft(conn, intake_id)
        if not gone:
            raise NotADraft(intake_id)
        action = "intake.deletion_waits" if waits else "intake.deleted_by_patient"
        Act(conn, office, PATIENT).note(action, intake_id)
    return Deleted(waits, panels)


# What staff see


def when_withdrawn(act: Act, intake_id: str) -> datetime | None:
    intake = intakes.read_draft(act.conn, act.office.vault, intake_id)
    return local(act.office, intake.withdrawn_at) if intake else None


def unread(office: Office, actor: str) -> tuple[messages.Unread, ...]:
    """Messages that nobody has opened: those with crisis words first, then the oldest. Noted in the
    audit: whose name is seen, not what was written."""
    with office.database.read() as conn:
        stored = messages.unread(conn, office.vault, limit=UNREAD_SHOWN)
    if stored:
        shown = list(dict.fromkeys(one.reference for one in stored))
        with office.database.write() as conn:
            Act(conn, office, actor).note("messages.viewed", None, shown=shown)
    found = (replace(one, sent_at=one.sent_at.astimezone(office.zone)) for one in stored)
    return tuple(sorted(found, key=lambda one: not one.crisis))


def read_messages(act: Act, intake_id: str) -> tuple[Message, ...]:
    """An intake's messages, the newest first; those that are new are now read, by this actor."""
    office = act.office
    found = messages.messages_of(act.conn, office.vault, intake_id)
    new = messages.mark_read(act.conn, intake_id, by=act.actor, now=office.now())
    if new:
        act.note("messages.read", intake_id, count=new)
    entries = chart.entries_of(act.conn, office.vault, intake_id)
    return tuple(_message(act, one, *_answer(one, entries)) for one in found)


def _message(act: Act, stored: StoredMessage, granted: bool, answer: str) -> Message:
    return Message(
        id=stored.id,
        kind=stored.kind,
        sent_at=stored.sent_at.astimezone(act.office.zone),
        crisis=stored.crisis,
        read_at=local(act.office, stored.read_at),
        read_by=stored.read_by and members.name_of(act.conn, stored.read_by),
        granted=granted,
        text=stored.text,
        answer=answer,
    )
