"""The browser's half of follow-up questions: screening.js in a real Chromium."""

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api")

CHROMIUM = Path("/usr/bin/chromium")
STATIC = Path(__file__).parents[2] / "screening" / "web" / "static"

CONDITIONS: dict[str, list[Any]] = {
    "equal": ["=", "pain", "yes"],
    "unequal": ["!=", "pain", "yes"],
    "not": ["not", ["=", "pain", "yes"]],
    "number": [">=", "drinks", 3],
    "below": ["<", "drinks", 3],
    "ticked": ["in", "heart", "history"],
    "one_of": ["one-of", "pain", ["no", "unknown"]],
    "answered": ["answered", "note"],
    "false_and_unknown": ["not", ["and", ["const", False], ["=", "pain", "yes"]]],
    "true_or_unknown": ["or", ["const", True], ["=", "pain", "yes"]],
    "unknown": ["const", None],
    "optional_left_empty": ["not", ["=", "note", "x"]],
    "points": ["sum>", ["item_1", "item_2"], 2],
    "after_hidden": ["!=", "inner", "x"],
}


def tick(kind: str, name: str, value: str, mark: str = "") -> str:
    return f'<input type="{kind}" name="{name}" value="{value}" id="{name}-{value}" {mark}>'


def form() -> str:
    follow_ups = "".join(
        f'<div class="followup" id="{name}" data-ask-if="{html.escape(json.dumps(condition))}">'
        f"{name}</div>"
        for name, condition in CONDITIONS.items()
    )
    inner = html.escape(json.dumps(CONDITIONS["equal"]))
    return (
        '<form id="page">'
        + "".join(tick("radio", "pain", value) for value in ("yes", "no", "discuss"))
        + '<div class="question--choices">'
        + "".join(tick("checkbox", "history", value) for value in ("heart", "lung"))
        + tick("checkbox", "history", "none", "data-exclusive")
        + '</div><input type="text" name="drinks" id="drinks">'
        + tick("checkbox", "drinks", "unsure", "data-exclusive")
        + '<div data-optional><input type="text" name="note" id="note"></div>'
        + "".join(tick("radio", f"item_{n}", str(m)) for n in (1, 2) for m in (0, 1, 2, 3))
        + f'<div class="followup" data-ask-if="{inner}"><input name="inner" id="inner"></div>'
        + f"{follow_ups}</form>"
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium")
    with sync_api.sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser.new_page()
    style = (STATIC / "screening.css").read_text()
    opened.set_content(f"<style>{style}</style>{form()}")
    opened.add_script_tag(path=STATIC / "screening.js", type="module")
    opened.wait_for_function("document.documentElement.classList.contains('js')")
    yield opened
    opened.close()


def shown(page: Any) -> set[str]:
    return {name for name in CONDITIONS if page.locator(f"#{name}").is_visible()}


def test_nothing_answered_shows_only_what_is_certain(page: Any) -> None:
    assert shown(page) == {"false_and_unknown", "true_or_unknown", "optional_left_empty"}


def test_follow_ups_follow_the_answers(page: Any) -> None:
    before = shown(page)
    page.check("#pain-yes")
    assert shown(page) - before == {"equal"}
    page.fill("#inner", "y")
    assert shown(page) - before == {"equal", "after_hidden"}
    page.check("#pain-no")  # hides the inner question: it no longer applies, so "!=" is false
    assert shown(page) - before == {"unequal", "not", "one_of"}


def test_talking_in_person_and_not_sure_are_unknown(page: Any) -> None:
    before = shown(page)
    page.check("#pain-discuss")
    page.check("#drinks-unsure")
    assert shown(page) == before


def test_numbers_ticks_and_points(page: Any) -> None:
    before = shown(page)
    page.fill("#drinks", " 3 ")
    page.check("#history-heart")
    page.check("#item_1-2")
    assert shown(page) - before == {"number", "ticked"}
    page.check("#item_2-1")
    assert shown(page) - before == {"number", "ticked", "points"}
    page.fill("#drinks", "a few")
    assert "number" not in shown(page)
    assert "below" not in shown(page)
    page.fill("#note", "yes")
    assert "answered" in shown(page)


def test_exclusive_ticks_stand_alone(page: Any) -> None:
    page.check("#history-heart")
    page.check("#history-lung")
    page.check("#history-none")
    assert not page.is_checked("#history-heart")
    assert not page.is_checked("#history-lung")
    page.check("#history-lung")
    assert not page.is_checked("#history-none")
    page.check("#drinks-unsure")
    page.fill("#drinks", "4")
    assert not page.is_checked("#drinks-unsure")
