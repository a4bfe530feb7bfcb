"""What a physician adds to a sent intake: measured, corrected, talked about, noted. `actor` is
"user:12".

Each is an entry of the chart; what was sent stays. After one that changes answers the assessment is
run again on that day and kept with it, and the queue follows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ..assessment.facts import Facts
from ..assessment.results import Assessment
from ..questionnaire.answers import DISCUSS
from ..questionnaire.definition import Question, Questionnaire
from ..questionnaire.validation import Problem, normalise, problems, problems_in
from ..storage import members, submissions
from ..storage.chart import ChartChanged, Entry
from ..storage.submissions import StoredSubmission
from . import chart, follow, queue
from .act import Act
from .chart import AMENDED, CHANGES, MEASURED, NOTE, RAISED, Known
from .definitions import definition_of
from .office import Office

CLINICIAN = "clinician"
# One number alone is no pressure: the other one of an earlier reading does not belong to it.
PAIR = ("measured_systolic", "measured_diastolic")
NEVER = frozenset({"agree"})  # kinds of questions that nobody answers for the patient


class Refused(Exception):  # noqa: N818 - outcomes that pages answer
    """The answers cannot be taken as they are; `problems` says why. Nothing was stored."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(sorted({problem.question for problem in problems})))
        self.problems = problems


class Unchanged(Exception):  # noqa: N818
    """The same answer is stored already."""


class Stale(Exception):  # noqa: N818
    """Somebody else corrected the same answer since it was read. Nothing was stored."""


@dataclass(frozen=True)
class Case:
    """A sent intake as it stands now. `number`: of the newest chart entry, 0 without any."""

    submission: StoredSubmission
    questionnaire: Questionnaire
    entries: tuple[Entry, ...] = field(repr=False)
    known: Known = field(repr=False)
    names: Mapping[str, str]  # of those who wrote the entries: "user:12" -> name

    @property
    def number(self) -> int:
        return self.entries[-1].number if self.entries else 0

    @property
    def facts(self) -> Facts:
        return Facts(self.questionnaire, self.known.answers, self.known.as_of)


@dataclass(frozen=True)
class Assessed:
    """What an entry changed."""

    entry: Entry
    before: Assessment
    after: Assessment


@dataclass(frozen=True)
class Signed:
    """Who wrote something, and when at the clinic. `text`: what they wrote."""

    by: str
    at: datetime
    text: str = field(default="", repr=False)


@dataclass(frozen=True)
class Correction:
    """`answer` None takes the answer away. `talked`: it was told in person."""

    question: str
    answer: Any = field(repr=False)
    reason: str = field(repr=False)
    talked: bool = False


# Reading


def case_in(conn: Connection, office: Office, reference: str) -> Case | None:
    """None: nothing was sent under this reference."""
    submission = submissions.submission_by_reference(conn, office.vault, reference)
    return case_of(conn, office, submission) if submission else None


def case_of(conn: Connection, office: Office, submission: StoredSubmission) -> Case:
    entries = chart.entries_of(conn, office, submission.intake_id)
    questionnaire = definition_of(conn, office, submission.content_hash)
    names = {entry.by: members.name_of(conn, entry.by) for entry in entries}
    return Case(submission, questionnaire, entries, chart.known_now(submission, entries), names)


def open_case(office: Office, actor: str, reference: str, question: str | None) -> Case | None:
    """The intake with what is known now, to correct an answer or to enter what was measured; noted
    in the audit. None: no such intake, or the question cannot be corrected."""
    with office.database.write() as conn:
        case = case_in(conn, office, reference)
        if case is None or (question is not None and question not in correctable(case)):
            return None
        Act(conn, office, actor).note("chart.opened", case.submission.intake_id, question=question)
    return case


def correctable(case: Case) -> set[str]:
    """The questions whose answers may be corrected: asked, and not the patient's own consent and
    signature. Of the clinician's those that are answered: the others are measured."""
    questionnaire, facts = case.questionnaire, case.facts
    signing = list(questionnaire.pages.values())[-1].names
    return {
        question.id
        for question in questionnaire.questions.values()
        if question.kind not in NEVER
        and question.id not in signing | {"language"}
        and facts.asked(question.id) is True
        and (question.audience != CLINICIAN or question.id in facts.answers)
    }


def to_measure(questionnaire: Questionnaire) -> list[Question]:
    """The questions that only staff answer, in their order."""
    return [q for q in questionnaire.questions.values() if q.audience == CLINICIAN]


