"""Records of people who do not exist, made the way that a sent form makes them."""

from datetime import UTC, date, datetime
from typing import Any

from screening.assessment.facts import Facts
from screening.assessment.outcome import assess_facts
from screening.questionnaire.loader import current
from screening.questionnaire.validation import normalise
from screening.record import Record, build_record
from screening.seed import PEOPLE
from tests.builders import TODAY, example, medicine_row, person, trial_row
from tests.people import EXAMPLES

SENT = datetime(2026, 11, 12, 9, 41, tzinfo=UTC)
NAME = "María-Fernanda Anastasía de los Ángeles Wolfeschlegelsteinhausenbergerdorff"


def record_of(answers: dict[str, Any], as_of: date = TODAY) -> Record:
    """The record of somebody who sent these answers."""
    questionnaire = current()
    kept = normalise(questionnaire, answers)
    facts = Facts(questionnaire, kept, as_of)
    return build_record(
        questionnaire,
        kept,
        assess_facts(facts),
        as_of=as_of,
        reference="KQ7F-3M2P",
        submitted_at=SENT,
    )


def example_record(name: str) -> Record:
    found = example(name)
    return record_of(found["answers"], found["as_of"])


def seeded(name: str) -> Record:
    """One of those who stand in a new installation, by the first letters of the name."""
    number, someone = next((n, p) for n, p in enumerate(PEOPLE) if p.name.startswith(name))
    return record_of(someone.answers(number))


def one_of_two_dozen(name: str) -> Record:
    return example_record(name) if name in EXAMPLES else seeded(name)


# The twelve worked examples and twelve of the people in a new installation.
TWO_DOZEN = (*EXAMPLES, *[someone.name for someone in PEOPLE if not someone.until][-12:])


def longest() -> Record:
    """Somebody with all that the form has room for: long names, 40 medicines, 20 trials."""
    drugs = ("sertraline", "fluoxetine", "venlafaxine XR", "lithium", "Percocet", "vitamin Q", NAME)
    medicines = [
        medicine_row(f"{drugs[n % 7]} {n}") | {"dose": "2 tablets of 150 mg", "frequency": "x" * 60}
        for n in range(40)
    ]
    trials = [
        trial_row(drugs[n % 4], 40.0 + n, n, added_to="x" * 80 if n % 5 == 4 else "")
        for n in range(20)
    ]
    text = "Don't stop. Árbol, ñandú and 100 % more words; "
    return record_of(
        person(
            first_name=NAME,
            last_name=NAME.upper(),
            preferred_name="W" * 100,
            takes_medications="yes",
            medications=medicines,
            antidepressant_trials=trials,
            treatment_goals=(text * 100)[:4000],
            anything_else="x" * 4000,
            allergies=[{"allergen": f"{NAME} {n}", "reaction": "hives " * 10} for n in range(20)],
        )
    )


def full_of_unknowns() -> Record:
    """Somebody who is not sure of anything, or would rather talk about it in person."""
    return record_of({name: _unsure(name, answer) for name, answer in person().items()})


def _unsure(name: str, answer: Any) -> Any:
    question = current().questions[name]
    if "unsure" in question.option_ids:
        return ["unsure"] if question.kind == "choices" else "unsure"
    if question.sensitive:
        return "discuss"
    return "unsure" if question.may_be_unsure else answer
