"""What the conditions read: single answers, and every derived name with its unknowns."""

from datetime import date

import pytest

from screening.assessment.facts import CRISIS_WORDS, Facts
from screening.questionnaire.conditions import NOT_APPLICABLE, UNKNOWN
from screening.questionnaire.loader import current
from tests.builders import TODAY, medicine, medicine_row, options, person, question, tiny, trial_row


def facts(answers, today=TODAY, **more):
    return Facts(current(), answers, today, **more)


def value(name, **changes):
    return facts(person(**changes)).value(name)


# Answers


FOLLOW_UP = tiny(
    question("ill"),
    question("when", "integer", min=0, max=99, ask_if="ill == 'yes'"),
    question("note", "text", required=False),
    question("mood", sensitive=True, options=options("good", "bad", "unsure")),
    question("signs", "choices", sensitive=True, options=options("a", "b", "none", "unsure")),
)


@pytest.mark.parametrize(
    ("name", "answers", "expected"),
    [
        ("ill", {"ill": "yes"}, "yes"),
        ("ill", {}, UNKNOWN),
        ("when", {"ill": "yes", "when": 0}, 0),
        ("when", {"ill": "yes"}, UNKNOWN),
        ("when", {"ill": "yes", "when": "unsure"}, UNKNOWN),
        ("when", {"ill": "no", "when": 5}, NOT_APPLICABLE),
        ("when", {"when": 5}, UNKNOWN),
        ("note", {"note": "hello"}, "hello"),
        ("note", {}, NOT_APPLICABLE),
        ("mood", {"mood": "unsure"}, UNKNOWN),
        ("mood", {"mood": "discuss"}, UNKNOWN),
        ("signs", {"signs": ["a", "unsure"]}, ("a", "unsure")),
        ("signs", {"signs": ["none"]}, ("none",)),
        ("signs", {"signs": "discuss"}, UNKNOWN),
        ("signs", {}, UNKNOWN),
    ],
)
def test_what_an_answer_reads_as(name, answers, expected):
    assert Facts(FOLLOW_UP, answers, TODAY).value(name) == expected


@pytest.mark.parametrize(
    ("name", "answers", "expected"),
    [
        ("ill", {"ill": "no"}, True),
        ("ill", {}, False),
        ("when", {"ill": "yes", "when": 0}, True),
        ("when", {"ill": "yes", "when": "unsure"}, True),
        ("when", {"ill": "no", "when": 5}, False),
        ("when", {"when": 5}, False),
        ("mood", {"mood": "discuss"}, False),
        ("signs", {"signs": "discuss"}, False),
        ("signs", {"signs": ["unsure"]}, True),
    ],
)
def test_what_counts_as_answered(name, answers, expected):
    assert Facts(FOLLOW_UP, answers, TODAY).answered(name) is expected


def test_on_a_draft_nothing_is_answered_or_left_empty_until_its_page_is_saved():
    draft = Facts(FOLLOW_UP, {"ill": "yes"}, TODAY, saved_pages={"base"})
    assert draft.answered("ill") is None
    assert draft.answered("note") is None
    assert draft.value("note") is UNKNOWN
    assert draft.value("ill") == "yes"
    saved = Facts(FOLLOW_UP, {"ill": "yes"}, TODAY, saved_pages={"base", "more"})
    assert saved.answered("ill") is True
    assert saved.answered("note") is False
    assert saved.value("note") is NOT_APPLICABLE


def test_a_name_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        facts({}).value("shoe_size")


# Age, size, pressure


@pytest.mark.parametrize(
    ("born", "today", "years"),
    [
        ("1984-03-09", date(2026, 3, 8), 41),
        ("1984-03-09", date(2026, 3, 9), 42),
        ("2008-11-24", date(2026, 11, 23), 17),
        ("2008-11-23", date(2026, 11, 23), 18),
    ],
)
def test_age_is_in_whole_years_on_the_day(born, today, years):
    assert facts({"date_of_birth": born}, today).value("age") == years


