"""Answers, verdicts and outcomes in the physician's English. Pure; serves `record`."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from .assessment.facts import Facts
from .assessment.results import Outcome, Verdict
from .questionnaire.answers import DISCUSS, UNSURE
from .questionnaire.conditions import NOT_APPLICABLE, UNKNOWN
from .questionnaire.definition import Column, Question
from .questionnaire.medicines import current_names, still_taken

OUTCOMES: dict[Outcome, str] = {
    "urgent": "Urgent: act today",
    "excluded": "Exclusion reported",
    "clearance": "Clearance needed",
    "candidate": "Candidate for review",
}
VERDICTS: dict[Verdict, str] = {
    "failed": "adequate trial, under 50% better",
    "borderline": "4 to 6 weeks, under 50% better: counted in the lenient total only",
    "dose-low": "highest dose under the adequate minimum",
    "too-short": "under 4 weeks at that dose",
    "intolerant": "stopped early for side effects",
    "response": "50% better or more, held",
    "response-lost": "50% better or more, then wore off",
    "unknown": "dose, time, benefit or regular use not known: records needed",
    "not-antidepressant": "not an antidepressant at this dose",
    "other-treatment": "not a medicine trial: see other treatments",
}
TRD = {
    "met": "Two or more adequate antidepressant trials failed in this episode",
    "possible": "Two adequate failed trials are possible: records needed",
    "not-shown": "Two adequate failed trials not shown",
    "physician-to-judge": "Bipolar depression: physician to judge",
    None: "Not computed: help is not sought for depression",
}
NOT_GIVEN = "not given"
TALK = "wants to talk about it in person"
DERIVED = {
    "age": "Age",
    "days_since_infusion": "Days since the last infusion",
    "bmi": "BMI",
    "weight_kg": "Weight (kg)",
    "systolic": "Systolic pressure",
    "diastolic": "Diastolic pressure",
    "allergies.ketamine": "Ketamine among allergies",
    "text.crisis": "Crisis words in free text",
    "indications.any": "An indication met by the scores",
}
TRIALS = {
    "trials.rows": "Antidepressant trials listed",
    "trials.strict_failed": "Adequate failed trials in this episode",
}
# The flags of medications.csv; what only calls for the medicine's note is said by its weight.
FLAG_WORDS = {
    "anticoagulant": "anticoagulant",
    "antihypertensive": "blood pressure medicine",
    "barbiturate": "barbiturate",
    "benzodiazepine": "benzodiazepine",
    "decongestant": "decongestant",
    "ergot": "ergot",
    "gabapentinoid": "gabapentinoid",
    "glp1": "GLP-1 or GIP drug",
    "maoi": "MAOI action",
    "mood_stabiliser": "mood stabilizer",
    "nmda": "acts on NMDA receptors",
    "opioid": "opioid",
    "opioid_antagonist": "opioid blocker",
    "oxybate": "oxybate",
    "stimulant": "stimulant",
    "theophylline": "theophylline or similar",
    "z_drug": "Z-drug",
}
INTERACTIONS = {
    "exclude": "Speaks against",
    "clear": "To clear",
    "caution": "Caution",
    "note": "Note",
    "none": "",
}
FLAGS = {
    "unrecognised": "Medicine not recognized",
    "other_clear": "Medicine to clear",
    "other_caution": "Medicine with a note",
    "glp1": "Takes: GLP-1 or GIP drug",
    "maoi": "Takes: MAOI",
    "mood_stabiliser": "Takes: mood stabilizer",
    "nmda": "Takes: drug acting on NMDA receptors",
    "opioid_antagonist": "Takes: opioid blocker",
    "z_drug": "Takes: Z-drug",
}


def in_words(question: Question, answer: object) -> str:
    """An answer in English; the patient's own words stay as typed."""
    if answer == DISCUSS and question.sensitive:
        return TALK
    if answer == UNSURE and question.may_be_unsure:
        return "not sure"
    return _WORDS[question.kind](question, answer)


