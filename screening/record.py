"""One Record: the rows that the review page, the PDF and every export read.

Built from a definition, the stored answers and their assessment; knows no storage and no output.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast

from . import wording
from .assessment.because import deciding, denied, says_no
from .assessment.facts import Facts
from .assessment.results import Assessment, Finding, Score
from .history import MedicineRow, TrialRow, medicine_rows, trial_rows
from .questionnaire.answers import DISCUSS, UNSURE, Answers
from .questionnaire.conditions import UNKNOWN, names, parse
from .questionnaire.definition import (
    RULE_KINDS,
    Instrument,
    Question,
    Questionnaire,
    RuleKind,
    Section,
)

PRESSURE = ("systolic", "diastolic")
# not-asked: it does not apply, or it follows an answer that is not known.
State = Literal["answered", "unsure", "discuss", "not-answered", "not-asked"]


@dataclass(frozen=True)
class Cell:
    column: str
    label: str
    text: str  # "" = left blank


@dataclass(frozen=True)
class Row:
    """One question in one submission. `text` is English; the patient's own words stay as typed."""

    question: str
    label: str
    kind: str
    state: State
    value: object
    text: str
    cells: tuple[tuple[Cell, ...], ...] = ()  # of a group, one tuple a row
    privacy: str | None = None
    own_words: bool = False
    optional: bool = False  # a question that may be left empty
    of_staff: bool = False  # asked of the clinician, not of the patient
    by: str = ""  # who says so, where it is not the patient: "Dr. Okafor"
    at: datetime | None = None  # when they said so, in the clinic's time zone
    reason: str = ""  # why they corrected it
    was: str | None = None  # as it was sent, in words, where that differs


@dataclass(frozen=True)
class SectionRows:
    id: str
    label: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class FindingRow:
    """A finding with its sentence, the answers it read in words, and its sources in full.

    `kind` is the rule's own: an unknown finding counts as `clear` and may still be of an urgent
    rule. `settles`: what would settle it; "" where nothing does.
    """

    finding: Finding
    kind: RuleKind
    says: str
    why: str
    settles: str
    read: tuple[tuple[str, str], ...]  # (label, answer in words)
    sources: tuple[str, ...]


@dataclass(frozen=True)
class ScoreRow:
    """A score ready to draw. `fraction` is total / highest possible, None without a total."""

    instrument: str
    name: str
    total: str  # "17", "4.3", or "" without a total
    highest: str
    band: str  # the band's or level's label
    status: str
    fraction: float | None
    cut: float | None  # the positive cut as a fraction, 0 to 1
    attribution: str
    steps: tuple[float, ...] = ()  # where each band but the first begins, as a fraction
    positive: str = ""  # the positive cut: "10"


@dataclass(frozen=True)
class IndicationRow:
    """A condition that help is sought for, and what its criterion read."""

    condition: str  # "Depression"
    status: str  # "met", "unknown", "not-met"
    read: tuple[tuple[str, str], ...]  # (label, value in words)


@dataclass(frozen=True)
class Change:
    """What staff changed at once. `lines`: (question, what stood there, what stands there now)."""

    number: int  # of the chart's entry
    at: datetime  # in the clinic's time zone
    by: str
    reason: str  # "" of a measurement
    lines: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Compared:
    """The assessment as the intake was sent, beside the one of now, each finding with its words."""

    outcome: str  # "Clearance needed"
    assessment: Assessment
    appeared: tuple[tuple[Finding, str], ...]  # new, or met where it was unknown, or the reverse
    gone: tuple[tuple[Finding, str], ...]


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
    medicines: tuple[MedicineRow, ...] = ()
    indications: tuple[IndicationRow, ...] = ()
    weight_kg: float | None = None
    bmi: float | None = None
    sent: Compared | None = None  # where staff changed something since
    changes: tuple[Change, ...] = ()  # by staff, the oldest first
    denied: tuple[str, ...] = ()  # asked and answered no, where a yes would be urgent or exclude

    @property
    def is_check_in(self) -> bool:
        """Of a patient who comes back; a repeated intake is none."""
        return self.questionnaire.kind == "check-in"


