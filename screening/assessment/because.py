"""Which of the names that a condition reads decide it: what a finding is told to rest on."""

from collections.abc import Iterator
from functools import cache

from ..questionnaire.conditions import All, Facts, Node, Not, Some, Test, condition_of, names, parse


def deciding(when: str, facts: Facts) -> dict[str, bool]:
    """The names that make the condition true, false or unknown, in order; of an "or" those alone
    that bring it about. The value: does the condition ask for what the name says (False: under a
    "not", so that the name only stands in no way)?"""
    found: dict[str, bool] = {}
    for name, sought in _deciding(parse(when), facts, sought=True):
        found[name] = found.get(name, False) or sought
    return found


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
