"""What is wrong with the conditions of a questionnaire: names, types, order, cycles, dead ends."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from .answers import NONE, UNSURE
from .conditions import (
    NOT_APPLICABLE,
    UNKNOWN,
    All,
    Answered,
    Compare,
    ConditionError,
    Constant,
    Name,
    Node,
    Not,
    Some,
    Truth,
    Value,
    condition,
    names,
    nodes,
    parse,
)
from .definition import Question, Questionnaire
from .lint_names import Kind, Known, Type, names_in, sources

ORDER = ("<", "<=", ">", ">=")
STEPS = 50_000  # how many guesses a search may make before it gives up and reports nothing
# Names and types


def faults(text: str, known: Known) -> list[str]:
    """What is wrong with one condition: grammar, unknown names, operators that do not fit."""
    try:
        tree = parse(text)
        return list(dict.fromkeys([*_faults(tree, known), *_missing(tree, known)]))
    except ConditionError as error:
        return [f"condition {text!r} {error}"]


def _missing(tree: Node, known: Known) -> Iterator[str]:
    for name in names(tree):
        for source in sources(name, known) if name in known else ():
            if source not in known:
                yield f"{name} is worked out from {source}, which does not exist"


def _faults(node: Node, known: Known) -> Iterator[str]:
    match node:
        case All(of) | Some(of):
            for part in of:
                yield from _faults(part, known)
        case Not(of):
            yield from _faults(of, known)
        case _:
            unknown = [_unknown(name) for name in names(node) if name not in known]
            yield from unknown or _leaf_faults(node, known)


def _leaf_faults(node: Node, known: Known) -> Iterator[str]:
    match node:
        case Answered(name) if known[name].needs:
            yield f"answered({name}): only a question can be answered"
        case Name(name) if known[name].kind != "boolean":
            yield f"{name} stands alone but is not yes or no: compare it with something"
        case Constant(value) if not isinstance(value, bool):
            yield f"{value!r} stands alone: compare something with it"
        case Compare(op, left, right):
            yield from _comparison(op, left, right, known)


def _unknown(name: str) -> str:
    owner, _, part = name.partition(".")
    if owner == "meds":
        return f"no medicine carries the flag {part!r}"
    return f"unknown name {name}"


def _comparison(
    op: str, left: Name | Constant, right: Name | Constant, known: Known
) -> Iterator[str]:
    if isinstance(left, Constant) and isinstance(right, Constant):
        yield f"{left.value!r} {op} {right.value!r} compares nothing with an answer"
    elif op == "in":
        yield from _membership(left, right, known)
    else:
        a, b = _type(left, known), _type(right, known)
        for side in (a, b):
            if side.kind in ("ticks", "rows"):
                yield f"a list of answers cannot be compared with {op}: use in"
        if op in ORDER and not a.kind == b.kind == "number":
            yield f"{op} compares numbers only"
        elif isinstance(left, Name) and isinstance(right, Name):
            if _family(a) != _family(b):
                yield f"{left.name} and {right.name} are of different kinds"
        else:
            yield from _constant_fits(left, right, known)


def _type(term: Name | Constant, known: Known) -> Type:
    if isinstance(term, Name):
        return known[term.name]
    return Type(_kind_of(term.value))


def _kind_of(value: object) -> Kind:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "ticks" if isinstance(value, tuple) else "text"


def _family(of: Type) -> str:
    return "text" if of.kind == "option" else of.kind


def _constant_fits(left: Name | Constant, right: Name | Constant, known: Known) -> Iterator[str]:
    name, constant = (left, right) if isinstance(left, Name) else (right, left)
    if isinstance(name, Name) and isinstance(constant, Constant):
        yield from _fits(name.name, constant.value, known)


def _fits(name: str, value: object, known: Known) -> Iterator[str]:
    """Can the name ever have this value?"""
    of = known[name]
    if of.kind in ("ticks", "rows") or isinstance(value, tuple):
        return
    if _family(of) != _kind_of(value):
        yield f"{name} is never {value!r}: it is of another kind"
    elif of.kind == "option" and value not in of.options:
        read = ": a condition reads it as unknown" if value == UNSURE else ""
        yield f"{name} has no option {value!r}{read}"


def _membership(left: Name | Constant, right: Name | Constant, known: Known) -> Iterator[str]:
    if isinstance(right, Constant):
        if not isinstance(right.value, tuple):
            yield f"in {right.value!r}: the right side must be a list of answers or (a, b)"
        elif isinstance(left, Name):
            if known[left.name].kind in ("ticks", "rows"):
                yield f"{left.name} holds several answers: write 'option' in {left.name}"
            for value in right.value:
                yield from _fits(left.name, value, known)
    elif known[right.name].kind != "ticks":
        yield f"in {right.name}: it does not hold several answers"
    elif isinstance(left, Constant) and left.value not in known[right.name].options:
        yield f"{right.name} has no option {left.value!r}"
    elif isinstance(left, Name) and known[left.name].kind != "option":
        yield f"{left.name} in {right.name}: only a choice can be looked for"


# Who reads whom


def reads(question: Question, known: Known) -> list[str]:
    """The questions that the question's ask_if reads, directly or through a derived name."""
    read = [source for name in names_in(question.ask_if or "") for source in sources(name, known)]
    return list(dict.fromkeys(read))


