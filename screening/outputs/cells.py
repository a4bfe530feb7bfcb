"""What one answer becomes in the export: ready CSV text, its columns joined by commas.

- a choice or scale: the option's id; agree: 1; a date: ISO; numbers as numbers; text as typed
- `choices`: 1 ticked, 0 not ticked, an option a column
- a group: the cells of its rows one after the other, a blank cell NI; without rows, one row that
  is empty ("I have never taken one"), NI or DISCUSS
- no answer: NI; to talk about in person: DISCUSS; not asked: empty; not sure: unsure.
  NI and DISCUSS of a `choices` question stand in all of its columns, so that no 0 reads as "no".
- text that a spreadsheet would run as a formula gets an apostrophe before it
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from ..questionnaire.answers import DISCUSS
from ..questionnaire.definition import Column, Kind, Question

NO_ANSWER = "NI"
TALK = "DISCUSS"
NOT_ASKED = ""

Encode = Callable[[Any], str]

# Most text that is typed: it does not begin like a formula and needs no quotes.
_HARMLESS = re.compile(r'\w[^",\r\n]*').fullmatch
# Spreadsheets skip spaces, and some read full-width and small forms of = + - @ as the plain ones.
_FORMULA = re.compile(
    r"[\s\0\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*"
    r"[=+\-@\u2212\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20]|[\t\r\n\0]"
).match
_NEEDS_QUOTES = re.compile(r'[",\r\n]').search


def safe_text(text: object) -> str:
    """Text as one CSV cell that no spreadsheet runs as a formula."""
    words = str(text)
    if _HARMLESS(words):
        return words
    return quoted("'" + words if _FORMULA(words) else words)


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES(cell) else cell


def number(answer: object) -> str:
    """Never through `safe_text`: a negative number is a number. "unsure" is text."""
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        return repr(answer)
    return safe_text(answer)


def encoder(question: Question) -> Encode:
    """What writes an answer to this question, "discuss" included."""
    encode = ENCODERS[question.kind](question)
    if not question.sensitive or question.kind in FROM_LIST:
        return encode
    talk = filled(question, TALK)
    return lambda answer: talk if answer == DISCUSS else encode(answer)


def filled(question: Question, code: str) -> str:
    """The same code in all columns of a question."""
    return ",".join([code] * columns_of(question))


def columns_of(question: Question) -> int:
    """How many columns it has; of a group, one row of it."""
    many: dict[str, int] = {"choices": len(question.options), "group": len(question.columns)}
    return many.get(question.kind, 1)


class _Cells(dict[Any, str]):
    """Answers that come from a list, and their cell; anything else is written as text."""

    def __missing__(self, answer: object) -> str:
        return safe_text(answer)


def _from_list(question: Question, cells: Mapping[Any, str]) -> Encode:
    talk = {DISCUSS: TALK} if question.sensitive else {}
    return _Cells({**cells, **talk}).__getitem__


def _agree(question: Question) -> Encode:
    return _from_list(question, {True: "1"})


def _choice(question: Question) -> Encode:
    return _from_list(question, {option: option for option in question.option_ids})


def _scale(question: Question) -> Encode:
    return _from_list(question, {int(option): option for option in question.option_ids})


def _choices(question: Question) -> Encode:
    @lru_cache(maxsize=2048)
    def ticks(ticked: tuple[str, ...]) -> str:
        return ",".join("1" if option in ticked else "0" for option in question.option_ids)

    return lambda answer: ticks(tuple(answer))


def _number(question: Question) -> Encode:
    return number


def _text(question: Question) -> Encode:
    return safe_text


def _group(question: Question) -> Encode:
    cells = [(column.id, _cell(column)) for column in question.columns]
    no_rows = filled(question, NOT_ASKED)

    def encode(answer: Iterable[Mapping[str, Any]]) -> str:
        written = [write(row.get(column)) for row in answer for column, write in cells]
        return ",".join(written) if written else no_rows

    return encode


def _cell(column: Column) -> Encode:
    write = number if column.kind in ("integer", "decimal") else safe_text
    return lambda cell: NO_ANSWER if cell is None or cell == "" else write(cell)


FROM_LIST = ("agree", "choice", "scale")
ENCODERS: dict[Kind, Callable[[Question], Encode]] = {
    "agree": _agree,
    "choice": _choice,
    "choices": _choices,
    "scale": _scale,
    "integer": _number,
    "decimal": _number,
    "text": _text,
    "longtext": _text,
    "email": _text,
    "phone": _text,
    "zip": _text,
    "date": _text,
    "group": _group,
}
