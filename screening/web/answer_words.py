"""Answers in words, in a language that is given: for the patient's pages and the patient's copy."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, cast

from ..questionnaire.answers import DISCUSS, UNSURE
from ..questionnaire.definition import Column, Language, Question, Questionnaire
from . import fields, measures
from .dates import day_in_words
from .i18n import text


def in_language(words: Mapping[Any, str], language: Language) -> str:
    return words.get(language) or words["en"]


def whole_question(questionnaire: Questionnaire, question: Question, language: Language) -> str:
    """Items that follow a gate go on with a sentence: "In the past month, have you..."."""
    instrument = questionnaire.instrument.get(question.instrument or "")
    continues = instrument and instrument.scoring.gate and question.id in instrument.scoring.items
    lead = f"{in_language(instrument.stem, language)} " if instrument and continues else ""
    return lead + in_language(question.text, language)


def row_card(group: Question, row: Mapping[str, object], language: Language) -> dict[str, Any]:
    """A saved row as the patient sees it: its first cell as title, the others as lines."""
    first, *others = group.columns
    return {
        "title": cell_words(first, row.get(first.id), language) or "–",
        "lines": [
            {"label": in_language(column.short or column.text, language), "value": words}
            for column in others
            if (words := cell_words(column, row.get(column.id), language))
        ],
    }


def cell_words(column: Column, cell: object, language: Language) -> str:
    option = next((o for o in column.options if o.id == cell), None)
    if option:
        return option.text(language)
    return "" if cell is None else f"{cell} {column.unit or ''}".strip()


def answer_lines(question: Question, answer: object, language: Language) -> list[str]:
    """An answer as the patient gave it, one line a tick or row."""
    if answer == DISCUSS and question.sensitive:
        return [text("page.discuss", language)]
    if answer == UNSURE and question.may_be_unsure:
        return [text("page.unsure", language)]
    return _LINES.get(question.kind, _typed_lines)(question, answer, language)


def _typed_lines(question: Question, answer: object, language: Language) -> list[str]:
    unit = question.unit or ""
    if unit in measures.WAYS:
        return [measures.in_words(question, answer, language)]
    words = fields.UNITS.get(unit, unit)
    return f"{answer} {words or ''}".strip().split("\n")


def _tick_lines(question: Question, answer: object, language: Language) -> list[str]:
    ticks = answer if isinstance(answer, list) else [answer]
    return [question.option(tick).text(language) for tick in ticks]


def _row_lines(group: Question, answer: object, language: Language) -> list[str]:
    rows = cast(Sequence[Mapping[str, object]], answer)
    if not rows:
        none = group.none_text
        return [in_language(none, language) if none else text("check.none", language)]
    cards = [row_card(group, row, language) for row in rows]
    return [
        " · ".join([card["title"], *(f"{of['label']}: {of['value']}" for of in card["lines"])])
        for card in cards
    ]


def _day_lines(_question: Question, answer: object, language: Language) -> list[str]:
    return [day_in_words(date.fromisoformat(str(answer)), language)]


_LINES: dict[str, Callable[[Question, object, Language], list[str]]] = {
    "agree": lambda _question, _answer, language: [text("check.agreed", language)],
    "choice": _tick_lines,
    "choices": _tick_lines,
    "scale": _tick_lines,
    "group": _row_lines,
    "date": _day_lines,
}
