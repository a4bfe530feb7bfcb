"""What a page says before it goes on: an answer that may be a slip, or what "no to all" marked."""

from collections.abc import Mapping, Sequence

from werkzeug.datastructures import MultiDict

from ..assessment.checks import Doubt
from ..assessment.facts import Facts
from ..questionnaire.answers import NO
from ..questionnaire.definition import Page, Question
from . import fields, measures, said
from .i18n import filled, t
from .judging import ADD, CONFIRMED, CONTINUE

Typed = MultiDict[str, str]


def view(page: Page, found: Sequence[Doubt], typed: Typed) -> said.Context | None:
    """The notice above the page; None when nothing is asked back."""
    if not found:
        return None
    kind = found[0].check.kind
    return {
        "title": t(f"ask_back.{kind}_title"),
        "lead": t(f"ask_back.{kind}_lead"),
        "yes": t(f"ask_back.{kind}_yes"),
        "action": ADD if typed.get("action") == ADD else CONTINUE,
        "items": [
            {"text": _text(page, doubt), "links": _links(page, doubt, typed)} for doubt in found
        ],
    }


def confirmed(found: Sequence[Doubt], typed: Typed) -> list[str]:
    """What going on confirms: what this page asks back, and what was confirmed on it before."""
    return list(dict.fromkeys([*typed.getlist(CONFIRMED), *(doubt.token for doubt in found)]))


def answered_no(page: Page, facts: Facts, typed: Typed) -> list[str]:
    """The questions that the button answers: asked, without an answer, and free of risk."""
    return [
        name for name in page.may_be_no if facts.asked(name) is True and not typed.get(name, "")
    ]


def with_no(typed: Typed, names: Sequence[str]) -> Typed:
    """What was typed, with these questions answered "no"."""
    marked = typed.copy()
    for name in names:
        marked.setlist(name, [NO])
    return marked


def said_no(names: Sequence[str]) -> str:
    key = {0: "none", 1: "one"}.get(len(names), "many")
    return t(f"no_to_all.{key}", count=len(names))


def button(page: Page) -> said.Context | None:
    """The button "no to all" of a page, with what assets/asking_back.js says in its place."""
    if not page.no_to_all:
        return None
    words = {key: t(f"no_to_all.{key}", count="%") for key in ("many", "one", "none")}
    return {"text": t("no_to_all.button"), "names": " ".join(page.may_be_no), "said": words}


def _text(page: Page, doubt: Doubt) -> str:
    values = {name: _words(page, doubt, name) for name in doubt.values}
    return filled(said.in_language(doubt.check.text), values)


def _words(page: Page, doubt: Doubt, name: str) -> str:
    value = doubt.values[name]
    question = next((q for q in page.questions if q.id == name), None)
    spelled_out = question and (question.unit in measures.WAYS or question.kind == "date")
    if question and spelled_out and value is not None:
        return said.answer_lines(question, value)[0]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _links(page: Page, doubt: Doubt, typed: Typed) -> list[dict[str, str]]:
    return [_link(page, doubt, name, typed) for name in doubt.check.about]


def _link(page: Page, doubt: Doubt, name: str, typed: Typed) -> dict[str, str]:
    if page.group and doubt.row is not None:
        column = next(column for column in page.group.columns if column.id == name)
        thing = f"“{said.in_language(column.short or column.text)}”"
        href = f"#{page.group.id}-{doubt.row}-{name}"
        return {"text": t("ask_back.change", thing=thing), "href": href}
    question = next(question for question in page.questions if question.id == name)
    key = "ask_back.change_fact" if doubt.check.kind == "fact" else "ask_back.change"
    thing = said.in_language(question.thing)
    return {"text": t(key, thing=thing), "href": f"#{_control(question, typed)}"}


def _control(question: Question, typed: Mapping[str, str]) -> str:
    """The box that was filled in, of several for one question."""
    if question.unit in measures.WAYS:
        boxes = measures.typed_boxes(question, typed)
        return measures.box_name(question, next((part for part in boxes if boxes[part]), ""))
    return fields.first_control(question)
