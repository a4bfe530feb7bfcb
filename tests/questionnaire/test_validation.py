"""The judge of single answers and whole files: each kind, its ends, and the answers beside it."""

from datetime import date

import pytest

from screening.questionnaire.validation import (
    Problem,
    age_on,
    missing,
    normalise,
    problems,
    problems_in,
)
from tests.builders import TODAY, options, person, question, tiny

CONDITIONS = options("depression", "pain", "none", "unsure")
CELLS = [
    {"id": "drug", "kind": "text"},
    {"id": "dose", "kind": "decimal", "above": 0},
    {"id": "weeks", "kind": "integer", "min": 0, "max": 2000},
    {"id": "helped", "kind": "choice", "options": options("yes", "no", "unsure")},
]
COLUMNS = [{"text": {"en": "x", "es": "x"}, "label": "x", **cell} for cell in CELLS]


def codes(asked, answer, answers=None):
    return [problem.code for problem in problems(asked, answer, answers or {}, TODAY)]


GOOD = [
    (question("q", "agree"), True),
    (question("q", "choice"), "yes"),
    (question("q", "choices", options=CONDITIONS), ["depression", "pain"]),
    (question("q", "choices", options=CONDITIONS), ["none"]),
    (question("q", "choices", options=CONDITIONS), ["pain", "unsure"]),
    (question("q", "scale"), 0),
    (question("q", "scale"), 3),
    (question("q", "integer", min=50, max=300), 50),
    (question("q", "integer", min=50, max=300), 300),
    (question("q", "decimal", min=36, max=96), 36),
    (question("q", "decimal", min=36, max=96), 96.0),
    (question("q", "integer", min=5), 10**400),
    (question("q", "text"), "Núñez, O'Brien"),
    (question("q", "text"), "x" * 200),
    (question("q", "text"), " stripped\n" + " " * 200),
    (question("q", "longtext"), "two\nlines"),
    (question("q", "longtext"), "two\r\nlines\tand a tab\r"),
    (question("q", "email"), "a@example.org"),
    (question("q", "phone"), "(805) 555-0142 x12"),
    (question("q", "zip"), "93401"),
    (question("q", "zip"), "93401-0001"),
    (question("q", "date"), "2026-11-23"),
    (question("q", "date"), "1906-11-23"),
    (question("q", "date"), "2024-02-29"),
    (question("q", "group", columns=COLUMNS), []),
    (question("q", "group", columns=COLUMNS), [{}, {"drug": " ", "weeks": None, "dose": ""}]),
    (question("q", "group", columns=COLUMNS), [{"drug": "x", "dose": 0.5, "weeks": 2000}]),
    (question("q", "group", columns=COLUMNS), [{"helped": "unsure"}]),
]


@pytest.mark.parametrize(("asked", "answer"), GOOD)
def test_good_answers(asked, answer):
    assert codes(asked, answer) == []