def raised(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The questions that were talked about in person, each with the first entry that says so."""
    said = [entry for entry in entries if entry.kind == RAISED]
    return {entry.body["question"]: entry for entry in reversed(said)}


def signed(office: Office, case: Case, entry: Entry) -> Signed:
    text = str(entry.body.get("text", "") or entry.body.get("reason", ""))
    return Signed(case.names[entry.by], entry.at.astimezone(office.zone), text)


# Adding


def measure(
    office: Office, actor: str, reference: str, answers: Mapping[str, Any]
) -> Assessed | None:
    """Keep what was measured or found, and assess again. None: no such intake. Raises Refused."""

    def change(case: Case) -> dict[str, Any]:
        given = normalise(case.questionnaire, answers)
        found = problems_in(case.questionnaire, given, office.today(), {CLINICIAN})
        if found:
            raise Refused(found)
        if not given:
            raise Unchanged
        return _whole_pair(given, case.known)

    return _assess(office, actor, reference, change)


def amend(
    office: Office, actor: str, reference: str, correction: Correction, *, seen: int
) -> Assessed | None:
    """Keep a corrected answer, and assess again. `seen`: the newest chart entry when the answer was
    read. None: no such intake or question. Raises Refused, Unchanged and Stale."""

    def change(case: Case) -> dict[str, Any] | None:
        if correction.question not in correctable(case):
            return None
        if _changed_since(case, seen, correction.question):
            raise Stale
        return _corrected(case, correction, office)

    return _assess(office, actor, reference, change, correction)


def talk(office: Office, actor: str, reference: str, question: str) -> bool:
    """Tick off a question that the patient wants to talk about in person. False: no such one."""
    with office.database.write() as conn:
        case = case_in(conn, office, reference)
        if case is None or case.submission.document["answers"].get(question) != DISCUSS:
            return False
        if question not in raised(case.entries):
            body = {"question": question}
            chart.add(Act(conn, office, actor), case.submission.intake_id, RAISED, body)
    return True


def note(office: Office, actor: str, reference: str, text: str) -> bool:
    """Keep an internal note: for staff alone, on no PDF and in no copy."""
    with office.database.write() as conn:
        case = case_in(conn, office, reference)
        if case is None:
            return False
        chart.add(Act(conn, office, actor), case.submission.intake_id, NOTE, {"text": text})
    return True


# Inside one transaction


Change = Callable[[Case], dict[str, Any] | None]


def _assess(
    office: Office,
    actor: str,
    reference: str,
    change: Change,
    correction: Correction | None = None,
) -> Assessed | None:
    try:
        with office.database.write() as conn:
            follow.hold(conn, reference)
            case = case_in(conn, office, reference)
            changed = change(case) if case else None
            if case is None or changed is None:
                return None
            act = Act(conn, office, actor)
            done = _store(act, case, changed, correction)
            queue.reindex(act, case.submission)
            follow.follow(act, case.submission.intake_id)
    except ChartChanged:  # on PostgreSQL, two at the same moment
        raise Stale from None
    office.after_send(case.submission.reference)
    return done


def _store(
    act: Act, case: Case, changed: dict[str, Any], correction: Correction | None
) -> Assessed:
    body = chart.assessed_again(case.questionnaire, case.known, changed, act.office.today())
    intake_id = case.submission.intake_id
    kind = AMENDED if correction else MEASURED
    body |= {"reason": correction.reason} if correction else {}
    entry = chart.add(act, intake_id, kind, body, after=case.number)
    if correction and correction.talked:
        chart.add(act, intake_id, RAISED, {"question": correction.question}, after=entry.number)
    now = chart.known_now(case.submission, (*case.entries, entry))
    return Assessed(entry, case.known.assessment, now.assessment)


def _whole_pair(given: dict[str, Any], known: Known) -> dict[str, Any]:
    if any(name in given for name in PAIR):
        lone = {name: None for name in PAIR if name not in given and name in known.answers}
        return given | lone
    return given


def _changed_since(case: Case, seen: int, question: str) -> bool:
    later = (entry for entry in case.entries if entry.number > seen and entry.kind in CHANGES)
    return any(question in entry.body["answers"] for entry in later)


def _corrected(case: Case, correction: Correction, office: Office) -> dict[str, Any]:
    name, questionnaire = correction.question, case.questionnaire
    answer = normalise(questionnaire, {name: correction.answer}).get(name)
    if answer == case.known.answers.get(name):
        raise Unchanged
    if answer is not None:
        known = {**case.known.answers, name: answer}
        found = list(_faults(questionnaire, name, known, office))
        if found:
            raise Refused(found)
    return {name: answer}


def _faults(
    questionnaire: Questionnaire, name: str, known: Mapping[str, Any], office: Office
) -> Iterator[Problem]:
    """What is wrong with the answer, and with others that are bound to it."""
    bound = (
        q for q in questionnaire.questions.values() if name in (q.below, q.one_of) and q.id in known
    )
    for question in (questionnaire.questions[name], *bound):
        yield from problems(question, known[question.id], known, office.today())
