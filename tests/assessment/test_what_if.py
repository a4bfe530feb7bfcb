"""What would change a finding: told for every rule, and true when it is tried out."""

from random import Random
from typing import Any

import pytest

from screening.assessment.facts import Facts
from screening.assessment.outcome import assess, assess_facts
from screening.assessment.what_if import Need, Supposed, Way, ways_out
from screening.changes import exits
from screening.questionnaire.conditions import condition
from screening.questionnaire.loader import check_in, current
from screening.questionnaire.validation import problems_in
from tests.builders import TODAY, person, returning
from tests.content.fires import FIRES, FIRES_AT_CHECK_IN
from tests.people import scattered_answers


def facts_of(answers: dict[str, Any]) -> Facts:
    return Facts(current(), answers, TODAY)


def told(rule: str, answers: dict[str, Any]) -> list[list[str]]:
    facts = facts_of(answers)
    finding = next(f for f in assess_facts(facts).findings if f.rule == rule)
    return [list(one.says) for one in exits(finding, facts)]


@pytest.mark.parametrize("rule", FIRES)
def test_every_rule_says_what_would_change_it_and_that_is_so(rule: str) -> None:
    facts = facts_of(person(**FIRES[rule]))
    ways = ways_out(current().rule[rule], facts)
    assert ways
    assert all(told(rule, person(**FIRES[rule])))
    for way in ways:
        assert condition(current().rule[rule].when)(Supposed(facts, way)) is False


@pytest.mark.parametrize("rule", FIRES)
def test_answers_changed_as_it_says_do_away_with_the_finding(rule: str) -> None:
    """Tried on the answers themselves, where a way speaks of answers and not of what follows."""
    answers = person(**FIRES[rule])
    facts = facts_of(answers)
    for way in ways_out(current().rule[rule], facts):
        if all(is_an_answer(need, facts) for need in way.needs):
            changed = answers | {need.name: as_given(need) for need in way.needs}
            if not problems_in(current(), changed, TODAY, {"patient", "clinician"}):
                found = assess(current(), changed, TODAY).findings
                assert rule not in [f.rule for f in found if f.status == "met"], way


def is_an_answer(need: Need, facts: Facts) -> bool:
    question = facts.questionnaire.questions.get(need.name)
    return question is not None and need.value is not None and facts.asked(need.name) is True


def as_given(need: Need) -> Any:
    return list(need.value) if isinstance(need.value, tuple) else need.value


def test_nothing_known_leaves_no_rule_without_a_way_to_settle_it() -> None:
    facts = facts_of({})
    for finding in assess_facts(facts).findings:
        assert exits(finding, facts), finding.rule


def test_a_pressure_names_the_limit_and_not_the_next_higher_band() -> None:
    high = person(bp_known="yes", bp_systolic=148, bp_diastolic=94)
    limits = [["Systolic pressure: 140 mmHg or lower", "Diastolic pressure: 90 mmHg or lower"]]
    assert told("bp-elevated", high) == limits
    assert told("bp-elevated", high | {"bp_diastolic": 84}) == [limits[0][:1]]


def test_lists_choices_and_medicines_are_said_in_their_words() -> None:
    several = FIRES["aneurysm-avm"] | {"vessel_conditions": ["aneurysm", "brain-bleed"]}
    assert told("aneurysm-avm", person(**several)) == [
        ["Blood vessel conditions: without “Aneurysm” and “Arteriovenous malformation”"]
    ]
    assert told("feels-pushed", person(feels_pushed="yes")) == [
        ["Feels pressured into treatment: “No”"]
    ]
    (way,) = told("med-maoi", person(**FIRES["med-maoi"]))
    assert way == ["Medicines: no current medicine of the kind “MAOI action”"]


def test_it_says_which_finding_may_take_its_place() -> None:
    facts = facts_of(person(bp_known="yes", bp_systolic=165, bp_diastolic=84))
    (way,) = ways_out(current().rule["bp-uncontrolled"], facts)
    assert way.then == ("bp-elevated",)
    assert isinstance(way, Way)


@pytest.mark.parametrize("seed", range(8))
def test_whoever_has_a_finding_is_told_a_way_out_of_it(seed: int) -> None:
    """Answers drawn by chance, with gaps anywhere."""
    facts = facts_of(scattered_answers(current(), Random(seed)))
    for finding in assess_facts(facts).findings:
        assert exits(finding, facts), finding.rule


@pytest.mark.parametrize("rule", FIRES_AT_CHECK_IN)
def test_so_is_a_patient_who_comes_back(rule: str) -> None:
    facts = Facts(check_in(), returning(**FIRES_AT_CHECK_IN[rule]), TODAY)
    for finding in assess_facts(facts).findings:
        assert exits(finding, facts), finding.rule
