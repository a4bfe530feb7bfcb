"""Height and weight in the patient's own units, kept in inches and in pounds.

`height_in` is the box for inches, or for the whole height when it stands alone, as other tools send
it; `height_in-ft` and `height_in-cm` are beside it. So with `weight_lb` and `weight_lb-kg`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import ceil, floor
from typing import Any, NamedTuple

from werkzeug.datastructures import MultiDict

from ..questionnaire.answers import Answers
from ..questionnaire.definition import Language, Question
from ..questionnaire.validation import Problem
from .numbers import FEET, METRIC, read_number


class Way(NamedTuple):
    """The boxes of a unit by the part of their names, ours first; `size`: of one metric unit."""

    own: tuple[str, ...]
    metric: str
    size: float
    near: float  # what was typed in both ways is the same when it differs by less than this
    step: float  # what people name in the own unit: half inches, whole pounds


WAYS = {
    "in": Way(("ft", ""), "cm", METRIC["in"]["cm"], near=0.5, step=0.5),
    "lb": Way(("",), "kg", METRIC["lb"]["kg"], near=1.0, step=1.0),
}
SPANISH = {"ft": "pies", "in": "pulg."}  # the rest is short for the same in both languages
WHOLE_FEET = re.compile(r"(\d{1,2})\s*(?:'|’|ft|feet|foot|pies?)?\.?")
# Parts of a problem: every box has a share in it, or only the box whose name has no part.
ALL, BARE = "all", "inches"
METERS = 3  # a bare number under this in the box for centimeters is one of meters


class Read(NamedTuple):
    """`data`: the number, or what was typed where it is none. `part`: the box that it stood in."""

    data: Any
    problems: list[Problem]
    part: str = ""


def box_name(question: Question, part: str) -> str:
    return f"{question.id}-{part}" if part else question.id


def box_id(question: Question, part: str) -> str:
    """The first box has the question's own id, so that a link to the question leads to it."""
    if part == WAYS[str(question.unit)].own[0]:
        return question.id
    return f"{question.id}-{part or BARE}"


def typed_boxes(question: Question, sent: Mapping[str, str]) -> dict[str, str]:
    """What was typed in each box, by its part."""
    way = WAYS[str(question.unit)]
    parts = (*way.own, way.metric)
    return {part: (sent.get(box_name(question, part)) or "").strip() for part in parts}


def read(question: Question, sent: MultiDict[str, str]) -> Read:
    """The height in inches or the weight in pounds, whichever way it was typed."""
    way, typed = WAYS[str(question.unit)], typed_boxes(question, sent)
    own = _own(question, typed)
    if not typed[way.metric]:
        return own
    metric = Read(_metric(question, typed[way.metric]), [], way.metric)
    if own.data is None and not own.problems:
        return metric
    both = isinstance(own.data, int | float) and isinstance(metric.data, int | float)
    if both and abs(own.data - metric.data) < way.near:
        return own
    if own.problems:
        return own
    return Read(own.data, [Problem(question.id, f"two_units_{question.unit}", part=ALL)])


def _own(question: Question, typed: Mapping[str, str]) -> Read:
    feet, rest = typed.get("ft", ""), typed[""]
    if not feet:
        return Read(read_number(rest, question.unit) if rest else None, [])
    if not rest and FEET.fullmatch(feet.casefold()):
        return Read(read_number(feet, "in"), [], "ft")
    whole = WHOLE_FEET.fullmatch(feet.casefold())
    if not whole:
        return Read(feet, [Problem(question.id, "feet", part="ft")])
    inches = read_number(rest, "in") if rest else 0
    fault = [Problem(question.id, "inches", part=BARE)]
    if not isinstance(inches, int | float):
        return Read(rest, fault)
    if inches >= 12 and inches // 12 == int(whole[1]):  # "5 feet" and all 66 inches again
        return Read(inches, [])
    return Read(inches, fault) if inches >= 12 else Read(int(whole[1]) * 12 + inches, [], "ft")


def _metric(question: Question, typed: str) -> Any:
    way = WAYS[str(question.unit)]
    bare = read_number(typed, question.unit)
    if not isinstance(bare, int | float) or not re.fullmatch(r"[\d.,]+", typed):
        return bare  # with a unit of its own, or no number
    if question.unit == "in" and bare < METERS:
        bare *= 100
    return round(bare * way.size, 2)


def placed(found: Problem, part: str) -> Problem:
    """The problem at the box in which the number was typed, in that box's unit."""
    way = WAYS.get(str(found.values.get("unit")))
    if way is None or part != way.metric:
        return replace(found, part=part)
    values = {**found.values, "unit": part}
    values |= {name: _in_metric(values[name], way, name) for name in ("min", "max") & values.keys()}
    return replace(found, part=part, values=values)


def _in_metric(limit: Any, way: Way, name: str) -> int:
    return ceil(limit / way.size) if name == "min" else floor(limit / way.size)


# Shown again as it was typed. Kept is only the number, so which way it was typed is read from it:
# 168 cm is kept as 66.14 in, and nobody types that.


def boxes(question: Question, answer: object, *, metric: bool = False) -> dict[str, str]:
    """What each box holds for a stored answer. Reading it again gives the same answer.

    `metric`: that is how the other of the two was typed; it decides where both would do.
    """
    way = WAYS[str(question.unit)]
    blank = dict.fromkeys((*way.own, way.metric), "")
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return blank | ({"": str(answer)} if answer is not None else {})
    if is_metric(question, answer, metric=metric):
        return blank | {way.metric: _short(_in_units(answer, way))}
    if "ft" not in way.own:
        return blank | {"": _short(answer)}
    return blank | {"ft": str(int(answer // 12)), "": _short(round(answer % 12, 2))}


def is_metric(question: Question, answer: float, *, metric: bool = False) -> bool:
    """Was it typed in metric units? The way that needs fewer decimals."""
    way = WAYS[str(question.unit)]
    units = _in_units(answer, way)
    if round(units * way.size, 2) != round(answer, 2):
        return False
    own = 0 if (answer / way.step).is_integer() else _decimals(answer)
    return metric if own == _decimals(units) else own > _decimals(units)


def leans_metric(questions: Iterable[Question], answers: Answers) -> bool:
    """Was one of these heights and weights surely typed in metric units?"""
    return any(
        question.unit in WAYS
        and isinstance(answer := answers.get(question.id), int | float)
        and is_metric(question, answer)
        for question in questions
    )


def in_words(question: Question, answer: object, language: Language) -> str:
    """ "5 ft 6 in", in Spanish "5 pies 6 pulg."; "168 cm", "150 lb"."""
    way = WAYS[str(question.unit)]
    named = {part: value for part, value in boxes(question, answer).items() if value}
    if named.get("ft") and named.get("") == "0":
        named.pop("")
    units = {"": str(question.unit), "ft": "ft", way.metric: way.metric}
    short = SPANISH if language == "es" else {}
    return " ".join(
        f"{value} {short.get(units[part], units[part])}" for part, value in named.items()
    )


def _in_units(answer: float, way: Way) -> float:
    return round(answer / way.size, 1)


def _decimals(number: float) -> int:
    return len(_short(round(number, 2)).partition(".")[2])


def _short(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else str(number)
