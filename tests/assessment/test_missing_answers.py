"""What is not known is never taken for "no", whoever the person and whichever the answer.

For each answer that an urgent, exclude or clear rule reads, directly or through a derived name:
take it away, or make it "unsure" or "discuss". The outcome is then never "candidate", unless no
answer to that question could have changed it.
"""

import json
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from screening.assessment.facts import Facts
from screening.assessment.outcome import assess, assess_facts, urgent_rules
from screening.assessment.report import as_json
from screening.questionnaire.conditions import Compare, Constant, nodes, parse
from screening.questionnaire.definition import Question
from screening.questionnaire.lint_names import known_names, names_in, sources
from screening.questionnaire.loader import current
from screening.questionnaire.validation import problems_in
from tests.builders import FIXTURES, TODAY, example, medicine_row, person, trial_row
from tests.people import BOTH, complete_person, scattered_answers

EXAMPLES = sorted(path.stem for path in (FIXTURES / "examples").glob("*.json"))
# Free text that is not written holds no words of crisis.
TEXTS = ("text", "longtext", "email", "phone", "zip")
# One "discuss" in these may be made up for by the other items, but not the thoughts of death.
PRORATED = ("phq9", "gad7", "pcl5", "des_t")
NEVER_PRORATED = ("phq9_9",)
OUTCOMES = ("urgent", "excluded", "clearance", "candidate")


@cache
def read_by_rules() -> tuple[str, ...]:
    """The required questions that decide whether an urgent, exclude or clear rule is true."""
    questionnaire = current()
    known = known_names(questionnaire)
    rules = [rule for rule in questionnaire.rules if rule.kind != "caution"]
    read = [s for rule in rules for name in names_in(rule.when) for s in sources(name, known)]
    asked = [questionnaire.questions[name] for name in dict.fromkeys(read)]
    return tuple(q.id for q in asked if q.required and q.kind not in TEXTS)


@cache
def numbers_in_rules() -> tuple[float, ...]:
    constants = [
        side.value
        for rule in current().rules
        for node in nodes(parse(rule.when))
        if isinstance(node, Compare)
        for side in (node.left, node.right)
        if isinstance(side, Constant) and isinstance(side.value, int | float)
    ]
    return tuple(sorted({n for c in constants for n in (c - 1, c, c + 1)}))


def outcome(answers: dict[str, Any]) -> str:
    return assess(current(), answers, TODAY).outcome


def unknowns(question: Question) -> list[Any]:
    """The answers, and none, that tell nothing."""
    told_nothing: list[Any] = [None]
    prorated = question.instrument in PRORATED and question.id not in NEVER_PRORATED
    if question.sensitive and not prorated:
        told_nothing.append("discuss")
    if question.may_be_unsure or (question.kind == "choice" and "unsure" in question.option_ids):
        told_nothing.append("unsure")
    if question.kind == "choices" and "unsure" in question.option_ids:
        told_nothing.append(["unsure"])
    return told_nothing


def all_answers(question: Question) -> list[Any]:
    """Every answer that could make a difference to a rule."""
    options = question.option_ids
    drugs = ("Theo-24", "Percocet", "Nardil", "vitamin Q")
    low, high = question.min or 0, question.max or 10_000
    by_kind: dict[str, list[Any]] = {
        "agree": [True],
        "choice": list(options),
        "choices": [[option] for option in options],
        "scale": [int(option) for option in options if option.isdecimal()],
        "integer": [n for n in (low, *numbers_in_rules(), high) if low <= n <= high],
        "date": ["2020-01-01", "2000-01-01", "1960-01-01", "1940-01-01"],
        "group": [
            [medicine_row(drug) | trial_row(drug, 50, 8, still_taking="yes")] for drug in drugs
        ],
    }
    return by_kind["integer" if question.kind == "decimal" else question.kind]


def changed(answers: dict[str, Any], name: str, answer: Any) -> dict[str, Any]:
    rest = {key: value for key, value in answers.items() if key != name}
    return rest if answer is None else rest | {name: answer}


def check_that_not_knowing_hides_nothing(answers: dict[str, Any], name: str) -> None:
    question = current().questions[name]
    for unknown in unknowns(question):
        if outcome(changed(answers, name, unknown)) == "candidate":
            for answer in all_answers(question):
                told = outcome(changed(answers, name, answer))
                assert told == "candidate", f"{name} = {unknown!r} hides {answer!r}: {told}"


def asked_and_answered(answers: dict[str, Any]) -> list[str]:
    facts = Facts(current(), answers, TODAY)
    return [name for name in read_by_rules() if name in answers and facts.asked(name)]


def test_the_rules_read_most_of_the_form():
    assert len(read_by_rules()) > 140


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_answer_of_each_worked_example(name):
    answers = example(name)["answers"]
    for read in asked_and_answered(answers):
        check_that_not_knowing_hides_nothing(answers, read)


def test_the_answers_a_candidate_may_leave_open_are_these():
    """Snoring matters to somebody heavy, hypertensive or sedated; anxiety to who seeks help."""
    answers = person()
    read = asked_and_answered(answers)
    free = {name for name in read if outcome(changed(answers, name, None)) == "candidate"}
    assert free == {
        "snores_loudly",
        "seen_to_stop_breathing",
        "tired_by_day",
        *(f"gad7_{n}" for n in range(1, 8)),
    }


@pytest.mark.slow
@settings(max_examples=1500, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_anybody(seed):
    rng = Random(seed)
    answers = complete_person(current(), rng)
    assert problems_in(current(), answers, TODAY, BOTH) == []
    read = asked_and_answered(answers)
    for name in rng.sample(read, 3):
        check_that_not_knowing_hides_nothing(answers, name)


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_any_valid_answers_can_be_assessed(seed):
    rng = Random(seed)
    answers = scattered_answers(current(), rng)
    assert problems_in(current(), answers, TODAY, BOTH) == []
    saved = {page for page in current().pages if rng.random() < 0.5}
    draft = Facts(current(), answers, TODAY, saved_pages=saved)
    assert {finding.kind for finding in urgent_rules(draft)} <= {"urgent"}
    report = as_json(assess_facts(Facts(current(), answers, TODAY)))
    assert report["outcome"] in OUTCOMES
    assert json.loads(json.dumps(report, allow_nan=False)) == report


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_a_draft_raises_no_alarm_that_the_finished_form_takes_back(seed):
    """On a draft an urgent rule acts only when it is already true: later pages cannot undo it."""
    rng = Random(seed)
    answers = complete_person(current(), rng)
    pages = list(current().pages)
    saved = set(pages[: rng.randint(1, len(pages))])
    page_of = current().page_of
    so_far = {k: v for k, v in answers.items() if k in page_of and page_of[k].id in saved}
    early = urgent_rules(Facts(current(), so_far, TODAY, saved_pages=saved))
    final = urgent_rules(Facts(current(), answers, TODAY))
    assert {f.rule for f in early} <= {f.rule for f in final}
