"""HTML of questions and pages, kept where it is the same for everybody.

Most of a page's time would go into drawing the same radio buttons in the same frame again. Kept is
what the definition says: a question with each of its possible ticks, a page without its questions.
What somebody typed is filled in each time and never kept.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from flask import current_app, render_template
from markupsafe import Markup, escape

from ..questionnaire.answers import DISCUSS, UNSURE
from ..questionnaire.definition import Language, Page, Question, Questionnaire
from . import csrf, fields
from .followups import FollowUp

TICKED = frozenset({"agree", "choice", "choices", "scale"})
TYPED = "[[typed]]"
BOX = re.compile(r"\[\[typed (\w*)\]\]")
MARK = re.compile(r"\[\[(\w+)\]\]")


class Drawn(NamedTuple):
    """A question as it is drawn, but for what was answered."""

    questionnaire: Questionnaire
    question: Question
    language: Language
    shown: FollowUp


def question_html(drawn: Drawn, values: Sequence[str], error: str | None = None) -> str:
    """A question of any kind but date and group, with the values that its inputs send."""
    kind, ticks = drawn.question.kind, [value for value in values if value in (UNSURE, DISCUSS)]
    if kind not in TICKED:
        typed = next((value for value in values if value not in ticks), "")
        return _kept(drawn, (*ticks, TYPED), error).replace(TYPED, str(escape(typed)))
    if kind == "agree":
        return _kept(drawn, ("yes",) if values else (), error)
    ticks += [value for value in values if value in drawn.question.option_ids]
    return _kept(drawn, tuple(ticks), error)


@lru_cache(maxsize=8192)  # about 1.5 KB each
def _kept(drawn: Drawn, values: tuple[str, ...], error: str | None) -> str:
    questionnaire, question, language, shown = drawn
    view = fields.view(questionnaire, question, language, answer=values, error=error)
    return str(_draw(view, shown))


def date_html(
    drawn: Drawn,
    answer: object,
    typed: Mapping[str, Any] | None,
    *,
    error: str | None,
    bad_part: str,
) -> str:
    """A date with what is stored, or with what was typed when given."""
    questionnaire, question, language, shown = drawn
    view = fields.view(
        questionnaire,
        question,
        language,
        answer=answer,
        typed=typed,
        error=error,
        bad_part=bad_part,
    )
    return str(_draw(view, shown))


def measure_html(
    drawn: Drawn, values: Mapping[str, str], error: str | None = None, bad_part: str = ""
) -> str:
    """A height or weight with what its boxes hold, by part."""
    html = _kept_measure(drawn, tuple(values), error, bad_part)
    # All at once: what was typed in one box may look like the place of another.
    return BOX.sub(lambda place: escape(values[place[1]]), html)


@lru_cache(maxsize=256)
def _kept_measure(drawn: Drawn, parts: tuple[str, ...], error: str | None, bad_part: str) -> str:
    places = {part: f"[[typed {part}]]" for part in parts}
    view = fields.measure_view(*drawn[:3], places, error=error, bad_part=bad_part)
    return str(_draw(view, drawn.shown))


def _draw(view: fields.View, shown: FollowUp) -> Markup:
    """One field's HTML (templates/components/field.html), escaped there."""
    macros = current_app.jinja_env.get_template("components/field.html").module
    html: Markup = macros.field(view | {"ask_if": shown.ask_if, "hidden": shown.hidden})  # type: ignore[attr-defined]
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
    filled = {**values, "csrf_token": csrf.token()}
    return "".join(
        [escape(filled[piece]) if number % 2 else piece for number, piece in enumerate(pieces)]
    )


def _pieces(context: Mapping[str, Any]) -> list[str]:
    """Text, the name of a mark, text, and so on."""
    html = render_template("patient/page.html", **context)
    return MARK.split(html.replace(csrf.token(), marked("csrf_token")))


def marked(name: str) -> str:
    return f"[[{name}]]"
