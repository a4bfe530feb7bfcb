"""A submission as typed cells under the names of the CSV's columns. Only cells that hold something.

What is not asked has no cell. What has no answer is a `Code`, never a value, so that no writer can
take it for one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ...questionnaire.answers import DISCUSS, UNSURE
from ...questionnaire.definition import Question
from ..cells import NO_ANSWER, TALK
from ..columns import SEPARATOR, UNDECIDED, question_columns, score_parts
from ..formats import Sent


@dataclass(frozen=True, slots=True)
class Code:
    """What stands in place of a value: NI, DISCUSS or unsure."""

    text: str


NI, DISCUSSED, NOT_SURE = Code(NO_ANSWER), Code(TALK), Code(UNSURE)
Value = str | int | float | date | datetime | Code
Cells = dict[str, Value]


def cells(sent: Sent) -> Cells:
    """Column's name -> value; the order is not that of the columns."""
    questions = sent.questionnaire.questions
    found: Cells = {}
    for name in sent.unanswered:
        if name in questions:
            found.update(dict.fromkeys(places(questions[name]), NI))
    for name, answer in sent.answers.items():
        found.update(_answer(questions[name], answer))
    return found | dict(_results(sent)) | dict(_origin(sent))


def places(question: Question) -> Iterator[str]:
    """The names of its columns; of a group those of its first row."""
    return (column.name for column in question_columns(question, {question.id: 1}))


def instead(question: Question, answer: object) -> Code | None:
    """What was said in place of an answer, or None: it is one."""
    if answer == DISCUSS and question.sensitive:
        return DISCUSSED
    return NOT_SURE if answer == UNSURE and question.may_be_unsure else None


def _answer(question: Question, answer: Any) -> Mapping[str, Value]:
    code = instead(question, answer)
    if code:
        return dict.fromkeys(places(question), code)
    return _SPREAD.get(question.kind, _one)(question, answer)


def _one(question: Question, answer: Any) -> Cells:
    return {question.id: int(answer) if isinstance(answer, bool) else answer}


def _day(question: Question, answer: Any) -> Cells:
    return {question.id: day(answer)}


def _ticks(question: Question, answer: Any) -> Cells:
    return {f"{question.id}___{name}": int(name in answer) for name in question.option_ids}


def _rows(question: Question, answer: Any) -> Cells:
    return {
        f"{question.id}_{number}_{column.id}": NI if _blank(row.get(column.id)) else row[column.id]
        for number, row in enumerate(answer, 1)
        for column in question.columns
    }


def _blank(cell: object) -> bool:
    return cell is None or cell == ""


_SPREAD: dict[str, Callable[[Question, Any], Cells]] = {
    "choices": _ticks,
    "date": _day,
    "group": _rows,
}


def _results(sent: Sent) -> Iterator[tuple[str, Value]]:
    assessment = sent.assessment
    yield "outcome", assessment["outcome"]
    findings = [
        finding["rule"] if finding["status"] == "met" else finding["rule"] + UNDECIDED
        for finding in assessment["findings"]
    ]
    if findings:
        yield "findings", SEPARATOR.join(findings)
    scores = {score["instrument"]: score for score in assessment["scores"]}
    for instrument in sent.questionnaire.instruments:
        score = scores.get(instrument.id, {})
        for part in score_parts(instrument):
            if score.get(part) is not None:
                yield f"{instrument.id}_{part}", score[part]


def _origin(sent: Sent) -> Iterator[tuple[str, Value]]:
    yield "reference", sent.reference
    yield "submitted_at", moment(sent.sent_at)
    yield "questionnaire", sent.questionnaire.version
    if sent.changed:
        yield "changed_by_staff", SEPARATOR.join(sent.changed)
    if sent.decision:
        yield "decision", sent.decision
    if sent.decided_at:
        yield "decided_at", moment(sent.decided_at)
    if sent.outcome_sent:
        yield "outcome_as_sent", sent.outcome_sent


def day(text: str) -> date | str:
    """A day that was told as a whole, else what was told of it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def moment(text: str) -> datetime | str:
    """With its distance from UTC; the year alone, of a de-identified source, stays as it is."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text
