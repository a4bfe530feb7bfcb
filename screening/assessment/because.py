"""Which of the names that a condition reads decide it: what a finding is told to rest on."""

from collections.abc import Iterable, Iterator
from functools import cache

from ..questionnaire.conditions import All, Facts, Node, Not, Some, Test, condition_of, names, parse
from ..questionnaire.definition import Rule
from .facts import Facts as Answered


def deciding(when: str, facts: Facts) -> dict[str, bool]:
    """The names that make the condition true, false or unknown, in order; of an "or" those alone
    that bring it about. The value: does the condition ask for what the name says (False: under a
    "not", so that the name only stands in no way)?"""
    found: dict[str, bool] = {}
    for name, sought in _deciding(parse(when), facts, sought=True):
        found[name] = found.get(name, False) or sought
    return found


def denied(facts: Answered, rules: Iterable[Rule]) -> Iterator[str]:
    """The questions whose "no" decides that one of these rules does not apply, repeats included."""
    for rule in rules:
        if _test(parse(rule.when))(facts) is False:
            yield from (
                name
                for name in deciding(rule.when, facts)
                if name in facts.questionnaire.questions and says_no(facts.value(name))
            )


def says_no(value: object) -> bool:
    """Of a number none does: 0 weeks ago is now."""
    return value is False or value in ("no", "never", ("none",))


def _deciding(node: Node, facts: Facts, *, sought: bool) -> Iterator[tuple[str, bool]]:
    match node:
        case Not(of):
            yield from _deciding(of, facts, sought=not sought)
        case All() | Some():
            for part in _parts(node, facts):
                yield from _deciding(part, facts, sought=sought)
        case _:
            yield from ((name, sought) for name in names(node))


def _parts(node: All | Some, facts: Facts) -> tuple[Node, ...]:
    """One false part is enough for an "and" to be false, one true part for an "or" to be true; an
    "or" is unknown by the parts that are."""
    truth = _test(node)(facts)
    one_is_enough = truth is False if isinstance(node, All) else truth is not False
    if not one_is_enough:
        return node.of
    return tuple(part for part in node.of if _test(part)(facts) is truth)


@cache
def _test(node: Node) -> Test:
    return condition_of(node)
