"""One Record: the rows that the review page, the PDF and every export read.

Built from a definition, the stored answers and their assessment; knows no storage and no output.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from .assessment.results import Assessment, Finding
from .questionnaire.answers import Answers
from .questionnaire.definition import Questionnaire

# not-asked: does not apply. unknown-asked: a follow-up that was not reached because the answer
# before it is not known. Both are kept apart from an answer that is missing.
State = Literal["answered", "unsure", "discuss", "not-answered", "not-asked"]


@dataclass(frozen=True)
class Cell:
    column: str
    label: str
    text: str  # "" = left blank


@dataclass(frozen=True)
class Row:
    """One question in one submission. `text` is English, but the patient's own words stay as typed."""

    question: str
    label: str
    kind: str
    state: State
    value: object
    text: str
    cells: tuple[tuple[Cell, ...], ...] = ()  # of a group, one tuple a row
    privacy: str | None = None
    own_words: bool = False


@dataclass(frozen=True)
class SectionRows:
    id: str
    label: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class FindingRow:
    """A finding with its sentence, the answers it read in words, and its sources in full."""

    finding: Finding
    says: str
    why: str
    read: tuple[tuple[str, str], ...]  # (label, answer in words)
    sources: tuple[str, ...]


@dataclass(frozen=True)
class ScoreRow:
    """A score ready to draw. `fraction` is total / highest possible, 0 to 1, None without a total."""

    instrument: str
    name: str
    total: str  # "17", "4.3", or "" without a total
    highest: str
    band: str  # the band's or level's label
    status: str
    fraction: float | None
    cut: float | None  # the positive cut as a fraction, 0 to 1
    attribution: str


@dataclass(frozen=True)
class TrialRow:
    """One trial as the physician reads it. `note` explains the verdict in a few words."""

    drug: str
    counted_as: str
    dose: str
    weeks: str
    improvement: str
    episode: str
    added_to: str
    verdict: str
    note: str


@dataclass(frozen=True)
class Record:
    reference: str
    submitted_at: datetime  # in the clinic's time zone
    name: str
    preferred_name: str
    date_of_birth: date | None
    age: int | None
    language: str
    main_concern: str
    filled_in_by: str  # "" = the patient
    answers: Answers
    assessment: Assessment
    questionnaire: Questionnaire
    sections: tuple[SectionRows, ...]
    findings: tuple[FindingRow, ...]  # met, in the order of the assessment
    unknowns: tuple[tuple[str, tuple[FindingRow, ...]], ...]  # grouped by the question's label
    scores: tuple[ScoreRow, ...]
    trials: tuple[TrialRow, ...]
    outcome: str  # "Clearance needed"
