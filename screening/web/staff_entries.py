"""What staff typed for one intake: read by the patients' own fields, judged by the same judge."""

from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from ..assessment.checks import Doubt, doubts, row_doubts
from ..assessment.facts import Facts
from ..questionnaire.definition import Page, Question, Questionnaire
from ..questionnaire.validation import Problem, normalise, problems_in, row_problems
from ..workflows.examine import CLINICIAN, Case, to_measure
from . import forms, measures
from .current import office
from .judging import Sent

Typed = MultiDict[str, str]
ROW_GONE, ANSWER_GONE = "remove-row", "remove"  # buttons


def clinician_pages(questionnaire: Questionnaire) -> list[Page]:
    sections = (s for s in questionnaire.sections if s.audience == CLINICIAN)
    return [page for section in sections for page in section.pages]


def read_measured(case: Case, typed: Typed) -> Sent:
    found = [(question, *_one(question, typed)) for question in to_measure(case.questionnaire)]
    answers = {question.id: answer for question, answer, _ in found if answer is not None}
    wrong = [problem for _, _, problems in found for problem in problems]
    given = normalise(case.questionnaire, answers)
    today = office().today()
    wrong = wrong or problems_in(case.questionnaire, given, today, {CLINICIAN})
    facts = Facts(case.questionnaire, {**case.known.answers, **given}, today)
    slips = [d for page in clinician_pages(case.questionnaire) for d in doubts(page, facts)]
    return Sent(given, wrong, [d for d in slips if given.keys() & set(d.check.about)])


def read_correction(case: Case, question: Question, typed: Typed, row: int | None) -> Sent:
    """The new answer of one question, of a group with one row changed."""
    action = typed.get("action")
    if action == ANSWER_GONE:
        return Sent({question.id: None}, [])
    if question.kind == "group":
        return _with_row(case, question, typed, row)
    answer, wrong = _one(question, typed)
    if answer is None and not wrong:
        wrong = [Problem(question.id, "required")]
    today = office().today()
    known = {**case.known.answers, question.id: answer}
    slips: list[Doubt] = []
    if not wrong:
        page = case.questionnaire.page_of.get(question.id)
        facts = Facts(case.questionnaire, known, today)
        slips = [d for d in doubts(page, facts) if question.id in d.check.about] if page else []
    return Sent({question.id: answer}, wrong, slips)


def _one(question: Question, typed: Typed) -> tuple[Any, list[Problem]]:
    if question.unit in measures.WAYS:
        answer, wrong, _ = measures.read(question, typed)
        return answer, wrong
    return forms.coerce(question, typed)


def rows_of(case: Case, group: Question) -> list[Mapping[str, Any]]:
    return list(case.facts.rows(group.id) or [])


def row_typed(group: Question, typed: Typed) -> dict[str, Any]:
    """The one row of the form, under whatever number it was drawn: others may have come since."""
    return next(iter(forms.posted_rows(group, typed).values()), {})


def _with_row(case: Case, group: Question, typed: Typed, row: int | None) -> Sent:
    rows = rows_of(case, group)
    if typed.get(f"{group.id}-none"):
        return Sent({group.id: []}, [])
    number = len(rows) if row is None else row
    if typed.get("action") == ROW_GONE:
        return Sent({group.id: rows[:number] + rows[number + 1 :] or None}, [])
    cells = row_typed(group, typed)
    wrong = list(row_problems(group, number, cells))
    if not cells.get(group.columns[0].id):
        wrong.append(Problem(group.id, "row_blank", part=f"{number}-{group.columns[0].id}"))
    page = case.questionnaire.page_of.get(group.id)
    slips: Sequence[Doubt] = ()
    if page and page.group and not wrong:
        slips = row_doubts(page, {number: cells}, case.questionnaire.medicine_table)
    return Sent({group.id: [*rows[:number], cells, *rows[number + 1 :]]}, wrong, list(slips))
