"""Which answers are asked back: the released checks, by the numbers they turn on."""

from typing import Any

import pytest

from screening.assessment.checks import doubts, row_doubts
from screening.assessment.facts import Facts
from screening.questionnaire.loader import current
from tests.builders import TODAY, person, trial_row


def asked_back(page_id: str, **changes: Any) -> list[str]:
    page = current().pages[page_id]
    facts = Facts(current(), person(**changes), TODAY, set(current().pages))
    return [doubt.check.id for doubt in doubts(page, facts)]


def pressure(systolic: int, diastolic: int) -> list[str]:
    return asked_back("heart", bp_known="yes", bp_systolic=systolic, bp_diastolic=diastolic)


@pytest.mark.parametrize(
    "pair",
    [(180, 60), (205, 100), (88, 60), (150, 49), (120, 101), (104, 91), (160, 111), (110, 39)],
)
def test_a_pressure_that_is_unlikely_is_asked_back(pair):
    assert pressure(*pair) == ["pressure-unlikely"]


@pytest.mark.parametrize(
    "pair", [(124, 78), (179, 60), (90, 60), (200, 110), (150, 50), (120, 100)]
)
def test_a_pressure_as_people_have_it_is_not(pair):
    assert pressure(*pair) == []


@pytest.mark.parametrize(
    ("page", "question", "usual", "unlikely"),
    [
        ("body", "height_in", (54, 80), (53, 81)),
        ("body", "weight_lb", (80, 400), (79, 401)),
        ("reason", "episode_months", (0, 240), (241,)),
        ("support", "sleep_hours", (3, 14), (2.5, 15)),
        ("date-of-birth", "date_of_birth", ("1931-11-23", "2000-01-01"), ("1930-11-23",)),
    ],
)
def test_each_cut_off(page, question, usual, unlikely):
    for answer in usual:
        assert asked_back(page, **{question: answer}) == [], answer
    for answer in unlikely:
        assert len(asked_back(page, **{question: answer})) == 1, answer


@pytest.mark.parametrize(
    ("treatment", "question", "usual"),
    [
        ("ect", "ect_sessions", 100),
        ("tms", "tms_sessions", 200),
        ("ketamine", "ketamine_doses", 200),
        ("ketamine", "ketamine_last_weeks_ago", 780),
    ],
)
def test_counts_of_treatments(treatment, question, usual):
    page = current().page_of[question].id
    had = {"other_treatments": [treatment]}
    assert asked_back(page, **had, **{question: usual}) == []
    assert len(asked_back(page, **had, **{question: usual + 1})) == 1


def rows(*given: dict[str, Any]) -> list[tuple[str, int | None]]:
    page = current().pages["antidepressant-trials"]
    found = row_doubts(page, dict(enumerate(given)), current().medicine_table)
    return [(doubt.check.id, doubt.row) for doubt in found]


def test_a_dose_is_held_against_the_usual_dose_of_its_own_medicine():
    assert rows(trial_row("Zoloft", 500, 8), trial_row("Zoloft", 501, 8)) == [("dose-unlikely", 1)]
    assert rows(trial_row("venlafaxine", 501, 8)) == []
    assert rows(trial_row("a name nobody knows", 9999, 8)) == []


def test_blank_and_unsure_cells_are_not_asked_back():
    assert rows(trial_row("Zoloft", None, None, improvement="unsure"), {"drug": "Zoloft"}) == []


def test_what_was_not_answered_is_not_asked_back():
    for page in current().pages.values():
        assert asked_back(page.id) == []


def test_a_confirmation_holds_for_these_answers_only():
    page = current().pages["body"]
    tokens = [
        doubt.token
        for weight in (70, 71)
        for doubt in doubts(page, Facts(current(), person(weight_lb=weight), TODAY))
    ]
    assert len(set(tokens)) == 2


# What the patient knows of the treatment

KNOWS = {
    "knows_off_label": "no",
    "knows_not_certain": "no",
    "knows_ride_home": "someone-takes-me",
    "knows_can_stop": "yes",
}


def test_right_answers_about_the_treatment_are_not_asked_back():
    assert asked_back("understanding", **KNOWS) == []


@pytest.mark.parametrize("question", KNOWS)
def test_every_other_answer_is_met_with_what_is_true(question):
    others = set(current().questions[question].option_ids) - {KNOWS[question]}
    assert "not-sure" in others
    for other in others:
        assert len(asked_back("understanding", **KNOWS | {question: other})) == 1, other
