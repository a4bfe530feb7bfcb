"""The treatment history and the medicines of a Record, in words: a row each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from . import wording
from .assessment.facts import Facts
from .assessment.results import Assessment, Trial
from .assessment.trials import judged_as
from .questionnaire.definition import Medicine, Question
from .questionnaire.medicines import current_names

Cells = Mapping[str, object]


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
    least: str = ""  # the minimum adequate dose a day; "" where the dose is not judged
    remarks: tuple[str, ...] = ()  # "still taken", "stopped for side effects"


@dataclass(frozen=True)
class MedicineRow:
    """One medicine that is taken, as typed, with what the clinic's table says of it.

    `known_as` is "" where the table has no such name; nothing is known of it then.
    """

    name: str
    dose: str
    frequency: str
    last_taken: str
    current: bool  # taken within a month; only then a rule reads it
    known_as: str
    flags: tuple[str, ...]  # in words: "opioid", "blood pressure medicine"
    weight: str  # what the table asks for: "To clear", "Note"; "" where it has nothing to say
    notes: tuple[str, ...]
    listed: bool = True  # among the medicines; else a trial that is still taken


def trial_rows(assessment: Assessment, facts: Facts) -> Iterator[TrialRow]:
    """A row for each trial that the patient listed, beside its verdict; none without a history."""
    rows = facts.rows("antidepressant_trials") or []
    question = facts.questionnaire.questions.get("antidepressant_trials")
    if question is None or assessment.treatment is None:
        return
    for row, trial in zip(rows, assessment.treatment.trials, strict=True):
        yield _trial_row(question, row, trial, judged_as(trial.typed, facts.medicines))


def _trial_row(question: Question, row: Cells, trial: Trial, medicine: Medicine | None) -> TrialRow:
    cell = {c.id: wording.cell_in_words(c, row.get(c.id)) for c in question.columns}
    counted = trial.drug or "not in the medicine table"
    return TrialRow(
        drug=trial.typed,
        counted_as=counted if trial.drug_class is None else f"{counted} ({trial.drug_class})",
        dose=cell["max_daily_dose_mg"] or wording.NOT_GIVEN,
        weeks=cell["weeks"] or wording.NOT_GIVEN,
        improvement=cell["improvement"] or wording.NOT_GIVEN,
        episode=cell["this_episode"] or wording.NOT_GIVEN,
        added_to=cell["added_to"],
        verdict=trial.verdict,
        note=wording.VERDICTS[trial.verdict],
        least=_least(trial, medicine),
        remarks=tuple(words for (name, said), words in REMARKS.items() if row.get(name) == said),
    )


# What else is said of a trial and bears on its verdict: (column, answer) and its words.
REMARKS = {
    ("most_days", "no"): "not taken on most days",
    ("most_days", "unsure"): "most days: not sure",
    ("wore_off", "yes"): "wore off",
    ("stopped_for_side_effects", "yes"): "stopped for side effects",
    ("still_taking", "yes"): "still taken",
}


def _least(trial: Trial, medicine: Medicine | None) -> str:
    """The minimum adequate dose that the trial was judged by (source: medications.csv)."""
    dose = medicine.min_adequate_daily_dose_mg if medicine else None
    judged = trial.verdict != "other-treatment" and not trial.augmentation
    return wording.with_unit(dose, "mg") if dose is not None and judged else ""


def medicine_rows(facts: Facts) -> Iterator[MedicineRow]:
    """What is taken: the listed medicines, then trial drugs still taken that are not among them."""
    listed = facts.rows("medications") or []
    question = facts.questionnaire.questions.get("medications")
    if question is not None:
        for row in listed:
            cell = {c.id: wording.cell_in_words(c, row.get(c.id)) for c in question.columns}
            yield _medicine_row(facts, cell, current=bool(current_names([row])))
    known = {m.drug for name in current_names(listed) for m in facts.medicines.find(name)}
    for trial in facts.rows("antidepressant_trials") or []:
        drug = str(trial.get("drug") or "").strip()
        found = {m.drug for m in facts.medicines.find(drug)}
        if drug and trial.get("still_taking") == "yes" and not (found and found <= known):
            taken = {"medicine": drug, "frequency": "still taken, named among past treatments"}
            yield replace(_medicine_row(facts, taken, current=True), listed=False)


def _medicine_row(facts: Facts, cell: Mapping[str, str], *, current: bool) -> MedicineRow:
    name = cell.get("medicine", "").strip()
    found = facts.medicines.find(name)
    flags = (flag for medicine in found for flag in sorted(medicine.flags))
    heaviest = max((m.interaction for m in found), key=WEIGHTS.index, default="none")
    return MedicineRow(
        name=name,
        dose=cell.get("dose", ""),
        frequency=cell.get("frequency", ""),
        last_taken=cell.get("last_taken", ""),
        current=current,
        known_as="; ".join(f"{m.generic} ({m.drug_class})" for m in found),
        flags=tuple(dict.fromkeys(wording.FLAG_WORDS[f] for f in flags if f in wording.FLAG_WORDS)),
        weight=wording.INTERACTIONS[heaviest],
        notes=tuple(dict.fromkeys(m.interaction_note for m in found if m.interaction_note)),
    )


# The column `interaction` of medications.csv, the heaviest last.
WEIGHTS = ("none", "note", "caution", "clear", "exclude")