ONE = {"min_rows": 1, "max_rows": 2, "columns": COLUMNS}
BAD = [
    (question("q", "agree"), False, "agree"),
    (question("q", "agree"), "yes", "agree"),
    (question("q", "agree"), 1, "agree"),
    (question("q", "choice"), "maybe", "unknown_option"),
    (question("q", "choice"), ["yes"], "unknown_option"),
    (question("q", "choice"), True, "unknown_option"),
    (question("q", "choice"), "", "unknown_option"),
    (question("q", "choices", options=CONDITIONS), "pain", "unknown_option"),
    (question("q", "choices", options=CONDITIONS), [], "unknown_option"),
    (question("q", "choices", options=CONDITIONS), ["gout"], "unknown_option"),
    (question("q", "choices", options=CONDITIONS), [["pain"]], "unknown_option"),
    (question("q", "choices", options=CONDITIONS), ["pain", "pain"], "unknown_option"),
    (question("q", "choices", options=CONDITIONS), ["none", "pain"], "none_with_others"),
    (question("q", "choices", options=CONDITIONS), ["none", "unsure"], "none_with_others"),
    (question("q", "scale"), 4, "unknown_option"),
    (question("q", "scale"), -1, "unknown_option"),
    (question("q", "scale"), "2", "unknown_option"),
    (question("q", "scale"), 2.0, "unknown_option"),
    (question("q", "scale"), True, "unknown_option"),
    (question("q", "integer", min=50, max=300), 49, "range"),
    (question("q", "integer", min=50, max=300), 301, "range"),
    (question("q", "integer", min=50, max=300), 10**400, "range"),
    (question("q", "integer", min=5), 4, "too_small"),
    (question("q", "integer", max=5), 6, "too_large"),
    (question("q", "integer", min=0, max=9), 1.5, "whole_number"),
    (question("q", "integer", min=0, max=9), "1", "whole_number"),
    (question("q", "integer", min=0, max=9), True, "whole_number"),
    (question("q", "integer", min=0, max=9), "unsure", "whole_number"),
    (question("q", "decimal", min=36, max=96), 35.99, "range"),
    (question("q", "decimal", min=36, max=96), 96.01, "range"),
    (question("q", "decimal", min=36, max=96), "64", "not_a_number"),
    (question("q", "decimal", min=36, max=96), False, "not_a_number"),
    (question("q", "decimal", min=36, max=96), float("inf"), "not_a_number"),
    (question("q", "decimal", min=36, max=96), float("nan"), "not_a_number"),
    (question("q", "text"), 5, "wrong_type"),
    (question("q", "text"), "x" * 201, "too_long"),
    (question("q", "text"), "two\nlines", "control_characters"),
    (question("q", "text"), "\x00", "control_characters"),
    (question("q", "text"), "\ud800", "control_characters"),
    (question("q", "longtext"), "x" * 4001, "too_long"),
    (question("q", "longtext"), "\x07", "control_characters"),
    (question("q", "email"), "a@b", "email"),
    (question("q", "email"), "a b@example.org", "email"),
    (question("q", "email"), "a@example.org, b@example.org", "email"),
    (question("q", "phone"), "555-0142", "phone"),
    (question("q", "phone"), "call me", "phone"),
    (question("q", "zip"), "9340", "zip"),
    (question("q", "zip"), "93401-01", "zip"),
    (question("q", "date"), "2026-11-24", "date_future"),
    (question("q", "date"), "1905-11-23", "age_range"),
    (question("q", "date"), "2026-02-29", "not_a_date"),
    (question("q", "date"), "11/23/1984", "not_a_date"),
    (question("q", "date"), "19841123", "not_a_date"),
    (question("q", "date"), 19841123, "not_a_date"),
    (question("q", "group", columns=COLUMNS), {}, "wrong_type"),
    (question("q", "group", columns=COLUMNS), ["x"], "wrong_type"),
    (question("q", "group", **ONE), [], "rows_min"),
    (question("q", "group", **ONE), [{}, {}, {}], "rows_max"),
    (question("q", "group", **ONE), [{"colour": "x"}], "unknown_column"),
    (question("q", "group", **ONE), [{"drug": 5}], "wrong_type"),
    (question("q", "group", **ONE), [{"drug": "x" * 201}], "too_long"),
    (question("q", "group", **ONE), [{"drug": ["x"]}], "wrong_type"),
    (question("q", "group", **ONE), [{"dose": 0}], "not_above"),
    (question("q", "group", **ONE), [{"dose": "20"}], "not_a_number"),
    (question("q", "group", **ONE), [{"weeks": 2001}], "range"),
    (question("q", "group", **ONE), [{"weeks": 1.5}], "whole_number"),
    (question("q", "group", **ONE), [{"helped": "maybe"}], "unknown_option"),
    (question("q", "group", **ONE), [{"helped": ["yes"]}], "unknown_option"),
]


@pytest.mark.parametrize(("asked", "answer", "code"), BAD)
def test_bad_answers(asked, answer, code):
    assert codes(asked, answer) == [code]


def test_a_problem_names_the_cell_and_its_limits():
    asked = question("q", "group", columns=COLUMNS)
    found = problems(asked, [{}, {"weeks": -1}], {}, TODAY)
    assert found == [Problem("q", "range", {"min": 0, "max": 2000}, "1-weeks")]


@pytest.mark.parametrize("kind", ["choice", "choices", "scale", "integer", "text", "group", "date"])
def test_only_a_sensitive_question_may_be_talked_about_in_person(kind):
    assert codes(question("q", kind, sensitive=True), "discuss") == []
    plain = codes(question("q", kind), "discuss")
    assert plain == [] if kind == "text" else len(plain) == 1


