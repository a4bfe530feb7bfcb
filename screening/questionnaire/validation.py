"""Judges single answers and whole answer files. The form and the command line use the same judge.

A `Problem` names what is wrong by a code; its words for patients are in `content/interface`
under `problem`.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .answers import DISCUSS, NONE, UNSURE, Answers
from .definition import Column, Question, Questionnaire

MAX_TEXT = {"text": 200, "longtext": 4000, "email": 254, "phone": 40, "zip": 10}
MAX_AGE = 120
EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\".]+(\.[^@\s,;<>\".]+)+")
ZIP = re.compile(r"\d{5}(-\d{4})?")


@dataclass(frozen=True)
class Problem:
    """`part` names the faulty piece: "month" of a date, "2-weeks" for the third row of a group."""

    question: str
    code: str
    values: Mapping[str, object] = field(default_factory=dict)
    part: str = ""


def normalise(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Answers in the one form in which they are stored. Judges nothing.

    Text is stripped, line ends are "\\n", ticks stand in the order of the options, and blank cells
    and blank texts are left out.
    """
    kept = {}
    for question_id, answer in answers.items():
        question = questionnaire.questions.get(question_id)
        tidy = _tidy(question, answer) if question else answer
        if tidy is not None and tidy != "":
            kept[question_id] = tidy
    return kept


def problems(question: Question, answer: object, answers: Answers, today: date) -> list[Problem]:
    """What is wrong with one given answer; [] when it may be stored. Missing is not judged here."""
    if answer == DISCUSS and question.sensitive:
        return []
    if answer == UNSURE and question.may_be_unsure:
        return []
    found = _JUDGES[question.kind](question, answer, today)
    return list(found) or list(_against_others(question, answer, answers))


def problems_in(
    questionnaire: Questionnaire,
    answers: Mapping[str, Any],
    today: date,
    audiences: set[str],
) -> list[Problem]:
    """What is wrong with a whole answer file: unknown ids, wrong types, values out of range."""
    found: list[Problem] = []
    for question_id, answer in answers.items():
        question = questionnaire.questions.get(question_id)
        if question is None or question.audience not in audiences:
            found.append(Problem(question_id, "unknown_id"))
        elif answer is not None:
            found += problems(question, answer, answers, today)
    return found


def missing(question: Question) -> Problem:
    """The problem of a required question without an answer."""
    if question.kind == "group":
        return Problem(question.id, "rows_min" if question.min_rows else "rows_none", {"min": 1})
    return Problem(question.id, "agree" if question.kind == "agree" else "required")


