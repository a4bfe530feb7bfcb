"""Every urgent rule has its own help in English and Spanish, its numbers to tap, and its time."""

import pytest

from screening.questionnaire.definition import LANGUAGES
from screening.storage.intakes import StoredIntake
from screening.web import help_pages
from tests.builders import person

# Rule, and the minutes until somebody should have called (clinical/safety.md, 1.5 and 2).
WITHIN = {
    "bp-crisis-symptomatic": 15,
    "bp-crisis-asymptomatic": 240,
    "chest-pain-now": 15,
    "stroke-signs-now": 15,
    "delirium-now": 15,
    "urine-blood-after-ketamine": 240,
    "psychosis-now": 15,
    "mania-danger": 240,
    "suicide-high": 15,
    "suicide-unknown": 15,
    "violence-now": 15,
    "infant-harm": 15,
    "dv-danger": 15,
    "intoxicated-now": 240,
    "withdrawal-now": 15,
}
NONE: StoredIntake | None = None


def test_the_rules_that_are_urgent_and_their_times(site):
    known = site.questionnaire
    found = {rule.id: known.panel[rule.panel] for rule in known.urgent_rules}
    assert {rule: panel.respond_within_minutes for rule, panel in found.items()} == WITHIN
    assert len({panel.id for panel in found.values()}) == len(WITHIN), "each has its own page"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_of_help_is_whole_in_each_language(site, language):
    for panel in site.questionnaire.panels:
        with site.app.test_request_context("/form/safety", headers={"Accept-Language": language}):
            html = help_pages.crisis([panel], NONE)
        walker = site.walker()
        walker._arrived(page(html))
        assert walker.soup.html["lang"] == language
        assert walker.title == panel.title[language]
        main = walker.soup.find("main")
        for name in panel.contacts:
            contact = site.questionnaire.contact[name]
            link = main.find("a", href=contact.href[language])
            assert link, (panel.id, name)
            assert contact.call[language] in [a.get_text(strip=True) for a in main.find_all("a")]
        assert main.find("a", href="tel:911")
        assert all(step[language] in walker.text for step in panel.steps), panel.id
        assert site.app.extensions["settings"].clinic.name in walker.text
        assert {"call_number", "call_when"} <= walker.names(), panel.id
        assert "{" not in walker.text


def page(html):
    """What a test client would have been answered with."""
    from types import SimpleNamespace

    return SimpleNamespace(text=html, request=SimpleNamespace(path="/form/safety"))


def test_the_help_beside_a_page_leads_to_a_call(site):
    walker = site.walker_at("mood").answer_page(person(phq9_9=1))
    walker.open(walker.link("Ask the clinic to call me"))
    assert walker.path == "/call-me"
    assert "does not alert anyone" in walker.text
    walker.press("call", call_number="805-555-0134")
    (alert,) = site.alerts()
    assert alert.detail["call"]["number"] == "805-555-0134"
    assert (alert.due_at - site.clock.moment).total_seconds() == 240 * 60
    assert "Usted pidió" in walker.press("language").text
    assert walker.press().path == "/tasks"


def test_a_call_is_no_later_than_an_alert_that_is_open(site):
    walker = site.walker_at("private").answer_page(
        person(), alone_now="yes", safe_at_home="not-safe-now"
    )
    walker.open("/call-me").press("call", call_number="805-555-0134", call_when="noon")
    (_, call) = site.alerts()
    assert (call.due_at - site.clock.moment).total_seconds() == 15 * 60
