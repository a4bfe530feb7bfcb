"""Leaving and coming back: what the pages say about the code is true, and a code is never lost."""

import pytest

from tests.builders import person
from tests.walker import as_typed

PERSON = person()
BORN = PERSON["date_of_birth"]


@pytest.mark.parametrize("page", ["welcome", "right-now", "date-of-birth"])
def test_who_leaves_before_the_code_is_not_told_to_use_one(site, page):
    walker = site.walker().walk(PERSON, until=page).press("later")
    assert walker.path == "/saved"
    assert "cannot be opened again" in walker.text
    assert "Enter your code" not in walker.text


def test_help_before_the_code_promises_no_way_back(site):
    walker = site.walker().walk(PERSON, until="right-now")
    walker.answer_page(person(intoxicated_now="yes"))
    assert "You do not have a code yet" in walker.text
    assert "cannot be opened again" in walker.press("stop").text


def test_help_after_the_code_promises_a_way_back(site):
    walker = site.walker_at("safety")
    walker.answer_page(person(violence_now="yes"))
    assert "come back to them with your code" in walker.text
    assert "Enter your code" in walker.press("stop").text


def test_who_leaves_with_the_date_of_birth_sees_the_code_first(site):
    walker = site.walker().walk(PERSON, until="date-of-birth")
    walker.press("later", **as_typed(walker.names(), PERSON))
    assert walker.code
    walker.press("stop")
    assert walker.path == "/saved"
    assert site.walker().resume(walker.code, BORN).path == "/tasks"


def test_a_double_click_without_scripts_does_not_hide_the_code(site):
    walker = site.walker().walk(PERSON, until="date-of-birth")
    second = walker.tab()
    typed = as_typed(walker.names(), PERSON)
    walker.press(**typed)
    second.press(**typed)
    assert second.title == "Your code"
    assert second.code != walker.code
    assert "no longer works" in second.text
    assert site.walker().resume(second.code, BORN).path == "/tasks"


def test_a_later_change_of_the_date_of_birth_leaves_the_code_alone(site):
    walker = site.walker_at("contact")
    walker.open("/form/date-of-birth").press()
    assert walker.path == "/form/about-you"
    assert site.walker().resume(walker.code, BORN).path == "/tasks"


def test_a_new_code_is_to_be_had_on_the_page_of_parts(site):
    walker = site.walker_at("contact")
    old = walker.code
    walker.open("/tasks").press("code")
    assert walker.code != old
    assert "no longer works" in walker.text
    assert site.walker().resume(old, BORN).path == "/resume"
    assert site.walker().resume(walker.code, BORN).path == "/tasks"


def test_a_page_opened_after_the_session_ended_says_why(site):
    walker = site.walker_at("contact")
    site.clock.wait(minutes=31)
    walker.open("/form/contact")
    assert walker.path == "/"
    assert "closed the page because it was not used for 30 minutes" in walker.text
    assert "closed the page" not in walker.open("/").text


def test_a_page_sent_after_the_session_ended_says_that_it_is_kept(site):
    walker = site.walker_at("contact")
    site.clock.wait(minutes=31)
    walker.press(city="Elsewhere")
    assert "not used for 30 minutes" in walker.text
    assert "What you just typed is still here" in walker.text


def test_a_browser_without_cookies_is_told_so(site):
    walker = site.walker().press()
    site_without = site.app.test_client(use_cookies=False)
    walker.client = site_without
    walker.open("/form/welcome").press(**as_typed(walker.names(), PERSON))
    assert walker.status == 400
    assert "allow cookies" in walker.text


def test_help_after_sending_says_that_the_answers_are_with_the_clinic(site):
    walker = site.walker_at("sign")
    walker.answer_page(PERSON, anything_else="I want to die")
    assert "The clinic has your answers" in walker.text
    walker.press("language")
    assert "La clínica tiene sus respuestas" in walker.text
    assert walker.press().path == "/done"


def test_the_number_of_the_clinic_in_the_help_can_be_tapped(site):
    walker = site.walker_at("safety")
    walker.answer_page(person(violence_now="yes"))
    (link,) = walker.soup.find("main").find_all("a", href="tel:+18055550100")
    assert link.get_text() == "805-555-0100"


def test_the_page_for_a_child_is_there_in_both_languages(site):
    walker = site.walker().walk(PERSON, until="date-of-birth")
    walker.answer_page({"date_of_birth": "2012-05-05"})
    assert walker.title == "This form is for adults"
    form = walker.soup.find("form", action="/language")
    fields = {control["name"]: control["value"] for control in form.find_all("input")}
    walker.send(fields, to="/language")
    assert walker.title == "Este formulario es para adultos"


def test_help_stands_above_a_page_that_is_not_complete_yet(site):
    walker = site.walker_at("mood").press(phq9_9="2")
    assert walker.errors
    assert "You can talk with someone" in walker.text
    assert not site.alerts()