def build_record(
    questionnaire: Questionnaire,
    answers: Answers,
    assessment: Assessment,
    *,
    as_of: date,
    reference: str,
    submitted_at: datetime,
) -> Record:
    """The record of one intake. `as_of` is the day it was assessed; `submitted_at`: clinic time."""
    facts = Facts(questionnaire, answers, as_of)
    met = [f for f in assessment.findings if f.status == "met"]
    unknown = [f for f in assessment.findings if f.status == "unknown"]
    return Record(
        reference=reference,
        submitted_at=submitted_at,
        name=full_name(answers),
        preferred_name=str(answers.get("preferred_name", "")),
        date_of_birth=born(answers),
        age=age if isinstance(age := facts.value("age"), int) else None,
        language=str(answers.get("language", "en")),
        main_concern=_said(facts, "main_concern"),
        filled_in_by=_filled_in_by(facts),
        answers=answers,
        assessment=assessment,
        questionnaire=questionnaire,
        sections=tuple(_section(section, facts) for section in questionnaire.sections),
        findings=tuple(_finding_row(finding, facts) for finding in met),
        unknowns=_by_question(unknown, facts),
        scores=tuple(_score_row(score, facts) for score in assessment.scores),
        trials=tuple(trial_rows(assessment, facts)),
        outcome=wording.OUTCOMES[assessment.outcome],
        medicines=tuple(medicine_rows(facts)),
        indications=tuple(_indication(name, assessment, facts) for name in assessment.indications),
        weight_kg=_figure(facts, "weight_kg", "weight_lb"),
        bmi=_figure(facts, "bmi", "weight_lb", "height_in"),
        denied=_denied(facts, assessment),
    )


def _denied(facts: Facts, assessment: Assessment) -> tuple[str, ...]:
    grave = [rule for rule in facts.questionnaire.rules if rule.kind in ("urgent", "exclude")]
    told = {name for finding in assessment.findings for name in finding.reads}
    names = [name for name in dict.fromkeys(denied(facts, grave)) if name not in told]
    return tuple(wording.name_label(facts, name) for name in names)


def full_name(answers: Answers) -> str:
    return f"{answers.get('first_name', '')} {answers.get('last_name', '')}".strip()


def born(answers: Answers) -> date | None:
    given = answers.get("date_of_birth")
    return date.fromisoformat(given) if isinstance(given, str) else None


def _said(facts: Facts, name: str) -> str:
    question = facts.questionnaire.questions.get(name)
    answer = facts.answers.get(name)
    return wording.in_words(question, answer) if question and answer is not None else ""


def _filled_in_by(facts: Facts) -> str:
    if facts.answers.get("filling_in_for") != "someone-else":
        return ""
    parts = (_said(facts, "filled_in_by"), _said(facts, "filled_in_by_role"))
    return ", ".join(part for part in parts if part) or "someone else"


# Every answer by section


def _section(section: Section, facts: Facts) -> SectionRows:
    rows = tuple(_row(question, facts) for question in section.questions)
    return SectionRows(section.id, section.label, rows)


def _row(question: Question, facts: Facts) -> Row:
    answer = facts.answers.get(question.id)
    state = row_state(question, facts)
    return Row(
        question=question.id,
        label=question.label,
        kind=question.kind,
        state=state,
        value=answer if state in ("answered", "unsure", "discuss") else None,
        text=wording.in_words(question, answer) if state in ("answered", "unsure") else "",
        cells=_cells(question, answer) if state == "answered" else (),
        privacy=question.privacy,
        own_words=question.kind in ("text", "longtext"),
        optional=not question.required,
        of_staff=question.audience == "clinician",
    )


def row_state(question: Question, facts: Facts) -> State:
    """Answered, unsure, to talk about, missing, or never asked: five things, never merged."""
    answer = facts.answers.get(question.id)
    if facts.asked(question.id) is not True:
        return "not-asked"
    if answer is None:
        return "not-answered"
    if answer == DISCUSS and question.sensitive:
        return "discuss"
    return "unsure" if answer in (UNSURE, [UNSURE]) else "answered"


