"""Which answer stands behind a name that a rule has read."""

from collections.abc import Mapping
from functools import lru_cache

from ..questionnaire.conditions import NOT_APPLICABLE, UNKNOWN
from ..questionnaire.definition import Questionnaire
from ..questionnaire.lint_names import Type, known_names, sources
from .facts import Facts, has_crisis_words

PRESSURES = {"systolic": "bp_systolic", "diastolic": "bp_diastolic"}


def origin(name: str, facts: Facts) -> str:
    """The question to look at for a name of a condition: the first of its sources that has an
    answer, else the first that is asked, else the first."""
    if name in PRESSURES:
        measured = f"measured_{name}", PRESSURES[name]
        pair = (facts.value("measured_systolic"), facts.value("measured_diastolic"))
        return measured[any(value in (UNKNOWN, NOT_APPLICABLE) for value in pair)]
    found = _sources(facts.questionnaire, name)
    if name == "text.crisis":
        found = tuple(q for q in found if has_crisis_words(str(facts.answers.get(q, "")))) or found
    answered = (q for q in found if q in facts.answers and facts.asked(q))
    asked = (q for q in found if facts.asked(q))
    return next(answered, None) or next(asked, None) or found[0]


@lru_cache(maxsize=4096)
def _sources(questionnaire: Questionnaire, name: str) -> tuple[str, ...]:
    questions = questionnaire.questions
    found = sources(name, _known(questionnaire))
    return tuple(source for source in found if source in questions) or (name,)


@lru_cache(maxsize=8)
def _known(questionnaire: Questionnaire) -> Mapping[str, Type]:
    return known_names(questionnaire)
