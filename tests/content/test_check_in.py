"""What a check-in finds: its rules, each on the answers that it is about."""

from typing import Any

import pytest

from screening.assessment.outcome import assess
from screening.questionnaire.conditions import names, parse
from screening.questionnaire.loader import check_in
from tests.builders import TODAY, returning


def found(**changes: Any) -> list[str]:
    return [f.rule for f in assess(check_in(), returning(**changes), TODAY).findings]


def test_nothing_new_is_a_candidate_whose_indication_is_not_judged_again():
    assessment = assess(check_in(), returning(), TODAY)
    assert (assessment.findings, assessment.outcome) == ((), "candidate")
    assert (assessment.indications, assessment.treatment) == ({}, None)


BLOOD = ["urine-blood-after-ketamine", "bladder-pain"]
NO_PRESSURE = {"bp_known": "no", "bp_systolic": None, "bp_diastolic": None}
WOMAN = {"sex_at_birth": "female", "trying_to_conceive": "no", "breastfeeding": "no"}


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"last_infusion": "2026-08-24"}, ["gap-over-90-days"]),  # 91 days
        ({"last_infusion": "2026-08-25"}, []),
        ({"last_infusion": "2026-11-10"}, ["booster-under-14-days"]),  # 13 days
        ({"last_infusion": "2026-11-09"}, []),
        ({"last_infusion": None}, ["last-infusion-unknown"]),
        ({"since_last": ["stroke-or-tia"]}, ["stroke-tia-under-6m"]),
        ({"since_last": ["heart-attack"]}, ["mi-acs-under-6m"]),
        ({"since_last": ["mental-health-hospital"]}, ["recent-discharge"]),
        ({"since_last": ["eyes", "fall"]}, ["fall-since", "eyes-new"]),
        ({"since_last": ["unsure"]}, ["history-unsure"]),
        (NO_PRESSURE, ["bp-unknown"]),
        ({"bp_systolic": 165}, ["bp-uncontrolled"]),
        ({"bladder_since": ["night"]}, ["nocturia-new"]),
        ({"bladder_since": ["cannot-urinate"]}, ["urine-retention"]),
        ({"kidney_bladder_conditions": ["blood-in-urine"]}, BLOOD),
        ({"after_infusion_now": ["swelling"]}, ["post-infusion-emergency"]),
        ({"last_infusion_problems": ["unreal-over-24h"]}, ["dissociation-over-24h"]),
        ({"last_infusion_problems": ["allergy"]}, ["allergy-last-time"]),
        ({"medicine_changes": ["started"]}, ["medicine-changed"]),
        ({"ketamine_elsewhere": "yes"}, ["ketamine-concurrent"]),
        ({"infection_now": "yes"}, ["infection-acute"]),
        ({"escort": "no"}, ["escort-none"]),
        (WOMAN | {"pregnant": "could-be"}, ["pregnancy-possible"]),
    ],
)
def test_what_is_new_is_found(changes: dict[str, Any], rules: list[str]):
    assert set(rules) <= set(found(**changes))
    assert set(found(**changes)) - set(rules) <= {"pregnancy-test"}


def test_a_medicine_is_judged_from_the_one_list_there_is():
    listed = [{"medicine": "theophylline"}, {"medicine": "zzz"}]
    rules = found(takes_medications="yes", medications=listed)
    assert {"med-theophylline", "med-unrecognised"} <= set(rules)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("ketamine_elsewhere", "ketamine-concurrent"),
        ("ketamine_craving", "ketamine-craving"),
        ("psychosis_now", "psychosis-now"),
        ("substances_last_month", "illicit-use-recent"),
    ],
)
def test_what_is_left_for_a_talk_stays_open(name: str, rule: str):
    assert rule in found(**{name: "discuss"})


READ = {name for rule in check_in().rules for name in names(parse(rule.when))}
REQUIRED = {question.id for question in check_in().patient_questions() if question.required}


@pytest.mark.parametrize("name", sorted(READ & REQUIRED & set(returning())))
def test_a_missing_answer_is_never_a_no(name: str):
    """Whatever a rule reads stays open for the physician while it has no answer."""
    assessment = assess(check_in(), returning(**{name: None}), TODAY)
    assert any(f.status == "unknown" or f.kind == "clear" for f in assessment.findings)
