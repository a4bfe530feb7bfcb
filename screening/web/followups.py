"""Which follow-ups of a page are drawn, and the condition that is left to the browser.

What stands on earlier pages is decided here; only names on this page are left to the browser.
"""

import json
from datetime import date
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from ..assessment.facts import Facts
from ..questionnaire.conditions import (
    All,
    Answered,
    Compare,
    Constant,
    Name,
    Node,
    Not,
    Some,
    Truth,
    condition_of,
    names,
    parse,
)
from ..questionnaire.definition import Page, Question, Questionnaire

Left = list[Any]  # a condition as assets/reveal.js reads it


class FollowUp(NamedTuple):
    """`drawn` at all; `ask_if`: the condition left to the browser, as JSON; `hidden` now."""

    drawn: bool
    ask_if: str | None = None
    hidden: bool = False


ALWAYS = FollowUp(drawn=True)


def follow_up(question: Question, page: Page, facts: Facts) -> FollowUp:
    """How a question of this page is drawn when that is known."""
    if question.ask_if is None:
        return ALWAYS
    asked = facts.asked(question.id) is True
    reads = _reads(question.ask_if, page)
    if reads == "other pages":
        return FollowUp(drawn=asked)
    if reads == "this page":
        return FollowUp(True, _left_whole(question.ask_if, page, facts.questionnaire), not asked)
    left = _left(parse(question.ask_if), page, facts)
    if left[0] == "const":
        return FollowUp(drawn=left[1] is True)
    return FollowUp(True, json.dumps(left), not asked)


@lru_cache(maxsize=4096)
def _reads(ask_if: str, page: Page) -> Literal["this page", "other pages", "both"]:
    here = {_is_here(name, page) for name in names(parse(ask_if))}
    return "both" if len(here) == 2 else "this page" if True in here else "other pages"


def _is_here(name: str, page: Page) -> bool:
    return name in page.names or name.partition(".")[0] in page.names


@lru_cache(maxsize=4096)
def _left_whole(ask_if: str, page: Page, questionnaire: Questionnaire) -> str:
    """Of a condition that reads this page alone, so that nothing need be known."""
    return json.dumps(_left(parse(ask_if), page, Facts(questionnaire, {}, date.min)))


def _left(node: Node, page: Page, facts: Facts) -> Left:
    if not any(_is_here(name, page) for name in names(node)):
        return ["const", condition_of(node)(facts)]
    left: Left = ["const", None]
    match node:
        case All(of):
            left = _simplified("and", [_left(part, page, facts) for part in of], decides=False)
        case Some(of):
            left = _simplified("or", [_left(part, page, facts) for part in of], decides=True)
        case Not(of=inner):
            left = ["not", _left(inner, page, facts)]
        case Answered(name):
            left = ["answered", name]
        case Compare(op, a, b):
            left = _comparison(op, a, b, facts.questionnaire)
    return left


def _simplified(op: str, parts: list[Left], *, decides: Truth) -> Left:
    if any(part == ["const", decides] for part in parts):
        return ["const", decides]
    kept = [part for part in parts if part != ["const", not decides]]
    return kept[0] if len(kept) == 1 else [op, *kept]


def _comparison(op: str, left: Node, right: Node, questionnaire: Questionnaire) -> Left:
    if op == "in" and isinstance(left, Constant) and isinstance(right, Name):
        return ["in", left.value, right.name]
    if op == "in" and isinstance(left, Name) and isinstance(right, Constant):
        return ["one-of", left.name, list(right.value)]  # type: ignore[arg-type]
    if isinstance(left, Name) and isinstance(right, Constant):
        owner, _, part = left.name.partition(".")
        if part == "answered_sum":
            items = questionnaire.instrument[owner].scoring.items
            return [f"sum{op}", list(items), right.value]
        return ["=" if op == "==" else op, left.name, right.value]
    return ["const", None]
