"""When an item of FHIR is asked, in the grammar of our conditions.

Of `=` and the orders a question without an answer makes a condition false, as in ours; what is
unknown is not asked, as in ours.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..outputs.fhir import tables
from ..questionnaire.conditions import ConditionError, parse
from ..questionnaire.definition import Question
from .fhir_names import Json, value_of

Find = Callable[[str], Question | None]  # a linkId's question, when it is one
Choose = Callable[[Question, Json], str | None]  # the option of a Coding

LONGEST = 2000  # characters of a condition that is taken over
_ORDERS = {"=": "==", "!=": "!=", ">": ">", "<": "<", ">=": ">=", "<=": "<="}


class ConditionNotReadError(Exception):
    """`args[0]` says what cannot be said in our grammar."""


def condition(item: Json, find: Find, choose: Choose) -> str | None:
    """When the item is asked; None: always. Raises ConditionNotReadError."""
    if value_of(item, tables.HEADING):
        return None  # what stands under it says it all
    ours = value_of(item, tables.ASKED_IF)
    if ours is not None:
        return _of_ours(str(ours))
    if value_of(item, tables.ENABLE_WHEN) is not None:
        raise ConditionNotReadError("an enableWhenExpression (FHIRPath)")
    parts = [_one(when, find, choose) for when in item.get("enableWhen", ())]
    joint = " or " if item.get("enableBehavior") == "any" else " and "
    return joint.join(parts) if parts else None


def _of_ours(text: str) -> str:
    """As it stands, when it is a condition: whoever made the file may have written anything."""
    try:
        if len(text) <= LONGEST:
            parse(text)
            return text
    except (ConditionError, RecursionError, MemoryError):
        pass
    raise ConditionNotReadError("a condition (asked-if) that is none of our grammar")


def both(first: str | None, second: str | None) -> str | None:
    """Both hold; None is what always holds."""
    if first is None or second is None or first == second:
        return first or second
    return f"({first}) and ({second})"


def _one(when: Json, find: Find, choose: Choose) -> str:
    question = find(str(when.get("question", "")))
    if question is None:
        raise ConditionNotReadError(f"an enableWhen on {when.get('question')!r}, no question here")
    operator = str(when.get("operator", ""))
    answer = next((value for key, value in when.items() if key.startswith("answer")), None)
    if operator == "exists":
        return f"answered({question.id})" if answer else f"not answered({question.id})"
    if operator not in _ORDERS or question.kind == "group":
        raise ConditionNotReadError(f"an enableWhen with {operator!r} on {question.id}")
    return _compared(question, operator, answer, choose)


def _compared(question: Question, operator: str, answer: Any, choose: Choose) -> str:
    if question.kind == "agree" and operator == "=":
        # A tick is there or it is not: no answer is no tick.
        return f"{question.id} == True" if answer is True else f"not ({question.id} == True)"
    if question.kind == "agree":
        raise ConditionNotReadError(f"an enableWhen with {operator!r} on the tick {question.id}")
    if isinstance(answer, bool):
        answer = {"code": "yes" if answer else "no"}
    if isinstance(answer, Mapping):
        return _chosen(question, operator, answer, choose)
    if question.kind in ("integer", "decimal") and isinstance(answer, int | float):
        return f"{question.id} {_ORDERS[operator]} {answer}"
    raise ConditionNotReadError(f"an enableWhen that compares {question.id} with {answer!r}")


def _chosen(question: Question, operator: str, coding: Json, choose: Choose) -> str:
    option = choose(question, coding)
    if option is None or operator not in ("=", "!="):
        raise ConditionNotReadError(f"an enableWhen on an answer that {question.id} does not have")
    if question.kind == "choices":
        if operator == "!=":
            raise ConditionNotReadError(f"an enableWhen with '!=' on the ticks of {question.id}")
        return f"{option!r} in {question.id}"
    named = option if question.kind == "scale" else repr(option)
    return f"{question.id} {_ORDERS[operator]} {named}"
