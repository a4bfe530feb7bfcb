"""The page that says what ketamine treatment is and is not, before the first question."""

import re

from screening.web import i18n
from tests.builders import person

PROMISES = re.compile(r"\b(cures?|cura|curan|safe|segur[ao]s?|eligible|FDA-approved)\b", re.I)
TITLE = "What ketamine treatment is, and what it is not"


def test_start_leads_there_and_on_to_the_first_page(site):
    walker = site.walker().press()
    assert (walker.path, walker.title) == ("/about", TITLE)
    assert walker.press().path == "/form/welcome"


def test_it_is_linked_from_the_start_and_from_the_consent(site):
    assert site.walker().link("What ketamine treatment is") == "/about"
    assert site.walker().open("/form/welcome").link("What ketamine treatment is") == "/about"


def test_the_language_switch_keeps_the_page(site):
    walker = site.walker().press().press("language")
    assert walker.path == "/about"
    assert walker.title == "Qué es y qué no es el tratamiento con ketamina"
    assert walker.press("language").title == TITLE


def test_it_says_what_consent_must_name(site):
    words = site.walker().open("/about").text
    for named in (
        "off-label", "NMDA", "glutamate", "BDNF", "default mode network", "30 minutes to two hours",
        "take you home", "six infusions in three weeks", "boosters", "Talk therapy", "mindfulness",
        "blood pressure", "sleepiness", "Breathing", "dependence", "bladder or liver", "not known",
        "may be short", "TMS, ECT", "drive", "pregnancy", "privacy notice", "stop at any time",
        "days or weeks",
    ):  # fmt: skip
        assert named in words, named


def test_it_promises_nothing_and_is_short(site):
    for language in ("en", "es"):
        words = site.walker(speaks=language).open("/about").text
        assert not PROMISES.search(words), PROMISES.search(words)
        assert len(words.split()) <= 450


def test_no_text_of_it_is_left_out(site):
    shown = site.walker(speaks="en").open("/about").text
    kept = {key: text["en"] for key, text in i18n.texts().items() if key.startswith("about.")}
    hidden = {"about.back_to_form", "about.link"}
    assert [key for key, text in kept.items() if text not in shown and key not in hidden] == []


def test_from_a_form_in_hand_it_leads_back_there(site):
    walker = site.walker_at("reason").open("/about")
    assert "Back to my form" in walker.text
    assert walker.press().path == "/tasks"
    assert site.answers["first_name"] == person()["first_name"]


def test_who_reads_it_for_long_still_gets_on(site):
    walker = site.walker().press()
    site.clock.wait(minutes=45)
    walker.press()
    assert walker.path in ("/about", "/form/welcome")
