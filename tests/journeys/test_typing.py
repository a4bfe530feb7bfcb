"""Typing on a phone: names of medicines offered while typing, and the unit that is switched to."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from screening.workflows import intake as intake_flow
from tests.browser import Visitor
from tests.builders import person
from tests.server import Server
from tests.site import Site

pytestmark = [pytest.mark.journey, pytest.mark.slow]

NAME = "[id=medications-0-medicine]"


@pytest.fixture
def phone(browser: Browser, server: Server) -> Iterator[Visitor]:
    visitor = Visitor(browser, server.url, viewport={"width": 390, "height": 800})
    yield visitor
    assert visitor.complaints == []
    visitor.close()


def open_page(phone: Visitor, store: Site, page: str, **changes: Any) -> None:
    answers = person(**changes)
    code = intake_flow.new_code_for(store.office, store.start(answers, until=page))
    phone.resume(code, answers["date_of_birth"]).open(f"/form/{page}")


def at_medicines(phone: Visitor, store: Site) -> None:
    open_page(phone, store, "medications", takes_medications="yes", medications=None)
    expect(phone.page.locator(NAME)).to_have_role("combobox")


def options(phone: Visitor) -> list[str]:
    return phone.page.locator("[role=option]").all_inner_texts()


def test_a_name_is_chosen_with_the_keyboard(phone: Visitor, store: Site) -> None:
    at_medicines(phone, store)
    box = phone.page.locator(NAME)
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press_sequentially("wellbu")
    expect(box).to_have_attribute("aria-expanded", "true")
    assert options(phone)[0] == "Wellbutrin"
    box.press("ArrowDown")
    box.press("ArrowDown")
    active = phone.page.locator(f"[id='{box.get_attribute('aria-activedescendant')}']")
    expect(active).to_have_attribute("aria-selected", "true")
    chosen = active.inner_text()
    assert chosen == options(phone)[1]
    box.press("Enter")
    expect(box).to_have_value(chosen)
    expect(box).to_have_attribute("aria-expanded", "false")
    assert phone.path == "/form/medications"
    box.press_sequentially("x")
    box.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")


def test_typing_errors_are_forgiven_and_the_count_is_said(phone: Visitor, store: Site) -> None:
    at_medicines(phone, store)
    box = phone.page.locator(NAME)
    for typed, meant in (("prózac", "Prozac"), ("ZOLFOT", "Zoloft"), ("setraline", "sertraline")):
        box.fill(typed)
        assert options(phone)[0] == meant
    assert len(options(phone)) <= 8
    said = phone.page.locator(".names-around [role=status]")
    expect(said).to_have_text("1 name fits. Use the arrow keys to choose it.")
    box.fill("qqqqq")
    expect(phone.page.locator("[role=listbox]")).to_be_hidden()
    expect(said).to_have_text("No name on our list fits. You can go on with what you typed.")


def test_a_name_is_chosen_by_a_tap_and_any_other_is_taken(phone: Visitor, store: Site) -> None:
    at_medicines(phone, store)
    phone.page.locator(NAME).fill("zolo")
    phone.page.locator("[role=option]").first.click()
    expect(phone.page.locator(NAME)).to_have_value("Zoloft")
    phone.press("add")
    phone.type_in({"medications-1-medicine": "my aunt's tea"}).press("add")
    kept = store.intakes()[-1].merged["medications"]
    assert [row["medicine"] for row in kept] == ["Zoloft", "my aunt's tea"]


def test_nothing_typed_leaves_the_page_before_it_is_sent(phone: Visitor, store: Site) -> None:
    at_medicines(phone, store)
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url))
    phone.page.locator(NAME).press_sequentially("sertral")
    phone.page.locator(NAME).press("ArrowDown")
    assert not [url for url in asked if "sertral" in url]


def test_one_way_of_measuring_at_a_time_the_same_for_both(phone: Visitor, store: Site) -> None:
    open_page(phone, store, "body")
    expect(phone.page.locator("[name=height_in-cm]")).to_be_hidden()
    phone.page.get_by_role("button", name="Use centimeters").click()
    expect(phone.page.locator("[name=height_in-cm]")).to_be_focused()
    expect(phone.page.locator("[name=weight_lb-kg]")).to_be_visible()
    expect(phone.page.locator("[name=weight_lb]")).to_be_hidden()
    phone.page.fill("[name=height_in-cm]", "168")
    phone.page.fill("[name=weight_lb-kg]", "15")
    phone.press()
    expect(phone.page.locator("[name=height_in-cm]")).to_have_value("168")
    phone.page.click(".govuk-error-summary a >> text=kilograms")
    expect(phone.page.locator("[name=weight_lb-kg]")).to_be_focused()


def test_what_was_typed_before_the_switch_is_not_lost(phone: Visitor, store: Site) -> None:
    open_page(phone, store, "body")
    phone.page.fill("[name=height_in-ft]", "5")
    phone.page.fill("[name=height_in]", "6")
    phone.page.get_by_role("button", name="Use centimeters").click()
    phone.page.fill("[name=weight_lb-kg]", "68")
    phone.press("later")
    kept = store.intakes()[-1].merged
    assert (kept["height_in"], kept["weight_lb"]) == (66, 149.91)
