"""A question back takes the focus, and "no to all" marks its answers in place."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from screening.workflows import intake as intake_flow
from tests.browser import Visitor
from tests.builders import person
from tests.server import Server
from tests.site import Site

pytestmark = [pytest.mark.journey, pytest.mark.slow]


@pytest.fixture
def visitor(browser: Browser, server: Server) -> Iterator[Visitor]:
    found = Visitor(browser, server.url, viewport={"width": 390, "height": 844})
    yield found
    assert found.complaints == []
    found.close()


def at(visitor: Visitor, store: Site, page: str) -> Visitor:
    answers = person()
    code = intake_flow.new_code_for(store.office, store.start(answers, until=page))
    return visitor.resume(code, answers["date_of_birth"]).open(f"/form/{page}")


def test_the_question_has_the_focus_and_leads_to_its_field(visitor: Visitor, store: Site) -> None:
    at(visitor, store, "heart").answer_page(
        person(bp_known="yes", bp_systolic=150, bp_diastolic=45)
    )
    page = visitor.page
    assert page.evaluate("document.activeElement.className") == "ask-back"
    page.click(".ask-back a[href='#bp_diastolic']")
    assert page.evaluate("document.activeElement.id") == "bp_diastolic"
    visitor.click(".ask-back button")
    assert visitor.path == "/form/heart-conditions"


def test_no_is_marked_in_place_and_only_where_nothing_is(visitor: Visitor, store: Site) -> None:
    page = at(visitor, store, "lungs-and-airway").page
    page.check("[name=infection_now][value=yes]")
    page.check("[name=lung_conditions][value=none]")
    page.click("[data-no-to-all]")
    ticked = page.eval_on_selector_all(
        "form#page input[type=radio]:checked", "all => all.map(one => `${one.name} ${one.value}`)"
    )
    asked = ("snores_loudly", "seen_to_stop_breathing", "tired_by_day")
    assert ticked == [*(f"{name} no" for name in asked), "infection_now yes"]
    assert "We marked No for 3 questions" in page.inner_text(".no-to-all [role=status]")
    page.check("[name=tired_by_day][value=yes]")
    visitor.press()
    assert visitor.path == "/form/anesthesia"
    visitor.open("/form/lungs-and-airway")
    assert page.is_checked("[name=tired_by_day][value=yes]")
