"""When a question is asked, as a formula of two results that any renderer can work out.

Our conditions have three results and a question is asked only where its condition is true. A
renderer knows no "unknown". So of each condition two formulas are made: what makes it true and what
makes it false; where neither holds it is unknown. The first is what a question is enabled by.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Union

from ...questionnaire.answers import NONE, UNSURE
from ...questionnaire.conditions import All, Answered, Compare, Constant, Name, Node, Not, Some
from ...questionnaire.conditions import parse as parse_condition
from ...questionnaire.definition import Question, Questionnaire
from .tables import CODED


class UntranslatableError(ValueError):
    """The condition reads something that no answer of this questionnaire tells."""


@dataclass(frozen=True)
class Has:
    """Some answer of the question is this option; of a tick (`agree`, "none of them") True."""

    question: str
    option: str | bool


@dataclass(frozen=True)
class Lacks:
    """No answer of the question is this option, also where it has no answer."""

    question: str
    option: str


@dataclass(frozen=True)
class Plain:
    """The question has an answer by an option, other than that it should be talked about."""

    question: str


@dataclass(frozen=True)
class Number:
    """The question has a number for which this holds."""

    question: str
    op: str
    than: float


@dataclass(frozen=True)
class Given:
    """The question has an answer, "I'd rather talk" included; or, `there` False, has none."""

    question: str
    there: bool = True


@dataclass(frozen=True)
class Age:
    """The whole years since a date are known, and this holds for them."""

    question: str
    op: str
    than: float


@dataclass(frozen=True)
class Points:
    """The points of an instrument's items answered so far; those without an answer count 0."""

    instrument: str
    op: str
    than: float


@dataclass(frozen=True)
class Rows:
    """How many rows a group has."""

    group: str
    op: str
    than: float


@dataclass(frozen=True)
class Takes:
    """Some medicine that is taken carries the flag; or, `some` False, none does."""

    flag: str
    some: bool = True


@dataclass(frozen=True)
class And:
    of: tuple["Formula", ...]


@dataclass(frozen=True)
class Or:
    of: tuple["Formula", ...]


Atom = Has | Lacks | Plain | Number | Given | Age | Points | Rows | Takes
Formula = Union[Atom, And, Or]  # noqa: UP007 - a forward reference in And
TRUE, FALSE = And(()), Or(())
Rails = tuple[Formula, Formula]  # what makes it true, what makes it false

NONE_OF_THEM = "{group}.none"  # link id of the tick "I have never taken one"
NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def enabled(questionnaire: Questionnaire, ask_if: str) -> Formula:
    """What makes the condition true. Raises UntranslatableError."""
    return _rails(questionnaire, parse_condition(ask_if))[0]


def hidden(questionnaire: Questionnaire, ask_if: str | None) -> Formula:
    """What makes the condition false. Raises UntranslatableError."""
    return _asked(questionnaire, ask_if)[1]


def all_of(*parts: Formula) -> Formula:
    found = tuple(dict.fromkeys(_flat(And, parts)))
    return FALSE if FALSE in found else found[0] if len(found) == 1 else And(found)


def any_of(*parts: Formula) -> Formula:
    found = tuple(dict.fromkeys(_flat(Or, parts)))
    return TRUE if TRUE in found else found[0] if len(found) == 1 else Or(found)


def _flat(kind: type[And] | type[Or], parts: Iterable[Formula]) -> Iterator[Formula]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.of
        else:
            yield part


def _asked(questionnaire: Questionnaire, ask_if: str | None) -> Rails:
    return (TRUE, FALSE) if ask_if is None else _rails(questionnaire, parse_condition(ask_if))


def _rails(questionnaire: Questionnaire, node: Node) -> Rails:
    match node:
        case All(of):
            trues, falses = zip(*(_rails(questionnaire, part) for part in of), strict=True)
            return all_of(*trues), any_of(*falses)
        case Some(of):  # as "not all of them are false"
            return _rails(questionnaire, Not(All(tuple(Not(part) for part in of))))
        case Not(of=of):
            return _rails(questionnaire, of)[::-1]
        case Answered(name):
            return _answered(_question(questionnaire, name))
        case Name(name):
            return _derived(questionnaire, name, "==", True)
    return _compare(questionnaire, node)


def _compare(questionnaire: Questionnaire, node: Node) -> Rails:
    match node:
        case Compare("in", Constant(option), Name(name)):
            return _membership(questionnaire, name, str(option))
        case Compare(op, Name(name), Constant(value)):
            return _comparison(questionnaire, name, op, value)
    raise UntranslatableError(f"{node} compares what no form can")


def _question(questionnaire: Questionnaire, name: str) -> Question:
    if name not in questionnaire.questions:
        raise UntranslatableError(f"{name} is no question of this form")
    return questionnaire.questions[name]


