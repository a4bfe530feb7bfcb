"""What the templates of the staff's pages are given. Builds dicts; decides nothing."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import url_for

from .. import wording
from ..outputs import pdf
from ..record import Record, Row, ScoreRow
from ..storage.messages import ANSWERED, CORRECTION, MESSAGE, WITHDRAWAL, Unread
from ..workflows.after import Message
from ..workflows.corrections import answer_by
from ..workflows.review import Opened
from ..workflows.urgent import Alert
from .current import office
from .dates import day_in_words, moment_in_words
from .over_time import over_time
from .staff_forms import Acknowledge

Context = dict[str, Any]

TONES = {"urgent": "urgent", "excluded": "exclude", "clearance": "clear", "candidate": "candidate"}
CALL = "Asks the clinic to call."
SOON = timedelta(minutes=2)  # until then an alert is e-mailed, or a try has failed
BAR = 200  # units of the drawing of a score


# Messages

KINDS_OF_MESSAGE: Mapping[str, str] = {
    MESSAGE: "Message",
    WITHDRAWAL: "Withdrawal",
    CORRECTION: "Asks for a correction",
    ANSWERED: "Asked for a correction",
}


def unread_view(message: Unread) -> Context:
    return {
        "name": message.name,
        "kind": KINDS_OF_MESSAGE[message.kind],
        "crisis": message.crisis,
        "sent": moment_in_words(message.sent_at, "en"),
        "record_url": url_for("staff.record", reference=message.reference) + "#messages",
    }


def _message_view(message: Message, reference: str) -> Context:
    waits = message.kind == CORRECTION
    return {
        "message": message,
        "answer_url": url_for("corrections.answer", reference=reference, message_id=message.id)
        if waits
        else None,
        "answer_by": day_in_words(answer_by(office(), message.sent_at), "en") if waits else None,
        "kind": KINDS_OF_MESSAGE[message.kind],
        "sent": moment_in_words(message.sent_at, "en"),
        "read": moment_in_words(message.read_at, "en") if message.read_at else None,
    }


# Alerts


def alert_view(alert: Alert, now: datetime) -> Context:
    due = moment_in_words(alert.due_at, "en")
    time = due_words(alert.due_at, now)
    return {
        "alert": alert,
        "name": alert.name or "No name yet",
        "born": day_in_words(alert.date_of_birth, "en") if alert.date_of_birth else "not given yet",
        "language": pdf.LANGUAGES.get(alert.language, alert.language),
        "raised": moment_in_words(alert.raised_at, "en"),
        "due": due,
        "overdue": time["late"],
        "time": time["text"],
        "acknowledged": moment_in_words(alert.acknowledged_at, "en")
        if alert.acknowledged_at
        else None,
        "heading": alert.rules[0] if alert.rules else CALL,
        "mail": mail_words(alert),
        "record_url": url_for("staff.record", reference=alert.reference),
        "action_url": url_for("staff.acknowledge", alert_id=alert.id),
        "phone_href": phone_href(alert.reach.phone),
        "call_href": phone_href(alert.call.number) if alert.call else None,
    }


def due_words(due_at: datetime, now: datetime) -> Context:
    minutes = int((due_at - now).total_seconds() // 60)
    if minutes < 0:
        over = int((now - due_at).total_seconds() // 60)
        return {"text": f"Overdue by {_minutes(max(1, over))}", "late": True}
    return {"text": f"Contact within {_minutes(max(1, minutes))}", "late": False}


def mail_words(alert: Alert) -> Context:
    """Who was told of it by e-mail. `bad`: somebody has to see to it."""
    if not office().post.reaches_staff:
        return {"text": "E-mail is not set up: only this page tells of it.", "bad": True}
    said = "Not e-mailed yet"
    waits = not alert.mailed and office().now() - alert.raised_at > SOON
    if waits and alert.mail_failed_at is None:
        return {"text": f"{said}: the worker does not run, or cannot keep up.", "bad": True}
    if alert.mailed and alert.mailed_at:
        times = "once" if alert.mailed == 1 else f"{alert.mailed} times"
        said = f"E-mailed {times}, last {moment_in_words(alert.mailed_at, 'en')}"
    if alert.mail_failed_at is None or alert.acknowledged_at:
        return {"text": f"{said}.", "bad": False}
    if alert.mail_failed_at == alert.mailed_at:
        return {"text": f"{said}, but not to everybody: an address was refused.", "bad": True}
    tried = moment_in_words(alert.mail_failed_at, "en")
    return {"text": f"{said}. The e-mail could not be sent, last tried {tried}.", "bad": True}


def _minutes(number: int) -> str:
    if number >= 120:
        return f"{number // 60} hours"
    return "1 minute" if number == 1 else f"{number} minutes"


def phone_href(phone: str) -> str | None:
    digits = "".join(character for character in phone if character.isdigit() or character == "+")
    return f"tel:{digits}" if digits else None


def note_errors(form: Acknowledge | None, alert_id: str) -> list[dict[str, str]]:
    if form is None:
        return []
    return [{"text": str(form.note.errors[0]), "href": f"#note-{alert_id}"}]


# One record


def record_context(opened: Opened, now: datetime) -> Context:
    record = opened.record
    rows = [row for section in record.sections for row in section.rows]
    return {
        "title": record.name or f"Intake {record.reference}",
        "back_url": url_for("staff.queue"),
        "record": record,
        "unfinished": opened.unfinished,
        "messages": [_message_view(one, record.reference) for one in opened.messages],
        "withdrawn": moment_in_words(opened.withdrawn_at, "en") if opened.withdrawn_at else None,
        "kind": "Check-in before a booster" if record.is_check_in else None,
        "over_time": over_time(opened),
        "check_in_url": None
        if opened.unfinished
        else url_for("staff.begin_check_in", reference=record.reference),
        "alerts": [alert_view(alert, now) for alert in opened.alerts],
        "forms": {},
        "facts": _facts(opened),
        "reason": pdf.outcome_reason(record),
        "tone": TONES[record.assessment.outcome],
        "kinds": pdf.KINDS,
        "red": [f for f in record.findings if f.finding.kind in ("urgent", "exclude")],
        "clear": [f for f in record.findings if f.finding.kind == "clear"],
        "caution": [f for f in record.findings if f.finding.kind == "caution"],
        "in_person": [row.label for row in rows if row.state == "discuss"],
        "scores": [(score, _bar(score)) for score in record.scores],
        "attributions": list(dict.fromkeys(s.attribution for s in record.scores if s.attribution)),
        "trd": wording.TRD[record.assessment.treatment.trd] if record.assessment.treatment else "",
        "indications": list(_indications(record)),
        "sections": [_parted(section.rows) | {"section": section} for section in record.sections],
        "states": pdf.STATES,
        "part2": any(row.privacy == "part2" for row in rows),
        "pdfs": [
            (name, url_for("staff.pdf", reference=record.reference, paper=paper))
            for paper, name in (("letter", "PDF (Letter)"), ("a4", "PDF (A4)"))
        ],
        "copies": [
            (name, url_for("staff.copy", reference=record.reference, language=language))
            for language, name in pdf.LANGUAGES.items()
        ],
    }


def _facts(opened: Opened) -> list[tuple[str, str]]:
    record = opened.record
    born = day_in_words(record.date_of_birth, "en") if record.date_of_birth else "not given yet"
    saved = moment_in_words(record.submitted_at, "en")
    found = [
        ("Age", "not known" if record.age is None else str(record.age)),
        ("Born", born),
        ("Goes by", record.preferred_name),
        ("Main concern", record.main_concern),
        ("Reference", record.reference),
        ("Last saved" if opened.unfinished else "Sent", saved),
        ("Answered in", pdf.LANGUAGES.get(record.language, record.language)),
        ("Filled in by", record.filled_in_by or "the patient"),
    ]
    return [(label, text) for label, text in found if text]


def _bar(score: ScoreRow) -> Context | None:
    """Widths in units of the drawing; None without a total."""
    if score.fraction is None:
        return None
    cut = None if score.cut is None else round(min(score.cut, 1) * BAR, 1)
    return {"width": BAR, "fill": round(min(score.fraction, 1) * BAR, 1), "cut": cut}


def _indications(record: Record) -> Iterator[tuple[str, str]]:
    sought = record.questionnaire.questions.get("seeking_help_for")
    names = {o.id: o.label or o.en for o in sought.options} if sought else {}
    for condition, status in record.assessment.indications.items():
        yield names.get(condition, condition), pdf.INDICATIONS[status]


def _parted(rows: tuple[Row, ...]) -> Context:
    return {
        "asked": [row for row in rows if row.state != "not-asked"],
        "not_asked": [row for row in rows if row.state == "not-asked"],
    }
