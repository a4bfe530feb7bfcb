"""Answers and texts in the patient's language, and where a page is found."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, cast

from flask import request, url_for

from ..questionnaire.answers import DISCUSS, UNSURE
from ..questionnaire.definition import Column, Page, Question
from . import fields, measures
from .dates import day_in_words
from .i18n import current_language, t

CHECK = "check"
Context = dict[str, Any]
language = current_language


def page_url(page: Page, **values: Any) -> str:
    return url_for("patient.page", page_id=page.id, **values)


def returning() -> str | None:
    """ "check" when the patient came from the check page and goes back there."""
    return CHECK if request.values.get("return_to") == CHECK else None


def in_language(text: Mapping[Any, str]) -> str:
    return text.get(language()) or text["en"]


def row_card(group: Question, row: Mapping[str, object]) -> Context:
    """A saved row as the patient sees it: its first cell as title, the others as lines."""
    first, *others = group.columns
    return {
        "title": cell_words(first, row.get(first.id)) or "–",
        "lines": [
            {"label": in_language(column.short or column.text), "value": words}
            for column in others
            if (words := cell_words(column, row.get(column.id)))
        ],
    }


def cell_words(column: Column, cell: object) -> str:
    """A cell in the patient's language."""
    option = next((o for o in column.options if o.id == cell), None)
    if option:
        return option.text(language())
    return "" if cell is None else f"{cell} {column.unit or ''}".strip()


def answer_lines(question: Question, answer: object) -> list[str]:
    """An answer as the patient gave it, one line a tick or row."""
    if answer == DISCUSS and question.sensitive:
        return [t("page.discuss")]
    if answer == UNSURE and question.may_be_unsure:
        return [t("page.unsure")]
    return _LINES.get(question.kind, _typed_lines)(question, answer)


def _typed_lines(question: Question, answer: object) -> list[str]:
    unit = question.unit or ""
    if unit in measures.WAYS:
        return [measures.in_words(question, answer)]
    words = fields.UNITS.get(unit, unit)
    return f"{answer} {words or ''}".strip().split("\n")


def _tick_lines(question: Question, answer: object) -> list[str]:
    ticks = answer if isinstance(answer, list) else [answer]
    return [question.option(tick).text(language()) for tick in ticks]


def _row_lines(group: Question, answer: object) -> list[str]:
    rows = cast(Sequence[Mapping[str, object]], answer)
    if not rows:
        return [in_language(group.none_text) if group.none_text else t("check.none")]
    cards = [row_card(group, row) for row in rows]
    return [
        " · ".join([card["title"], *(f"{of['label']}: {of['value']}" for of in card["lines"])])
        for card in cards
    ]


_LINES: dict[str, Callable[[Question, object], list[str]]] = {
    "agree": lambda question, answer: [t("check.agreed")],
    "choice": _tick_lines,
    "choices": _tick_lines,
    "scale": _tick_lines,
    "group": _row_lines,
    "date": lambda question, answer: [day_in_words(date.fromisoformat(str(answer)), language())],
}
