"""Ask the clinic to call me: on every page of help, kept with its number, told truthfully."""

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from screening.storage.accounts import PHYSICIAN
from screening.workflows import calls, urgent
from tests.builders import example, person

from .desk import desk

PLAN = example("urgent-suicide-plan")["answers"]
HELP = "Talk with someone now"
NUMBER = "805-555-0134"
HOME = {"alone_now": "yes", "safe_at_home": "not-safe-now"}


@pytest.fixture
def helped(site):
    """Somebody who was just shown help."""
    return site.walker_at("safety", **PLAN).answer_page(PLAN)


def asked(site):
    return [alert.detail["call"] for alert in site.alerts() if "call" in alert.detail]


def test_a_call_is_asked_for_with_a_number_and_a_time(site, helped):
    helped.press("call", call_number=NUMBER, call_when="after 6")
    assert helped.title == HELP
    assert asked(site) == [{"number": NUMBER, "when": "after 6"}]
    (_, alert) = site.alerts()
    assert (alert.due_at - site.clock.moment).total_seconds() == 15 * 60
    assert "call.asked" in site.actions()
    assert "We have your number" in helped.text
    assert helped.press().path == "/form/private"


def test_the_number_of_the_form_is_offered(site, helped):
    assert helped.value("call_number") == PLAN["phone"]


def test_what_the_page_says_of_it_is_the_clinics_word(site, helped):
    assert "within 15 minutes while we are open" in helped.text
    assert "When we are closed, nobody reads your answers" in helped.text
    helped.press("call", call_number=NUMBER)
    assert "within 15 minutes while we are open" in helped.text
    assert "Call 988 or 911 now if you cannot wait for us" in helped.text


def test_asked_for_twice_is_one_call_with_the_last_number(site, helped):
    helped.press("call", call_number=NUMBER)
    helped.press("call", call_number="805-555-0177", call_when="now")
    assert asked(site) == [{"number": "805-555-0177", "when": "now"}]
    assert "call.changed" in site.actions()


def test_asked_for_again_after_somebody_answered_is_a_new_call(site, helped):
    helped.press("call", call_number=NUMBER)
    for alert in site.alerts():
        urgent.acknowledge(site.office, "user:1", alert.id, "Called.")
    helped.press("call", call_number=NUMBER)
    assert len(asked(site)) == 1


@pytest.mark.parametrize(
    ("number", "says"), [("", "Tell us the phone number"), ("12", "with the area code")]
)
def test_a_number_that_is_none_keeps_the_help_and_what_was_typed(site, helped, number, says):
    helped.press("call", call_number=number, call_when="at noon")
    assert helped.title == HELP
    assert says in helped.errors["call_number"]
    assert helped.value("call_when") == "at noon"
    summary = helped.soup.find(class_="govuk-error-summary")
    assert summary.find_previous("a", href="tel:988"), "the help stands above what is wrong"
    assert asked(site) == []


def test_it_speaks_spanish(site, helped):
    helped.press("language").press("call", call_number=NUMBER)
    assert "Tenemos su número" in helped.text
    assert "Usted pidió que la clínica le llame" in helped.press("language").press("language").text


def test_of_danger_at_home_a_safe_number_and_time_are_asked_for(site):
    walker = site.walker_at("private").answer_page(person(), **HOME)
    assert not walker.value("call_number"), "the number of the form may not be a safe one"
    assert "A number where only you answer" in walker.text
    walker.press("call", call_number=NUMBER)
    assert "when you can talk alone" in walker.errors["call_when"]
    walker.press("call", call_number=NUMBER, call_when="Tuesday morning")
    assert asked(site) == [{"number": NUMBER, "when": "Tuesday morning"}]
    assert NUMBER not in walker.answer.text, "nobody else reads the number there"


def test_a_call_asked_for_by_who_told_of_danger_at_home_is_by_safe_contact_only(site):
    walker = site.walker_at("private").answer_page(person(), **HOME)
    walker.press("call", call_number=NUMBER, call_when="Tuesday")
    shown = desk(site, PHYSICIAN).soup.select(".alert")
    assert len(shown) == 2
    assert all("Safe contact only" in card.get_text(" ", strip=True) for card in shown)


def test_help_before_there_is_a_code_offers_it_too(site):
    walker = site.walker().walk(person(), until="right-now")
    walker.press(alarm_symptoms_now=["chest-pain"], alarm_symptoms_new="yes",
                 intoxicated_now="no", withdrawal_now="no")  # fmt: skip
    walker.press("call", call_number=NUMBER)
    assert asked(site) == [{"number": NUMBER, "when": ""}]


def test_the_help_that_comes_with_sending_offers_it_too(site):
    walker = site.walker_at("check").press().answer_page(person(), anything_else="I want to die")
    assert walker.value("call_number") == person()["phone"]
    walker.press("call", call_number=NUMBER)
    assert asked(site) == [{"number": NUMBER, "when": ""}]
    assert walker.press().path == "/done"


@pytest.mark.parametrize("address", ["/tasks", "/check"])
def test_the_help_on_leaving_offers_it_too(site, address):
    walker = site.walker_at("safety", phq9_9=1).open(address).press("later")
    walker.press("call", call_number=NUMBER)
    assert asked(site) == [{"number": NUMBER, "when": ""}]
    assert walker.press("stop").path == "/saved"


def test_a_page_that_is_held_back_comes_again_after_the_call(site):
    walker = site.walker_at("safety", **PLAN)
    walker.press(cssrs_1="yes", cssrs_2="yes", cssrs_4="yes").press("call", call_number=NUMBER)
    walker.press()
    assert walker.path == "/form/safety"
    assert walker.errors
    assert walker.soup.find("input", {"name": "cssrs_4", "value": "yes"}).has_attr("checked")


def test_when_the_session_ended_meanwhile_a_call_is_taken_all_the_same(site, helped):
    site.clock.wait(minutes=31)
    helped.press("call", call_number=NUMBER)
    assert helped.title == HELP
    assert "once more" in helped.errors["call_number"]
    helped.press("call")
    assert asked(site) == [{"number": NUMBER, "when": ""}]
    assert len(site.intakes()) == 2, "nobody knows whose it is"


def test_a_call_that_cannot_be_stored_says_so_under_the_help(site, helped):
    def fail(_conn):
        raise OperationalError("COMMIT", {}, Exception("power cut"))

    engine = site.office.database._writer
    event.listen(engine, "commit", fail)
    helped.press("call", call_number=NUMBER)
    event.remove(engine, "commit", fail)
    assert helped.status == 503
    assert helped.title == HELP
    assert "has not received it" in helped.errors["call_number"]
    assert helped.value("call_number") == NUMBER
    helped.press("call")
    assert asked(site) == [{"number": NUMBER, "when": ""}]


def test_other_pages_may_ask_for_it_by_the_intake(site):
    calls.ask_for_call(site.office, site.start(person(), until="check"), NUMBER, "noon")
    (alert,) = site.alerts()
    assert alert.detail["call"] == {"number": NUMBER, "when": "noon"}
    assert (alert.due_at - site.clock.moment).total_seconds() == 240 * 60
