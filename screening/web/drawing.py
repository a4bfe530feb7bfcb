"""HTML of questions and pages, kept where it is the same for everybody.

Most of a page's time would go into drawing the same radio buttons in the same frame again. Kept is
what the definition says: a question with each of its possible ticks, a page without its questions.
What somebody typed is filled in each time and never kept.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from flask import current_app, render_template
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from ..questionnaire.answers import DISCUSS, UNSURE
from ..questionnaire.definition import Language, Page, Question, Questionnaire
from . import fields
from .followups import ALWAYS, FollowUp

TICKED = frozenset({"agree", "choice", "choices", "scale"})
TYPED = "[[typed]]"
MARK = re.compile(r"\[\[(\w+)\]\]")


def question_html(
    questionnaire: Questionnaire,
    question: Question,
    language: Language,
    values: Sequence[str],
    *,
    error: str | None = None,
    shown: FollowUp = ALWAYS,
) -> Markup:
    """A question of any kind but date and group, with the values that its inputs send."""
    ticks = tuple(value for value in values if value in (UNSURE, DISCUSS))
    if question.kind not in TICKED:
        typed = next((value for value in values if value not in ticks), "")
        ticks = (*ticks, TYPED)
        kept = _kept(questionnaire, question, language, ticks, error=error, shown=shown)
        return kept.replace(TYPED, typed)  # Markup: it escapes
    if question.kind == "agree":
        ticks = ("yes",) if values else ()
    else:
        ticks += tuple(value for value in values if value in question.option_ids)
    return _kept(questionnaire, question, language, ticks, error=error, shown=shown)


@lru_cache(maxsize=8192)  # about 1.5 KB each
def _kept(
    questionnaire: Questionnaire,
    question: Question,
    language: Language,
    values: tuple[str, ...],
    *,
    error: str | None,
    shown: FollowUp,
) -> Markup:
    return draw(fields.view(questionnaire, question, language, answer=values, error=error), shown)


def draw(view: fields.View, shown: FollowUp = ALWAYS) -> Markup:
    """One field's HTML (templates/components/field.html), escaped there."""
    macros = current_app.jinja_env.get_template("components/field.html").module
    html: Markup = macros.field(view | {"ask_if": shown.ask_if, "hidden": shown.hidden})  # type: ignore[attr-defined]
    return html


@lru_cache(maxsize=8)
def suggestions_html(questionnaire: Questionnaire) -> Markup:
    """The names of medicines to choose from while typing, some 1,500."""
    macros = current_app.jinja_env.get_template("patient/_parts.html").module
    html: Markup = macros.datalist(fields.SUGGESTIONS, questionnaire.medicine_names)  # type: ignore[attr-defined]
    return html


def page_html(
    page: Page,
    language: Language,
    return_to: str | None,
    context: Callable[[], Mapping[str, Any]],
    values: Mapping[str, object],
) -> str:
    """patient/page.html with `values` in the places that `context` marks, and the form's token.

    `context` is asked once for each page, language and way back: it holds nothing of a patient.
    """
    kept = current_app.extensions.setdefault("pages drawn", {})
    if (page, language, return_to) not in kept:
        kept[page, language, return_to] = _pieces(context())
    pieces = kept[page, language, return_to]
    filled = {**values, "csrf_token": generate_csrf()}
    return "".join(
        [escape(filled[piece]) if number % 2 else piece for number, piece in enumerate(pieces)]
    )


def _pieces(context: Mapping[str, Any]) -> list[str]:
    """Text, the name of a mark, text, and so on."""
    html = render_template("patient/page.html", **context)
    return MARK.split(html.replace(generate_csrf(), marked("csrf_token")))


def marked(name: str) -> str:
    return f"[[{name}]]"
