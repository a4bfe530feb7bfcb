"""Is a formula of `outputs.fhir.enabling` true of somebody? By the answers as they were sent."""

from collections.abc import Callable
from datetime import date
from typing import Any

from screening.assessment.facts import Facts
from screening.outputs.fhir.enabling import (
    NUMBERS,
    Age,
    And,
    Formula,
    Given,
    Has,
    Lacks,
    Number,
    Or,
    Plain,
    Points,
    Rows,
    Takes,
)
from screening.outputs.formats import Sent
from screening.questionnaire.validation import age_on


def holds_for(sent: Sent) -> Facts:
    """What is asked of the sender: a renderer drops answers to what it does not ask."""
    return Facts(sent.questionnaire, sent.answers, date.fromisoformat(sent.as_of))


def holds(formula: Formula, facts: Facts) -> bool:
    if isinstance(formula, And):
        return all(holds(part, facts) for part in formula.of)
    if isinstance(formula, Or):
        return any(holds(part, facts) for part in formula.of)
    return _ATOMS[type(formula)](formula, facts)


def _chosen(facts: Facts, name: str) -> list[str]:
    answer: Any = facts.answers.get(name)
    if facts.asked(name) is not True or answer is None:
        return []
    return [str(each) for each in (answer if isinstance(answer, list) else [answer])]


def _has(atom: Has, facts: Facts) -> bool:
    if isinstance(atom.option, bool):  # the tick of a group
        return facts.answers.get(atom.question.removesuffix(".none")) == []
    return atom.option in _chosen(facts, atom.question)


def _number(atom: Number, facts: Facts) -> bool:
    value = facts.answers.get(atom.question) if facts.asked(atom.question) is True else None
    return isinstance(value, int | float) and NUMBERS[atom.op](value, atom.than)


def _age(atom: Age, facts: Facts) -> bool:
    born: Any = facts.answers.get(atom.question)
    return bool(born) and NUMBERS[atom.op](age_on(date.fromisoformat(born), facts.today), atom.than)


def _points(atom: Points, facts: Facts) -> bool:
    said = (_chosen(facts, item) for item in _items(facts, atom.instrument))
    worth = {"yes": 1, "no": 0, "discuss": 0}
    points = sum(worth[one[0]] if one[0] in worth else int(one[0]) for one in said if one)
    return NUMBERS[atom.op](points, atom.than)


def _items(facts: Facts, instrument: str) -> tuple[str, ...]:
    return facts.questionnaire.instrument[instrument].scoring.items


def _rows(atom: Rows, facts: Facts) -> bool:
    rows: Any = facts.answers.get(atom.group) or []
    return NUMBERS[atom.op](len(rows), atom.than)


_ATOMS: dict[type, Callable[[Any, Facts], bool]] = {
    Has: _has,
    Lacks: lambda atom, facts: atom.option not in _chosen(facts, atom.question),
    Plain: lambda atom, facts: _chosen(facts, atom.question) not in ([], ["discuss"]),
    Number: _number,
    Given: lambda atom, facts: bool(_chosen(facts, atom.question)) is atom.there,
    Age: _age,
    Points: _points,
    Rows: _rows,
    Takes: lambda atom, facts: (atom.flag in facts.medicine_flags) is atom.some,
}
