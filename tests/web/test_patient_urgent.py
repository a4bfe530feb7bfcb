"""An answer that needs a person now: help in the very response, and an alert with the answer."""

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from screening.workflows import intake as intake_flow
from tests.builders import example, person

PLAN = example("urgent-suicide-plan")["answers"]
OPEN_RISK = {"phq9_9": 1}  # with no word of it on the safety page
HELP = "Talk with someone now"
HELP_UNFINISHED = "You can talk with someone now"


def at_safety(site, **changes):
    return site.walker_at("safety", **PLAN | changes)


# Help and alert


def test_help_is_in_the_very_response_and_the_alert_with_the_answer(site):
    walker = at_safety(site).answer_page(PLAN)
    assert (walker.status, walker.path, walker.answer.history) == (200, "/form/safety", ())
    assert walker.title == HELP
    assert walker.soup.select('a[href="tel:988"], a[href="tel:911"], a[href="sms:988"]')
    assert site.alerted() == [["suicide-high"]]
    (alert,) = site.alerts()
    assert alert.detail["where"] == "safety"
    assert alert.detail["reads"]["suicide-high"]["cssrs_4"] == "yes"
    assert (alert.due_at - site.clock.moment).total_seconds() == 15 * 60
    assert site.answers["cssrs_4"] == "yes"
    assert "alert.raised" in site.actions()


def test_the_help_speaks_the_patients_language(site):
    walker = at_safety(site).press("language").answer_page(PLAN)
    assert walker.title == "Hable con alguien ahora"
    assert "Llame al 988" in walker.text


def test_the_help_can_be_read_in_the_other_language(site):
    walker = at_safety(site).answer_page(PLAN).press("language")
    assert walker.title == "Hable con alguien ahora"
    assert site.answers["language"] == "es"
    assert walker.press("language").title == HELP
    assert walker.press().path == "/form/private"


def test_the_help_on_leaving_can_be_read_in_the_other_language(site):
    walker = site.walker_at("safety", **OPEN_RISK).open("/tasks").press("later").press("language")
    assert walker.title == "Puede hablar con alguien ahora"
    assert walker.press("stop").path == "/saved"


def test_after_the_help_the_form_goes_on(site):
    walker = at_safety(site).answer_page(PLAN).press()
    assert walker.path == "/form/private"
    walker.walk(PLAN)
    assert site.alerted() == [["suicide-high"]]


def test_after_the_help_one_may_stop(site):
    walker = at_safety(site).answer_page(PLAN).press("stop")
    assert walker.path == "/saved"
    assert walker.open("/form/safety").path == "/"
    assert site.alerted() == [["suicide-high"]]


def test_without_its_commit_there_is_neither_answer_nor_alert(site):
    walker = at_safety(site)

    def fail(_conn):
        raise OperationalError("COMMIT", {}, Exception("power cut"))

    engine = site.office.database._writer
    event.listen(engine, "commit", fail)
    walker.answer_page(PLAN)
    event.remove(engine, "commit", fail)
    assert walker.status == 503
    assert "988" in walker.soup.get_text()
    assert "cssrs_4" not in site.answers
    assert site.alerts() == []
    assert walker.press().title == HELP
    assert site.alerted() == [["suicide-high"]]


def test_two_urgent_answers_on_one_page_are_one_alert_and_one_page_of_help(site):
    walker = site.walker_at("right-now")
    walker.press(
        alarm_symptoms_now=["chest-pain"],
        alarm_symptoms_new="yes",
        intoxicated_now="yes",
        withdrawal_now="no",
    )
    assert site.alerted() == [["chest-pain-now", "intoxicated-now"]]
    panels = [site.questionnaire.panel[name] for name in ("chest-pain", "intoxicated")]
    assert walker.title == panels[0].title["en"]
    assert all(panel.lead["en"] in walker.text for panel in panels)


def test_a_second_urgent_answer_later_is_an_alert_of_its_own(site):
    at_safety(site).answer_page(PLAN).press().walk(PLAN, until="unusual-experiences").answer_page(
        PLAN | {"psychosis_now": "yes"}
    )
    assert site.alerted() == [["suicide-high"], ["psychosis-now"]]


def test_an_alert_stays_when_the_answer_is_changed_back(site):
    walker = at_safety(site).answer_page(PLAN)
    walker.open("/form/safety").answer_page(person(), cssrs_1="no", cssrs_2="no", cssrs_6="no")
    assert not walker.errors
    assert site.answers["cssrs_2"] == "no"
    assert site.alerted() == [["suicide-high"]]


def test_the_same_urgent_answer_again_shows_help_again_without_a_second_alert(site):
    walker = at_safety(site).answer_page(PLAN)
    assert walker.open("/form/safety").press().title == HELP
    assert site.alerted() == [["suicide-high"]]


def test_leaving_with_an_urgent_answer_shows_help_all_the_same(site):
    walker = at_safety(site)
    walker.press("later", cssrs_1="yes", cssrs_2="yes", cssrs_4="yes")
    assert walker.status == 200
    assert walker.title == HELP
    assert "suicide-high" in site.alerted()[0]
    assert walker.press("stop").path == "/saved"


