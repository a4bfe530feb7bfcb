"""A likely slip is asked about once, and "no to all" marks what is open: nothing waits for either
that must not wait."""

import pytest

from tests.builders import person, trial_row
from tests.walker import as_typed

TRIALS = "antidepressant_trials"
HIGH = {"bp_known": "yes", "bp_systolic": 150, "bp_diastolic": 45}
NOTICE = ".ask-back"


def notice(walker) -> str:
    found = walker.soup.select_one(NOTICE)
    return found.get_text(" ", strip=True) if found else ""


def test_a_height_is_asked_back_as_it_was_typed(site):
    walker = site.walker_at("body").answer_page(person(height_in=None), **{"height_in-cm": "120"})
    assert "You wrote a height of" in notice(walker)
    assert walker.soup.select_one(f"{NOTICE} a")["href"] == "#height_in-cm"
    assert "height_in" not in site.answers


def test_a_height_in_spanish_ends_the_sentence_in_one_period(site):
    walker = site.walker_at("body", language="es").answer_page(person(height_in=50))
    assert "Escribió una estatura de 4 pies 2 pulg." in notice(walker)
    assert ".." not in notice(walker)


def test_what_was_typed_is_asked_about_in_words(site):
    walker = site.walker_at("heart").answer_page(person(**HIGH))
    assert walker.path == "/form/heart"
    assert "Is this right?" in notice(walker)
    assert "You wrote 150 over 45." in notice(walker)
    assert not walker.errors
    assert not walker.soup.title.string.startswith("Error")
    assert len(walker.soup.select(NOTICE)) == 1
    assert "rror" not in notice(walker)
    links = [link["href"] for link in walker.soup.select(f"{NOTICE} a")]
    assert links == ["#bp_systolic", "#bp_diastolic"]
    assert walker.value("bp_diastolic") == "45"
    assert "bp_systolic" not in site.answers


def test_the_notice_can_be_focused_and_is_announced(site):
    walker = site.walker_at("heart").answer_page(person(**HIGH))
    box = walker.soup.select_one(NOTICE)
    assert (box["role"], box["tabindex"]) == ("alert", "-1")


def test_pressing_again_confirms(site):
    walker = site.walker_at("heart").answer_page(person(**HIGH)).press()
    assert walker.path == "/form/heart-conditions"
    assert (site.answers["bp_systolic"], site.answers["bp_diastolic"]) == (150, 45)


def test_a_changed_answer_is_saved_without_another_question(site):
    walker = site.walker_at("heart").answer_page(person(**HIGH)).press(bp_diastolic="85")
    assert walker.path == "/form/heart-conditions"
    assert site.answers["bp_diastolic"] == 85


def test_another_unlikely_answer_is_asked_about_anew(site):
    walker = site.walker_at("heart").answer_page(person(**HIGH)).press(bp_diastolic="44")
    assert "150 over 44" in notice(walker)
    assert walker.press().path == "/form/heart-conditions"


def test_an_error_comes_first(site):
    walker = site.walker_at("heart").answer_page(person(**HIGH), hypertension=None)
    assert list(walker.errors) == ["hypertension"]
    assert not notice(walker)
    walker.press(hypertension="no")
    assert "150 over 45" in notice(walker)


def test_what_was_confirmed_stays_so_beside_a_later_error(site):
    walker = site.walker_at("heart").answer_page(person(**HIGH)).press(hypertension=None)
    assert list(walker.errors) == ["hypertension"]
    assert walker.press(hypertension="no").path == "/form/heart-conditions"


def test_finishing_later_is_never_held_up(site):
    walker = site.walker_at("heart")
    walker.press("later", **as_typed(walker.names(), person(**HIGH)))
    assert walker.path == "/saved"
    assert site.answers["bp_diastolic"] == 45


