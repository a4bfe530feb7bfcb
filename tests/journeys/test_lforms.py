"""The exported form and its answers in another renderer: LHC-Forms of the National Library of
Medicine, in Chromium. It asks what our form asks, and counts as we count."""

import json
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from screening.assessment.facts import Facts
from screening.outputs.fhir.questionnaire import questionnaire_resource
from screening.outputs.fhir.response import response_resource
from screening.outputs.formats import Sent
from screening.questionnaire.loader import current
from tests.builders import TODAY, person
from tests.outputs.crowd import _sent as one_of_the_crowd
from tests.outputs.crowd import sent_of
from tests.outputs.fhir_checks import items_of

pytestmark = [pytest.mark.journey, pytest.mark.slow]

VENDOR = Path(__file__).parent.parent / "vendor" / "lforms"
ADDRESS = "http://lforms.test/"
SCRIPTS = ("zone.min.js", "lhc-forms.js", "lformsFHIR.min.js")
PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>LHC-Forms</title>"
    "<link rel=stylesheet href=styles.css><div id=form></div>"
    + "".join(f"<script src={name}></script>" for name in SCRIPTS)
)
SLOW = 30_000  # milliseconds: it works out every expression of 245 questions again
TYPES = {".js": "text/javascript", ".css": "text/css", ".png": "image/png"}

DRAW = """([form, answers]) => LForms.Util.addFormToPage(
    form, "form", {fhirVersion: "R4", questionnaireResponse: answers})"""
DRAWN = "() => [...document.querySelectorAll('lhc-item')].map(one => one.id)"
SAID = "() => LForms.Util.getFormFHIRData('QuestionnaireResponse', 'R4')"
# The same without drawing: what is asked of each item, and the response that comes out.
WORK_OUT = """async ([form, answers]) => {
    const empty = LForms.Util.convertFHIRQuestionnaireToLForms(form, "R4");
    const merged = LForms.Util.mergeFHIRDataIntoLForms(
        "QuestionnaireResponse", answers, empty, "R4");
    const made = merged instanceof LForms.LFormsData ? merged : new LForms.LFormsData(merged);
    made.hasSavedData = false;  // totals are to be worked out, not kept
    await made._expressionProcessor.runCalculations(true);
    const off = one =>
        one._enableWhenExpVal === false || one._skipLogicStatus === "target-disabled";
    const asked = {};
    for (const item of made.itemList) {
        let on = true;
        for (let one = item; one && one.linkId; one = one._parentItem) on = on && !off(one);
        asked[item.linkId] = on;
    }
    return [asked, LForms.Util.getFormFHIRData("QuestionnaireResponse", "R4", made)];
}"""

CLINIC = {q.id for q in current().questions.values() if q.audience == "clinician"}


@pytest.fixture(scope="module")
def renderer(browser: Browser) -> Iterator[Page]:
    """Its page, on a fixed day, with nothing from outside."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    page = context.new_page()
    page.route("**/*", _serve)
    page.clock.set_fixed_time(datetime.combine(TODAY, time(12)))
    page.goto(ADDRESS)
    yield page
    context.close()


def _serve(route: Route) -> None:
    name = route.request.url.removeprefix(ADDRESS)
    file = VENDOR / name
    if not name:
        route.fulfill(body=PAGE, content_type="text/html")
    elif file.parent == VENDOR and file.is_file():
        route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
    else:
        route.abort()


def without_totals(response: dict[str, Any]) -> dict[str, Any]:
    """So that they have to be worked out."""
    return response | {"item": _kept(response["item"])}


def _kept(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        item | ({"item": _kept(item["item"])} if "item" in item else {})
        for item in items
        if not item["linkId"].endswith(".total")
    ]


def said(response: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """(link id, values) of everything that has an answer, codings by their code."""
    return [
        (item["linkId"], [_value(answer) for answer in item["answer"]])
        for item in items_of(response)
        if "answer" in item
    ]


def _value(answer: dict[str, Any]) -> Any:
    (value,) = (value for key, value in answer.items() if key.startswith("value"))
    return value["code"] if isinstance(value, dict) else value


# Somebody of whom nearly everything is asked, somebody with unknowns and blank rows, a check-in.
@pytest.mark.parametrize("number", [12, 37, 7])
def test_it_asks_what_we_ask_counts_what_we_count_and_gives_back_every_answer(
    renderer: Page, number: int
) -> None:
    sent = one_of_the_crowd(number)
    response = response_resource(sent)
    form = questionnaire_resource(sent.questionnaire)
    asked, back = renderer.evaluate(WORK_OUT, [form, without_totals(response)])
    assert {item["linkId"] for item in items_of(form) if item["type"] != "display"} <= set(asked)
    assert {name for name in sent.questionnaire.questions if asked[name]} == by_us(sent)
    assert said(back) == said(response)


def by_us(sent: Sent) -> set[str]:
    """What our form asks; a list that is said to be empty has no rows to fill in."""
    facts = Facts(sent.questionnaire, sent.answers, TODAY)
    return {
        name
        for name in sent.questionnaire.questions
        if facts.asked(name) is True and sent.answers.get(name) != []
    }


def test_follow_ups_come_and_go_and_the_total_follows(renderer: Page) -> None:
    sent = sent_of(current(), person(phq9_1=3, cssrs_2="no", takes_medications="no"))
    form = questionnaire_resource(sent.questionnaire)
    renderer.evaluate(DRAW, [form, without_totals(response_resource(sent))])
    expect(renderer.locator("[id^='item-section.mood/']")).to_be_visible(timeout=SLOW)
    drawn = {name.split("/")[0].removeprefix("item-") for name in renderer.evaluate(DRAWN)}
    assert drawn & {q.id for q in sent.questionnaire.patient_questions()} == by_us(sent) - CLINIC
    (score,) = [s for s in sent.assessment["scores"] if s["instrument"] == "phq9"]
    total = renderer.locator("[id^='item-phq9.total/'] input")
    expect(total).to_have_value(f"{score['total']:g}", timeout=SLOW)

    choose(renderer, "phq9_1", "LA6568-5")
    expect(total).to_have_value(f"{score['total'] - 3:g}", timeout=SLOW)
    choose(renderer, "cssrs_2", "LA33-6")
    expect(row(renderer, "cssrs_3")).to_be_visible(timeout=SLOW)
    choose(renderer, "cssrs_2", "discuss")
    expect(row(renderer, "cssrs_3")).to_have_count(0, timeout=SLOW)
    choose(renderer, "takes_medications", "yes")
    renderer.locator("[id^='medications.medicine/']").first.fill("Percocet 5 mg")
    renderer.keyboard.press("Tab")
    expect(row(renderer, "opioid_mme")).to_be_visible(timeout=SLOW)
    choose(renderer, "takes_medications", "no")
    expect(row(renderer, "opioid_mme")).to_have_count(0, timeout=SLOW)
    found = dict(said(renderer.evaluate(SAID)))
    assert found["phq9.total"] == [score["total"] - 3]
    assert "medications.medicine" not in json.dumps(found)


def row(page: Page, link_id: str) -> Any:
    return page.locator(f"[id^='item-{link_id}/']")


def choose(page: Page, question: str, code: str) -> None:
    page.locator(f"label[id^='{question}/'][id$='|{code}']").click()
