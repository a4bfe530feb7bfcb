"""The form page by page: what is asked, what is kept, what is said when something is wrong."""

from typing import Any

import pytest

from screening.workflows import intake as intake_flow
from tests.builders import FIXTURES, example, person, trial_row
from tests.walker import as_typed

EXAMPLES = sorted(path.stem for path in (FIXTURES / "examples").glob("*.json"))
TRIALS = "antidepressant_trials"


def test_there_are_twelve_examples():
    assert len(EXAMPLES) == 12


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_form_stores_what_an_answer_file_stores(site, name):
    answers = example(name)["answers"]
    walker = site.walker().walk(answers)
    receipt = intake_flow.submit_answers(site.office, answers)
    by_form, by_file = site.submissions()
    assert by_form.document == by_file.document
    assert by_form.document["assessment"]["outcome"] == example(name)["expected"]["outcome"]
    assert by_form.reference in walker.text
    assert by_form.reference != receipt.reference == by_file.reference


# What is asked


def test_an_unknown_page_is_not_found(site):
    for address in ("/form/nowhere", "/form/nowhere/remove/0", "/form/clinician"):
        assert site.walker().open(address).status == 404


def test_a_form_begins_at_its_first_page(site):
    assert site.walker().open("/form/mood").path == "/"


def test_pages_open_in_order(site):
    walker = site.walker_at("contact")
    assert walker.open("/form/mood").path == "/form/contact"
    assert walker.open("/form/sign").path == "/check"
    assert walker.open("/form/about-you").path == "/form/about-you"
    ahead = {"csrf_token": walker.value("csrf_token"), "phq9_1": "3"}
    assert walker.send(ahead, to="/form/mood").path == "/form/contact"
    assert "phq9_1" not in site.answers


def test_a_page_that_does_not_apply_is_passed_over(site):
    walker = site.walker_at("trauma", pcptsd5_gate="no").answer_page(person(pcptsd5_gate="no"))
    assert walker.path == "/form/psychiatric-history"
    assert walker.open("/form/trauma-month").path == "/form/psychiatric-history"


def test_answers_to_what_is_not_asked_are_not_stored(site):
    walker = site.walker_at("care-team")
    answers = person(has_primary_care="no", has_mental_health_prescriber="no", has_therapist="no")
    walker.press(**as_typed(walker.names(), answers) | {"primary_care_name": "Dr Lee"})
    assert walker.path == "/form/reason"
    assert "primary_care_name" not in site.answers
    assert "may_contact_care_team" not in site.answers


def test_a_required_follow_up_without_an_answer_is_named(site):
    walker = site.walker_at("care-team")
    walker.press(has_primary_care="yes", has_mental_health_prescriber="no", has_therapist="no")
    assert walker.path == "/form/care-team"
    assert list(walker.errors) == ["may_contact_care_team"]


def test_fields_that_the_page_does_not_have_change_nothing(site):
    walker = site.walker_at("about-you")
    fields = walker.filled()
    typed = as_typed(walker.names(), person())
    for name, value in {**typed, "phq9_9": "3", "status": "submitted", "outcome": "urgent"}.items():
        fields.setlist(name, [value])
    walker.send(fields)
    assert walker.path == "/form/contact"
    assert set(typed) < set(site.answers)
    assert {"phq9_9", "status", "outcome"}.isdisjoint(site.answers)
    assert site.intake.status == "draft"


# What is said when something is wrong


def test_an_error_keeps_what_was_typed(site):
    walker = site.walker_at("contact")
    answers = person(email="marisol at example", phone="call me", city="  ")
    typed = as_typed(walker.names(), answers)
    walker.press(**typed)
    assert set(walker.errors) == {"email", "phone", "city"}
    assert walker.soup.title.string.startswith("Error:")
    for name in set(typed) - {"city"}:
        assert walker.value(name) == typed[name], name
    assert "email" not in site.answers