def cell_in_words(column: Column, cell: object) -> str:
    """A group's cell in English, "" for a blank one."""
    if cell is None or cell == "":
        return ""
    option = next((o for o in column.options if o.id == cell), None)
    if option:
        return option.label or option.en
    return with_unit(cell, column.unit)


def long_date(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def with_unit(number: object, unit: str | None) -> str:
    shown = {"mm[Hg]": "mmHg", "/min": "per minute"}.get(unit or "", unit or "")
    text = f"{number:g}" if isinstance(number, float) else str(number)
    return f"{text} {shown}".strip()


def name_label(facts: Facts, name: str) -> str:
    """What a name in a condition is called for the physician."""
    questionnaire = facts.questionnaire
    if name in questionnaire.questions:
        return questionnaire.questions[name].label
    owner, _, part = name.partition(".")
    if owner in questionnaire.instrument:
        return f"{questionnaire.instrument[owner].short_name} total"
    if owner == "meds":
        return FLAGS.get(part, f"Takes: {part.replace('_', ' ')}")
    return (DERIVED | TRIALS)[name]


def name_in_words(facts: Facts, name: str) -> str:
    """The value of a name in a condition, in English; "" where it does not apply."""
    question = facts.questionnaire.questions.get(name)
    answer = facts.answers.get(name)
    if question and answer is not None and facts.asked(name):
        return in_words(question, answer)
    value = facts.value(name)
    if value is NOT_APPLICABLE:
        return ""
    if value is UNKNOWN:
        return "not known"
    if name.startswith("meds."):
        return medicines_with(facts, name.partition(".")[2]) or "none listed"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return one_decimal(value) if isinstance(value, float) else str(value)


def one_decimal(value: float) -> str:
    """Cut, not rounded: a BMI of 15.97 is below 16, and must not be shown as 16."""
    tenths = Decimal(str(value)).quantize(Decimal("0.1"), ROUND_FLOOR)
    return str(tenths).removesuffix(".0")


def medicines_with(facts: Facts, flag: str) -> str:
    """The current medicines that carry a flag, as typed, each with its interaction note."""
    taken = current_names(facts.rows("medications") or [])
    if flag == "unrecognised":
        return "; ".join(name for name in taken if not facts.medicines.find(name))
    names = dict.fromkeys(taken + still_taken(facts.rows("antidepressant_trials") or []))
    return "; ".join(
        f"{name} ({medicine.interaction_note})" if medicine.interaction_note else name
        for name in names
        for medicine in facts.medicines.find(name)
        if flag in medicine.flags
    )


def _choice(question: Question, answer: object) -> str:
    option = question.option(answer)
    return option.label or option.en


def _choices(question: Question, answer: object) -> str:
    ticked = answer if isinstance(answer, list | tuple) else [answer]
    return "; ".join(_choice(question, tick) for tick in ticked)


def _scale(question: Question, answer: object) -> str:
    option = question.option(answer)
    return option.id if option.en == option.id else f"{option.id} – {option.en}"


def _rows(question: Question, answer: object) -> str:
    rows = answer if isinstance(answer, list | tuple) else []
    return "; ".join(_row(question, row) for row in rows) or "none"


def _row(question: Question, row: Mapping[str, object]) -> str:
    cells = (cell_in_words(column, row.get(column.id)) for column in question.columns)
    return ", ".join(cell for cell in cells if cell)


_WORDS: dict[str, Callable[[Question, object], str]] = {
    "agree": lambda question, answer: "Agreed",
    "choice": _choice,
    "choices": _choices,
    "scale": _scale,
    "integer": lambda question, answer: with_unit(answer, question.unit),
    "decimal": lambda question, answer: with_unit(answer, question.unit),
    "text": lambda question, answer: str(answer),
    "longtext": lambda question, answer: str(answer),
    "email": lambda question, answer: str(answer),
    "phone": lambda question, answer: str(answer),
    "zip": lambda question, answer: str(answer),
    "date": lambda question, answer: long_date(date.fromisoformat(str(answer))),
    "group": _rows,
}
