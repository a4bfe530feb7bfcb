"""Answers and texts in the language of this request, and where a page is found."""

from collections.abc import Mapping
from typing import Any

from flask import request, url_for

from ..questionnaire.definition import Column, Page, Question
from . import answer_words
from .i18n import current_language

CHECK = "check"
Context = dict[str, Any]
language = current_language


def page_url(page: Page, **values: Any) -> str:
    return url_for("patient.page", page_id=page.id, **values)


def returning() -> str | None:
    """ "check" when the patient came from the check page and goes back there."""
    return CHECK if request.values.get("return_to") == CHECK else None


def in_language(text: Mapping[Any, str]) -> str:
    return answer_words.in_language(text, language())


def row_card(group: Question, row: Mapping[str, object]) -> Context:
    """See answer_words.row_card."""
    return answer_words.row_card(group, row, language())


def cell_words(column: Column, cell: object) -> str:
    """A cell in the patient's language."""
    return answer_words.cell_words(column, cell, language())


def answer_lines(question: Question, answer: object) -> list[str]:
    """An answer as the patient gave it, one line a tick or row."""
    return answer_words.answer_lines(question, answer, language())
