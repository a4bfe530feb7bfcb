"""What would change a finding: the answers under which its rule would not hold.

Read from the rule's condition and from what is known now. Each way is tried out before it is told:
with a value of each kind it names, the condition is false.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import inf
from typing import cast

from ..questionnaire.answers import NONE
from ..questionnaire.conditions import (
    All,
    Answered,
    Compare,
    Constant,
    Name,
    Node,
    Not,
    Plain,
    Some,
    Truth,
    Value,
    condition,
    condition_of,
    names,
    parse,
)
from ..questionnaire.definition import RULE_KINDS, Questionnaire, Rule
from ..questionnaire.lint_names import Kind, Type, known_names
from .facts import Facts

MOST = 200  # ways looked at; conditions of people have a handful
ANSWERED = "answered"
_OPPOSITE = {
    "==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
    "in": "not in", "has": "lacks", ANSWERED: "not answered",
}  # fmt: skip
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}

# A leaf of a condition and the truth that it should have.
Wish = tuple[Node, bool]
Limit = tuple[str, object]  # what a value must be: ("<=", 140), ("has", "none")


@dataclass(frozen=True)
class Need:
    """What has to hold of one name. `limits` hold together; `value` is one that meets them, None
    where it is enough that the question is answered; `options` are those left of a choice."""

    name: str
    kind: Kind
    limits: tuple[Limit, ...]
    value: Plain | None
    options: tuple[str, ...] = ()
    whole: bool = False
    least: float | None = None


@dataclass(frozen=True)
class Way:
    """Everything in it has to hold, the other answers staying as they are. `then`: rules that may
    hold instead."""

    needs: tuple[Need, ...]
    then: tuple[str, ...] = ()


def ways_out(rule: Rule, facts: Facts) -> tuple[Way, ...]:
    """How the rule, true or undecided now, would become false: the shortest ways first.

    Ways into something at least as grave are left out, unless there is no other.
    """
    tried = _tried(rule, facts, keep=True) or _tried(rule, facts, keep=False)
    told = [_better_options(rule, way, facts) for way in _shortest(tried)]
    better = [way for way in told if not _graver(rule, way, facts)]
    return tuple(replace(way, then=_then(rule, way, facts)) for way in better or told)


def _tried(rule: Rule, facts: Facts, *, keep: bool) -> list[Way]:
    """Ways that hold when tried out. `keep`: a part that speaks against the rule already stays as
    it is; what changes another part may change this one too, and then it has to be looked at."""
    root = parse(rule.when)
    order = list(dict.fromkeys(names(root)))
    wished = (_way(wishes, facts) for wishes in _ways(root, False, facts, keep=keep))
    ways = [_in_order(way, order) for way in wished if way]
    return [way for way in ways if condition(rule.when)(Supposed(facts, way)) is False]


def _in_order(way: Way, order: list[str]) -> Way:
    return Way(tuple(sorted(way.needs, key=lambda need: order.index(need.name))))


def _better_options(rule: Rule, way: Way, facts: Facts) -> Way:
    """The way with those options of a choice left that lead into nothing at least as grave."""
    for place, need in enumerate(way.needs):
        others = [
            option
            for option in need.options
            if not _graver(rule, _with(way, place, replace(need, value=option)), facts)
        ]
        if others:
            way = _with(way, place, replace(need, options=tuple(others), value=others[0]))
    return way


def _with(way: Way, place: int, need: Need) -> Way:
    return Way((*way.needs[:place], need, *way.needs[place + 1 :]))


class Supposed:
    """Facts with other values for the names of a way."""

    def __init__(self, facts: Facts, way: Way) -> None:
        self.facts = facts
        self.values = {n.name: n.value for n in way.needs if n.value is not None}
        self.given = {n.name: _is_answered(n) for n in way.needs}

    def value(self, name: str) -> Value:
        supposed = self.values.get(name)
        return self.facts.value(name) if supposed is None else supposed

    def answered(self, name: str) -> Truth:
        return self.given[name] if name in self.given else self.facts.answered(name)


def _is_answered(need: Need) -> bool:
    return all(op != "not answered" for op, _ in need.limits)


# From a condition to wishes


def _ways(node: Node, target: bool, facts: Facts, *, keep: bool) -> list[frozenset[Wish]]:
    """Sets of leaves with the truth each should have, so that the node is `target`."""
    here = condition_of(node)(facts)
    match node:
        case Not(of):
            return _ways(of, not target, facts, keep=keep)
        case All(of) | Some(of):
            parts = [_ways(part, target, facts, keep=keep) for part in of]
            together = isinstance(node, All) is target
            found = _crossed(parts) if together else [way for part in parts for way in part]
        case _:
            return [frozenset({(node, target)})]
    if keep and here is target:  # nothing has to change for this part
        found = [way for way in found if not _changes(way, facts)]
    return list(dict.fromkeys(found))[:MOST]


def _crossed(parts: list[list[frozenset[Wish]]]) -> list[frozenset[Wish]]:
    found: list[frozenset[Wish]] = [frozenset()]
    for part in parts:
        found = list(dict.fromkeys(a | b for a, b in product(found, part)))[:MOST]
    return found


def _changes(way: Iterable[Wish], facts: Facts) -> list[Wish]:
    return [wish for wish in way if condition_of(wish[0])(facts) is not wish[1]]


def _shortest(ways: list[Way]) -> list[Way]:
    """Without those that ask for all that another asks for, and more."""
    kept: list[Way] = []
    for way in sorted(ways, key=lambda way: len(way.needs)):
        if not any(set(other.needs) <= set(way.needs) for other in kept):
            kept.append(way)
    makes_sense = [way for way in kept if all(map(_is_answered, way.needs))]
    return makes_sense or kept


def _then(rule: Rule, way: Way, facts: Facts) -> tuple[str, ...]:
    """Other rules that are not true now and would be, by the example of this way."""
    supposed = Supposed(facts, way)
    return tuple(
        other.id
        for other in _beside(rule, way, facts)
        if condition(other.when)(supposed) is True and condition(other.when)(facts) is not True
    )


def _graver(rule: Rule, way: Way, facts: Facts) -> bool:
    """Does it lead to a rule at least as grave as this one? Also to one that stays undecided for
    want of other answers, when what is supposed here speaks for it."""
    grave, supposed = RULE_KINDS.index(rule.kind), Supposed(facts, way)
    for other in _beside(rule, way, facts):
        if RULE_KINDS.index(other.kind) <= grave:
            now, then = condition(other.when)(facts), condition(other.when)(supposed)
            if then is True and now is not True:
                return True
            if then is None and any(_turns(leaf, facts, supposed) for leaf in _for(other.when)):
                return True
    return False


def _turns(leaf: Wish, facts: Facts, supposed: Supposed) -> bool:
    test = condition_of(leaf[0])
    return test(supposed) is leaf[1] and test(facts) is not leaf[1]


def _beside(rule: Rule, way: Way, facts: Facts) -> Iterator[Rule]:
    """The other rules that read something of this way."""
    changed = {need.name for need in way.needs}
    found = {other for name in changed for other in _readers(facts.questionnaire).get(name, ())}
    return (other for other in facts.questionnaire.rules if other in found and other is not rule)


@lru_cache(maxsize=8)
def _readers(questionnaire: Questionnaire) -> Mapping[str, tuple[Rule, ...]]:
    found: dict[str, tuple[Rule, ...]] = {}
    for rule in questionnaire.rules:
        for name in dict.fromkeys(names(parse(rule.when))):
            found[name] = (*found.get(name, ()), rule)
    return found


@lru_cache(maxsize=1024)
def _for(when: str) -> tuple[Wish, ...]:
    """The leaves of a condition, each with the truth that speaks for it."""
    return tuple(_leaves(parse(when), True))


def _leaves(node: Node, sign: bool) -> Iterator[Wish]:
    match node:
        case Not(of):
            yield from _leaves(of, not sign)
        case All(of) | Some(of):
            for part in of:
                yield from _leaves(part, sign)
        case _:
            yield node, sign


# From wishes to needs


def _way(wishes: frozenset[Wish], facts: Facts) -> Way | None:
    """What has to change, by name; None when it contradicts itself or cannot be told."""
    limits: dict[str, list[Limit]] = {}
    for leaf, wanted in sorted(wishes, key=repr):
        found = _limit(leaf, wanted)
        if found is None:
            return None
        limits.setdefault(found[0], []).append(found[1])
    changed = {name for leaf, _ in _changes(wishes, facts) for name in names(leaf)}
    needs = [_need(name, limits[name], facts) for name in changed]
    return None if None in needs or not needs else Way(tuple(cast(list[Need], needs)))


def _limit(leaf: Node, wanted: bool) -> tuple[str, Limit] | None:
    match leaf:
        case Answered(name):
            op, value = ANSWERED, cast(object, None)
        case Name(name):
            op, value = "==", True
        case Compare("in", Constant(value), Name(name)):
            op = "has"
        case Compare(op, Name(name), Constant(value)):
            pass
        case Compare(other, Constant(value), Name(name)):
            op = _MIRRORED[other]
        case _:  # two names compared with each other: no value is told
            return None
    return name, (op if wanted else _OPPOSITE[op], value)


def _need(name: str, limits: list[Limit], facts: Facts) -> Need | None:
    of = _known(facts.questionnaire)[name]
    hold = tuple(dict.fromkeys(limits))
    about = tuple(limit for limit in hold if not limit[0].endswith(ANSWERED))
    if not about:
        return Need(name, of.kind, hold, None)
    now = facts.value(name)
    if of.kind == "ticks":
        value: Plain | None = _ticks(of, about, now)
    else:
        fitting = [one for one in _values(of, about, now) if all(_meets(one, x) for x in about)]
        value = fitting[0] if fitting else None
    options = tuple(option for option in of.options if all(_meets(option, x) for x in about))
    left = options if of.kind == "option" else ()
    return None if value is None else Need(name, of.kind, about, value, left, of.whole, of.least)


@lru_cache(maxsize=8)
def _known(questionnaire: Questionnaire) -> Mapping[str, Type]:
    return known_names(questionnaire)


def _meets(value: object, limit: Limit) -> bool:
    op, bound = limit
    match op:
        case "==" | "!=":
            return (value == bound) is (op == "==")
        case "in" | "not in":
            return (value in cast(tuple[object, ...], bound)) is (op == "in")
        case "<" | ">=":
            return (cast(float, value) < cast(float, bound)) is (op == "<")
        case _:
            return (cast(float, value) <= cast(float, bound)) is (op == "<=")


def _values(of: Type, limits: tuple[Limit, ...], now: Value) -> list[Plain]:
    """Values to try: of a number those at the limits, the nearest to what it is now first."""
    if of.kind == "option":
        return list(of.options)
    if of.kind != "number":
        return [True, False] if of.kind == "boolean" else []
    bounds = [bound for _, bound in limits if isinstance(bound, int | float)]
    steps = (0, -1, 1) if of.whole else (0, -0.1, 0.1, -1, 1)
    least = -inf if of.least is None else of.least
    most = inf if of.most is None else of.most
    near = {bound + step for bound in bounds for step in steps} | {least, most} - {-inf, inf}
    middle = now if isinstance(now, int | float) else bounds[0]
    fit: list[float] = [one for one in near if least <= one <= most]
    fit.sort(key=lambda one: (abs(one - middle), one))
    return list(fit)


def _ticks(of: Type, limits: tuple[Limit, ...], now: Value) -> tuple[str, ...] | None:
    """The ticks of now with the fewest changes that meet the limits."""
    wanted = {str(option) for op, option in limits if op == "has"}
    barred = {str(option) for op, option in limits if op == "lacks"}
    if wanted & barred or (NONE in wanted and len(wanted) > 1):
        return None
    kept = {str(tick) for tick in now} if isinstance(now, tuple) else set()
    ticks = (kept - barred) | wanted
    ticks = {NONE} if NONE in wanted else ticks - {NONE} if wanted else ticks
    free = [option for option in of.options if option not in barred]
    if not ticks:
        ticks = {NONE} if NONE in free else set(free[:1])
    return tuple(option for option in of.options if option in ticks) or None
