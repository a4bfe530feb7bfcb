"""Answers that may be a slip: which checks of a page are true of what was typed on it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..questionnaire.answers import UNSURE
from ..questionnaire.conditions import (
    NOT_APPLICABLE,
    UNKNOWN,
    Truth,
    Value,
    condition,
    names,
    parse,
)
from ..questionnaire.definition import TIMES_USUAL_DOSE, Check, Page, Question
from ..questionnaire.medicines import MedicineTable
from ..questionnaire.validation import is_blank
from .facts import Facts
from .trials import judged_as

Row = Mapping[str, object]


@dataclass(frozen=True)
class Doubt:
    """A check that is true, with what it read and is about; `row`: the group's row, from 0."""

    check: Check
    values: Mapping[str, object]
    row: int | None = None

    @property
    def token(self) -> str:
        """What the patient confirms: this check of these very answers."""
        answers = (self.values[name] for name in self.check.about)
        return ":".join(str(part) for part in (self.check.id, self.row, *answers))


def doubts(page: Page, facts: Facts) -> list[Doubt]:
    """The checks of a page of questions that are true of these answers, in order."""
    checks = () if page.group else page.checks
    return [
        Doubt(check, {name: facts.value(name) for name in _names(check)})
        for check in checks
        if facts.holds(check.when) is True
    ]


def row_doubts(page: Page, rows: Mapping[int, Row], table: MedicineTable) -> list[Doubt]:
    """The same of some rows of a group, by number."""
    group = page.group
    return [
        Doubt(check, {name: row.get(name) for name in _names(check)}, number)
        for number, row in rows.items()
        for check in page.checks
        if group and condition(check.when)(RowFacts(group, row, table)) is True
    ]


def _names(check: Check) -> list[str]:
    return list(dict.fromkeys([*check.about, *names(parse(check.when))]))


class RowFacts:
    """One row of a group for conditions: a blank cell is not applicable."""

    def __init__(self, group: Question, row: Row, table: MedicineTable) -> None:
        self.group, self.row, self.table = group, row, table

    def value(self, name: str) -> Value:
        cell = self._times_usual_dose() if name == TIMES_USUAL_DOSE else self.row.get(name)
        if is_blank(cell):
            return NOT_APPLICABLE
        return UNKNOWN if cell == UNSURE else cell  # type: ignore[return-value]

    def answered(self, name: str) -> Truth:
        return not is_blank(self.row.get(name))

    def _times_usual_dose(self) -> float | None:
        """The cell in mg by the least adequate daily dose of the medicine in the first cell."""
        medicine = judged_as(str(self.row.get(self.group.columns[0].id) or ""), self.table)
        least = medicine.min_adequate_daily_dose_mg if medicine else None
        dose = next((self.row.get(c.id) for c in self.group.columns if c.unit == "mg"), None)
        return dose / least if least and isinstance(dose, int | float) else None
