"""Made-up people and tiny questionnaires, for every test that needs one."""

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from screening.questionnaire.definition import (
    Contact,
    Instrument,
    Medicine,
    Page,
    Panel,
    Question,
    Questionnaire,
    Rule,
    Scoring,
    Section,
)
from screening.questionnaire.loader import check_in

FIXTURES = Path(__file__).parent / "fixtures"
TODAY = date(2026, 11, 23)


# People


@cache
def _example(name: str) -> str:
    return (FIXTURES / "examples" / f"{name}.json").read_text("utf-8")


def example(name: str) -> dict[str, Any]:
    """One worked example: `as_of` (a date), whole `answers`, and what is `expected`.

    Every file but candidate.json holds only how its person differs; null takes an answer away.
    """
    found = json.loads(_example(name))
    answers = found["answers"] if "answers" in found else person(**found["changes"])
    return found | {"as_of": date.fromisoformat(found["as_of"]), "answers": answers}


def person(**changes: Any) -> dict[str, Any]:
    """The answers of a candidate without any finding, with changes; None takes an answer away."""
    answers = json.loads(_example("candidate"))["answers"] | changes
    return {name: answer for name, answer in answers.items() if answer is not None}


def returning(**changes: Any) -> dict[str, Any]:
    """The candidate's answers to a check-in, with changes; None takes an answer away."""
    own = {
        "last_infusion": "2026-11-01",
        "since_last": ["none"],
        "thinking_worse": "no",
        "after_infusion_now": ["none"],
        "last_infusion_problems": ["none"],
        "bladder_since": ["none"],
        "medicine_changes": ["none"],
        "substances_last_month": ["none"],
        "ketamine_elsewhere": "no",
        "ketamine_craving": "no",
    }
    asked = check_in().questions
    return {name: answer for name, answer in person(**own | changes).items() if name in asked}


def medicine_row(name: str, last_taken: str = "today") -> dict[str, str]:
    return {"medicine": name, "last_taken": last_taken}


def trial_row(drug: str, dose: float | None, weeks: int | None, **more: Any) -> dict[str, Any]:
    """A trial of this episode, taken on most days, that did not help."""
    row = {
        "drug": drug,
        "max_daily_dose_mg": dose,
        "weeks": weeks,
        "this_episode": "yes",
        "most_days": "yes",
        "improvement": "none",
        "wore_off": "no",
        "still_taking": "no",
        "stopped_for_side_effects": "no",
        "added_to": "",
    }
    return row | more


# Tiny questionnaires


def both(text: str) -> dict[str, str]:
    return {"en": text, "es": f"{text} (es)"}


def options(*ids: str) -> list[dict[str, str]]:
    return [{"id": name, "en": name, "es": f"{name} (es)"} for name in ids]


def question(name: str, kind: str = "choice", **fields: Any) -> Question:
    """A question with all its texts; yes or no unless its kind or `options` say otherwise."""
    if kind in ("choice", "choices", "scale") and "options" not in fields:
        ids = ("0", "1", "2", "3") if kind == "scale" else ("yes", "no")
        fields["options"] = options(*ids)
    if kind == "group":
        cells = [{"id": "name", "kind": "text", "text": both("Name"), "label": "Name"}]
        fields = {"columns": cells, "max_rows": 5} | fields
    texts = {"text": both(name), "thing": both(name), "label": name}
    return Question(**{"id": name, "kind": kind} | texts | fields)


def page(name: str, *questions: Question) -> Page:
    return Page(id=name, title=both(name), questions=questions)


def section(name: str, *pages: Page, **fields: Any) -> Section:
    return Section(id=name, title=both(name), label=name, pages=pages, **fields)


def rule(name: str, when: str, kind: str = "clear", **fields: Any) -> Rule:
    given = {"says": "It is so.", "why": "It matters.", "sources": ("1",), **fields}
    return Rule(id=name, kind=kind, when=when, **given)


def instrument(name: str, *items: str, **scoring: Any) -> Instrument:
    """A sum of items from 0 to 3 with one band; scoring may be given."""
    top = 3 * len(items)
    given = {
        "method": "sum",
        "items": items,
        "range": (0, top),
        "bands": ({"id": "any", "label": "Any", "min": 0, "max": top},),
    }
    return Instrument(
        id=name,
        name=name,
        short_name=name,
        stem=both("How often?"),
        attribution="Public domain",
        languages=("en", "es"),
        scoring=Scoring(**given | scoring),
    )


def medicine(generic: str, *brands: str, **fields: Any) -> Medicine:
    given = {
        "also": (),
        "drug_class": "other",
        "flags": frozenset(),
        "role": "other",
        "counts_as": "",
        "min_adequate_daily_dose_mg": None,
        "interaction": "none",
        "interaction_note": "",
        "source": "made up",
    }
    return Medicine(generic=generic, brands=brands, **given | fields)


def contact(name: str = "line") -> Contact:
    href = {"en": "tel:988", "es": "tel:988"}
    return Contact(id=name, text=both("A line"), call=both("Call"), href=href)


def panel(name: str = "crisis", **fields: Any) -> Panel:
    given = {"contacts": ("line",), "respond_within_minutes": 15} | fields
    return Panel(id=name, title=both("Now"), lead=both("Lead"), told=both("Told"), **given)


def base_section() -> Section:
    """The questions that the assessment reads by name, whatever the rules say."""
    conditions = options("depression", "anxiety", "bipolar-depression", "other")
    return section(
        "base",
        page(
            "base",
            question("date_of_birth", "date"),
            question("seeking_help_for", "choices", options=conditions),
            question("main_concern", options=conditions),
            question("psychiatric_diagnoses", "choices", options=options("bipolar-2", "none")),
            question("psychosis_now"),
            question("psychosis_in_this_episode"),
            question("episode_months", "integer", min=0, max=720),
            question("ect_this_episode"),
            question("ect_sessions", "integer", min=1, max=500),
            question("phq9_1", "scale", instrument="phq9"),
        ),
        page("trials", question("antidepressant_trials", "group")),
    )


def tiny(*questions: Question, **parts: Any) -> Questionnaire:
    """A questionnaire in which nothing is wrong: the base, then one page of these questions.

    `sections` replaces that page by whole sections; the other parts replace their defaults.
    """
    asked = (section("more", page("more", *questions)),) if questions else ()
    given = {
        "version": "tiny",
        "title": both("Tiny"),
        "instruments": (instrument("phq9", "phq9_1"),),
        "indications": {"depression": "phq9.total >= 2"},
        "rules": (),
        "medicines": (),
        "sources": {"1": "A source"},
        "contacts": (contact(),),
        "panels": (panel(),),
    } | parts
    return Questionnaire(**given | {"sections": (base_section(), *parts.get("sections", asked))})
