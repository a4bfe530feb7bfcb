"""Worked examples, whole: people, instruments and treatment histories with the result they have."""

import json

import pytest

from screening.assessment.outcome import assess
from screening.assessment.report import as_json
from screening.questionnaire.definition import RULE_KINDS
from screening.questionnaire.loader import current
from screening.questionnaire.validation import normalise, problems_in
from tests.builders import FIXTURES, TODAY, example, person, trial_row

EXAMPLES = sorted(path.stem for path in (FIXTURES / "examples").glob("*.json"))
INSTRUMENT_CASES = json.loads((FIXTURES / "instrument_cases.json").read_text("utf-8"))
TRIAL_CASES = json.loads((FIXTURES / "trial_cases.json").read_text("utf-8"))


def by_name(case):
    return f"{case.get('instrument', '')} {case['name']}".strip()


def assessed(answers, today=TODAY):
    assert problems_in(current(), answers, today, {"patient", "clinician"}) == []
    return as_json(assess(current(), normalise(current(), answers), today))


def test_there_are_twelve_examples():
    assert len(EXAMPLES) == 12


@pytest.mark.parametrize("name", EXAMPLES)
def test_people(name):
    case = example(name)
    found, expected = assessed(case["answers"], case["as_of"]), case["expected"]
    assert found["outcome"] == expected["outcome"]
    assert found["indications"] == expected["indications"]
    findings = [[f["rule"], f["kind"], f["status"]] for f in found["findings"]]
    assert findings == expected["findings"]
    totals = {k: [v["total"], v["status"]] for k, v in found["scores"].items() if "total" in v}
    assert totals == expected["scores"]
    treatment = {name: found["treatment"][name] for name in expected["treatment"]}
    assert treatment == expected["treatment"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_findings_stand_by_kind_then_as_in_the_rules(name):
    order = {rule.id: number for number, rule in enumerate(current().rules)}
    case = example(name)
    found = assessed(case["answers"], case["as_of"])["findings"]
    places = [(RULE_KINDS.index(f["kind"]), order[f["rule"]]) for f in found]
    assert places == sorted(places)


# Instruments: "discuss" stands for an item the person would rather talk about in person

ASKS_ALL = {
    "seeking_help_for": ["depression", "ptsd", "chronic-pain"],
    "psychiatric_diagnoses": ["other-dissociative"],
}


def answers_of(case, items):
    instrument = current().instrument[case["instrument"]]
    given = dict(zip(instrument.items, items, strict=True))
    return {
        **ASKS_ALL,
        "sex_at_birth": case.get("sex_at_birth", "female"),
        **{name: answer for name, answer in given.items() if answer is not None},
    }


@pytest.mark.parametrize("case", INSTRUMENT_CASES, ids=by_name)
def test_instruments(case):
    answers = answers_of(case, case["items"])
    found = as_json(assess(current(), answers, TODAY))
    assert found["scores"][case["instrument"]] == case["expected"]


@pytest.mark.parametrize(
    "case",
    [case for case in INSTRUMENT_CASES if case["expected"].get("status") == "prorated"],
    ids=by_name,
)
def test_what_is_simply_missing_is_never_prorated(case):
    items = [None if item == "discuss" else item for item in case["items"]]
    score = assessed(answers_of(case, items))["scores"][case["instrument"]]
    assert score == {"total": None, "band": None, "status": "invalid"}


@pytest.mark.parametrize(
    "case",
    [case for case in INSTRUMENT_CASES if case["expected"].get("status") == "complete"],
    ids=by_name,
)
def test_any_missing_item_leaves_no_total(case):
    instrument = current().instrument[case["instrument"]]
    asked = [n for n, item in enumerate(case["items"]) if item not in (None, "discuss")]
    for missing in asked:
        items = [None if n == missing else item for n, item in enumerate(case["items"])]
        score = assessed(answers_of(case, items))["scores"].get(instrument.id)
        assert score is None or score["total"] is None


# Treatment histories


def phq9(total):
    return {f"phq9_{n}": min(3, max(0, total - 3 * (n - 1))) for n in range(1, 10)}


@pytest.mark.parametrize("case", TRIAL_CASES, ids=by_name)
def test_treatment_histories(case):
    rows = [{**trial_row("", None, None), **row} for row in case["rows"]]
    months = {"episode_months": case["episode_months"]}
    answers = person(
        antidepressant_trials=rows, **{**months, **phq9(case["phq9"]), **case.get("answers", {})}
    )
    found = assessed(answers)["treatment"]
    assert found == {"rows": len(rows), **case["expected"]}
