"""What a browser sent, turned into answers: one WTForms class a page, built from its definition.

A field only coerces; `questionnaire.validation` judges. What cannot be coerced stays as typed, so
that the judge names it and the page shows it again.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Field, Form

from ..questionnaire.answers import DISCUSS, NONE, UNSURE
from ..questionnaire.definition import Column, Page, Question
from ..questionnaire.medicines import tokens
from ..questionnaire.validation import Problem
from . import measures
from .numbers import read_number

NOTHING = {"no", "none", "n/a", "na", "nothing", "-", "ninguno", "ninguna", "nada"}
MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    )
    for number, name in enumerate(names.split(), 1)
} | {"setiembre": 9}
ORDINAL = re.compile(r"(\d{1,2})\s*\.?\s*(?:st|nd|rd|th|ro|er|[oaºª°])?\.?", re.IGNORECASE)


class AnswerField(Field):
    """One question. `data` is the answer, None without one; `problems` what coercion found; `part`
    the box that it was typed in, where it has several."""

    def __init__(self, question: Question, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.question = question
        self.problems: list[Problem] = []
        self.part = ""

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.data, self.problems = None, []
        if formdata is not None and self.question.unit in measures.WAYS:
            self.data, self.problems, self.part = measures.read(self.question, formdata)
        elif formdata is not None:
            self.data, self.problems = coerce(self.question, formdata)

    def placed(self, found: Problem) -> Problem:
        """A problem of the answer, at the box in which it was typed."""
        return measures.placed(found, self.part) if self.part else found


@lru_cache(maxsize=256)
def page_form(page: Page) -> type[Form]:
    """The form class of a page, built once a process."""
    members = {question.id: AnswerField(question) for question in page.questions}
    return type(f"Form_{page.id}", (Form,), members)


def coerce(question: Question, sent: MultiDict[str, str]) -> tuple[Any, list[Problem]]:
    """The answer that was sent for one question, and what cannot be read in it."""
    if question.kind == "date":
        return _date(question, sent)
    if question.kind == "group":
        return _group(question, sent), []
    values = [value.strip() for value in sent.getlist(question.id) if value.strip()]
    if not values:
        return None, []
    return _COERCE.get(question.kind, _text)(question, values)


def _text(question: Question, values: list[str]) -> tuple[Any, list[Problem]]:
    return values[0], []


def _agree(question: Question, values: list[str]) -> tuple[Any, list[Problem]]:
    return values[0].casefold() in ("yes", "true", "on", "1"), []


def _choices(question: Question, values: list[str]) -> tuple[Any, list[Problem]]:
    ticks = list(dict.fromkeys(values))
    if ticks == [DISCUSS]:
        return DISCUSS, []
    if DISCUSS in ticks and question.sensitive:
        return ticks, [Problem(question.id, "discuss_with_others")]
    return ticks, []


def _scale(question: Question, values: list[str]) -> tuple[Any, list[Problem]]:
    return (int(values[0]) if values[0].isascii() and values[0].isdigit() else values[0]), []


def _number(question: Question, values: list[str]) -> tuple[Any, list[Problem]]:
    typed = [value for value in values if value != UNSURE]
    if UNSURE in values and typed:
        return typed[0], [Problem(question.id, "unsure_with_number")]
    return (UNSURE if not typed else read_number(typed[0], question.unit)), []


_COERCE = {
    "agree": _agree,
    "choices": _choices,
    "scale": _scale,
    "integer": _number,
    "decimal": _number,
}


def _date(question: Question, sent: MultiDict[str, str]) -> tuple[Any, list[Problem]]:
    parts = {part: (sent.get(f"{question.id}-{part}") or "").strip() for part in DATE_PARTS}
    if not any(parts.values()):
        return (sent.get(question.id) or "").strip() or None, []
    for part, typed in parts.items():
        if not typed:
            return "", [Problem(question.id, f"date_{part}_missing", {}, part)]
    month = _month_by_letters(parts["month"])
    ordinal = ORDINAL.fullmatch(parts["day"])
    parts["day"] = ordinal[1] if ordinal else parts["day"]
    if len(parts["year"]) < 4:
        return "", [Problem(question.id, "date_year_short", {}, "year")]
    try:
        day = date(int(parts["year"]), month or int(parts["month"]), int(parts["day"]))
    except (ValueError, OverflowError):
        return "", [Problem(question.id, "not_a_date", {}, _bad_part(parts, month))]
    return day.isoformat(), []


DATE_PARTS = ("month", "day", "year")


def _month_by_letters(typed: str) -> int | None:
    """ "Sep", "sept.", "ene" and "de marzo" are months too."""
    letters = " ".join(tokens(typed)).removeprefix("de ")
    if len(letters) < 3 or not letters.isalpha():
        return None
    found = {number for name, number in MONTHS.items() if name.startswith(letters)}
    return found.pop() if len(found) == 1 else None


def _bad_part(parts: Mapping[str, str], month: int | None) -> str:
    if month is None and not _is_number_to(12, parts["month"]):
        return "month"
    if not _is_number_to(31, parts["day"]):
        return "day"
    return "day" if _is_number_to(9999, parts["year"]) else "year"


def _is_number_to(most: int, typed: str) -> bool:
    """isdecimal, not isdigit: "²" is a digit that int() refuses."""
    return typed.isdecimal() and len(typed) <= 4 and 1 <= int(typed) <= most


def posted_rows(question: Question, sent: Mapping[str, str]) -> dict[int, dict[str, Any]]:
    """The rows of a group that were sent, by number; blank cells are left out."""
    pattern = re.compile(rf"{re.escape(question.id)}-(\d{{1,3}})-(.+)")
    columns = {column.id: column for column in question.columns}
    rows: dict[int, dict[str, Any]] = {}
    for name in sent:
        match = pattern.fullmatch(name)
        if match and match[2] in columns:
            row = rows.setdefault(int(match[1]), {})
            typed = sent[name].strip()
            if typed and not _says_nothing(question, columns[match[2]], typed):
                row[match[2]] = _cell(columns[match[2]], typed)
    return dict(sorted(rows.items()))


def _says_nothing(question: Question, column: Column, typed: str) -> bool:
    """ "No" in "added to which other medicine" names no medicine."""
    names_another = column.suggest and column.id != question.columns[0].id
    return names_another and typed.casefold().strip(" .") in NOTHING


def _cell(column: Column, typed: str) -> Any:
    return read_number(typed, column.unit) if column.kind in ("integer", "decimal") else typed


def ticked_none(question: Question, sent: MultiDict[str, str]) -> bool:
    """Did the patient tick "I have never taken one"?"""
    return bool(sent.get(f"{question.id}-none")) or sent.get(question.id) in (NONE, "[]")


def _group(question: Question, sent: MultiDict[str, str]) -> Sequence[Mapping[str, Any]] | None:
    rows = [row for row in posted_rows(question, sent).values() if row]
    if rows:
        return rows
    return [] if ticked_none(question, sent) else None
