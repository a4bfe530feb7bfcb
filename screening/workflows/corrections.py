"""A patient's right to have the record amended (45 CFR 164.526): asked for, answered in words.

The request is a message of the patient's. Its answer is an entry of the chart that the patient
reads; an answer itself is corrected on the record (`examine.amend`), where what was sent stays too.

    answered   {"message": id, "granted": bool, "text": what the patient reads, "" if granted}
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ..storage import messages
from ..storage.messages import ANSWERED, CORRECTION, StoredMessage
from ..storage.submissions import submission_by_reference
from . import chart
from .act import Act
from .chart import ANSWER
from .office import Office

DAYS = 60  # until a request has to be answered, 45 CFR 164.526(b)(2)
LONGEST = 2000  # characters of an answer


@dataclass(frozen=True)
class Request:
    """What a patient asked to have corrected. Times and days are the clinic's."""

    id: str
    reference: str
    asked_at: datetime
    answer_by: date
    text: str = field(repr=False)


def answer_by(office: Office, asked_at: datetime) -> date:
    return asked_at.astimezone(office.zone).date() + timedelta(days=DAYS)


def request_of(office: Office, actor: str, reference: str, message_id: str) -> Request | None:
    """The request of this intake that nobody has answered; noted in the audit."""
    with office.database.write() as conn:
        submission = submission_by_reference(conn, office.vault, reference)
        found = messages.messages_of(conn, office.vault, submission.intake_id) if submission else []
        asked = _open(found, message_id)
        if submission is None or asked is None:
            return None
        Act(conn, office, actor).note("correction.opened", submission.intake_id)
    by = answer_by(office, asked.sent_at)
    at = asked.sent_at.astimezone(office.zone)
    return Request(asked.id, submission.reference, at, by, asked.text)


def _open(found: list[StoredMessage], message_id: str) -> StoredMessage | None:
    return next((m for m in found if m.id == message_id and m.kind == CORRECTION), None)


def answer(
    office: Office, actor: str, reference: str, message_id: str, *, granted: bool, text: str
) -> bool:
    """Answer a request; the patient reads it. False: it was answered before, or never was.

    Raises ValueError when it is denied without a word why."""
    text = text.strip()[:LONGEST]
    if not granted and not text:
        raise ValueError("a denial needs its reason")
    with office.database.write() as conn:
        submission = submission_by_reference(conn, office.vault, reference)
        if submission is None:
            return False
        if not messages.set_kind(conn, submission.intake_id, message_id, CORRECTION, ANSWERED):
            return False
        body = {"message": message_id, "granted": granted, "text": text}
        chart.add(Act(conn, office, actor), submission.intake_id, ANSWER, body)
    return True


def waiting(office: Office) -> list[tuple[messages.Unread, date]]:
    """What nobody has answered, with the day by which it has to be; the oldest first."""
    with office.database.read() as conn:
        found = messages.corrections(conn, office.vault)
    return [(one, answer_by(office, one.sent_at)) for one in found]