def test_size_is_not_rounded():
    assert value("weight_kg", weight_lb=150) == pytest.approx(68.0388555, abs=1e-9)
    assert value("bmi", weight_lb=150, height_in=65) == pytest.approx(24.961050, abs=1e-6)
    assert value("bmi", weight_lb=240.3, height_in=65) < 40
    assert value("bmi", weight_lb=240.4, height_in=65) > 40


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("age", "date_of_birth"),
        ("weight_kg", "weight_lb"),
        ("bmi", "weight_lb"),
        ("bmi", "height_in"),
        ("systolic", "bp_systolic"),
        ("diastolic", "bp_diastolic"),
        ("systolic", "bp_known"),
        ("indications.any", "seeking_help_for"),
        ("trials.strict_failed", "antidepressant_trials"),
        ("phq9.total", "phq9_3"),
    ],
)
def test_without_its_source_a_derived_name_is_unknown(name, missing):
    assert value(name, **{missing: None}) is UNKNOWN


@pytest.mark.parametrize(
    ("measured", "pair"),
    [
        ({}, (118, 76)),
        ({"measured_systolic": 150, "measured_diastolic": 95}, (150, 95)),
        ({"measured_systolic": 150}, (118, 76)),
        ({"measured_diastolic": 95}, (118, 76)),
    ],
)
def test_the_measured_pressure_counts_only_as_a_pair(measured, pair):
    answers = person(**measured)
    assert (facts(answers).value("systolic"), facts(answers).value("diastolic")) == pair


def test_who_knows_no_pressure_has_none_unless_it_is_measured():
    unknown = {"bp_known": "no", "bp_systolic": None, "bp_diastolic": None}
    assert value("systolic", **unknown) is NOT_APPLICABLE
    assert value("systolic", **unknown, measured_systolic=150, measured_diastolic=95) == 150


# Medicines


def meds(flag, **changes):
    return value(f"meds.{flag}", **changes)


NOT_TAKING = {"takes_medications": "no", "medications": None}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"medications": [medicine_row("Percocet")]}, True),
        ({"medications": [medicine_row("Percocet", "month")]}, True),
        ({"medications": [medicine_row("Percocet", "longer")]}, False),
        ({"medications": [medicine_row("lisinopril")]}, False),
        ({"medications": [{"dose": "5 mg"}]}, False),
        ({"medications": None}, UNKNOWN),
        ({"takes_medications": None, "medications": [medicine_row("Percocet")]}, UNKNOWN),
        (NOT_TAKING, False),
        ({"takes_medications": "no", "medications": [medicine_row("Percocet")]}, False),
        ({"antidepressant_trials": None}, UNKNOWN),
        ({"antidepressant_trials": None, "medications": [medicine_row("Percocet")]}, True),
        (NOT_TAKING | {"antidepressant_trials": None}, UNKNOWN),
        (NOT_TAKING | {"antidepressant_trials": []}, False),
    ],
)
def test_a_flag_of_the_medicines_taken_now(changes, expected):
    assert meds("opioid", **changes) is expected


@pytest.mark.parametrize(("still", "expected"), [("yes", True), ("no", False), ("", False)])
def test_a_trial_still_taken_is_a_medicine_taken_now(still, expected):
    rows = [trial_row("phenelzine", 60, 8, still_taking=still)]
    assert meds("maoi", antidepressant_trials=rows) is expected
    assert meds("maoi", antidepressant_trials=rows, medications=None) is (
        True if expected else UNKNOWN
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"medications": [medicine_row("vitamin Q")]}, True),
        ({"medications": [medicine_row("vitamin Q", "longer")]}, False),
        ({"medications": [medicine_row("lisinopril"), medicine_row(" ")]}, False),
        ({"medications": [medicine_row("lisinopril"), medicine_row("vitamin Q")]}, True),
        ({"medications": None}, UNKNOWN),
        (NOT_TAKING, False),
        ({"antidepressant_trials": [trial_row("Blue pill", 5, 8, still_taking="yes")]}, False),
    ],
)
def test_a_current_medicine_that_the_table_does_not_know(changes, expected):
    assert meds("unrecognised", **changes) is expected