def test_a_risk_answer_never_waits_for_a_confirmation(site):
    very_high = {"bp_known": "yes", "bp_systolic": 185, "bp_diastolic": 125}
    walker = site.walker_at("heart").answer_page(person(**very_high))
    assert site.alerted() == [["bp-crisis-asymptomatic"]]
    assert site.answers["bp_systolic"] == 185
    assert "911" in walker.text
    walker.press()  # on from the help: now the question
    assert "You wrote 185 over 125." in notice(walker)
    assert walker.press().path == "/form/heart-conditions"
    assert len(site.alerts()) == 1


def test_the_question_can_be_read_in_the_other_language(site):
    walker = site.walker_at("heart").answer_page(person(**HIGH)).press("language")
    assert "¿Es correcto?" in notice(walker)
    assert "Escribió 150 sobre 45." in notice(walker)
    assert walker.press().path == "/form/heart-conditions"


def test_a_date_of_birth_is_asked_back_as_an_age(site):
    walker = site.walker().walk(person(), until="date-of-birth")
    walker.answer_page({"date_of_birth": "1924-03-09"})
    assert "you are 102 years old" in notice(walker)
    assert walker.press().title == "Your code"


def test_a_row_is_asked_about_and_then_added(site):
    walker = site.walker_at("antidepressant-trials")
    row = {f"{TRIALS}-0-{k}": v for k, v in trial_row("sertraline", 5000, 8).items() if v != ""}
    walker.press("add", **row)
    assert "5000 mg of sertraline a day" in notice(walker)
    assert TRIALS not in site.answers
    assert walker.soup.select_one(f"{NOTICE} button")["value"] == "add"
    walker.press("add")
    assert walker.path == "/form/antidepressant-trials"
    assert [found["drug"] for found in site.answers[TRIALS]] == ["sertraline"]
    walker.press()
    assert walker.path == "/form/trials-sure"


# What the patient knows of the treatment


def test_a_misunderstanding_is_met_with_what_is_true(site):
    walker = site.walker().walk(person(), until="understanding")
    walker.press(knows_ride_home="drives", knows_off_label="no")
    assert "must take you home" in notice(walker)
    assert "FDA" not in notice(walker)
    walker.press(knows_ride_home="someone-takes-me")
    assert walker.path == "/form/who-answers"
    assert site.answers["knows_ride_home"] == "someone-takes-me"


def test_the_questions_about_the_treatment_may_be_left_out(site):
    walker = site.walker().walk(person(), until="understanding")
    assert walker.press().path == "/form/who-answers"


# No to all


def test_no_to_all_marks_what_is_open_and_saves_nothing(site):
    walker = site.walker_at("general-health")
    walker.press("no-to-all", thyroid="underactive")
    assert walker.path == "/form/general-health"
    assert (walker.value("porphyria"), walker.value("in_drug_trial")) == ("no", "no")
    assert walker.value("thyroid") == "underactive"
    assert walker.filled().getlist("diabetes") == []
    assert "We marked No for 2 questions." in walker.text
    assert "porphyria" not in site.answers
    walker.press(porphyria="unsure", diabetes=["none"], surgery=["none"])
    assert (site.answers["porphyria"], site.answers["in_drug_trial"]) == ("unsure", "no")


def test_no_to_all_leaves_alone_what_is_not_asked(site):
    walker = site.walker_at("lungs-and-airway")
    walker.press("no-to-all", lung_conditions=["sleep-apnoea"])
    assert walker.value("infection_now") == "no"
    assert walker.value("snores_loudly") is None


@pytest.mark.parametrize("page", ["right-now", "safety", "unusual-experiences", "high-moods"])
def test_no_button_answers_questions_of_risk(site, page):
    walker = site.walker_at(page)
    assert not walker.soup.select('button[value="no-to-all"]')
    fields = walker.filled()
    walker.send(fields, "no-to-all")
    assert not [name for name, value in walker.filled().items() if value == "no"]


def test_nothing_is_marked_before_the_button_is_pressed(site):
    walker = site.walker_at("general-health")
    assert walker.value("porphyria") is None