def test_a_ticked_answer_stays_beside_an_error(site):
    walker = site.walker_at("substances")
    walker.press(substances_12m=["cannabis", "none"], tobacco="never")
    assert walker.filled().getlist("substances_12m") == ["cannabis", "none"]
    assert walker.value("tobacco") == "never"
    assert {"substances_12m", "use_disorder"} <= set(walker.errors)


@pytest.mark.parametrize("page", ["right-now", "mood", "safety", "heart", "body", "support"])
def test_every_required_question_of_an_empty_page_is_named(site, page):
    asked = site.questionnaire.pages[page].questions
    walker = site.walker_at(page).press()
    required = {q.id for q in asked if q.required and q.ask_if is None}
    assert required <= set(walker.errors)
    assert walker.path == f"/form/{page}"
    assert page not in site.intake.answers


# How people type


def test_height_weight_and_numbers_as_people_type_them(site):
    walker = site.walker_at("body").answer_page(person(), height_in="5 ft 6 in", weight_lb="68 kg")
    assert not walker.errors
    assert (site.answers["height_in"], site.answers["weight_lb"]) == (66, 149.91)


def test_a_height_that_is_none_is_named_and_kept(site):
    walker = site.walker_at("body").answer_page(person(), height_in="tall", weight_lb="9,999")
    assert list(walker.errors) == ["height_in", "weight_lb"]
    assert (walker.value("height_in"), walker.value("weight_lb")) == ("tall", "9,999")


def test_a_date_by_the_name_of_its_month(site):
    walker = site.walker_at("date-of-birth").press(**born("marzo", "9", "1984"))
    assert not walker.errors
    assert site.answers["date_of_birth"] == "1984-03-09"


def test_a_date_that_is_none_leads_to_its_faulty_part_and_is_kept(site):
    walker = site.walker_at("date-of-birth")
    for typed, part in (
        (born("3", "31", "84"), "year"),
        (born("3", "first", "1984"), "day"),
        (born("3", "9", "2099"), "year"),
        (born("3", "9", "1884"), "year"),
        (born("", "9", "1984"), "month"),
    ):
        walker.press(**typed)
        assert list(walker.errors) == [f"date_of_birth-{part}"]
        assert {name: walker.value(name) for name in typed} == typed
    assert "date_of_birth" not in site.answers


def born(month: str, day: str, year: str) -> dict[str, str]:
    parts = {"month": month, "day": day, "year": year}
    return {f"date_of_birth-{part}": value for part, value in parts.items()}


@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("mood", {"phq9_1": "discuss"}),
        ("right-now", {"withdrawal_now": "discuss"}),
        ("substances", {"substances_12m": ["discuss"]}),
    ],
)
def test_talking_in_person_is_an_answer(site, page, typed):
    walker = site.walker_at(page).answer_page(person(), **typed)
    assert not walker.errors
    question = next(iter(typed))
    assert site.answers[question] == "discuss"
    walker.open(f"/form/{page}")
    assert walker.filled().getlist(question) == ["discuss"]


def test_talking_in_person_goes_with_no_tick(site):
    walker = site.walker_at("substances")
    walker.answer_page(person(), substances_12m=["cannabis", "discuss"])
    assert list(walker.errors) == ["substances_12m"]
    assert walker.filled().getlist("substances_12m") == ["cannabis", "discuss"]


def test_talking_in_person_is_no_answer_to_what_is_not_sensitive(site):
    walker = site.walker_at("heart")
    fields = walker.filled()
    for name, value in as_typed(walker.names(), person(hypertension="discuss")).items():
        fields.setlist(name, value if isinstance(value, list) else [value])
    walker.send(fields)
    assert list(walker.errors) == ["hypertension"]


# The list pages


def cells(number: int, row: dict[str, Any]) -> dict[str, Any]:
    return {f"{TRIALS}-{number}-{column}": value for column, value in row.items() if value != ""}