def test_two_medicines_in_one_name_carry_the_flags_of_both():
    table = (
        medicine("oxycodone", flags=frozenset({"opioid"})),
        medicine("lorazepam", "Ativan", flags=frozenset({"benzodiazepine"})),
    )
    asked = tiny(question("medications", "group"), medicines=table)
    answers = {
        "medications": [medicine_row("oxycodone / Ativan")],
        "antidepressant_trials": [],
    }
    found = Facts(asked, answers, TODAY)
    assert found.value("meds.opioid") is True
    assert found.value("meds.benzodiazepine") is True


# Allergies and free text


@pytest.mark.parametrize(
    ("allergen", "expected"),
    [
        ("ketamine", True),
        ("Esketamine nasal spray", True),
        ("KETALAR", True),
        ("spravato", True),
        ("ketamina", True),
        ("penicillin", False),
        ("", False),
        (None, False),
    ],
)
def test_an_allergen_that_names_ketamine(allergen, expected):
    assert value("allergies.ketamine", allergies=[{"allergen": allergen}]) is expected


def test_no_allergies_and_allergies_left_open_name_nothing():
    assert value("allergies.ketamine", allergies=[]) is False
    assert value("allergies.ketamine", allergies=None) is False
    named_as_reaction = [{"allergen": "latex", "reaction": "given ketamine"}]
    assert value("allergies.ketamine", allergies=named_as_reaction) is False


@pytest.mark.parametrize("words", CRISIS_WORDS)
def test_free_text_with_words_of_crisis(words):
    text = f"Sometimes I think: {words.upper()} - ok?"
    assert value("text.crisis", treatment_goals=text) is True
    assert value("text.crisis", pronouns=text) is True


def test_words_of_crisis_run_over_lines_and_spaces():
    assert value("text.crisis", anything_else="I want  to\ndie") is True


def test_free_text_of_another_kind_is_no_crisis():
    assert value("text.crisis", anything_else="My dose was over by two. I want to diet.") is True
    assert value("text.crisis", anything_else="My dose was over by two.") is False


def test_free_text_that_is_not_asked_or_stands_in_a_table_is_not_read():
    assert value("text.crisis", main_concern_other="suicidal") is False
    assert value("text.crisis", medications=[medicine_row("want to die")]) is False


def test_free_text_on_a_page_that_is_not_saved_waits():
    answers = person(anything_else="I want to die")
    assert facts(answers, saved_pages={"mood"}).value("text.crisis") is not True
    assert facts(answers, saved_pages={"sign"}).value("text.crisis") is True


# Scores


def test_the_points_so_far_count_what_is_answered():
    some = {"phq9_1": 3, "phq9_2": "discuss", "phq9_3": 2}
    assert facts(some).value("phq9.answered_sum") == 5
    assert facts(some).value("phq9.total") is UNKNOWN
    assert facts({}).value("phq9.answered_sum") == 0
    assert value("pc_ptsd_5.answered_sum", pcptsd5_gate="yes", pcptsd5_1="yes") == 1


def test_an_instrument_that_is_not_asked_has_no_total_and_no_score():
    assert value("peg.total") is NOT_APPLICABLE
    assert facts(person()).score("peg") is None
    assert value("peg.total", seeking_help_for=None) is UNKNOWN


