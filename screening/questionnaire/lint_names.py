"""What every name of a condition is: the kind of its values, and what it is worked out from.

Derived names are worked out by the assessment, which knows more than the definition; what a
condition may expect of them stands here in a table, and a test holds it against the assessment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .answers import UNSURE
from .conditions import ConditionError, names, parse
from .definition import Column, Instrument, Question, Questionnaire
from .validation import MAX_AGE

Kind = Literal["number", "boolean", "text", "option", "ticks", "rows"]
OTHER_KINDS: dict[str, Kind] = {"agree": "boolean", "group": "rows"}
TREATMENT_READS = (
    "antidepressant_trials", "seeking_help_for", "psychiatric_diagnoses", "main_concern",
    "episode_months", "phq9.total", "psychosis_now", "psychosis_in_this_episode",
    "ect_this_episode", "ect_sessions",
)  # fmt: skip
TREND = ("met", "possible", "not-shown", "physician-to-judge")


@dataclass(frozen=True)
class Type:
    """What values a name may have, and the names it is worked out from."""

    kind: Kind
    options: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    whole: bool = False
    needs: tuple[str, ...] = ()


Known = Mapping[str, Type]


def _number(*needs: str, most: float | None = None, whole: bool = True) -> Type:
    return Type("number", least=0, most=most, whole=whole, needs=needs)


DERIVED: dict[str, Type] = {
    "age": _number("date_of_birth", most=MAX_AGE),
    "days_since_infusion": _number("last_infusion"),
    "weight_kg": _number("weight_lb", whole=False),
    "bmi": _number("weight_kg", "height_in", whole=False),
    "systolic": _number("measured_systolic", "measured_diastolic", "bp_systolic"),
    "diastolic": _number("measured_systolic", "measured_diastolic", "bp_diastolic"),
    "meds.unrecognised": Type("boolean", needs=("medications", "antidepressant_trials")),
    "allergies.ketamine": Type("boolean", needs=("allergies",)),
    "trials.rows": _number("antidepressant_trials"),
    "trials.trd": Type("option", TREND, needs=TREATMENT_READS),
    **{
        f"trials.{count}": _number(*TREATMENT_READS)
        for count in (
            "strict_failed", "lenient_failed", "augmentation_failed", "lifetime_failed",
            "intolerant", "unknown", "classes_failed",
        )
    },
}  # fmt: skip


def known_names(questionnaire: Questionnaire) -> dict[str, Type]:
    """Every name that a condition may read."""
    questions = questionnaire.questions.values()
    flags = sorted({flag for medicine in questionnaire.medicines for flag in medicine.flags})
    texts = tuple(q.id for q in questions if q.kind in ("text", "longtext"))
    sought = [name for text in questionnaire.indications.values() for name in names_in(text)]
    return {
        **DERIVED,
        **{f"meds.{flag}": _of_medicines(questionnaire) for flag in (*flags, "unrecognised")},
        "text.crisis": Type("boolean", needs=texts),
        "indications.any": Type("boolean", needs=("seeking_help_for", *sought)),
        **{k: v for i in questionnaire.instruments for k, v in _of_instrument(i).items()},
        **{question.id: of_kind(question) for question in questions},
    }


def _of_medicines(questionnaire: Questionnaire) -> Type:
    """A check-in has one list of medicines and no list of trials."""
    if questionnaire.kind == "check-in":
        return Type("boolean", needs=("medications",))
    return DERIVED["meds.unrecognised"]


def _of_instrument(instrument: Instrument) -> dict[str, Type]:
    scoring = instrument.scoring
    if scoring.method == "ladder":
        return {}
    most = scoring.range[1] if scoring.range else None
    total = _number(*instrument.items, most=most, whole=scoring.decimals == 0)
    return {
        f"{instrument.id}.total": total,
        f"{instrument.id}.answered_sum": _number(*scoring.items),
    }


def of_kind(of: Question | Column) -> Type:
    """What values a question or a cell may have."""
    ids = tuple(option.id for option in of.options)
    match of.kind:
        case "choice":
            return Type("option", tuple(o for o in ids if o != UNSURE))
        case "choices":
            return Type("ticks", ids)
        case "scale":
            points = [int(o) for o in ids if o.isdecimal()] or [0]
            return Type("number", least=min(points), most=max(points), whole=True)
        case "integer" | "decimal":
            return Type("number", least=of.min, most=of.max, whole=of.kind == "integer")
        case _:
            return Type(OTHER_KINDS.get(of.kind, "text"))


def sources(name: str, known: Known) -> list[str]:
    """The questions that decide a name: itself, or what a derived name is worked out from."""
    found: dict[str, None] = {}
    open_names, seen = [name], {name}
    while open_names:
        current = open_names.pop(0)
        needs = known[current].needs if current in known else ()
        if not needs:
            found[current] = None
        open_names += [need for need in needs if need not in seen]
        seen.update(needs)
    return list(found)


def names_in(text: str) -> list[str]:
    """The names a condition reads; none when it cannot be read."""
    try:
        return list(names(parse(text)))
    except ConditionError:
        return []
