"""Conditions: a small subset of Python's expression grammar with three results.

`parse` reads a condition once; the tree is compiled to a closure over `Facts`. A result is True,
False or None for unknown (Kleene's logic: `False and None` is False, `True or None` is True). A
name that is not applicable makes every comparison and membership on it false.
"""

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, Protocol

Truth = bool | None


class Unknown:
    """The value of a question that should have an answer and has none that can be read."""

    def __repr__(self) -> str:
        return "UNKNOWN"


class NotApplicable:
    """The value of a question that is not asked, or an optional one left empty."""

    def __repr__(self) -> str:
        return "NOT_APPLICABLE"


UNKNOWN: Final = Unknown()
NOT_APPLICABLE: Final = NotApplicable()
Plain = str | int | float | bool | tuple[str, ...]
Value = Plain | Unknown | NotApplicable


class Facts(Protocol):
    """What a condition reads: the value of a name, and whether a question is answered."""

    def value(self, name: str, /) -> Value: ...

    def answered(self, name: str, /) -> Truth: ...


class ConditionError(ValueError):
    """The text is not a condition of this grammar."""


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Constant:
    value: str | int | float | bool | tuple[str | int | float, ...]


@dataclass(frozen=True)
class Answered:
    name: str


@dataclass(frozen=True)
class Compare:
    op: str
    left: Name | Constant
    right: Name | Constant


@dataclass(frozen=True)
class Not:
    of: "Node"


@dataclass(frozen=True)
class All:
    of: tuple["Node", ...]


@dataclass(frozen=True)
class Some:
    of: tuple["Node", ...]


Node = Name | Constant | Answered | Compare | Not | All | Some
Test = Callable[[Facts], Truth]
Comparison = Callable[[Plain, Plain], bool]

_OPS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=",
    ast.Gt: ">", ast.GtE: ">=", ast.In: "in",
}  # fmt: skip
_COMPARE: dict[str, Comparison] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
    "in": lambda member, of: member in of,  # type: ignore[operator]
}  # fmt: skip
# The same with the sides exchanged.
_EXCHANGED: dict[str, Comparison] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.gt, "<=": operator.ge,
    ">": operator.lt, ">=": operator.le,
    "in": operator.contains,  # type: ignore[dict-item]
}  # fmt: skip