def test_rows_are_added_changed_and_left(site):
    walker = site.walker_at("antidepressant-trials")
    walker.press("add", **cells(0, trial_row("sertraline", 100, 8)))
    assert walker.path == "/form/antidepressant-trials"
    walker.press(**cells(1, trial_row("Zoloft", 50, 3)))
    assert walker.path == "/form/trials-sure"
    assert [row["drug"] for row in site.answers[TRIALS]] == ["sertraline", "Zoloft"]
    walker.open("/form/antidepressant-trials?row=0").press(**{f"{TRIALS}-0-weeks": "12"})
    assert [row["weeks"] for row in site.answers[TRIALS]] == [12, 3]
    walker.open("/form/antidepressant-trials").press()
    assert walker.path == "/form/trials-sure"


def test_a_row_that_is_wrong_is_shown_again(site):
    walker = site.walker_at("antidepressant-trials")
    walker.press("add", **cells(0, trial_row("sertraline", 100, 8)))
    walker.press(**cells(1, trial_row("Zoloft", 50, 3)) | {f"{TRIALS}-1-weeks": "a few"})
    assert list(walker.errors) == [f"{TRIALS}-1-weeks"]
    assert walker.value(f"{TRIALS}-1-drug") == "Zoloft"
    assert walker.value(f"{TRIALS}-1-weeks") == "a few"
    assert [row["drug"] for row in site.answers[TRIALS]] == ["sertraline"]


def test_a_list_says_none_or_has_rows(site):
    walker = site.walker_at("antidepressant-trials").press()
    assert list(walker.errors) == [f"{TRIALS}-list"]
    walker.press(**cells(0, trial_row("sertraline", 100, 8)) | {f"{TRIALS}-none": "yes"})
    assert list(walker.errors) == [f"{TRIALS}-list"]
    assert walker.value(f"{TRIALS}-0-drug") == "sertraline"
    walker.press(**{name: None for name in walker.names() if name.startswith(f"{TRIALS}-0")})
    assert site.answers[TRIALS] == []


def test_removing_a_row_asks_first(site):
    walker = site.walker_at("check")
    walker.open("/form/antidepressant-trials").open(walker.link("Remove"))
    assert walker.title == "Do you want to remove escitalopram?"
    walker.press("keep")
    assert len(site.answers[TRIALS]) == 2
    walker.open(walker.link("Remove")).press("remove")
    assert [row["drug"] for row in site.answers[TRIALS]] == ["Wellbutrin XL"]


def test_a_list_emptied_of_its_last_row_is_open_again(site):
    walker = site.walker_at("check")
    for _ in range(2):
        walker.open("/form/antidepressant-trials").open(walker.link("Remove")).press("remove")
    assert site.answers.get(TRIALS) is None
    assert "One answer is still missing." in walker.open("/check").text
    assert walker.open("/form/sign").path == "/check"
    assert list(walker.open("/form/antidepressant-trials").press().errors) == [f"{TRIALS}-list"]


def test_removing_what_is_not_there_changes_nothing(site):
    walker = site.walker_at("check")
    before = site.answers
    assert walker.open("/form/antidepressant-trials/remove/7").path == "/form/antidepressant-trials"
    assert walker.open("/form/mood/remove/0").status == 404
    assert site.answers == before


# The check page


def test_a_change_from_the_check_page_returns_there(site):
    walker = site.walker_at("check")
    assert walker.title == "Check your answers"
    walker.open("/form/body?return_to=check").press(weight_lb="151")
    assert walker.path == "/check"
    assert site.answers["weight_lb"] == 151
    assert " 151 " in walker.text


def test_a_change_that_opens_a_page_leads_there_first(site):
    walker = site.walker_at("check").open("/form/reason?return_to=check")
    walker.press(seeking_help_for=["depression", "chronic-pain"])
    assert walker.path == "/form/pain"
    walker.press(peg_1="4", peg_2="5", peg_3="6")
    assert walker.path == "/check"


