"""People drawn by chance: valid answers of every kind, complete enough to be sent."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

from screening.assessment.facts import Facts
from screening.questionnaire.definition import Column, Question, Questionnaire
from screening.questionnaire.validation import normalise, problems_in
from tests.builders import FIXTURES, TODAY, example

EXAMPLES = sorted(path.stem for path in (FIXTURES / "examples").glob("*.json"))
WORDS = ("fine", "Núñez", "better sleep", "two\nlines", "suicidal thoughts", "O'Brien", "x" * 200)
DRUGS = (
    "sertraline", "Wellbutrin XL", "lithium", "Percocet", "lorazepam (Ativan)", "Theo-24",
    "vitamin Q", "ECT", "ketamine troche", "fluoxetine 20", "Symbyax", "trazodone", "zuranolone",
    "Nardil", "lisinopril", "oxycodone/acetaminophen", "...",
)  # fmt: skip
BOTH = {"patient", "clinician"}


def complete_person(questionnaire: Questionnaire, rng: Random) -> dict[str, Any]:
    """One of the worked examples with some answers changed and every question answered."""
    name = rng.choice(["candidate", "candidate", *EXAMPLES])
    answers = dict(example(name)["answers"])
    for question in rng.sample(_all(questionnaire), rng.choice([0, 1, 1, 2, 3, 5, 8])):
        answers[question.id] = any_answer(question, rng)
    return sendable(questionnaire, answers, rng)


def scattered_answers(questionnaire: Questionnaire, rng: Random) -> dict[str, Any]:
    """Valid answers to any of the questions, asked or not, with gaps anywhere."""
    chosen = rng.sample(_all(questionnaire), rng.randint(0, len(questionnaire.questions)))
    answers = {question.id: any_answer(question, rng) for question in chosen}
    return _only_valid(questionnaire, answers)


def any_answer(question: Question, rng: Random) -> Any:
    """A valid answer of any kind, now and then "discuss" or "unsure" where that is allowed."""
    if question.sensitive and rng.random() < 0.05:
        return "discuss"
    if question.may_be_unsure and rng.random() < 0.1:
        return "unsure"
    return _BY_KIND[question.kind](question, rng)


def _all(questionnaire: Questionnaire) -> list[Question]:
    return list(questionnaire.questions.values())


def sendable(questionnaire: Questionnaire, answers: dict[str, Any], rng: Random) -> dict[str, Any]:
    """Only valid answers, and one to every required question that is asked."""
    while True:
        answers = _only_valid(questionnaire, answers)
        facts = Facts(questionnaire, answers, TODAY)
        missing = [
            question
            for question in questionnaire.patient_questions()
            if question.required and question.id not in answers and facts.asked(question.id)
        ]
        if not missing:
            return normalise(questionnaire, answers)
        for question in missing:
            calm = rng.random() < 0.7
            answers[question.id] = _calm(question, rng) if calm else any_answer(question, rng)


def _only_valid(questionnaire: Questionnaire, answers: dict[str, Any]) -> dict[str, Any]:
    wrong = {p.question for p in problems_in(questionnaire, answers, TODAY, BOTH)}
    return {name: answer for name, answer in answers.items() if name not in wrong}


def _calm(question: Question, rng: Random) -> Any:
    """The answer that raises least: no, none, never, nothing, a long time ago."""
    for quiet in ("no", "none", "never", "0"):
        if quiet in question.option_ids:
            kinds: dict[str, Any] = {"choices": [quiet], "scale": 0}
            return kinds.get(question.kind, quiet)
    if question.kind == "integer" and question.max is not None:
        return int(question.max)
    return _BY_KIND[question.kind](question, rng)


def _ticks(question: Question, rng: Random) -> list[str]:
    others = [name for name in question.option_ids if name != "none"]
    if "none" in question.option_ids and rng.random() < 0.5:
        return ["none"]
    return rng.sample(others, rng.randint(1, min(3, len(others))))


def _integer(of: Question | Column, rng: Random) -> int:
    low, high = int(of.min or 0), int(of.max or 400)
    return rng.choice([rng.randint(low, high), rng.randint(low, min(high, low + 12))])


def _decimal(of: Question | Column, rng: Random) -> float:
    return round(rng.uniform(of.min or 1, of.max or 400), rng.choice([0, 1]))


def _day(_: Question, rng: Random) -> str:
    return (TODAY - timedelta(days=rng.randint(0, 110 * 365))).isoformat()


def _rows(question: Question, rng: Random) -> list[dict[str, Any]]:
    count = rng.randint(question.min_rows, min(question.max_rows, 5))
    return [
        {column.id: _cell(column, rng) for column in question.columns if rng.random() < 0.9}
        for _ in range(count)
    ]


def _cell(column: Column, rng: Random) -> Any:
    if rng.random() < 0.1:
        return rng.choice([None, ""])
    match column.kind:
        case "choice":
            return rng.choice(column.options).id
        case "integer":
            return _integer(column, rng)
        case "decimal":
            return _decimal(column, rng)
        case _:
            return rng.choice(DRUGS)


def _one_of(values: Sequence[Any]) -> Any:
    return lambda question, rng: rng.choice(values)


_BY_KIND: dict[str, Any] = {
    "agree": _one_of([True]),
    "choice": lambda question, rng: rng.choice(question.option_ids),
    "choices": _ticks,
    "scale": lambda question, rng: int(rng.choice(question.option_ids)),
    "integer": _integer,
    "decimal": _decimal,
    "text": _one_of([word for word in WORDS if "\n" not in word]),
    "longtext": _one_of(WORDS),
    "email": _one_of(["ana@example.org"]),
    "phone": _one_of(["805-555-0142"]),
    "zip": _one_of(["93401"]),
    "date": _day,
    "group": _rows,
}
