"""From rules to findings, from findings to an outcome; and the JSON that says so."""

import json

import pytest

from screening.assessment.facts import Facts
from screening.assessment.outcome import assess, urgent_rules
from screening.assessment.report import as_json
from screening.questionnaire.loader import current
from tests.builders import TODAY, example, options, person, question, rule, tiny

KINDS = ("urgent", "exclude", "clear", "caution")


def asked(*rules):
    return tiny(
        question("ill", options=options("yes", "no", "unsure")),
        question("weight", "decimal", min=0, ask_if="ill == 'yes'"),
        question("signs", "choices", options=options("a", "b", "none")),
        question("note", "text", required=False),
        rules=rules,
    )


def one_of_each(when):
    return [rule(kind, when, kind, panel="crisis") for kind in KINDS]


def found(questionnaire, answers):
    return assess(questionnaire, answers, TODAY)


@pytest.mark.parametrize(
    ("kinds", "outcome"),
    [
        (("urgent", "exclude", "clear", "caution"), "urgent"),
        (("exclude", "clear", "caution"), "excluded"),
        (("clear", "caution"), "clearance"),
        (("caution",), "candidate"),
        ((), "candidate"),
    ],
)
def test_the_gravest_finding_gives_the_outcome(kinds, outcome):
    rules = [rule(kind, "ill == 'yes'", kind, panel="crisis") for kind in kinds]
    assert found(asked(*rules), {"ill": "yes"}).outcome == outcome


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_that_is_unknown_is_never_passed_over(kind):
    assessment = found(asked(rule("r", "ill == 'yes'", kind, panel="crisis")), {})
    (finding,) = assessment.findings
    expected = "caution" if kind == "caution" else "clear"
    assert (finding.kind, finding.status) == (expected, "unknown")
    assert assessment.outcome == ("candidate" if kind == "caution" else "clearance")
    assert assessment.urgent == []


@pytest.mark.parametrize("answer", [None, "unsure"])
def test_not_knowing_is_not_no(answer):
    answers = {"ill": answer} if answer else {}
    assert found(asked(rule("r", "ill == 'yes'")), answers).outcome == "clearance"
    assert found(asked(rule("r", "ill == 'yes'")), {"ill": "no"}).outcome == "candidate"


def test_a_rule_that_is_false_gives_no_finding():
    assert found(asked(*one_of_each("ill == 'yes'")), {"ill": "no"}).findings == ()


def test_findings_stand_by_kind_then_in_the_order_of_the_rules():
    rules = [
        rule("caution-met", "ill == 'yes'", "caution"),
        rule("clear-met", "ill == 'yes'", "clear"),
        rule("caution-open", "answered(signs) and 'a' in signs or weight > 1", "caution"),
        rule("exclude-open", "weight > 100", "exclude"),
        rule("exclude-met", "ill == 'yes'", "exclude"),
        rule("clear-again", "ill == 'yes'", "clear"),
        rule("urgent-met", "ill == 'yes'", "urgent", panel="crisis"),
    ]
    assessment = found(asked(*rules), {"ill": "yes"})
    assert [(f.rule, f.kind) for f in assessment.findings] == [
        ("urgent-met", "urgent"),
        ("exclude-met", "exclude"),
        ("clear-met", "clear"),
        ("exclude-open", "clear"),
        ("clear-again", "clear"),
        ("caution-met", "caution"),
        ("caution-open", "caution"),
    ]
    assert assessment.urgent == ["urgent-met"]


def test_a_finding_says_what_it_read_null_where_there_is_nothing_to_read():
    when = "weight > 5 or 'a' in signs or note == 'x' or ill == 'yes' or answered(weight)"
    assessment = found(asked(rule("r", when)), {"ill": "yes", "signs": ["a", "b"]})
    assert assessment.findings[0].reads == {
        "weight": None,
        "signs": ["a", "b"],
        "note": None,
        "ill": "yes",
    }


def test_a_follow_up_that_is_not_asked_is_not_read():
    rules = asked(rule("r", "weight > 5"))
    assert found(rules, {"ill": "no", "weight": 9}).outcome == "candidate"
    assert found(rules, {"ill": "yes", "weight": 9}).outcome == "clearance"
    assert found(rules, {"weight": 9}).outcome == "clearance"


# Drafts


def test_on_a_draft_only_an_urgent_rule_that_is_already_true_acts():
    rules = asked(*one_of_each("ill == 'yes'"), rule("open", "weight > 1", "urgent"))
    facts = Facts(rules, {"ill": "yes"}, TODAY, saved_pages={"more"})
    assert [f.rule for f in urgent_rules(facts)] == ["urgent"]
    assert urgent_rules(Facts(rules, {}, TODAY, saved_pages=set())) == []


MOOD = {"phq9_9": 1}
SAFETY = {"cssrs_1": "no", "cssrs_2": "no", "cssrs_6": "no"}


