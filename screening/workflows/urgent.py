"""Open alerts as staff see them: who, which answers, by when, how to reach the patient."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from .. import wording
from ..assessment.facts import Facts
from ..questionnaire.definition import Questionnaire
from ..record import born, full_name
from ..storage import alerts, half_pages, intakes, members
from ..storage.alerts import Mailing, StoredAlert
from ..storage.intakes import DRAFT, StoredIntake
from ..storage.submissions import submission_of
from . import chart
from .act import Act
from .alerts import DANGER_AT_HOME
from .calls import Call
from .definitions import definition_of
from .office import Office

# Answers that only say no; what an alert read is told without them.
SILENT: tuple[Any, ...] = (None, False, "no", "never", ["none"])


@dataclass(frozen=True)
class Reach:
    """How to reach a patient, as far as the intake says. "" = not given."""

    phone: str = ""
    voicemail: str = ""  # the answer in words
    address: str = ""
    email: str = ""
    interpreter: str = ""
    emergency_contact: str = ""


@dataclass(frozen=True)
class Alert:
    """An alert with what staff need to act. Times are the clinic's."""

    id: str
    reference: str
    rules: tuple[str, ...]  # in words
    raised_at: datetime
    due_at: datetime
    overdue_minutes: int  # 0 = not yet due, or acknowledged
    unfinished: bool  # the patient has not sent the intake
    danger_at_home: bool  # reach the patient by a safe method only
    mailed: int  # how often the team was written to
    mailed_at: datetime | None
    mail_failed_at: datetime | None  # the last try, while it has not reached everybody
    acknowledged_at: datetime | None
    acknowledged_by: str | None  # their name
    name: str = field(repr=False)
    date_of_birth: date | None = field(repr=False)
    language: str = field(repr=False)
    told: tuple[tuple[str, str], ...] = field(repr=False)  # (question, answer), as when it fired
    reach: Reach = field(repr=False)
    call: Call | None = field(repr=False)  # the patient asks to be called
    note: str | None = field(repr=False)


def open_alerts(office: Office, actor: str) -> tuple[Alert, ...]:
    """Those that nobody has acknowledged, the one due first at the top; noted in the audit."""
    with office.database.read() as conn:
        stored = alerts.open_alerts(conn, office.vault)
        found = tuple(describe(conn, office, alert) for alert in stored)
    if found:
        with office.database.write() as conn:
            shown = [alert.reference for alert in stored]
            Act(conn, office, actor).note("alerts.viewed", None, shown=shown)
    return found


def open_now(office: Office) -> list[Mailing]:
    """The open alerts by their times alone, for a page that looks whether it is still true."""
    with office.database.read() as conn:
        return alerts.open_mailings(conn)


def alerts_of(conn: Connection, office: Office, intake_id: str) -> tuple[Alert, ...]:
    stored = alerts.alerts_of(conn, office.vault, intake_id)
    return tuple(describe(conn, office, alert) for alert in stored)


def acknowledge(office: Office, actor: str, alert_id: str, note: str) -> bool | None:
    """True: now acknowledged. False: somebody was first, and their note stays. None: no such alert.

    `note` says what was done. It is kept encrypted, the audit row names the alert only.
    """
    with office.database.write() as conn:
        alert = alerts.read_alert(conn, office.vault, alert_id)
        if alert is None:
            return None
        done = alerts.acknowledge(conn, office.vault, alert, by=actor, note=note, now=office.now())
        if done:
            Act(conn, office, actor).note("alert.acknowledged", alert.intake_id, alert=alert.id)
    return done


def describe(conn: Connection, office: Office, alert: StoredAlert) -> Alert:
    intake = intakes.read_draft(conn, office.vault, alert.intake_id)
    if intake is None:
        raise LookupError(f"alert {alert.id} has lost its intake")
    unfinished = intake.status == DRAFT
    answers = _answers(conn, office, intake)
    questionnaire = definition_of(conn, office, intake.content_hash)
    facts = Facts(questionnaire, answers, office.today())
    rules = alert.detail["rules"]
    # Whoever told once of danger at home is reached by a safe method whatever else they tell.
    others = alerts.alerts_of(conn, office.vault, alert.intake_id)
    safe_only = any(DANGER_AT_HOME in other.detail["rules"] for other in others)
    acknowledged, by = alert.acknowledged_at, alert.acknowledged_by
    late = (office.now() - alert.due_at).total_seconds() / 60
    return Alert(
        id=alert.id,
        reference=alert.reference,
        rules=tuple(questionnaire.rule[rule].says for rule in rules),
        raised_at=alert.raised_at.astimezone(office.zone),
        due_at=alert.due_at.astimezone(office.zone),
        overdue_minutes=0 if acknowledged else max(0, int(late)),
        unfinished=unfinished,
        danger_at_home=safe_only,
        mailed=alert.mailed,
        mailed_at=_local(office, alert.mailed_at),
        mail_failed_at=_local(office, alert.mail_failed_at),
        acknowledged_at=_local(office, acknowledged),
        acknowledged_by=by and members.name_of(conn, by),
        name=full_name(answers),
        date_of_birth=born(answers),
        language=str(answers.get("language", "en")),
        told=_told(facts, alert.detail["reads"]),
        reach=_reach(questionnaire, answers),
        call=Call(**alert.detail["call"]) if "call" in alert.detail else None,
        note=alert.note,
    )


def _local(office: Office, moment: datetime | None) -> datetime | None:
    return moment and moment.astimezone(office.zone)


def _answers(conn: Connection, office: Office, intake: StoredIntake) -> Mapping[str, Any]:
    """As sent, with what staff corrected: a telephone number that was wrong is not called.
    Of a draft all that was typed so far."""
    if intake.status == DRAFT:
        return half_pages.so_far(office.vault, intake)
    submission = submission_of(conn, office.vault, intake.id)
    if submission is None:
        return {}
    return chart.known_now(submission, chart.entries_of(conn, office, intake.id)).answers


def _told(facts: Facts, reads: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """The answers that fired, in words, each once."""
    read = {name: value for values in reads.values() for name, value in values.items()}
    return tuple(
        (wording.name_label(facts, name), _in_words(facts, name, value))
        for name, value in read.items()
        if value not in SILENT
    )


def _in_words(facts: Facts, name: str, value: object) -> str:
    question = facts.questionnaire.questions.get(name)
    if question:
        return wording.in_words(question, value)
    return "yes" if value is True else str(value)


def _reach(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> Reach:
    def said(name: str) -> str:
        question = questionnaire.questions.get(name)
        answer = answers.get(name)
        return wording.in_words(question, answer) if question and answer is not None else ""

    def joined(*names: str) -> str:
        return ", ".join(text for text in map(said, names) if text)

    interpreter = answers.get("interpreter_needed") == "yes"
    return Reach(
        phone=said("phone"),
        voicemail=said("voicemail_ok"),
        address=joined("address_line", "city", "state", "zip_code"),
        email=said("email"),
        interpreter=(said("interpreter_language") or "needed") if interpreter else "",
        emergency_contact=joined(
            "emergency_contact_name", "emergency_contact_relationship", "emergency_contact_phone"
        ),
    )