def cycles(questionnaire: Questionnaire, known: Known) -> Iterator[tuple[Question, list[str]]]:
    """Questions whose ask_if reads itself, with the way around."""
    graph = {q.id: reads(q, known) for q in questionnaire.questions.values()}
    for question in questionnaire.questions.values():
        way = _way_back(question.id, graph)
        if way:
            yield question, way


def _way_back(start: str, graph: Mapping[str, Sequence[str]]) -> list[str]:
    ways, seen = [[start]], set[str]()
    while ways:
        way = ways.pop(0)
        for read in graph.get(way[-1], ()):
            if read == start:
                return [*way, start]
            if read not in seen:
                seen.add(read)
                ways.append([*way, read])
    return []


# Can it ever be true?


@dataclass
class _Guess:
    """Facts in which only some names are decided yet; the others are unknown in every way."""

    states: dict[str, tuple[Value, Truth]] = field(default_factory=dict)

    def value(self, name: str) -> Value:
        return self.states.get(name, (UNKNOWN, None))[0]

    def answered(self, name: str) -> Truth:
        return self.states.get(name, (UNKNOWN, None))[1]


def can_be_true(text: str, known: Known) -> bool:
    """Is there a combination of values that makes the condition true? Yes when in doubt.

    Tries the options, the numbers on both sides of every constant, unknown and not applicable,
    name by name. What is false while the remaining names are unknown stays false whatever they
    become (Kleene's logic), so most of the combinations are never built.
    """
    tree = parse(text)
    if any(isinstance(n, Compare) and _between_names(n) for n in nodes(tree)):
        return True
    read = list(dict.fromkeys(names(tree)))
    states = {name: _states(name, known[name], tree) for name in read}
    guess, test, budget = _Guess(), condition(text), STEPS

    def search(at: int) -> bool:
        nonlocal budget
        budget -= 1
        truth = test(guess)
        if truth is not None or budget < 0 or at == len(read):
            return truth is True or budget < 0
        for state in states[read[at]]:
            guess.states[read[at]] = state
            if search(at + 1):
                return True
        del guess.states[read[at]]
        return False

    return search(0)


def _between_names(node: Compare) -> bool:
    return isinstance(node.left, Name) and isinstance(node.right, Name)


def _states(name: str, of: Type, tree: Node) -> list[tuple[Value, Truth]]:
    """Values that make a difference to this condition, each with whether it is an answer."""
    return [
        *((value, True) for value in _values(name, of, tree)),
        (UNKNOWN, True),  # "unsure" is an answer
        (UNKNOWN, False),
        (NOT_APPLICABLE, False),
    ]


def _values(name: str, of: Type, tree: Node) -> Sequence[Value]:
    constants = _constants(name, tree)
    match of.kind:
        case "boolean":
            return (True, False)
        case "option":
            return of.options
        case "number":
            numbers = [c for c in constants if _kind_of(c) == "number"]
            return _numbers(of, sorted({float(c) for c in numbers}))
        case "ticks":
            ticks = [str(c) for c in constants]
            several = [c for n in range(len(ticks) + 1) for c in combinations(ticks, n)]
            return [c for c in several if NONE not in c or len(c) == 1]
        case "text":
            return [*(str(c) for c in constants), "\0 any other text"]
        case _:
            return ("\0 rows",)


def _constants(name: str, tree: Node) -> list[str | int | float]:
    """The constants that the condition compares with this name."""
    found: dict[str | int | float, None] = {}
    for node in nodes(tree):
        match node:
            case Compare(_, Name(n), Constant(v)) | Compare(_, Constant(v), Name(n)) if n == name:
                found.update(dict.fromkeys(v if isinstance(v, tuple) else (v,)))
    return list(found)


def _numbers(of: Type, constants: list[float]) -> list[float]:
    """Every constant, the ends of the range, and a number between each two of them."""
    low = of.least if of.least is not None else min(constants, default=0) - 1
    high = of.most if of.most is not None else max([low, *constants]) + 1
    points = sorted({float(low), float(high), *(c for c in constants if low <= c <= high)})
    between = [(a + b) / 2 for a, b in pairwise(points)]
    if of.whole:
        points = [p for p in points if p.is_integer()]
        between = [float(int(p)) for p in between]
    return sorted({*points, *between})