def test_a_change_that_takes_questions_back_drops_their_answers(site):
    pain = {"seeking_help_for": ["depression", "chronic-pain"], "peg_1": 4, "peg_2": 5, "peg_3": 6}
    answers = person(**pain)
    walker = site.walker_at("check", **pain).open("/form/reason?return_to=check")
    walker.press(seeking_help_for=["depression"])
    assert walker.path == "/check"
    walker.walk(answers)
    (sent,) = site.submissions()
    assert not [name for name in sent.document["answers"] if name.startswith("peg_")]


def test_every_answer_can_be_read_and_changed_on_the_check_page(site):
    walker = site.walker_at("check")
    assert "escitalopram" in walker.text
    assert "March 9, 1984" in walker.text
    for question in site.answers:
        if question != "language":
            page = site.questionnaire.page_of[question]
            assert walker.soup.select(f'a[href^="/form/{page.id}?return_to=check#{question}"]')


# The languages


def test_the_language_switch_keeps_what_was_typed(site):
    walker = site.walker_at("contact")
    typed = {"email": "wrong", "city": "San José", "state": "CA"}
    walker.press("language", **typed)
    assert walker.soup.html["lang"] == "es"
    assert walker.path == "/form/contact"
    assert {name: walker.value(name) for name in typed} == typed
    assert not walker.errors
    assert site.answers["language"] == "es"
    walker.press()
    assert walker.errors["email"].startswith("Revise su correo electrónico")
    walker.press("language")
    assert walker.soup.html["lang"] == "en"
    assert site.answers["language"] == "en"


def test_a_row_survives_the_language_switch(site):
    walker = site.walker_at("antidepressant-trials")
    walker.press("language", **cells(0, trial_row("sertraline", 100, 8)))
    assert walker.soup.html["lang"] == "es"
    assert walker.value(f"{TRIALS}-0-drug") == "sertraline"
    assert TRIALS not in site.answers
    walker.press()
    assert [row["drug"] for row in site.answers[TRIALS]] == ["sertraline"]


def test_a_spanish_browser_is_spoken_to_in_spanish(site):
    walker = site.walker(speaks="es-US,es;q=0.9,en;q=0.5")
    assert walker.soup.html["lang"] == "es"
    walker.walk(person(), until="right-now")
    assert site.answers["language"] == "es"


# Children


@pytest.mark.parametrize("birth", ["2008-11-24", "2015-01-01"])
def test_a_child_is_told_kindly_and_nothing_is_kept(site, birth):
    walker = site.walker().walk(person(), until="date-of-birth")
    assert site.intakes()
    walker.answer_page({"date_of_birth": birth})
    assert walker.title == "This form is for adults"
    assert "988" in walker.text
    assert "Error" not in walker.text
    assert (site.intakes(), site.saves(), site.alerts()) == ([], 0, [])
    assert walker.open("/form/date-of-birth").path == "/"
    assert birth not in str(walker.soup)


def test_somebody_who_is_eighteen_today_goes_on(site):
    walker = site.walker().walk(person(), until="date-of-birth")
    assert walker.answer_page({"date_of_birth": "2008-11-23"}).title == "Your code"


def test_a_corrected_date_of_birth_may_be_that_of_a_child(site):
    walker = site.walker_at("contact").open("/form/date-of-birth")
    walker.answer_page({"date_of_birth": "2012-01-31"})
    assert walker.title == "This form is for adults"
    assert site.intakes() == []


def test_the_switch_leads_to_the_language_it_names_whatever_another_tab_switched(site):
    here = site.walker_at("mood")
    there = here.tab()
    assert here.press("language").soup.html["lang"] == "es"
    assert there.press("language").soup.html["lang"] == "es"
    assert there.press("language").soup.html["lang"] == "en"
