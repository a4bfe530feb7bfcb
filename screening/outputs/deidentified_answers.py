"""What an answer, a score and a finding become in a de-identified export.

Each kind of question lets through what its list, its limits or our table of medicines hold. All
else is left out, whatever it is: text in place of a number is text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..questionnaire.answers import DISCUSS, UNSURE
from ..questionnaire.definition import Column, Medicine, Question, Questionnaire
from ..questionnaire.medicines import MedicineTable
from .deidentified_form import OLDEST, OfAge, medicine_columns
from .zip3 import coarse_zip

Coarsen = Callable[[Any], Any]  # an answer -> what of it may stay; None: nothing
UNNAMED = "other"  # a medicine that our table does not hold
SAID = (DISCUSS, UNSURE)
# How many of what a number counts make a year: "head_injury_months_ago", "weeks", unit "months".
_A_YEAR = {"years": 1, "months": 12, "weeks": 52, "days": 365}


@dataclass(frozen=True)
class Then:
    """When a form was assessed and when it is exported; of the first the year."""

    as_of: int
    today: date

    @property
    def longest(self) -> int:
        """The years that a number may have counted then, so that it tells of no 90 years now."""
        return OLDEST - (self.today.year - self.as_of)


def coarsener(form: Questionnaire, coarse: Questionnaire, then: Then) -> dict[str, Coarsen]:
    """For every question that `coarse`, the de-identified form, took over from `form`."""
    table = form.medicine_table
    taken_over = (q for q in form.questions.values() if q.id in coarse.questions)
    return {question.id: _coarsen(question, table, then) for question in taken_over}


def year_of(answer: Any) -> int | None:
    """The year of an ISO date, else None."""
    try:
        return date.fromisoformat(answer).year
    except (TypeError, ValueError):
        return None


def is_oldest(year: int, today: date) -> bool:
    """Does whoever was born in this year reach 90 this year, or did before? By the day it would
    show that somebody who keeps the year has a birthday still to come."""
    return today.year - year > OLDEST


def medicine(typed: Any, table: MedicineTable) -> str | None:
    """The generic names that a typed name stands for; "other" for one that stands for none."""
    if typed is None or not str(typed).strip():
        return None
    found = table.find(str(typed))
    return " + ".join(dict.fromkeys(m.generic for m in found)) or UNNAMED


# Answers


def _coarsen(question: Question, table: MedicineTable, then: Then) -> Coarsen:
    if question.kind == "group":
        return _rows(question, table, then)
    if question.kind == "date":
        return lambda answer: _told_year(answer, then.today)
    if question.kind == "zip":
        return coarse_zip
    if question.kind in ("integer", "decimal"):
        return _number(question, then)
    return _listed(question)


def _told_year(answer: Any, today: date) -> int | None:
    year = year_of(answer)
    return None if year is None or is_oldest(year, today) else year


def _listed(question: Question) -> Coarsen:
    numbers = [int(option) for option in question.option_ids] if question.kind == "scale" else []
    agreed = [True] if question.kind == "agree" else []
    known = (*question.option_ids, *numbers, *agreed, *SAID)

    def listed(answer: Any) -> Any:
        if isinstance(answer, list | tuple):
            return [option for option in answer if option in known] or None
        return answer if answer in known else None

    return listed


def _number(of: Question | Column, then: Then) -> Coarsen:
    counted = {*of.id.split("_"), *(of.unit or "").split()} & _A_YEAR.keys()
    lifetimes = [then.longest * _A_YEAR[what] for what in counted]
    limits = [limit for limit in (of.max, *lifetimes) if limit is not None]
    most = min(limits, default=float("inf"))
    least = float("-inf") if of.min is None else of.min

    def number(answer: Any) -> Any:
        if answer in SAID:
            return answer
        fits = isinstance(answer, int | float) and not isinstance(answer, bool)
        return answer if fits and least <= answer <= most else None

    return number


def _rows(group: Question, table: MedicineTable, then: Then) -> Coarsen:
    named = {c.id for c in medicine_columns(group)}
    cells: dict[str, Coarsen] = {c.id: _cell(c, then) for c in group.columns if c.kind != "text"}
    cells |= {name: lambda typed: medicine(typed, table) for name in named}

    def rows(answer: Any) -> Any:
        if not isinstance(answer, list | tuple):
            return answer if answer in SAID else None
        return [
            {name: cell for name in cells if (cell := cells[name](row.get(name))) is not None}
            for row in answer
        ]

    return rows


def _cell(column: Column, then: Then) -> Coarsen:
    if column.kind != "choice":
        return _number(column, then)
    known = (*(option.id for option in column.options), *SAID)
    return lambda answer: answer if answer in known else None


# What was worked out

_COUNTS = (
    "rows", "strict_failed", "lenient_failed", "augmentation_failed", "lifetime_failed",
    "intolerant", "unknown", "classes_failed", "trd", "maudsley",
)  # fmt: skip
_OF_A_TRIAL = ("verdict", "augmentation", "this_episode")
_OF_A_SCORE = ("instrument", "total", "band", "status", "level")


NOTHING = OfAge(frozenset(), frozenset())


def coarse_results(
    assessment: Mapping[str, Any], form: Questionnaire, hidden: OfAge = NOTHING
) -> dict[str, Any]:
    """Of an assessment as JSON what carries no answer's own words. `form`: the de-identified one;
    findings of rules and scores of instruments that it does not have, or that are `hidden`, are
    left out."""
    treatment = assessment.get("treatment")
    return {
        "outcome": assessment["outcome"],
        "findings": [
            {"rule": f["rule"], "kind": f["kind"], "status": f["status"], "reads": {}}
            for f in assessment["findings"]
            if f["rule"] in form.rule and f["rule"] not in hidden.rules
        ],
        "scores": [
            _of(score, _OF_A_SCORE)
            for score in assessment["scores"]
            if score["instrument"] in form.instrument and score["instrument"] not in hidden.names
        ],
        "indications": dict(assessment.get("indications") or {}),
        "treatment": _treatment(treatment, form.medicine_table) if treatment else None,
        "questionnaire": form.version,
    }


def _treatment(treatment: Mapping[str, Any], table: MedicineTable) -> dict[str, Any]:
    """The counts, and of each trial the drug by our table's name."""
    return _of(treatment, _COUNTS) | {
        "trials": [_trial(trial, table) for trial in treatment.get("trials") or ()]
    }


def _trial(trial: Mapping[str, Any], table: MedicineTable) -> dict[str, Any]:
    found: tuple[Medicine, ...] = table.find(str(trial.get("typed") or ""))
    drug = trial.get("drug")  # of a drug that matches nothing it is what was typed
    ours = next((m for m in found if drug in (m.drug, m.generic)), None)
    return _of(trial, _OF_A_TRIAL) | {
        "typed": medicine(trial.get("typed"), table) or "",
        "drug": drug if ours else None,
        "drug_class": ours.drug_class if ours else None,
    }


def _of(parts: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: parts.get(name) for name in names}
