"""What was posted for a page, judged: answers to store, and what is wrong with the rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from flask import request
from werkzeug.datastructures import MultiDict

from ..assessment.checks import Doubt, doubts, row_doubts
from ..assessment.facts import Facts
from ..questionnaire.definition import Page, Question
from ..questionnaire.validation import Problem, missing, normalise, problems, row_problems
from ..storage.intakes import StoredIntake
from .current import office
from .forms import AnswerField, page_form, posted_rows, ticked_none
from .i18n import SWITCH_TO
from .patient_session import Visit

CONTINUE, ADD, LATER = "continue", "add", "later"  # the buttons of a page
CONFIRMED = "confirmed"  # hidden inputs: what going on says yes to
HELP_READ = "help-read"  # among them: the page came again after the help for an answer on it
# What a form holds beside what was typed.
OURS = (
    "csrf_token", "revision", "action", "half", "half_writer", "half_turn", "half_at", "no_code",
    SWITCH_TO,
)  # fmt: skip


@dataclass
class Sent:
    """What was posted for a page: answers that can be stored, and what is wrong with the rest."""

    answers: dict[str, Any]
    problems: list[Problem]
    doubts: list[Doubt] = field(default_factory=list)

    @property
    def unconfirmed(self) -> list[Doubt]:
        """What is asked back before the page goes on. What is wrong comes first."""
        told = request.form.getlist(CONFIRMED)
        return [] if self.problems else [doubt for doubt in self.doubts if doubt.token not in told]

    @property
    def confirmed(self) -> list[Doubt]:
        """What was asked back and said yes to."""
        told = request.form.getlist(CONFIRMED)
        return [doubt for doubt in self.doubts if doubt.token in told]


def judge(page: Page, intake: StoredIntake | None, form: MultiDict[str, str]) -> Sent:
    """Coerce, judge and sort what was typed. Only questions that are asked can have problems."""
    desk = office()
    today = desk.today()
    bound = {
        field.question.id: field for field in cast(Iterable[AnswerField], page_form(page)(form))
    }
    typed = {name: field.data for name, field in bound.items() if field.data is not None}
    typed = normalise(desk.questionnaire, typed)
    stored = intake.merged if intake else {}
    merged = {k: v for k, v in stored.items() if k not in bound} | typed
    wrong = {
        question.id: [*bound[question.id].problems]
        or [
            bound[question.id].placed(found)
            for found in problems(question, typed[question.id], merged, today)
        ]
        for question in page.questions
        if question.id in typed or bound[question.id].problems
    }
    good = {k: v for k, v in typed.items() if not wrong[k]}
    known = {k: v for k, v in merged.items() if not wrong.get(k)}
    saved_pages = {*(intake.answers if intake else ()), page.id}
    facts = Facts(desk.questionnaire, known, today, saved_pages)
    found = list(_faults(page.questions, facts, wrong))
    return Sent(good, found, doubts(page, facts))


def _faults(
    questions: Sequence[Question], facts: Facts, wrong: dict[str, list[Problem]]
) -> list[Problem]:
    found: list[Problem] = []
    for question in questions:
        if facts.asked(question.id) is not True:
            continue
        if wrong.get(question.id):
            found.append(wrong[question.id][0])
        elif question.required and question.id not in facts.answers:
            found.append(missing(question))
    return found


def judge_group(page: Page, visit: Visit) -> Sent:
    """The rows that were sent, laid over those that are stored."""
    group = cast(Question, page.group)
    rows = [dict(row) for row in visit.facts.rows(group.id) or []]
    sent = posted_rows(group, request.form)
    found: list[Problem] = []
    changed: dict[int, dict[str, Any]] = {}
    for posted, row in sent.items():
        number = min(posted, len(rows))
        if row:
            rows[number : number + 1] = [row]
            changed[number] = row
        if _is_blank_but_wanted(number, row, rows):
            found.append(Problem(group.id, "row_blank", part=f"{number}-{group.columns[0].id}"))
        found += row_problems(group, number, row)
    judged = _with_none(group, rows, found)
    if not judged.problems:
        judged.doubts = row_doubts(page, changed, office().questionnaire.medicine_table)
    return judged


def _is_blank_but_wanted(number: int, row: dict[str, Any], rows: Sequence[object]) -> bool:
    """An emptied saved row, or an empty new one that "add another" was pressed for."""
    return not row and (number < len(rows) or request.form.get("action") == ADD)


def _with_none(group: Question, rows: list[dict[str, Any]], found: list[Problem]) -> Sent:
    nameless = [
        Problem(group.id, "row_blank", part=f"{number}-{group.columns[0].id}")
        for number, row in enumerate(rows)
        if not row.get(group.columns[0].id)
    ]
    parts = {problem.part for problem in found}
    found = found + [problem for problem in nameless if problem.part not in parts]
    none = ticked_none(group, request.form)
    if none and rows:
        found.append(Problem(group.id, "rows_none_with_others"))
    elif len(rows) > group.max_rows:
        found.append(Problem(group.id, "rows_max", {"max": group.max_rows}))
    elif not rows and not none and group.required and not found:
        found.append(missing(group))
    answer: list[Any] | None = rows or ([] if none and group.min_rows == 0 else None)
    tidy = normalise(office().questionnaire, {} if answer is None else {group.id: answer})
    return Sent({} if found and not rows else tidy, found)


def typed_pairs(*besides: str) -> list[dict[str, str]]:
    """What was typed, as hidden inputs hold it; `besides` names more inputs that are ours."""
    ours = {*OURS, *besides}
    pairs = request.form.items(multi=True)
    return [{"name": name, "value": value} for name, value in pairs if name not in ours]


def number_sent(posted: str | None) -> int | None:
    """A number that the form was given to send back; None when it is not one of ours."""
    return int(posted) if posted and posted.isdecimal() and len(posted) < 10 else None
