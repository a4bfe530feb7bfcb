"""What staff add to a sent intake, and what follows from it: measured, corrected, decided, planned.

The submission stays as it was frozen. An entry that changes answers carries the assessment that was
made of them on that day, so that both are kept. Bodies of the entries, by kind:

    measured   {"answers": {question id: value}, "assessment": {...}, "as_of": "2026-11-23"}
    amended    the same, and "reason"; a value of None takes an answer away
    raised     {"question": question id}: talked about in person
    note       {"text"}
    answered   see `corrections`
    decision, letter, plan: see the modules of those names
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from ..assessment.facts import Facts
from ..assessment.outcome import assess_facts
from ..assessment.results import Assessment
from ..questionnaire.definition import Questionnaire
from ..storage import chart
from ..storage.chart import Entry
from ..storage.sealed import to_json
from ..storage.submissions import StoredSubmission
from .act import Act
from .office import Office
from .sending import ASSESSMENT

MEASURED, AMENDED, RAISED, NOTE = "measured", "amended", "raised", "note"
DECISION, LETTER, PLAN = "decision", "letter", "plan"
ANSWER = "answered"  # a request for a correction
CHANGES = (MEASURED, AMENDED)  # these change what is known


@dataclass(frozen=True)
class Known:
    """What is known of a patient now. `by_question`: the entry that an answer comes from, where it
    is not the patient's own."""

    answers: Mapping[str, Any] = field(repr=False)
    assessment: Assessment
    as_of: date
    by_question: Mapping[str, Entry] = field(default_factory=dict)


def add(
    act: Act, intake_id: str, kind: str, body: Mapping[str, Any], *, after: int | None = None
) -> Entry:
    """Add an entry, with its audit row. Raises ChartChanged as `storage.chart.add_entry` does."""
    office = act.office
    entry = chart.add_entry(
        act.conn,
        office.vault,
        intake_id,
        kind=kind,
        body=body,
        by=act.actor,
        at=office.now(),
        after=after,
    )
    digest = sha256(to_json(body)).hexdigest()
    act.note(f"chart.{kind}", intake_id, number=entry.number, sha256=digest)
    return entry


def entries_of(conn: Connection, office: Office, intake_id: str) -> tuple[Entry, ...]:
    """The oldest first."""
    return chart.entries_of(conn, office.vault, intake_id)


def newest(entries: tuple[Entry, ...], kind: str) -> Entry | None:
    """The entry of its kind that holds now."""
    return next((entry for entry in reversed(entries) if entry.kind == kind), None)


def as_sent(submission: StoredSubmission) -> Known:
    document = submission.document
    return Known(
        document["answers"],
        ASSESSMENT.validate_python(document["assessment"]),
        date.fromisoformat(document["as_of"]),
    )


def known_now(submission: StoredSubmission, entries: tuple[Entry, ...]) -> Known:
    """What was sent with all that staff changed since, as it was last assessed."""
    document, by_question = changed_document(submission.document, entries)
    return Known(
        document["answers"],
        ASSESSMENT.validate_python(document["assessment"]),
        date.fromisoformat(document["as_of"]),
        by_question,
    )


def changed_document(
    document: Mapping[str, Any], entries: Sequence[Entry]
) -> tuple[dict[str, Any], dict[str, Entry]]:
    """A frozen document with all that staff changed since, and the entry of each changed answer."""
    answers, made = document["answers"], document
    by_question: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind in CHANGES:
            made = entry.body
            answers = answers | made["answers"]
            by_question |= dict.fromkeys(made["answers"], entry)
    if by_question:
        answers = {name: value for name, value in answers.items() if value is not None}
    now = {"answers": answers, "assessment": made["assessment"], "as_of": made["as_of"]}
    return now, by_question


def assessed_again(
    questionnaire: Questionnaire, known: Known, changed: Mapping[str, Any], today: date
) -> dict[str, Any]:
    """The body of an entry that changes these answers, with what they mean today."""
    answers = {**known.answers, **changed}
    left = {name: value for name, value in answers.items() if value is not None}
    assessment = assess_facts(Facts(questionnaire, left, today))
    return {
        "answers": dict(changed),
        "assessment": ASSESSMENT.dump_python(assessment, mode="json"),
        "as_of": today.isoformat(),
    }