LEVELS = [
    ({"cssrs_1": "no", "cssrs_2": "no", "cssrs_6": "no"}, "none", "complete"),
    ({"cssrs_1": "yes", "cssrs_2": "no", "cssrs_6": "no"}, "low", "complete"),
    ({"cssrs_1": "no", "cssrs_2": "no"}, "undetermined", "incomplete"),
    ({"cssrs_1": "no", "cssrs_2": "no", "cssrs_6": "discuss"}, "undetermined", "incomplete"),
    ({"cssrs_1": "no", "cssrs_2": "no", "cssrs_6": "yes"}, "high", "incomplete"),
    ({"cssrs_1": "no", "cssrs_2": "no", "cssrs_6": "yes", "cssrs_6a": "discuss"}, "high", "inc"),
    ({"cssrs_1": "no", "cssrs_2": "no", "cssrs_6": "yes", "cssrs_6a": "no"}, "moderate", "com"),
    ({"cssrs_2": "yes", "cssrs_3": "yes", "cssrs_4": "discuss"}, "moderate", "incomplete"),
    ({"cssrs_2": "yes", "cssrs_4": "yes"}, "high", "incomplete"),
    ({"cssrs_2": "no", "cssrs_4": "yes", "cssrs_1": "no"}, "undetermined", "incomplete"),
    ({}, "undetermined", "incomplete"),
]


@pytest.mark.parametrize(("answers", "level", "status"), LEVELS)
def test_the_level_of_a_ladder_is_its_first_rung_that_is_true(answers, level, status):
    score = facts(answers).score("cssrs_screener")
    assert score.level == level
    assert score.status.startswith(status)
    assert score.total is None


# Indications


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"depression": True}),
        ({"phq9_1": 0, "phq9_2": 0, "phq9_3": 1}, {"depression": True}),
        ({"phq9_1": 0, "phq9_2": 0, "phq9_3": 1, "phq9_4": 2}, {"depression": False}),
        ({"phq9_1": None}, {"depression": None}),
        ({"seeking_help_for": ["other", "neurodegenerative"]}, {"other": False}),
        ({"seeking_help_for": ["ocd"]}, {"ocd": False}),
        ({"seeking_help_for": ["ocd"], "psychiatric_diagnoses": ["ocd"]}, {"ocd": True}),
        ({"seeking_help_for": ["suicidal-thoughts"]}, {"suicidal-thoughts": False}),
        (
            {"seeking_help_for": ["suicidal-thoughts"], "cssrs_1": "yes"},
            {"suicidal-thoughts": True},
        ),
        ({"seeking_help_for": ["substance-use"], "auditc_1": 3}, {"substance-use": True}),
        (
            {"seeking_help_for": ["substance-use"], "auditc_1": 3, "sex_at_birth": "male"},
            {"substance-use": False},
        ),
        (
            {"seeking_help_for": ["substance-use"], "use_disorder": "over-6-months-ago"},
            {"substance-use": True},
        ),
    ],
)
def test_what_makes_a_condition_sought_an_indication(changes, expected):
    found = facts(person(**changes)).indications()
    assert found.items() >= expected.items()


def test_any_indication_is_the_or_of_those_sought():
    sought = {"seeking_help_for": ["depression", "ptsd"]}
    low = {f"phq9_{n}": 0 for n in range(1, 10)}
    assert value("indications.any", **sought) is True
    assert value("indications.any", **sought, **low) is UNKNOWN
    assert value("indications.any", **low) is False
    assert value("indications.any", **low, seeking_help_for=["depression", "other"]) is False


# Treatment


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"seeking_help_for": ["anxiety"], "main_concern": "anxiety"}, NOT_APPLICABLE),
        ({}, "met"),
    ],
)
def test_treatment_resistance_is_read_only_where_depression_is_sought(changes, expected):
    assert value("trials.trd", **changes) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"main_concern": "anxiety", "seeking_help_for": ["depression", "anxiety"]},
        {"episode_months": None},
        {"episode_months": "unsure"},
        {"phq9_1": None},
        {"antidepressant_trials": []},
        {"psychiatric_diagnoses": ["bipolar-1"]},
        {"seeking_help_for": ["depression", "bipolar-depression"]},
    ],
)
def test_without_what_the_maudsley_stage_needs_there_is_none(changes):
    assert facts(person()).treatment.maudsley is not None
    assert facts(person(**changes)).treatment.maudsley is None