@pytest.mark.parametrize("kind", ["integer", "decimal"])
def test_only_a_number_asked_of_some_may_be_unsure(kind):
    assert codes(question("q", kind, ask_if="x == 'yes'"), "unsure") == []
    assert len(codes(question("q", kind), "unsure")) == 1


def test_unsure_is_no_answer_of_a_choice_that_does_not_offer_it():
    assert codes(question("q", "choice", ask_if="x == 'yes'"), "unsure") == ["unknown_option"]


def test_a_number_below_another():
    asked = question("low", "integer", below="high", min=20, max=200)
    assert codes(asked, 119, {"high": 120}) == []
    assert codes(asked, 120, {"high": 120}) == ["below"]
    assert codes(asked, 120, {}) == []
    assert codes(asked, 120, {"high": "unsure"}) == []


def test_a_choice_that_must_be_among_the_ticks_of_another():
    asked = question("main", one_of="sought", options=CONDITIONS)
    assert codes(asked, "pain", {"sought": ["pain", "depression"]}) == []
    assert codes(asked, "pain", {"sought": ["depression"]}) == ["one_of"]
    assert codes(asked, "pain", {}) == []


def test_a_whole_file_names_unknown_ids_and_goes_on():
    staff = question("spo2", "integer", audience="clinician", min=50, max=100)
    asked = tiny(question("smokes"), staff)
    answers = {"smokes": "perhaps", "shoe_size": 9, "spo2": 96, "psychosis_now": None}
    found = problems_in(asked, answers, TODAY, {"patient"})
    assert [(p.question, p.code) for p in found] == [
        ("smokes", "unknown_option"),
        ("shoe_size", "unknown_id"),
        ("spo2", "unknown_id"),
    ]
    assert len(problems_in(asked, answers, TODAY, {"patient", "clinician"})) == 2


def test_every_answer_of_a_candidate_is_good(released):
    assert problems_in(released, person(), TODAY, {"patient"}) == []


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        ("choice", {}, "required"),
        ("agree", {}, "agree"),
        ("group", {"min_rows": 1}, "rows_min"),
        ("group", {}, "rows_none"),
    ],
)
def test_a_missing_answer_is_named_by_its_kind(kind, fields, code):
    assert missing(question("q", kind, **fields)).code == code


@pytest.mark.parametrize(
    ("day", "years"),
    [(date(2026, 3, 8), 41), (date(2026, 3, 9), 42), (date(2026, 3, 10), 42)],
)
def test_age_counts_whole_years(day, years):
    assert age_on(date(1984, 3, 9), day) == years


def test_someone_born_on_a_leap_day_grows_older_in_march():
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18


# One form for storing


def test_text_is_stripped_and_lines_end_alike():
    asked = tiny(question("note", "longtext"))
    assert normalise(asked, {"note": "  a\r\nb\rc \n"}) == {"note": "a\nb\nc"}


def test_ticks_stand_in_the_order_of_the_options():
    asked = tiny(question("ills", "choices", options=CONDITIONS))
    assert normalise(asked, {"ills": ["unsure", "pain", "depression"]}) == {
        "ills": ["depression", "pain", "unsure"]
    }


def test_what_is_blank_is_left_out_but_neither_a_row_nor_an_empty_list():
    asked = tiny(question("note", "text"), question("drugs", "group", columns=COLUMNS))
    rows = [{"drug": " x ", "dose": None, "weeks": ""}, {"drug": "  "}]
    assert normalise(asked, {"note": " ", "drugs": rows}) == {"drugs": [{"drug": "x"}, {}]}
    assert normalise(asked, {"note": None, "drugs": []}) == {"drugs": []}


def test_zero_and_no_are_answers():
    asked = tiny(question("days", "integer", min=0, max=7))
    assert normalise(asked, {"days": 0, "psychosis_now": "no"}) == {
        "days": 0,
        "psychosis_now": "no",
    }


def test_normalising_changes_nothing_in_place_and_is_done_once(released):
    answers = person(first_name=" Ximena ")
    before = person(first_name=" Ximena ")
    once = normalise(released, answers)
    assert answers == before
    assert normalise(released, once) == once


def test_normalising_judges_nothing():
    asked = tiny(question("ills", "choices", options=CONDITIONS))
    odd = {"ills": [3, ["x"]], "shoe_size": 9, "antidepressant_trials": ["x"]}
    assert normalise(asked, odd) == odd