def age_on(born: date, today: date) -> int:
    """Whole years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


# One form for storing


def _tidy(question: Question, answer: Any) -> Any:
    if isinstance(answer, str):
        return _tidy_text(answer)
    if question.kind == "choices" and isinstance(answer, list):
        return sorted(answer, key=_position(question)) if _all_text(answer) else answer
    if question.kind == "group" and isinstance(answer, list):
        # A blank row stays a row: it is not the answer "none".
        return [_tidy_row(row) if isinstance(row, Mapping) else row for row in answer]
    return _tidy_number(answer) if question.kind == "decimal" else answer


def _tidy_text(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _tidy_row(row: Mapping[str, Any]) -> dict[str, Any]:
    tidy = {k: _tidy_text(v) if isinstance(v, str) else _tidy_number(v) for k, v in row.items()}
    return {k: v for k, v in tidy.items() if not is_blank(v)}


def _tidy_number(number: Any) -> Any:
    """150.0 and 150 are one answer."""
    whole = isinstance(number, float) and number.is_integer()
    return int(number) if whole else number


def _position(question: Question) -> Callable[[str], int]:
    order = {option_id: i for i, option_id in enumerate(question.option_ids)}
    return lambda option_id: order.get(option_id, len(order))


def _all_text(answer: list[Any]) -> bool:
    return all(isinstance(part, str) for part in answer)


# A judge for every kind


Judge = Callable[[Question, object, date], Iterator[Problem]]


def _is_one_of(options: tuple[str, ...]) -> Callable[[object], bool]:
    return lambda tick: isinstance(tick, str) and tick in options


def _agree(question: Question, answer: object, today: date) -> Iterator[Problem]:
    if answer is not True:
        yield Problem(question.id, "agree")


def _choice(question: Question, answer: object, today: date) -> Iterator[Problem]:
    if not isinstance(answer, str) or answer not in question.option_ids:
        yield Problem(question.id, "unknown_option")


def _choices(question: Question, answer: object, today: date) -> Iterator[Problem]:
    options = question.option_ids
    if not isinstance(answer, list) or not answer or not all(map(_is_one_of(options), answer)):
        yield Problem(question.id, "unknown_option")
    elif NONE in answer and len(answer) > 1:
        yield Problem(question.id, "none_with_others")
    elif len(set(answer)) < len(answer):
        yield Problem(question.id, "unknown_option")


def _scale(question: Question, answer: object, today: date) -> Iterator[Problem]:
    if not _is_int(answer) or str(answer) not in question.option_ids:
        yield Problem(question.id, "unknown_option")


def _integer(question: Question, answer: object, today: date) -> Iterator[Problem]:
    code = _number_fault(answer, question.min, question.max, None, whole=True)
    if code:
        yield Problem(question.id, code, _limits(question))


def _decimal(question: Question, answer: object, today: date) -> Iterator[Problem]:
    code = _number_fault(answer, question.min, question.max, None, whole=False)
    if code:
        yield Problem(question.id, code, _limits(question))


def _text(question: Question, answer: object, today: date) -> Iterator[Problem]:
    code = _text_fault(answer, MAX_TEXT[question.kind], lines=question.kind == "longtext")
    if code:
        yield Problem(question.id, code, {"max": MAX_TEXT[question.kind]})


def _pattern(code: str, fits: Callable[[str], bool]) -> Judge:
    def judge(question: Question, answer: object, today: date) -> Iterator[Problem]:
        faults = list(_text(question, answer, today))
        if faults:
            yield from faults
        elif not fits(str(answer).strip()):
            yield Problem(question.id, code)

    return judge


def _date(question: Question, answer: object, today: date) -> Iterator[Problem]:
    if not isinstance(answer, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", answer):
        yield Problem(question.id, "not_a_date")
        return
    try:
        day = date.fromisoformat(answer)
    except ValueError:
        yield Problem(question.id, "not_a_date")
        return
    if day > today:
        yield Problem(question.id, "date_future", part="year")
    elif age_on(day, today) > MAX_AGE:
        yield Problem(question.id, "age_range", {"max": MAX_AGE}, part="year")


def _group(question: Question, answer: object, today: date) -> Iterator[Problem]:
    if not isinstance(answer, list) or not all(isinstance(row, Mapping) for row in answer):
        yield Problem(question.id, "wrong_type")
    elif len(answer) < question.min_rows:
        yield Problem(question.id, "rows_min", {"min": question.min_rows})
    elif len(answer) > question.max_rows:
        yield Problem(question.id, "rows_max", {"max": question.max_rows})
    else:
        for number, row in enumerate(answer):
            yield from row_problems(question, number, row)


def row_problems(question: Question, number: int, row: Mapping[str, object]) -> Iterator[Problem]:
    """What is wrong with row `number` (from 0) of a group."""
    columns = {column.id: column for column in question.columns}
    for name, cell in row.items():
        part = f"{number}-{name}"
        if name not in columns:
            yield Problem(question.id, "unknown_column", {"column": name}, part)
        elif not is_blank(cell):
            code = _cell_fault(columns[name], cell)
            if code:
                yield Problem(question.id, code, _limits(columns[name]), part)


def _cell_fault(column: Column, cell: object) -> str | None:
    if column.kind == "choice":
        return None if cell in [option.id for option in column.options] else "unknown_option"
    if column.kind == "text":
        return _text_fault(cell, MAX_TEXT["text"], lines=False)
    whole = column.kind == "integer"
    return _number_fault(cell, column.min, column.max, column.above, whole=whole)


def _number_fault(
    answer: object,
    least: float | None,
    most: float | None,
    above: float | None,
    *,
    whole: bool,
) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return "whole_number" if whole else "not_a_number"
    if isinstance(answer, float) and not math.isfinite(answer):
        return "not_a_number"
    if whole and not _is_int(answer):
        return "whole_number"
    return _range_fault(answer, least, most, above)


def _range_fault(
    answer: float, least: float | None, most: float | None, above: float | None
) -> str | None:
    high = most is not None and answer > most
    if above is not None and answer <= above:
        return "not_above"
    if not high and (least is None or answer >= least):
        return None
    if least is not None and most is not None:
        return "range"
    return "too_large" if high else "too_small"


def _text_fault(answer: object, longest: int, *, lines: bool) -> str | None:
    """Judges the text as it will be stored: stripped, and with line ends of any system."""
    if not isinstance(answer, str):
        return "wrong_type"
    text = _tidy_text(answer)
    if len(text) > longest:
        return "too_long"
    allowed = "\n\t" if lines else ""
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in allowed for c in text):
        return "control_characters"
    return None


def _limits(of: Question | Column) -> dict[str, object]:
    named: dict[str, object] = {"min": of.min, "max": of.max, "unit": of.unit}
    if isinstance(of, Column):
        named["above"] = of.above
        if of.kind == "text":
            named["max"] = MAX_TEXT["text"]
    return {key: _short(value) for key, value in named.items() if value is not None}


def _short(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_int(answer: object) -> bool:
    return isinstance(answer, int) and not isinstance(answer, bool)


def _is_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", re.split(r"(?i)\s*(?:x|ext\.?)\s*\d+$", text)[0])
    return bool(re.fullmatch(r"[\d\s()+.\-/x#extEXT]+", text)) and 10 <= len(digits) <= 15


def _against_others(question: Question, answer: object, answers: Answers) -> Iterator[Problem]:
    other = answers.get(question.below or question.one_of or "")
    if question.below and isinstance(other, int | float) and isinstance(answer, int | float):
        if answer >= other:
            yield Problem(question.id, "below", {"other": question.below})
    elif question.one_of and isinstance(other, list | tuple) and answer not in other:
        yield Problem(question.id, "one_of", {"other": question.one_of})


_JUDGES: dict[str, Judge] = {
    "agree": _agree,
    "choice": _choice,
    "choices": _choices,
    "scale": _scale,
    "integer": _integer,
    "decimal": _decimal,
    "text": _text,
    "longtext": _text,
    "email": _pattern("email", lambda text: bool(EMAIL.fullmatch(text))),
    "phone": _pattern("phone", _is_phone),
    "zip": _pattern("zip", lambda text: bool(ZIP.fullmatch(text))),
    "date": _date,
    "group": _group,
}
