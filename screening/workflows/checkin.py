"""Patients who come back: a short check-in before a booster, and their scores over time.

A check-in is a draft like any other, asked at the version `Office.check_in`. It holds from the
start what the patient told the clinic before, so that this is not asked twice. When infusions are
given and how often what is asked again: the clinic's protocol, Boosters (policy, no published
source).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from ..assessment.change import Point
from ..assessment.facts import Facts
from ..assessment.results import Score
from ..questionnaire.answers import Answers
from ..questionnaire.definition import Page, Questionnaire
from ..questionnaire.validation import problems
from ..storage import intakes, retention, series
from ..storage.intakes import StoredIntake
from ..storage.submissions import StoredSubmission, submission_by_reference
from ..storage.vault import new_code
from .act import Act
from .intake import start
from .office import Office
from .sending import ASSESSMENT, kept_answers

# Of what is carried over, what was true on that day alone.
OF_THAT_DAY = {"medications": ("last_taken",)}
ITEM_9 = "phq9_9"


class NothingToFollow(Exception):  # noqa: N818 - an outcome that callers answer
    """There is no sent intake of this patient that a check-in could follow."""


@dataclass(frozen=True)
class Scored:
    """One submission of a patient, with its scores. `submitted_at` is in the clinic's zone."""

    reference: str
    submitted_at: datetime
    check_in: bool
    point: Point


def begin(office: Office, earlier_id: str, actor: str) -> tuple[StoredIntake, str]:
    """The patient's open check-in, begun if there is none, and a new code that opens it.

    `earlier_id` is any sent intake or check-in of theirs. Raises NothingToFollow.
    """
    desk = office.at_check_in()
    code = new_code()
    with office.database.write() as conn:
        act = Act(conn, desk, actor)
        first = series.first_of(conn, earlier_id)
        series.hold(conn, earlier_id)
        retention.lock(conn, [earlier_id, first or earlier_id])  # or it is purged meanwhile
        sent = series.sent(conn, office.vault, first) if first else []
        if first is None or earlier_id not in {submission.intake_id for submission in sent}:
            raise NothingToFollow(earlier_id)
        intake = series.open_check_in(conn, office.vault, first) or _begun(act, first, sent[-1])
        intakes.set_code(conn, office.vault, intake.id, code)
        intakes.touch(conn, intake.id, now=office.now())
        act.note("code.made", intake.id)
    return intake, code


def begin_by_reference(office: Office, reference: str, actor: str) -> tuple[StoredIntake, str]:
    """The same, for whoever has a reference in hand. Raises NothingToFollow."""
    with office.database.read() as conn:
        submission = submission_by_reference(conn, office.vault, reference)
    if submission is None:
        raise NothingToFollow(reference)
    return begin(office, submission.intake_id, actor)


def _begun(act: Act, first: str, newest: StoredSubmission) -> StoredIntake:
    """A check-in with what the patient's newest submission says already."""
    intake = start(act, follows=first)
    answers = carried(act.office.questionnaire, newest.document["answers"], act.office.today())
    for page_id, here in answers.items():
        intake = intakes.save_page(
            act.conn,
            act.office.vault,
            intake,
            page_id,
            here,
            expected_revision=None,
            now=act.office.now(),
        )
    act.note("check_in.begun", intake.id, follows=first)
    return intake


def carried(questionnaire: Questionnaire, earlier: Answers, today: date) -> dict[str, Answers]:
    """Of earlier answers, by page, those that a check-in does not ask for again: what stands in the
    sections that it carries and is an answer still, and the language."""
    known = {name: answer for name, answer in earlier.items() if name in questionnaire.questions}
    facts = Facts(questionnaire, known, today)
    found: dict[str, Answers] = {}
    for page in _carried_pages(questionnaire):
        kept = kept_answers(facts, (question.id for question in page.questions))
        still = {
            name: _without_that_day(name, answer)
            for name, answer in kept.items()
            if not problems(questionnaire.questions[name], answer, known, today)
        }
        if still:
            found[page.id] = still
    language = questionnaire.page_of.get("language")
    if language and "language" in known:
        found.setdefault(language.id, {"language": known["language"]})
    return found


def _carried_pages(questionnaire: Questionnaire) -> Iterator[Page]:
    for section in questionnaire.sections:
        if section.id in questionnaire.carried:
            yield from section.pages


def _without_that_day(name: str, answer: Any) -> Any:
    stale = OF_THAT_DAY.get(name)
    if stale is None:
        return answer
    return [{cell: v for cell, v in row.items() if cell not in stale} for row in answer]


# Scores over time


def over_time(conn: Connection, office: Office, intake_id: str) -> tuple[Scored, ...]:
    """All that this patient has sent, the oldest first, with the scores of each."""
    first = series.first_of(conn, intake_id)
    found = series.sent(conn, office.vault, first) if first else []
    return tuple(_scored(office, submission, first) for submission in found)


def _scored(office: Office, submission: StoredSubmission, first: str | None) -> Scored:
    return Scored(
        submission.reference,
        submission.submitted_at.astimezone(office.zone),
        submission.intake_id != first,
        _point(submission.reference, submission.document),
    )


def _point(reference: str, document: Mapping[str, Any]) -> Point:
    scores = ASSESSMENT.validate_python(document["assessment"]).scores
    day = date.fromisoformat(document["as_of"])
    return point_of(reference, day, scores, document["answers"])


def point_of(reference: str, day: date, scores: Sequence[Score], answers: Answers) -> Point:
    """What of one submission is compared with others."""
    item_9 = answers.get(ITEM_9)
    return Point(
        reference=reference,
        day=day,
        totals={score.instrument: score.total for score in scores if score.total is not None},
        prorated=frozenset(s.instrument for s in scores if s.status == "prorated"),
        item_9=item_9 if isinstance(item_9, int) else None,
        levels={score.instrument: score.level for score in scores if score.level is not None},
    )