def test_an_urgent_answer_does_not_wait_for_the_others_on_its_page(site):
    walker = at_safety(site).press(cssrs_1="yes", cssrs_2="yes", cssrs_4="yes")
    assert walker.title == HELP
    assert "suicide-high" in site.alerted()[0]
    walker.press()
    assert walker.path == "/form/safety"
    assert any("cssrs_3" in link["href"] for link in walker.soup.select(".govuk-error-summary a"))
    assert walker.soup.find("input", {"name": "cssrs_4", "value": "yes"}).has_attr("checked")
    # Told once, the help does not stand in the way of what is still missing.
    assert walker.press().errors
    assert len(site.alerts()) == 1


def test_an_error_among_other_answers_brings_no_help(site):
    assert at_safety(site).press(cssrs_1="yes", cssrs_2="yes", cssrs_4="no").errors
    assert site.alerts() == []


# A risk that is hinted at


def test_hard_thoughts_bring_help_above_the_safety_page_without_an_alert(site):
    walker = site.walker_at("mood").answer_page(person(**OPEN_RISK))
    assert walker.path == "/form/safety"
    care = walker.soup.find(class_="care")
    assert "988" in care.get_text()
    assert walker.form.find_all_previous(class_="care")
    assert site.alerts() == []
    assert walker.press().soup.find(class_="care"), "errors do not take the help away"


def test_without_hard_thoughts_there_is_no_such_help(site):
    walker = site.walker_at("mood").answer_page(person(phq9_9=0))
    assert walker.soup.find(class_="care") is None


def test_hard_words_bring_help_above_the_next_page_without_an_alert(site):
    walker = site.walker_at("reason")
    walker.answer_page(person(), treatment_goals="Some days I want to die.")
    assert walker.path == "/form/mood"
    assert "988" in walker.soup.find(class_="care").get_text()
    assert site.alerts() == []


def test_hard_words_on_the_last_page_bring_help_before_the_receipt(site):
    walker = site.walker_at("check").press()
    walker.answer_page(person(), anything_else="I think of suicide.")
    assert walker.title == "You can talk with someone"
    assert len(site.submissions()) == 1
    assert walker.press().path == "/done"


@pytest.mark.parametrize("page", ["mood", "safety"])
def test_leaving_with_the_risk_open_is_an_alert_and_brings_help(site, page):
    walker = site.walker_at(page, **OPEN_RISK)
    walker.press("later", **{"phq9_9": "1"} if page == "mood" else {})
    assert walker.status == 200
    assert walker.title == HELP_UNFINISHED
    assert site.alerted() == [["suicide-unknown"]]
    assert site.alerts()[0].detail["where"] in ("left", page)
    assert walker.press("stop").path == "/saved"


@pytest.mark.parametrize("address", ["/tasks", "/check"])
def test_leaving_from_an_overview_with_the_risk_open_too(site, address):
    walker = site.walker_at("safety", **OPEN_RISK).open(address).press("later")
    assert walker.title == HELP_UNFINISHED
    assert site.alerted() == [["suicide-unknown"]]
    assert walker.press("stop").path == "/saved"


@pytest.mark.parametrize("address", ["/tasks", "/check"])
def test_after_the_help_on_an_overview_the_form_goes_on(site, address):
    walker = site.walker_at("safety", **OPEN_RISK).open(address).press("later").press()
    assert walker.path in ("/form/safety", "/tasks", "/check")
    assert walker.open("/form/safety").path == "/form/safety"


def test_ten_idle_minutes_are_leaving_too(site):
    site.walker_at("safety", **OPEN_RISK)
    site.clock.wait(minutes=9)
    intake_flow.sweep(site.office)
    assert site.alerts() == []
    site.clock.wait(minutes=2)
    intake_flow.sweep(site.office)
    assert site.alerted() == [["suicide-unknown"]]
    intake_flow.sweep(site.office)
    assert len(site.alerts()) == 1


def test_the_worker_looks_for_idle_drafts_every_few_minutes(site):
    periodic = {name: minutes for name, minutes, _ in site.app.extensions["queue"].periodic}
    assert periodic["sweep-drafts"] <= 5


def test_a_finished_safety_page_leaves_nothing_open(site):
    answers = person(**OPEN_RISK, firearm_or_means_access="no")
    assert not site.walker_at("safety", **OPEN_RISK).answer_page(answers).errors
    site.clock.wait(minutes=30)
    intake_flow.sweep(site.office)
    assert site.alerts() == []


def test_talking_in_person_about_the_risk_is_an_alert(site):
    walker = site.walker_at("safety", **OPEN_RISK)
    walker.answer_page(person(**OPEN_RISK, firearm_or_means_access="no"), cssrs_1="discuss")
    assert walker.title == HELP_UNFINISHED
    assert site.alerted() == [["suicide-unknown"]]