@cache
def parse(text: str) -> Node:
    """The tree of a condition. Raises ConditionError with the reason."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ConditionError(f"cannot be read: {error.msg}") from None
    except ValueError as error:  # a zero byte, in early releases of Python 3.11
        raise ConditionError(f"cannot be read: {error}") from None
    return _node(tree)


@cache
def condition(text: str) -> Test:
    """The condition as a function of facts. Raises ConditionError."""
    return condition_of(parse(text))


def condition_of(node: Node) -> Test:
    """A tree, or a part of one, as a function of facts."""
    return _compile(node)


def names(node: Node) -> Iterator[str]:
    """Every name the condition reads, in order of appearance, repeats included."""
    match node:
        case Name(name) | Answered(name):
            yield name
        case Compare(_, left, right):
            yield from names(left)
            yield from names(right)
        case Not(of):
            yield from names(of)
        case All(of) | Some(of):
            for part in of:
                yield from names(part)


def nodes(node: Node) -> Iterator[Node]:
    """The node and all nodes under it."""
    yield node
    match node:
        case Compare(_, left, right):
            yield from (left, right)
        case Not(of):
            yield from nodes(of)
        case All(of) | Some(of):
            for part in of:
                yield from nodes(part)


def _node(tree: ast.expr) -> Node:
    match tree:
        case ast.BoolOp(ast.And(), values):
            return All(tuple(_node(v) for v in values))
        case ast.BoolOp(ast.Or(), values):
            return Some(tuple(_node(v) for v in values))
        case ast.UnaryOp(ast.Not(), operand):
            return Not(_node(operand))
        case ast.Compare(left, ops, comparators):
            return _comparison(left, ops, comparators)
        case ast.Call(ast.Name("answered"), [ast.Name(name)], []):
            return Answered(name)
        case _:
            return _term(tree)


def _comparison(left: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr]) -> Node:
    parts: list[Node] = []
    for op, right in zip(ops, rights, strict=True):
        if type(op) not in _OPS:
            raise ConditionError(f"operator {type(op).__name__} is not part of the grammar")
        parts.append(Compare(_OPS[type(op)], _term(left), _term(right)))
        left = right
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _term(tree: ast.expr) -> Name | Constant:
    match tree:
        case ast.Name(name):
            return Name(name)
        case ast.Attribute(ast.Name(owner), attribute):
            return Name(f"{owner}.{attribute}")
        case ast.Constant(str() | int() | float() | bool() as value):
            return Constant(value)
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as number)):
            return Constant(-number)
        case ast.Tuple(elements):
            values = [_term(e) for e in elements]
            if all(isinstance(v, Constant) for v in values):
                return Constant(tuple(v.value for v in values))  # type: ignore[misc,union-attr]
    raise ConditionError(f"{ast.unparse(tree)!r} is not part of the grammar")


def _compile(node: Node) -> Test:
    match node:
        case All(of):
            return _all([_compile(part) for part in of])
        case Some(of):
            return _some([_compile(part) for part in of])
        case Not(of):
            return _not(_compile(of))
        case Answered(name):
            return lambda facts: facts.answered(name)
        case Compare(op, left, right):
            return _comparing(op, left, right)
        case Name() | Constant():
            return _alone(node)


def _alone(term: Name | Constant) -> Test:
    if isinstance(term, Constant):
        truth = bool(term.value)
        return lambda facts: truth
    name = term.name
    return lambda facts: _truth(facts.value(name))


def _truth(value: Value) -> Truth:
    if value is UNKNOWN:
        return None
    return value is True


def _comparing(op: str, left: Name | Constant, right: Name | Constant) -> Test:
    """Nearly all compare a name with a constant, and a page is judged by hundreds of them."""
    match left, right:
        case Name(name), Constant(value):
            return _compare_one(_COMPARE[op], name, value)  # type: ignore[arg-type]
        case Constant(value), Name(name):
            return _compare_one(_EXCHANGED[op], name, value)  # type: ignore[arg-type]
        case Name(name), Name(other):
            return _compare_two(_COMPARE[op], name, other)
    truth = _COMPARE[op](left.value, right.value)  # type: ignore[arg-type,union-attr]
    return lambda facts: truth


def _compare_one(op: Comparison, name: str, constant: Plain) -> Test:
    def test(facts: Facts) -> Truth:
        value = facts.value(name)
        if value is NOT_APPLICABLE:
            return False
        if value is UNKNOWN:
            return None
        return op(value, constant)  # type: ignore[arg-type]

    return test


def _compare_two(op: Comparison, left: str, right: str) -> Test:
    def test(facts: Facts) -> Truth:
        values = facts.value(left), facts.value(right)
        if NOT_APPLICABLE in values:
            return False
        if UNKNOWN in values:
            return None
        return op(*values)  # type: ignore[arg-type]

    return test


def _all(parts: list[Test]) -> Test:
    def test(facts: Facts) -> Truth:
        result: Truth = True
        for part in parts:
            truth = part(facts)
            if truth is False:
                return False
            if truth is None:
                result = None
        return result

    return test


def _some(parts: list[Test]) -> Test:
    def test(facts: Facts) -> Truth:
        result: Truth = False
        for part in parts:
            truth = part(facts)
            if truth is True:
                return True
            if truth is None:
                result = None
        return result

    return test


def _not(of: Test) -> Test:
    def test(facts: Facts) -> Truth:
        truth = of(facts)
        return None if truth is None else not truth

    return test
