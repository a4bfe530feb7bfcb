"""Names of medicines that stand for nothing but are close to one: offered on the saved row, and
changed only when the patient says so. No name stands in an address."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..questionnaire.definition import Question
from .current import office

ACTION = "spelling"


def offers(group: Question, number: int, row: Mapping[str, object]) -> list[dict[str, Any]]:
    """What may be meant by the names of row `number`, each with the button's action."""
    return [
        {
            "typed": row[column],
            "choices": [
                {"name": name, "action": f"{ACTION}-{number}-{column}-{choice}"}
                for choice, name in enumerate(names)
            ],
        }
        for column, names in _close(group, row).items()
    ]


def in_doubt(group: Question, rows: Sequence[Mapping[str, object]]) -> bool:
    return any(_close(group, row) for row in rows)


def respelled(group: Question, rows: Sequence[Mapping[str, Any]], action: str) -> Any:
    """The rows with the name that was chosen; as they are when that is offered no more."""
    changed = [dict(row) for row in rows]
    number, column, choice = (action.split("-") + [""] * 3)[1:4]
    if number.isdecimal() and choice.isdecimal() and int(number) < len(changed):
        row = changed[int(number)]
        names = _close(group, row).get(column, ())
        if int(choice) < len(names):
            row[column] = names[int(choice)]
    return changed


def _close(group: Question, row: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """By column: the names that the table has and that were perhaps meant."""
    close = office().questionnaire.medicine_table.close
    found = {c.id: close(str(row.get(c.id) or "")) for c in group.columns if c.suggest}
    return {column: names for column, names in found.items() if names}
