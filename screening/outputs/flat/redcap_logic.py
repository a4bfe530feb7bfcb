"""Conditions of the form as REDCap's branching logic, where that says exactly the same.

REDCap knows two results and takes a blank for a value; our conditions know three, and what is
unknown is never asked. So each comparison also says that there is an answer, and what cannot be
said exactly (an age, a medicine's class, a number of rows) is not said at all.
"""

from collections.abc import Iterable
from functools import cache

from ...questionnaire.answers import UNSURE
from ...questionnaire.conditions import (
    All,
    Answered,
    Compare,
    Constant,
    Name,
    Node,
    Not,
    Some,
    parse,
)
from ...questionnaire.definition import Question, Questionnaire

NUMBERS = ("scale", "integer", "decimal")
_EXCHANGED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_DENIED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_WRITTEN = {"==": "=", "!=": "<>"}


class _NotSaidError(Exception):
    """REDCap has no words for it."""


@cache
def variable(name: str) -> str:
    """An id as the name of a REDCap variable: lower case, digits and single underscores."""
    return "_".join(part for part in name.lower().replace("-", "_").split("_") if part)


def branching(ask_if: str | None, questionnaire: Questionnaire) -> str | None:
    """The branching logic that shows a field when the condition is known to be true. "" without a
    condition, None when it cannot be said exactly."""
    if ask_if is None:
        return ""
    try:
        return _Logic(questionnaire).holds(parse(ask_if))
    except _NotSaidError:
        return None


class _Logic:
    def __init__(self, questionnaire: Questionnaire) -> None:
        self.questions = questionnaire.questions
        self.instruments = questionnaire.instrument

    def holds(self, node: Node) -> str:
        """True where the condition is known to be true, else false."""
        match node:
            case All(of):
                return _both(self.holds(part) for part in of)
            case Some(of):
                return _either(self.holds(part) for part in of)
            case Not(of):
                return self.fails(of)
            case Answered(name):
                return self._answered(self._question(name))
            case Compare():
                return self._comparison(node)
        raise _NotSaidError

    def _comparison(self, node: Compare) -> str:
        match node:
            case Compare("in", Constant(str() as tick), Name(name)):
                return self._ticked(name, tick)
            case Compare("in", Name(name), Constant(tuple() as values)):
                return _either(self._equal(name, value) for value in values)
            case Compare(op, Name(name), Constant(value)):
                return self._compared(op, name, value)
            case Compare(op, Constant(value), Name(name)) if op in _EXCHANGED:
                return self._compared(_EXCHANGED[op], name, value)
        raise _NotSaidError

    def fails(self, node: Node) -> str:
        """True where the condition is known to be false, else false."""
        match node:
            case All(of):
                return _either(self.fails(part) for part in of)
            case Some(of):
                return _both(self.fails(part) for part in of)
            case Not(of):
                return self.holds(of)
            case Compare("in", Constant(str() as tick), Name(name)):
                self._always_there(name)
                others = (o for o in self._question(name).option_ids if o != tick)
                some = _either(self._ticked(name, other) for other in others)
                return _both([f"[{variable(name)}({variable(tick)})] <> '1'", some])
            case Compare(op, Name(name), Constant(value)) if op in _DENIED:
                self._always_there(name)
                return self._compared(_DENIED[op], name, value)
        raise _NotSaidError

    def _question(self, name: str) -> Question:
        if name not in self.questions:
            raise _NotSaidError
        return self.questions[name]

    def _always_there(self, name: str) -> None:
        """Of what may not apply a comparison is false, so its denial is true without an answer."""
        question = self._question(name)
        if question.ask_if is not None or not question.required:
            raise _NotSaidError

    def _answered(self, question: Question) -> str:
        if question.kind == "group":
            raise _NotSaidError
        if question.kind == "choices":
            return _either(self._ticked(question.id, name) for name in question.option_ids)
        return f"[{variable(question.id)}] <> ''"

    def _ticked(self, name: str, tick: str) -> str:
        question = self._question(name)
        if question.kind != "choices" or tick not in question.option_ids:
            raise _NotSaidError
        return f"[{variable(name)}({variable(tick)})] = '1'"

    def _equal(self, name: str, value: object) -> str:
        question = self._question(name)
        # "unsure" is unknown to a condition, never equal to anything.
        known = question.kind == "choice" and value in question.option_ids and value != UNSURE
        if not known:
            raise _NotSaidError
        return f"[{variable(name)}] = '{variable(str(value))}'"

    def _compared(self, op: str, name: str, value: object) -> str:
        if isinstance(value, str):
            return self._equal(name, value) if op == "==" else self._other(op, name, value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _NotSaidError
        return self._number(op, name, value)

    def _other(self, op: str, name: str, value: str) -> str:
        """An answer that is another one, and not "unsure"."""
        self._equal(name, value)
        if op != "!=":
            raise _NotSaidError
        place, codes = f"[{variable(name)}]", ["", variable(value)]
        if UNSURE in self.questions[name].option_ids:
            codes.append(UNSURE)
        return _both(f"{place} <> '{code}'" for code in codes)

    def _number(self, op: str, name: str, value: float) -> str:
        owner, _, part = name.partition(".")
        if part == "answered_sum":
            return f"{self._sum(owner, op, value)} {op} {value}"
        question = self._question(name)
        if question.kind not in NUMBERS:
            raise _NotSaidError
        place = f"[{variable(name)}]"
        return _both([f"{place} <> ''", f"{place} {_WRITTEN.get(op, op)} {value}"])

    def _sum(self, owner: str, op: str, value: float) -> str:
        """Of items that are numbers. Without any answer REDCap's sum is blank and ours is 0."""
        items = self.instruments[owner].scoring.items
        numbers = all(self._question(item).kind == "scale" for item in items)
        more_than_none = (op == ">" and value >= 0) or (op == ">=" and value > 0)
        if not numbers or not more_than_none:
            raise _NotSaidError
        return f"sum({', '.join(f'[{variable(item)}]' for item in items)})"


def _both(parts: Iterable[str]) -> str:
    each = list(parts)
    return " and ".join(f"({part})" if " or " in part else part for part in each)


def _either(parts: Iterable[str]) -> str:
    return " or ".join(f"({part})" if " and " in part else part for part in parts)
