"""What the content in use would say of the intakes that are still open, beside what was said then.

Nothing is stored but the audit row: an intake keeps the answers, the assessment and the definition,
by its content hash, that it was sent with. Its answers are judged as of the day on which they were
last assessed, so that only the content differs. What the patient was never asked is unknown.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, select

from ..assessment.facts import Facts
from ..assessment.outcome import assess_facts
from ..assessment.report import as_json
from ..assessment.results import Assessment
from ..questionnaire.definition import Questionnaire
from ..questionnaire.validation import problems_in
from ..storage.intakes import CHART, INTAKES, SUBMISSIONS
from ..storage.submissions import submission_of
from .act import Act
from .chart import DECISION, Known, entries_of, known_now
from .definitions import definition_of
from .office import Office

EVERYBODY = {"patient", "clinician"}
RESULTS = ("scores", "indications", "treatment")


@dataclass(frozen=True)
class Content:
    """A version of the content, and the hash of its files."""

    version: str
    content_hash: str


@dataclass(frozen=True)
class Told:
    """A finding in short. `status`: "met" or "unknown"."""

    rule: str
    kind: str
    status: str
    says: str


@dataclass(frozen=True)
class Change:
    """A finding of another kind or status than before."""

    before: Told
    now: Told


@dataclass(frozen=True)
class Result:
    """A score, an indication or a count of trials: `what` is its place in the JSON of `assess`."""

    what: str
    before: Any
    now: Any


@dataclass(frozen=True)
class Named:
    """A question by its id and its short English name."""

    question: str
    label: str


@dataclass(frozen=True)
class Different:
    """An open intake that would come out otherwise now. It names nobody. `sent`: clinic time.

    `asked_anew`: questions that were not asked then, so unknown. `not_taken`: questions whose
    answer the content in use does not take as it stands, so unknown too.
    """

    reference: str
    sent: datetime
    before: Content
    now: Content
    outcome_before: str
    outcome_now: str
    appears: tuple[Told, ...]
    disappears: tuple[Told, ...]
    changes: tuple[Change, ...]
    results: tuple[Result, ...]
    asked_anew: tuple[Named, ...]
    not_taken: tuple[Named, ...]


@dataclass(frozen=True)
class Reassessed:
    """`read` open intakes were judged by the content in use: the intake's and the check-in's."""

    intake: Content
    check_in: Content
    read: int
    different: tuple[Different, ...]


def reassess(office: Office, actor: str) -> Reassessed:
    """Judge every open intake by the content in use; noted in the audit, with counts alone."""
    with office.database.read() as conn:
        ids = open_intakes(conn)
        found = (_reassessed(conn, office, intake_id) for intake_id in ids)
        different = tuple(one for one in found if one)
    intake, check_in = _content(office.questionnaire), _content(office.check_in())
    with office.database.write() as conn:
        said = {"read": len(ids), "different": len(different), "content": intake.content_hash}
        Act(conn, office, actor).note("intakes.reassessed", None, **said)
    return Reassessed(intake, check_in, len(ids), different)


def open_intakes(conn: Connection) -> list[str]:
    """The ids of what was sent, not withdrawn, and has no decision yet; the oldest first."""
    decided = exists().where(CHART.c.intake_id == INTAKES.c.id, CHART.c.kind == DECISION)
    asked = (
        select(INTAKES.c.id)
        .join(SUBMISSIONS, SUBMISSIONS.c.intake_id == INTAKES.c.id)
        .where(INTAKES.c.withdrawn_at.is_(None), ~decided)
        .order_by(SUBMISSIONS.c.id)
    )
    return list(conn.execute(asked).scalars())


def _reassessed(conn: Connection, office: Office, intake_id: str) -> Different | None:
    """None when it comes out as it did, or was deleted a moment ago."""
    submission = submission_of(conn, office.vault, intake_id)
    if submission is None:
        return None
    then = definition_of(conn, office, submission.content_hash)
    now = office.check_in() if then.kind == "check-in" else office.questionnaire
    known = known_now(submission, entries_of(conn, office, intake_id))
    facts, not_taken = _judged_by(now, then, known)
    found = assess_facts(facts)
    told_then, told_now = _told(known.assessment, then), _told(found, now)
    changes = _changes(told_then, told_now)
    results = tuple(_results(known.assessment, found))
    if told_then.keys() == told_now.keys() and not changes and not results:
        return None
    return Different(
        reference=submission.reference,
        sent=submission.submitted_at.astimezone(office.zone),
        before=_content(then),
        now=_content(now),
        outcome_before=known.assessment.outcome,
        outcome_now=found.outcome,
        appears=tuple(told_now[rule] for rule in told_now if rule not in told_then),
        disappears=tuple(told_then[rule] for rule in told_then if rule not in told_now),
        changes=changes,
        results=results,
        asked_anew=_named(now, sorted(facts.never_asked - set(not_taken)), facts),
        not_taken=_named(now, not_taken),
    )


def _judged_by(now: Questionnaire, then: Questionnaire, known: Known) -> tuple[Facts, list[str]]:
    """The answers as the content in use reads them, and the questions whose answer it refuses."""
    given = {name: value for name, value in known.answers.items() if name in now.questions}
    faults = {problem.question for problem in problems_in(now, given, known.as_of, EVERYBODY)}
    kept = {name: value for name, value in given.items() if name not in faults}
    before = Facts(then, known.answers, known.as_of)
    asked = {q.id for q in then.patient_questions() if before.asked(q.id) is True}
    new = {q.id for q in now.patient_questions()} - asked - set(given)
    return Facts(now, kept, known.as_of, never_asked=new | faults), sorted(faults)


def _content(questionnaire: Questionnaire) -> Content:
    return Content(questionnaire.version, questionnaire.content_hash)


def _told(assessment: Assessment, questionnaire: Questionnaire) -> dict[str, Told]:
    return {
        f.rule: Told(f.rule, f.kind, f.status, questionnaire.rule[f.rule].says)
        for f in assessment.findings
    }


def _changes(then: Mapping[str, Told], now: Mapping[str, Told]) -> tuple[Change, ...]:
    return tuple(
        Change(then[rule], told)
        for rule, told in now.items()
        if rule in then and (told.kind, told.status) != (then[rule].kind, then[rule].status)
    )


def _results(then: Assessment, now: Assessment) -> Iterator[Result]:
    before, after = dict(_places(as_json(then))), dict(_places(as_json(now)))
    for what in dict.fromkeys([*before, *after]):
        if before.get(what) != after.get(what):
            yield Result(what, before.get(what), after.get(what))


def _places(report: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each single result by its place: ("scores.phq9.total", 17)."""
    for part in RESULTS:
        yield from _leaves(part, report[part])


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield place, value
        return
    for name, inner in value.items():
        yield from _leaves(f"{place}.{name}", inner)


def _named(
    questionnaire: Questionnaire, names: Iterable[str], facts: Facts | None = None
) -> tuple[Named, ...]:
    """The questions; with `facts` those alone that would be asked."""
    return tuple(
        Named(name, questionnaire.questions[name].label)
        for name in names
        if facts is None or facts.asked(name) is True
    )
