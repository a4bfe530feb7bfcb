"""The clinic's protocol for infusions, read from `content/protocol`: figures, checks, instructions.

Conditions are those of the questionnaire. Where one is not known the line is shown all the same:
what is not known is not "does not apply".
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from .definition import Frozen, Id
from .loader import CONTENT, ContentError

CURRENT = CONTENT / "protocol" / "2026-1.toml"
BOOSTER: Literal["booster"] = "booster"


class Rhythm(Frozen):
    """Two days of the week, Monday is 0."""

    id: Id
    label: str
    weekdays: tuple[int, ...]


class Induction(Frozen):
    """Days are from one infusion to the next."""

    infusions: int
    least_days: int
    most_days: int
    review_gap_days: int
    rhythms: tuple[Rhythm, ...]
    source: str


class Booster(Frozen):
    least_days: int
    most_a_year: int
    full_intake_days: int
    check_in_days: int
    source: str


class Conditional(Frozen):
    """`asked_if`: a condition over the answers; None: for everybody."""

    id: Id
    asked_if: str | None = Field(default=None, alias="if")


class Line(Conditional):
    """A line for staff."""

    text: str


class Check(Line):
    """What is repeated before an infusion: before these of the induction, before boosters."""

    before: tuple[int | Literal["booster"], ...]


class Instruction(Conditional):
    """What a patient is told about the day, in both languages."""

    en: str
    es: str

    def text(self, language: str) -> str:
        return self.es if language == "es" else self.en


class After(Frozen):
    induction: str
    first: str


class Protocol(Frozen):
    version: str
    visit_minutes: int  # from arrival to going home, as the calendar shows it
    induction: Induction
    booster: Booster
    checks: tuple[Check, ...]
    after: After
    dosing: tuple[Line, ...]
    instructions: tuple[Instruction, ...]

    def conditions(self) -> set[str]:
        """Every condition of its lines."""
        lines: tuple[Conditional, ...] = (*self.checks, *self.dosing, *self.instructions)
        return {line.asked_if for line in lines if line.asked_if}


@cache
def current() -> Protocol:
    """The protocol in force, read once a process."""
    return load(CURRENT)


def load(path: Path) -> Protocol:
    """Raises ContentError naming the file and what is wrong in it."""
    try:
        return Protocol.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContentError([f"{path.name}: -: {error}"]) from None
    except ValidationError as error:
        found = error.errors()
        lines = [f"{path.name}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in found]
        raise ContentError(lines) from None