def _comparison(questionnaire: Questionnaire, name: str, op: str, value: object) -> Rails:
    if name not in questionnaire.questions:
        return _derived(questionnaire, name, op, value)
    question = questionnaire.questions[name]
    if question.kind in CODED and question.kind != "choices":
        return _of_options(questionnaire, question, op, value)
    if question.kind in ("integer", "decimal") and isinstance(value, int | float):
        beside = _not_applicable(questionnaire, question)
        return Number(name, op, value), any_of(beside, Number(name, OPPOSITES[op], value))
    raise UntranslatableError(f"{name} cannot be compared on a form")


def _of_options(questionnaire: Questionnaire, question: Question, op: str, value: object) -> Rails:
    """Which of its options make it true, which false; "unsure" neither."""
    known = [o for o in question.option_ids if o != UNSURE]
    fits = {option: _fits(question, option, op, value) for option in known}
    return (
        any_of(*(Has(question.id, option) for option in known if fits[option])),
        any_of(
            _not_applicable(questionnaire, question),
            *(Has(question.id, option) for option in known if not fits[option]),
        ),
    )


def _fits(question: Question, option: str, op: str, value: object) -> bool:
    if op == "in":
        return isinstance(value, tuple) and option in value
    if question.kind == "scale" and isinstance(value, int | float):
        return NUMBERS[op](int(option), value)
    return NUMBERS[op](option == value, True)


def _membership(questionnaire: Questionnaire, name: str, option: str) -> Rails:
    question = _question(questionnaire, name)
    if question.kind != "choices" or option not in question.option_ids:
        raise UntranslatableError(f"{option} cannot be ticked at {name}")
    if option == NONE:  # it stands alone: whoever ticks another did not tick it
        without = any_of(*(Has(name, other) for other in question.option_ids if other != NONE))
    else:
        without = all_of(Plain(name), Lacks(name, option))
    return Has(name, option), any_of(_not_applicable(questionnaire, question), without)


def _answered(question: Question) -> Rails:
    """Has it an answer, other than that this should be talked about?"""
    if question.kind not in CODED:
        return Given(question.id), Given(question.id, there=False)
    options = question.option_ids
    return Plain(question.id), all_of(*(Lacks(question.id, option) for option in options))


def _not_applicable(questionnaire: Questionnaire, question: Question) -> Formula:
    """It is not asked, or asked, optional and left empty."""
    asked, unasked = _asked(questionnaire, question.ask_if)
    if question.required:
        return unasked
    return any_of(unasked, all_of(asked, Given(question.id, there=False)))


# Derived names


def _derived(questionnaire: Questionnaire, name: str, op: str, value: object) -> Rails:
    owner, _, part = name.partition(".")
    if owner == "meds":
        return _medicine(questionnaire, part)
    if not isinstance(value, int | float):
        raise UntranslatableError(f"{name} cannot be compared on a form")
    if name == "age" and _question(questionnaire, "date_of_birth").kind == "date":
        return Age("date_of_birth", op, value), Age("date_of_birth", OPPOSITES[op], value)
    if name == "trials.rows":
        return _rows(questionnaire, "antidepressant_trials", op, value)
    if part == "answered_sum" and owner in questionnaire.instrument:
        for item in questionnaire.instrument[owner].scoring.items:
            _question(questionnaire, item)
        return Points(owner, op, value), Points(owner, OPPOSITES[op], value)
    raise UntranslatableError(f"{name} is not told by the answers alone")


def _rows(questionnaire: Questionnaire, group: str, op: str, value: float) -> Rails:
    unasked = _asked(questionnaire, _question(questionnaire, group).ask_if)[1]
    none = any_of(unasked, Has(NONE_OF_THEM.format(group=group), True))

    def so(op: str) -> Formula:
        counted = all_of(Rows(group, ">", 0), Rows(group, op, value))
        return any_of(counted, none) if NUMBERS[op](0, value) else counted

    return so(op), so(OPPOSITES[op])


# Where medicines are named: group, column of the name, the column that says whether it is taken.
TAKEN = {
    "medications": ("medicine", "last_taken"),
    "antidepressant_trials": ("drug", "still_taking"),
}


def _medicine(questionnaire: Questionnaire, flag: str) -> Rails:
    """False only where all lists of medicines are known. Those of a form without the column of
    names (a de-identified one) tell nothing."""
    groups = [name for name in TAKEN if name in questionnaire.questions]
    for group in groups:
        columns = {column.id for column in questionnaire.questions[group].columns}
        if not columns.issuperset(TAKEN[group]):
            raise UntranslatableError(f"{group} names no medicines")
    if "medications" not in groups or flag == "unrecognised":
        raise UntranslatableError(f"meds.{flag} is not told by the answers alone")
    listed = (_rows(questionnaire, group, ">=", 0)[0] for group in groups)
    return Takes(flag), all_of(Takes(flag, some=False), *listed)
