"""What a patient reads when an answer cannot be taken, and where the form promises nothing."""

import re

import pytest

from screening.questionnaire.validation import Problem
from screening.web import fields
from tests.builders import person
from tests.walker import as_typed

MEDICINES = "antidepressant_trials"


def test_a_medicine_name_that_is_too_long_is_said_to_be(site):
    walker = site.walker_at("antidepressant-trials")
    walker.press(**{f"{MEDICINES}-0-drug": "x" * 201})
    assert walker.status == 200
    (said,) = walker.errors.values()
    assert "200 characters" in said
    assert walker.value(f"{MEDICINES}-0-drug") == "x" * 201


def two_tabs_on_contact(site):
    """The first has saved; the second still shows the page as it was before."""
    first = site.walker_at("contact")
    second = first.tab()
    typed = as_typed(first.names(), person())
    first.press(**typed)
    return second, typed | {"city": "Elsewhere"}


def test_an_error_does_not_make_an_old_tab_overwrite_a_newer_one(site):
    second, typed = two_tabs_on_contact(site)
    second.press(**typed | {"email": "nothing"})
    assert second.errors
    assert second.press(**typed).status == 409
    assert site.answers["city"] == person()["city"]


def test_the_language_switch_does_not_make_an_old_tab_overwrite_a_newer_one(site):
    second, typed = two_tabs_on_contact(site)
    second.press("language", **typed)
    assert second.press().status == 409
    assert site.answers["city"] == person()["city"]


def test_switching_the_language_of_the_first_page_is_no_conflict(site):
    walker = site.walker().walk(person(), until="right-now").open("/form/welcome")
    walker.press("language").press("language").press("language", consent_limits=None)
    assert walker.value("consent_limits") is None
    assert walker.press(consent_limits="yes").path == "/form/understanding"
    assert site.answers["language"] == "es"


# Words


@pytest.mark.parametrize(
    ("question", "code", "values", "said"),
    [
        ("consent_privacy", "agree", {}, "confirm that you have read the privacy notice"),
        ("medications", "rows_min", {}, "Add the medicines you have taken in the last 30 days"),
        ("height_in", "range", {"min": 36, "max": 96, "unit": "in"}, "36 to 96 inches"),
        ("height_in", "not_a_number", {"unit": "in"}, "like 66"),
        ("substances_12m", "none_with_others", {}, "“None of these”"),
    ],
)
def test_the_words_of_a_problem_fit_its_question(site, question, code, values, said):
    of = site.questionnaire.questions[question]
    words = fields.words(site.questionnaire, of, Problem(question, code, values), "en")
    assert said in words


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("1.68 m", 66.14), ("168 centímetros", 66.14), ("5 feet, 6 inches", 66), ('66"', 66)],
)
def test_a_height_is_read_in_the_units_people_use(site, typed, stored):
    site.walker_at("body").answer_page(person(), height_in=typed)
    assert site.answers["height_in"] == stored


def test_a_pressure_may_name_its_unit(site):
    site.walker_at("heart").answer_page(person(bp_known="yes"), bp_systolic="124 mmHg")
    assert site.answers["bp_systolic"] == 124


def test_a_full_list_says_so(site):
    rows = [{"drug": f"Medicine {number}"} for number in range(20)]
    walker = site.walker_at("other-treatments", antidepressant_trials=rows)
    assert "Your list is full" in walker.open("/form/antidepressant-trials").text


def test_the_count_of_parts_only_falls_and_no_part_is_left_out(site):
    walker, seen = site.walker(), []
    while walker.path != "/form/sign":
        walker.answer_page(person())
        if found := re.search(r"Part (\d+) of (\d+)", walker.text):
            seen.append((int(found[1]), int(found[2])))
    numbers, counts = zip(*seen, strict=True)
    assert set(numbers) == set(range(1, numbers[-1] + 1))
    assert list(counts) == sorted(counts, reverse=True)
    assert numbers[-1] == counts[-1]


def test_no_patient_reads_a_unit_in_another_language(site):
    walker = site.walker_at("support").press("language")
    assert walker.soup.html["lang"] == "es"
    assert "days a week" not in walker.text


def test_a_height_in_centimeters_comes_back_with_its_unit(site):
    walker = site.walker_at("body")
    walker.answer_page(person(), height_in="168 cm").open("/form/body")
    assert (walker.value("height_in"), walker.value("height_in-cm")) == ("", "168")
    walker.press()
    assert site.answers["height_in"] == 66.14
    assert "168 cm" in walker.open("/check").text


def test_the_check_page_says_what_each_part_of_a_medicine_is(site):
    walker = site.walker_at("check")
    assert "How often: once a day" in walker.text
    assert "Weeks: 10" in walker.text