def urgent_on_draft(answers, *pages):
    facts = Facts(current(), answers, TODAY, saved_pages=set(pages))
    return [finding.rule for finding in urgent_rules(facts)]


def test_thoughts_of_death_wait_for_the_safety_page():
    assert urgent_on_draft(MOOD, "mood") == []
    assert urgent_on_draft(MOOD | SAFETY, "mood", "safety") == []
    assert urgent_on_draft(MOOD, "mood", "safety") == ["suicide-unknown"]
    talk = {"cssrs_1": "discuss", "cssrs_2": "no", "cssrs_6": "no"}
    assert urgent_on_draft(MOOD | talk, "mood", "safety") == ["suicide-unknown"]


def test_a_plan_acts_at_once():
    answers = {"cssrs_2": "yes", "cssrs_4": "yes", "cssrs_5": "yes", "cssrs_3": "yes"}
    assert "suicide-high" in urgent_on_draft(SAFETY | answers, "safety")


def test_behaviour_of_unknown_date_waits_for_its_page():
    answers = SAFETY | {"cssrs_6": "yes"}
    assert urgent_on_draft(answers) == []
    assert urgent_on_draft(answers, "safety") == ["suicide-high"]


def test_an_alarm_symptom_waits_for_the_question_beside_it():
    answers = {"alarm_symptoms_now": ["chest-pain"]}
    assert urgent_on_draft(answers) == []
    assert urgent_on_draft(answers, "right-now") == ["chest-pain-now"]
    assert urgent_on_draft(answers | {"alarm_symptoms_new": "no"}, "right-now") == []
    assert urgent_on_draft(answers | {"alarm_symptoms_new": "yes"}) == ["chest-pain-now"]


# The released rules on single changes of a candidate


def outcome(**changes):
    return found(current(), person(**changes)).outcome


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "candidate"),
        ({"bp_systolic": 140, "bp_diastolic": 90}, "candidate"),
        ({"bp_systolic": 141}, "clearance"),
        ({"bp_systolic": 160}, "excluded"),
        ({"bp_systolic": 180}, "urgent"),
        ({"bp_diastolic": 120, "bp_systolic": 150}, "urgent"),
        ({"bp_systolic": 180, "alarm_symptoms_now": None}, "urgent"),
        ({"date_of_birth": "2008-11-24"}, "excluded"),
        ({"date_of_birth": "1951-11-23", "memory_worse": "no"}, "clearance"),
        ({"measured_systolic": 150}, "clearance"),
        ({"spo2": 92}, "excluded"),
        ({"spo2": 94}, "clearance"),
        ({"spo2": 95}, "candidate"),
        ({"capacity": "lacks"}, "excluded"),
        ({"phq9_9": 1, "firearm_or_means_access": "no"}, "candidate"),
        ({"phq9_9": "discuss"}, "clearance"),
        ({"treatment_goals": "I want to die"}, "clearance"),
        ({"safe_at_home": "not-safe-now"}, "urgent"),
        ({"alone_now": "no", "safe_at_home": None}, "candidate"),
    ],
)
def test_one_change_at_a_time(changes, expected):
    assert outcome(**changes) == expected


# JSON


def test_the_json_of_an_assessment_is_plain_and_complete():
    case = example("ptsd-and-pain")
    report = as_json(found(current(), case["answers"] | {"bp_systolic": 148}))
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert list(report) == [
        "outcome", "findings", "scores", "indications", "treatment", "urgent", "questionnaire",
    ]  # fmt: skip
    assert report["findings"] == [
        {
            "rule": "bp-elevated",
            "kind": "clear",
            "status": "met",
            "reads": {"systolic": 148, "diastolic": 76},
        }
    ]
    assert report["scores"]["peg"] == {"total": 6.0, "band": "moderate", "status": "complete"}
    assert isinstance(report["scores"]["peg"]["total"], float)
    assert isinstance(report["scores"]["phq9"]["total"], int)
    assert report["scores"]["cssrs_screener"] == {"level": "none"}
    assert "des_t" not in report["scores"]
    assert report["treatment"]["verdicts"] == ["failed", "failed"]
    assert report["treatment"]["maudsley"] is None
    assert report["questionnaire"] == current().version


def test_the_json_of_almost_nothing():
    report = as_json(found(current(), {}))
    assert report["treatment"] is None
    assert report["indications"] == {}
    assert report["outcome"] == "clearance"
    assert report["urgent"] == []


def test_urgent_findings_are_repeated_by_id():
    case = example("urgent-suicide-plan")
    report = as_json(found(current(), case["answers"]))
    assert report["urgent"] == ["suicide-high"]
    assert report["findings"][0]["rule"] == "suicide-high"
    assert report["treatment"]["maudsley"] == {"total": 5, "band": "mild"}
