"""Questions drawn to HTML by the field macro, and kept where the answer is one of a few.

Most of a page's time goes into drawing the same radio buttons again. A question of these kinds has
few possible answers, so its HTML is kept by question, language and answer. What a patient typed is
never kept.
"""

from collections import OrderedDict
from typing import NamedTuple

from flask import current_app

from ..questionnaire.definition import Language, Question, Questionnaire
from . import fields

FEW_ANSWERS = frozenset({"agree", "choice", "choices", "scale"})
KEPT = 8192  # drawings, about 1.5 KB each


class Key(NamedTuple):
    question: Question
    language: Language
    answer: object
    ask_if: str | None
    hidden: bool

    def plain(self) -> tuple[object, ...]:
        """Definitions never change, so a question's identity stands for it."""
        answer = tuple(self.answer) if isinstance(self.answer, list) else self.answer
        return (id(self.question), self.language, answer, self.ask_if, self.hidden)


_drawn: OrderedDict[tuple[object, ...], tuple[Question, str]] = OrderedDict()


def known(key: Key, questionnaire: Questionnaire) -> str:
    """The HTML of a question with a stored answer, drawn at most once while it is kept."""
    plain = key.plain()
    kept = _drawn.get(plain)
    if kept is None:
        view = fields.view(questionnaire, key.question, key.language, answer=key.answer)
        html = draw(view | {"ask_if": key.ask_if, "hidden": key.hidden})
        # The question is kept with its drawing: its identity must not be given to another one.
        kept = _drawn[plain] = (key.question, html)
        if len(_drawn) > KEPT:
            _drawn.popitem(last=False)
    return kept[1]


def draw(view: fields.View) -> str:
    """One field's HTML (templates/components/field.html), escaped there."""
    macros = current_app.jinja_env.get_template("components/field.html").module
    html: str = macros.field(view)  # type: ignore[attr-defined]
    return html
