"""Every rule is true of somebody, and then its sentence stands in the record and the summary.

Each of these people differs from one without any finding, so that the sentence can be read beside
the answers that brought it about.
"""

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from html import unescape
from typing import Any

import pytest

from screening.assessment.outcome import assess
from screening.outputs.pdf import summary_html
from screening.questionnaire.definition import Questionnaire
from screening.questionnaire.loader import CHECK_IN, check_in, current
from screening.questionnaire.validation import normalise, problems_in
from screening.record import FindingRow, Record, build_record
from tests.builders import TODAY, person, returning
from tests.content.fires import FIRES, FIRES_AT_CHECK_IN, JUST_NOT

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OF_THE_CONTRACT = 196
OUR_OWN = {"diabetes-unsure", "consent-not-understood"}


def record_of(questionnaire: Questionnaire, answers: dict[str, Any]) -> Record:
    """What a physician reads when these answers are sent, and assessed on the same day."""
    assert problems_in(questionnaire, answers, TODAY, {"patient", "clinician"}) == []
    answers = normalise(questionnaire, answers)
    result = assess(questionnaire, answers, TODAY)
    return build_record(
        questionnaire, answers, result, as_of=TODAY, reference="KQ7F-3M2P", submitted_at=NOON
    )


def met(record: Record) -> dict[str, FindingRow]:
    return {row.finding.rule: row for row in record.findings}


@cache
def found_at(*, check_in_too: bool, rule: str) -> FindingRow:
    """The finding of this rule as the record has it: met, in the rule's words, with sources."""
    questionnaire = check_in() if check_in_too else current()
    people = FIRES_AT_CHECK_IN if check_in_too else FIRES
    somebody = returning if check_in_too else person
    row = met(record_of(questionnaire, somebody(**people[rule]))).get(rule)
    assert row is not None, "it is not true of these answers"
    assert row.finding.status == "met"
    assert row.says == questionnaire.rule[rule].says
    assert row.sources
    return row


def found(rule: str) -> FindingRow:
    return found_at(check_in_too=False, rule=rule)


def test_every_rule_has_somebody_of_whom_it_is_true() -> None:
    assert list(FIRES) == [rule.id for rule in current().rules]
    assert len(FIRES) == OF_THE_CONTRACT + len(OUR_OWN)
    assert set(FIRES) >= OUR_OWN


def test_so_has_every_rule_that_a_check_in_words_anew_or_adds() -> None:
    own = [rule.id for rule in check_in().rules if rule not in current().rules]
    assert sorted(FIRES_AT_CHECK_IN) == sorted(own)


def test_nothing_is_found_of_those_who_are_the_measure() -> None:
    assert met(record_of(current(), person())) == {}
    assert met(record_of(check_in(), returning())) == {}


@pytest.mark.parametrize("rule", FIRES)
def test_a_rule_is_true_and_says_so(rule: str) -> None:
    found(rule)


@pytest.mark.parametrize("rule", FIRES_AT_CHECK_IN)
def test_a_rule_of_a_check_in_is_true_and_says_so(rule: str) -> None:
    found_at(check_in_too=True, rule=rule)


@pytest.mark.parametrize("rule", JUST_NOT)
def test_a_rule_with_a_figure_ends_there(rule: str) -> None:
    for changes in JUST_NOT[rule]:
        assert rule not in met(record_of(current(), person(**changes))), changes


@pytest.mark.parametrize("folder", ["intake", CHECK_IN.name])
def test_every_sentence_stands_in_the_summary(folder: str) -> None:
    """One summary with the findings of all these people: each is worded as the rule says it."""
    intake = folder == "intake"
    questionnaire = current() if intake else check_in()
    people = FIRES if intake else FIRES_AT_CHECK_IN
    somebody = person if intake else returning
    rows = [found_at(check_in_too=not intake, rule=rule) for rule in people]
    everything = replace(record_of(questionnaire, somebody()), findings=tuple(rows))
    html = summary_html(everything, paper="letter", clinic="Riverside Clinic", made_at=NOON)
    text = " ".join(unescape(html).split())
    assert [row.says for row in rows if row.says not in text] == []


@pytest.mark.parametrize(
    ("rule", "read"),
    [
        ("diagnosis-unconfirmed", [("Main concern diagnosed by a clinician", "No")]),
        ("dv-not-asked", [("Alone and safe to answer", "No")]),
        ("history-unsure", [("Heart conditions", "Not sure, needs to check")]),
        ("bmi-under-16", [("BMI", "15.9")]),
        ("bp-elevated", [("Systolic pressure", "141"), ("Diastolic pressure", "76")]),
        ("suicide-moderate", [("C-SSRS 3: method", "Yes")]),
        (
            "sud-unclear",
            [
                ("Psychiatric diagnoses", "Substance use disorder"),
                ("Alcohol or drug use disorder, diagnosed or treated", "Never"),
            ],
        ),
    ],
)
def test_beside_it_stands_the_answer_that_brought_it_about(
    rule: str, read: list[tuple[str, str]]
) -> None:
    """A "no" too where the rule asks for one; no answer that has nothing to do with it."""
    assert list(found(rule).read) == read


def test_a_note_on_a_medicine_has_no_marks_that_a_physician_cannot_read() -> None:
    assert "other reports disagree (not verified)" in found("med-naltrexone").read[0][1]
    notes = " ".join(medicine.interaction_note for medicine in current().medicines)
    assert re.findall(r"\b(GK|POLICY)\b", notes) == []


# Whole numbers are told from both ends; small ones in words.
SAID_OTHERWISE = {
    "age-65-74": {75},
    "hr-fast": {100},
    "alcohol-risky": {5, 7},
    "suicide-unknown": {1},
    "never-treated": {0},
    "trials-under-two": {2},
}


@pytest.mark.parametrize("questionnaire", [current(), check_in()], ids=lambda q: q.version)
def test_a_sentence_names_the_figures_of_its_condition(questionnaire: Questionnaire) -> None:
    silent = {}
    for rule in questionnaire.rules:
        said = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", rule.says)}
        missing = figures(rule.when) - said - SAID_OTHERWISE.get(rule.id, set())
        if missing:
            silent[rule.id] = missing
    assert silent == {}


def figures(when: str) -> set[float]:
    constants = (n.value for n in ast.walk(ast.parse(when)) if isinstance(n, ast.Constant))
    return {float(v) for v in constants if isinstance(v, int | float) and not isinstance(v, bool)}
