"""Whatever fails, a patient at risk sees the help at once, and reads only what is true."""

import pytest

from screening import mail
from screening.questionnaire.definition import LANGUAGES
from screening.storage.accounts import PHYSICIAN
from screening.storage.database import Database, DatabaseUnavailableError
from screening.workflows.office import Post
from tests.builders import example, person
from tests.walker import as_typed
from tests.web.desk import desk

PLAN = example("urgent-suicide-plan")["answers"]
NOT_RECEIVED = {"en": "The clinic has NOT received", "es": "La clínica NO ha recibido"}
# (page, what is answered there, the panel)
RISKS = {
    "safety": (PLAN, {}, "suicide"),
    "private": (person(), {"alone_now": "yes", "safe_at_home": "not-safe-now"}, "home-danger"),
    "right-now": (person(), {"intoxicated_now": "yes"}, "intoxicated"),
    "mood": (person(), {"phq9_9": "2"}, "suicide-support"),
}


def away(_database):
    raise DatabaseUnavailableError("away")


@pytest.fixture
def without_database(monkeypatch):
    """A function that does something while the database is down."""

    def during(act, *args, **typed):
        with monkeypatch.context() as patch:
            patch.setattr(Database, "read", away)
            patch.setattr(Database, "write", away)
            return act(*args, **typed)

    return during


@pytest.mark.parametrize("page", RISKS)
def test_without_the_database_the_help_is_in_that_very_response(site, without_database, page):
    answers, instead, panel_id = RISKS[page]
    walker = site.walker_at(page)
    typed = as_typed(walker.names(), answers) | instead
    without_database(walker.press, **typed)
    panel = site.questionnaire.panel[panel_id]
    assert walker.status == 503
    assert walker.title == panel.title["en"]
    assert walker.soup.select('main a[href="tel:911"]')
    assert NOT_RECEIVED["en"] in walker.soup.find(role="alert").get_text()
    assert "is marked for the team" not in walker.text, "that would not be true"
    assert {name: walker.value(name) for name in instead} == instead
    assert site.alerts() == []
    walker.press()
    assert walker.status == 200
    assert bool(site.alerts()) == (page != "mood")


@pytest.mark.parametrize("page", RISKS)
def test_without_a_session_the_help_stands_above_the_way_back(site, page):
    answers, instead, panel_id = RISKS[page]
    walker = site.walker_at(page)
    site.clock.wait(minutes=31)
    walker.press(**as_typed(walker.names(), answers) | instead)
    panel = site.questionnaire.panel[panel_id]
    assert panel.lead["en"] in walker.text
    assert "is marked for the team" not in walker.text
    assert NOT_RECEIVED["en"] in walker.text
    assert site.alerts() == []


def test_it_says_so_in_spanish_too(site, without_database):
    walker = site.walker_at("safety").press("language")
    walker.sent_with["headers"] = {"Accept-Language": "es"}  # the session cannot be read
    without_database(walker.answer_page, PLAN)
    assert walker.title == site.questionnaire.panel["suicide"].title["es"]
    assert NOT_RECEIVED["es"] in walker.text


def test_without_the_database_a_page_without_risk_brings_no_help(site, without_database):
    walker = site.walker_at("safety")
    without_database(walker.answer_page, person(cssrs_1="no", cssrs_2="no", cssrs_6="no"))
    assert walker.status == 503
    assert NOT_RECEIVED["en"] not in walker.text


def test_what_help_stands_on_a_page_stays_when_the_way_on_fails(site, without_database):
    walker = site.walker_at("safety").answer_page(PLAN)
    without_database(walker.press)
    assert walker.status == 503
    assert walker.title == "Talk with someone now"
    assert walker.press().path == "/form/private"


def test_without_mail_help_and_saving_are_as_ever(site):
    post = Post(mail.read_url("smtp://127.0.0.1:9"), "a@example.org", ("b@example.org",))
    object.__setattr__(site.office, "post", post)
    walker = site.walker_at("safety").answer_page(PLAN)
    site.app.extensions["queue"].run_waiting()
    assert walker.title == "Talk with someone now"
    assert "We email them at once" in walker.text
    assert site.answers["cssrs_4"] == "yes"
    (late,) = desk(site, PHYSICIAN).soup.select(".alert__late")
    assert "could not be sent" in late.get_text()


def test_without_a_worker_the_alert_is_on_the_staffs_page(site):
    post = Post(mail.read_url("smtp://127.0.0.1:9"), "a@example.org", ("b@example.org",))
    object.__setattr__(site.office, "post", post)
    site.walker_at("safety").answer_page(PLAN)
    (card,) = desk(site, PHYSICIAN).soup.select(".alert")
    assert "Not e-mailed yet" in card.get_text()


def test_without_a_mail_server_nothing_is_said_of_e_mail(site):
    walker = site.walker_at("safety").answer_page(PLAN)
    assert "e-mail" not in walker.text
    assert "E-mail is not set up" in desk(site, PHYSICIAN).text


def test_a_clinic_that_says_nothing_of_itself_leaves_no_holes(site):
    clinic = site.app.extensions["settings"].clinic
    for name, blank in {"phone": None, "hours": {}, "urgent_reply": {}, "after_hours": {}}.items():
        object.__setattr__(clinic, name, blank)
    walker = site.walker_at("safety").answer_page(PLAN)
    for _ in LANGUAGES:
        assert "None" not in walker.text
        assert "{" not in walker.text
        assert clinic.name in walker.text
        walker.press("language")