def _cells(question: Question, answer: object) -> tuple[tuple[Cell, ...], ...]:
    if question.kind != "group":
        return ()
    return tuple(
        tuple(
            Cell(c.id, c.label, wording.cell_in_words(c, row.get(c.id))) for c in question.columns
        )
        for row in cast(Sequence[Mapping[str, object]], answer)
    )


# Findings


def _finding_row(finding: Finding, facts: Facts) -> FindingRow:
    rule = facts.questionnaire.rule[finding.rule]
    return FindingRow(
        finding=finding,
        kind=rule.kind,
        says=rule.says,
        why=rule.why,
        settles=rule.settles,
        read=tuple(_reads(finding, facts)),
        sources=tuple(facts.questionnaire.sources.get(key, key) for key in rule.sources),
    )


def _reads(finding: Finding, facts: Facts) -> list[tuple[str, str]]:
    """What the rule rests on, in words. A "no" that the rule does not ask for is left out where
    others say more."""
    because = deciding(facts.questionnaire.rule[finding.rule].when, facts)
    if because.keys() & set(PRESSURE):  # one number of a pair says little
        because |= {name: True for name in PRESSURE if name in finding.reads}
    read = [(n, wording.name_in_words(facts, n)) for n in because if n in finding.reads]
    told = [
        (n, words) for n, words in read if words and (because[n] or not says_no(facts.value(n)))
    ]
    shown = told or [(name, words) for name, words in read if words]
    return [(wording.name_label(facts, name), words) for name, words in shown]


def _by_question(
    unknown: Iterable[Finding], facts: Facts
) -> tuple[tuple[str, tuple[FindingRow, ...]], ...]:
    """The undecided rules under the first thing each of them does not know, the gravest first."""
    groups: dict[str, list[FindingRow]] = {}
    for finding in unknown:
        name = next((n for n in finding.reads if facts.value(n) is UNKNOWN), "")
        label = (
            wording.name_label(facts, name) if name else facts.questionnaire.rule[finding.rule].says
        )
        groups.setdefault(label, []).append(_finding_row(finding, facts))
    gravest = {
        label: min(RULE_KINDS.index(row.kind) for row in rows) for label, rows in groups.items()
    }
    return tuple((label, tuple(groups[label])) for label in sorted(groups, key=gravest.__getitem__))


# Indications


def _indication(sought: str, assessment: Assessment, facts: Facts) -> IndicationRow:
    question = facts.questionnaire.questions.get("seeking_help_for")
    option = question.option(sought) if question else None
    criterion = facts.questionnaire.indications.get(sought)
    read = dict.fromkeys(names(parse(criterion))) if criterion else {}
    told = ((wording.name_label(facts, n), wording.name_in_words(facts, n)) for n in read)
    return IndicationRow(
        condition=(option.label or option.en) if option else sought,
        status=assessment.indications[sought],
        read=tuple((label, words) for label, words in told if words),
    )


def _figure(facts: Facts, name: str, *reads: str) -> float | None:
    """A derived number; None where it is not known, or what it is made of is not asked."""
    value = facts.value(name) if set(reads) <= set(facts.questionnaire.questions) else None
    return float(value) if isinstance(value, int | float) else None


# Scores


def _score_row(score: Score, facts: Facts) -> ScoreRow:
    instrument = facts.questionnaire.instrument[score.instrument]
    highest = instrument.scoring.range[1] if instrument.scoring.range else None
    cut = instrument.scoring.positive
    return ScoreRow(
        instrument=score.instrument,
        name=instrument.short_name,
        total="" if score.total is None else f"{score.total:g}",
        highest="" if highest is None else f"{highest:g}",
        band=_band_label(score, instrument),
        status=score.status,
        fraction=score.total / highest if score.total is not None and highest else None,
        cut=cut / highest if cut is not None and highest else None,
        attribution=instrument.attribution,
        steps=tuple(band.min / highest for band in instrument.scoring.bands[1:] if highest),
        positive="" if cut is None else f"{cut:g}",
    )


def _band_label(score: Score, instrument: Instrument) -> str:
    scoring = instrument.scoring
    labels = {band.id: band.label for band in scoring.bands}
    labels |= {rung.level: rung.label for rung in scoring.rungs} | {
        "undetermined": "Not determined"
    }
    return labels.get(score.band or score.level or "", "No valid total")
