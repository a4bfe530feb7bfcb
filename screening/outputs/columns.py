"""The columns of the export, derived from the definition alone.

A question is one column of its own name; a `choices` question is `ID___option`, one column an
option; a group is `ID_1_column` for as many rows as the fullest submission has. The order is the
definition's `export_order`, so that pages may move and added questions come last.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ..questionnaire.definition import Column as GroupColumn
from ..questionnaire.definition import Instrument, Option, Question, Questionnaire

Block = Literal["answers", "results", "origin", "staff"]
BLOCKS: tuple[Block, ...] = ("answers", "results", "origin", "staff")
Widths = Mapping[str, int]  # group id -> how many rows it is given

UNDECIDED = "?"  # after the id of a finding that could not be decided
SEPARATOR = ";"  # between findings


@dataclass(frozen=True)
class Column:
    """One column. `question` is None for what was worked out; `option` is set for a column of a
    `choices` question, `cell` and `row` (from 1) for one of a group."""

    name: str
    block: Block
    label: str
    question: Question | None = None
    option: Option | None = None
    cell: GroupColumn | None = None
    row: int = 0
    kind: str = ""  # of what was worked out
    codes: tuple[tuple[str, str], ...] = ()  # of what was worked out: (value, meaning)
    limits: tuple[float, float] | None = None
    instrument: Instrument | None = None


def columns(questionnaire: Questionnaire, widths: Widths) -> list[Column]:
    """All columns in order. A group without a width has no columns."""
    asked = [c for q in exported(questionnaire) for c in question_columns(q, widths)]
    return [*asked, *_results(questionnaire), *ORIGIN, *STAFF]


def merged(questionnaires: Iterable[Questionnaire], widths: Widths) -> list[Column]:
    """The columns of several versions together: those of the first, then what others add."""
    found: dict[str, Column] = {}
    for questionnaire in questionnaires:
        for column in columns(questionnaire, widths):
            found.setdefault(column.name, column)
    return [column for block in BLOCKS for column in found.values() if column.block == block]


def exported(questionnaire: Questionnaire) -> list[Question]:
    """The questions, the clinician's too, in the order of their columns."""
    questions = questionnaire.questions
    listed = [name for name in questionnaire.export_order if name in questions]
    return [questions[name] for name in dict.fromkeys([*listed, *questions])]


def groups(questionnaire: Questionnaire) -> list[str]:
    return [q.id for q in questionnaire.questions.values() if q.kind == "group"]


def question_columns(question: Question, widths: Widths) -> list[Column]:
    return list(_OF_KIND.get(question.kind, _one)(question, widths))


def _one(question: Question, widths: Widths) -> Iterator[Column]:
    yield Column(question.id, "answers", question.label, question)


def _one_an_option(question: Question, widths: Widths) -> Iterator[Column]:
    for option in question.options:
        name = f"{question.id}___{option.id}"
        label = f"{question.label}: {option.label or option.en}"
        yield Column(name, "answers", label, question, option=option)


def _one_a_cell(question: Question, widths: Widths) -> Iterator[Column]:
    for row in range(1, widths.get(question.id, 0) + 1):
        for cell in question.columns:
            name = f"{question.id}_{row}_{cell.id}"
            label = f"{question.label} {row}: {cell.label}"
            yield Column(name, "answers", label, question, cell=cell, row=row)


_OF_KIND: dict[str, Callable[[Question, Widths], Iterator[Column]]] = {
    "choices": _one_an_option,
    "group": _one_a_cell,
}


# What was worked out of what is known now

OUTCOME_CODES = (
    ("urgent", "a met urgent finding"),
    ("excluded", "a met exclusion"),
    ("clearance", "something to clear first"),
    ("candidate", "none of these"),
)
OUTCOME = Column(
    "outcome",
    "results",
    "Outcome of the screening; the physician decides",
    kind="choice",
    codes=OUTCOME_CODES,
)
FINDINGS = Column(
    "findings",
    "results",
    f"Ids of the rules that are met, separated by {SEPARATOR!r}; an id that ends in "
    f"{UNDECIDED!r} could not be decided from the answers",
    kind="text",
)
ORIGIN = (
    Column(
        "reference",
        "origin",
        "Reference of the intake; in a de-identified export a random id",
        kind="text",
    ),
    Column(
        "submitted_at",
        "origin",
        "When it was sent: ISO 8601, the clinic's time with its distance from UTC; in a "
        "de-identified export the year",
        kind="datetime",
    ),
    Column("questionnaire", "origin", "Version of the questionnaire", kind="text"),
)
# What staff added since it was sent.
STAFF = (
    Column(
        "changed_by_staff",
        "staff",
        f"Ids of the questions whose answer staff measured or amended, separated by {SEPARATOR!r}",
        kind="text",
    ),
    Column(
        "decision",
        "staff",
        "The physician's signed decision that holds; empty while there is none",
        kind="choice",
        codes=(
            ("candidate", "Candidate"),
            ("not-now", "Not now"),
            ("not-a-candidate", "Not a candidate"),
            ("clearance", "Needs clearance"),
            ("refer", "Refer"),
        ),
    ),
    Column("decided_at", "staff", "When it was signed, as submitted_at", kind="datetime"),
    Column(
        "outcome_as_sent",
        "staff",
        "Outcome of what the patient sent, before staff measured or amended anything",
        kind="choice",
        codes=OUTCOME_CODES,
    ),
)
STATUSES = (
    ("complete", "every scored item was answered"),
    ("prorated", "items to talk about in person were prorated"),
    ("invalid", "no valid total"),
    ("incomplete", "an item that was asked has no answer"),
)


def _results(questionnaire: Questionnaire) -> Iterator[Column]:
    yield OUTCOME
    yield FINDINGS
    for instrument in questionnaire.instruments:
        yield from score_columns(instrument)


def score_columns(instrument: Instrument) -> Iterator[Column]:
    """A ladder's level, or a total with its band if it has bands; then the status."""
    for part in score_parts(instrument):
        label, kind, codes = _SCORE_PARTS[part](instrument)
        yield Column(
            f"{instrument.id}_{part}",
            "results",
            f"{instrument.short_name} {label}",
            kind=kind,
            codes=codes,
            limits=instrument.scoring.range if part == "total" else None,
            instrument=instrument,
        )


def score_parts(instrument: Instrument) -> tuple[str, ...]:
    """The attributes of a score that are exported."""
    if instrument.scoring.method == "ladder":
        return ("level", "status")
    return ("total", "band", "status") if instrument.scoring.bands else ("total", "status")


Described = tuple[str, str, tuple[tuple[str, str], ...]]


def _total(instrument: Instrument) -> Described:
    return "total; empty without a valid one", "decimal", ()


def _band(instrument: Instrument) -> Described:
    return "band", "choice", tuple((b.id, b.label) for b in instrument.scoring.bands)


def _level(instrument: Instrument) -> Described:
    rungs = tuple((rung.level, rung.label) for rung in instrument.scoring.rungs)
    return "level", "choice", (*rungs, ("undetermined", "Not determined"))


def _status(instrument: Instrument) -> Described:
    return "status; empty when it was not asked", "choice", STATUSES


_SCORE_PARTS: dict[str, Callable[[Instrument], Described]] = {
    "total": _total,
    "band": _band,
    "level": _level,
    "status": _status,
}
