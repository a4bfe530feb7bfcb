"""The rules' sources and panels hold together, and a patient at risk reads only what is safe."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from screening.questionnaire.definition import LANGUAGES, Contact, Panel, Rule
from screening.questionnaire.loader import load

FOLDER = Path(__file__).parents[2] / "screening" / "content" / "2026-2"
BANNED = (
    "commit suicide", "committed suicide", "failed attempt", "successful attempt", "cry for help",
    "eligible", "disqualified", "you failed", "promise", "24/7", "on the way", "police", "addict",
    "abuse", "drunk", "schizophrenic", "suicidal patient", "treatment-resistant", "cure",
    "cometer suicidio", "intento fallido", "elegible", "descalific", "promet", "policía", "adict",
    "borrach", "en camino", "abuso", "—", "–",
)  # fmt: skip
WORDS_OF_CLINIC = {"clinic", "hours", "phone", "urgent_reply", "closed", "mailed"}
HREF = re.compile(
    r"tel:(911|988|\+1\d{10})"
    r"|sms:(988|\d{5,6}|\+1\d{10})(\?body=[A-Z]+)?"
    r"|https://[a-z0-9.]+\.org(/[a-z]+)?"
)


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


RULES = [Rule(**rule) for rule in read("rules.toml")["rules"]]
CONTACTS = [Contact(**contact) for contact in read("crisis.toml")["contacts"]]
PANELS = [Panel(**panel) for panel in read("crisis.toml")["panels"]]


def panel_texts(panel: Panel) -> Iterator[dict[Any, str]]:
    yield from (panel.title, panel.lead, panel.told, *panel.steps)


def contact_texts(contact: Contact) -> Iterator[dict[Any, str]]:
    yield from (contact.text, contact.call, contact.href)


def test_ids_are_unique() -> None:
    for things in (RULES, CONTACTS, PANELS):
        ids = [thing.id for thing in things]
        assert len(ids) == len(set(ids))


def test_every_urgent_rule_and_no_other_has_a_panel() -> None:
    panels = {panel.id for panel in PANELS}
    for rule in RULES:
        assert (rule.panel in panels) if rule.kind == "urgent" else rule.panel is None, rule.id


def test_every_rule_to_clear_says_what_settles_it() -> None:
    for version in (FOLDER, FOLDER.parent / "check-in-2026-1"):
        for rule in load(version).rules:
            assert rule.settles or rule.kind != "clear", rule.id
            assert rule.settles == rule.settles.strip().removesuffix("."), rule.id


def test_every_panel_is_shown_by_something() -> None:
    shown = {rule.panel for rule in RULES if rule.panel} | {"suicide-support"}
    assert {panel.id for panel in PANELS} == shown


def test_every_rule_cites_a_known_source() -> None:
    sources = read("sources.toml")["sources"]
    for rule in RULES:
        assert rule.sources, rule.id
        assert set(rule.sources) <= set(sources), rule.id


def test_a_rule_states_a_fact_and_refuses_nobody() -> None:
    for rule in RULES:
        assert rule.says.endswith("."), rule.id
        assert rule.why.endswith("."), rule.id
        assert not re.search(r"not (a candidate|eligible)|refused?\b|disqualif", rule.says), rule.id


def test_contacts_of_panels_exist_and_start_in_the_right_place() -> None:
    contacts = {contact.id for contact in CONTACTS}
    for panel in PANELS:
        assert set(panel.contacts) <= contacts, panel.id
        assert "emergency" in panel.contacts, panel.id
        assert (panel.contacts[0] == "emergency") or not panel.danger, panel.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_can_be_tapped(language: str) -> None:
    for contact in CONTACTS:
        href = contact.href[language]  # type: ignore[index]
        assert HREF.fullmatch(href), href


def test_every_text_has_both_languages() -> None:
    texts = [text for panel in PANELS for text in panel_texts(panel)]
    texts += [text for contact in CONTACTS for text in contact_texts(contact)]
    for text in texts:
        assert all(text.get(language) for language in LANGUAGES), text


def test_current_numbers_are_shown_and_ended_ones_are_not() -> None:
    content = (FOLDER / "crisis.toml").read_text(encoding="utf-8")
    numbers = "911 988 741741 838255 1-833-852-6262 1-800-662-4357 800-799-7233 88788"
    for number in numbers.split():
        assert number in content, number
    assert not re.search(r"833.?943.?5746|LGBT|press 3|oprima 3", content)


def test_spanish_callers_reach_spanish_speakers() -> None:
    contact = {contact.id: contact for contact in CONTACTS}
    assert "oprima 2" in contact["lifeline-call"].call["es"]
    assert contact["lifeline-text"].href["es"] == "sms:988?body=AYUDA"
    assert contact["crisis-text-line"].href["es"] == "sms:741741?body=AYUDA"


def test_patients_read_no_harmful_words() -> None:
    for panel in PANELS:
        for text in panel_texts(panel):
            for language in LANGUAGES:
                found = [word for word in BANNED if word in text[language].lower()]
                assert not found, (panel.id, found)


def test_told_says_who_looks_and_when_with_known_placeholders_only() -> None:
    for panel in PANELS:
        for language in LANGUAGES:
            holes = set(re.findall(r"\{(\w*)\}", panel.told[language]))
            assert {"clinic", "hours"} <= holes <= WORDS_OF_CLINIC, panel.id
            raises_alert = panel.id != "suicide-support"
            assert raises_alert == ({"mailed", "urgent_reply", "closed"} <= holes), panel.id
            rest = panel.title[language] + panel.lead[language]
            assert "{" not in rest + "".join(step[language] for step in panel.steps)


def test_the_home_panel_does_not_name_its_topic() -> None:
    panel = next(panel for panel in PANELS if panel.id == "home-danger")
    for text in panel_texts(panel):
        seen = " ".join(text.values()).lower()
        assert not re.search(r"violen|abus|partner|pareja|home|casa|domestic|safe|segur", seen)
