"""What axe cannot see: focus, targets, narrow pages, forced colours, a keyboard alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from screening.workflows import intake as intake_flow
from tests.browser import Visitor
from tests.builders import person
from tests.server import Server
from tests.site import Site

pytestmark = [pytest.mark.journey, pytest.mark.slow]

SMALL = {"width": 320, "height": 640}
ZOOMED = {"width": 320, "height": 256}  # 1280 x 1024 at 400 %
PAGES = ("contact", "mood", "antidepressant-trials", "body", "heart", "safety", "medicines")
TARGET = 44  # px

TOO_SMALL = """least => [...document.querySelectorAll(
    "main button, main .govuk-button, main input[type=text], main select, main textarea, " +
    "main .govuk-radios__item, main .govuk-checkboxes__item, " +
    ".brand__language button:not([tabindex]), .helpline a, .govuk-back-link")]
  .filter(one => one.checkVisibility() && !one.closest(".govuk-visually-hidden"))
  .map(one => [one.textContent.trim().slice(0, 40) || one.name, one.getBoundingClientRect()])
  .filter(([, box]) => box.height > 1 && box.height < least - 0.5)
  .map(([name, box]) => `${name}: ${box.width.toFixed(0)} x ${box.height.toFixed(0)}`)"""
STILL = """() => [...document.querySelectorAll("*")].filter(one => {
    const style = getComputedStyle(one);
    const seconds = text => text.split(",").map(parseFloat).some(n => n > 0.01);
    return (style.transitionProperty !== "none" && seconds(style.transitionDuration))
      || (style.animationName !== "none" && seconds(style.animationDuration));
  }).map(one => one.outerHTML.slice(0, 80))"""
FOCUSED = """() => { const one = document.activeElement, style = getComputedStyle(one);
    const near = one.closest(".govuk-radios__item, .govuk-checkboxes__item");
    const label = near && getComputedStyle(near.querySelector("label"), "::before");
    const shown = s => s && ((s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0)
      || s.boxShadow !== "none");
    const box = one.getBoundingClientRect();
    return {what: one.id || one.textContent.trim(), name: one.name || "", tag: one.tagName,
      seen: shown(style) || shown(label) || (near && shown(getComputedStyle(near))) || false,
      inside: box.bottom > 0 && box.top < innerHeight} }"""


@pytest.fixture
def visitor(browser: Browser, server: Server) -> Iterator[Visitor]:
    found = Visitor(browser, server.url)
    yield found
    assert found.complaints == []
    found.close()


def resumed(visitor: Visitor, store: Site, until: str = "check", **changes: Any) -> Visitor:
    answers = person(**changes)
    code = intake_flow.new_code_for(store.office, store.start(answers, until=until))
    return visitor.resume(code, answers["date_of_birth"])


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_error_summary_has_the_focus_and_leads_to_the_field(
    visitor: Visitor, store: Site, language: str
) -> None:
    resumed(visitor, store, "contact", language=language).open("/form/contact").press()
    page = visitor.page
    assert page.title().startswith("Error:")
    assert page.evaluate("document.activeElement.className").startswith("govuk-error-summary")
    links = page.locator(".govuk-error-summary__list a")
    for number in range(links.count()):
        links.nth(number).click()
        target = str(links.nth(number).get_attribute("href")).lstrip("#")
        assert page.evaluate("document.activeElement.id") == target


def test_no_page_scrolls_sideways(visitor: Visitor, store: Site) -> None:
    resumed(visitor, store)
    wide = []
    for size in (SMALL, ZOOMED):
        visitor.page.set_viewport_size(size)
        for path in ("/tasks", "/check", *(f"/form/{page}" for page in store.questionnaire.pages)):
            visitor.open(path)
            if visitor.page.evaluate("document.documentElement.scrollWidth") > size["width"]:
                wide.append((path, size["height"]))
    assert wide == []


def test_targets_are_large_enough_for_a_thumb(visitor: Visitor, store: Site) -> None:
    resumed(visitor, store)
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    small = {}
    for page in store.questionnaire.pages:
        visitor.open(f"/form/{page}")
        if found := visitor.page.evaluate(TOO_SMALL, TARGET):
            small[page] = found
    assert small == {}


def test_nothing_moves_for_whoever_wants_it_still(visitor: Visitor, store: Site) -> None:
    visitor.page.emulate_media(reduced_motion="reduce")
    resumed(visitor, store)
    for page in PAGES:
        visitor.open(f"/form/{page}")
        assert visitor.page.evaluate(STILL) == [], page


def test_forced_colours_leave_edges_to_see(visitor: Visitor, store: Site) -> None:
    visitor.page.emulate_media(forced_colors="active")
    resumed(visitor, store)
    for page in ("contact", "mood"):
        visitor.open(f"/form/{page}")
        bare = visitor.page.eval_on_selector_all(
            "main .govuk-button, main input[type=text], main select",
            """all => all.filter(one => one.checkVisibility()
                && getComputedStyle(one).borderTopStyle === "none"
                && getComputedStyle(one).outlineStyle === "none").map(one => one.outerHTML)""",
        )
        assert bare == [], page
        ticks = visitor.page.locator(".govuk-radios__input:checked + label")
        for number in range(min(ticks.count(), 2)):
            mark = ticks.nth(number).evaluate("one => getComputedStyle(one, '::after').opacity")
            assert mark == "1"


def test_a_keyboard_is_enough(visitor: Visitor, store: Site) -> None:
    """Tab, Space and Enter through a page of radio buttons; the focus is always to be seen."""
    resumed(visitor, store, "mood")
    page = visitor.open("/form/mood").page
    page.set_viewport_size({"width": 390, "height": 700})
    page.evaluate("document.querySelector('.govuk-skip-link').focus()")
    for _ in range(120):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUSED)
        assert focus["seen"], focus
        assert focus["inside"], focus
        if focus["name"].startswith("phq9"):
            page.keyboard.press("Space")
        if focus["tag"] == "BUTTON" and focus["what"] == "Continue":
            with page.expect_navigation():
                page.keyboard.press("Enter")
            break
    assert visitor.path != "/form/mood"
    assert page.locator(".govuk-error-summary").count() == 0


ON_PAPER = """() => [...document.querySelectorAll("body *")]
    .filter(one => !one.children.length && one.checkVisibility() && one.textContent.trim())
    .map(one => one.textContent.trim())"""


def test_the_code_is_copied_and_printed_as_a_plain_card(visitor: Visitor) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.open("/").walk(person(), until="date-of-birth").answer_page(person())
    page, code = visitor.page, visitor.code.split()
    page.click("[data-copy]")
    page.wait_for_function("document.querySelector('[data-copied]').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == "-".join(code)
    page.click("summary")
    visitor.type_in({"email": "quinn@example.org"}).press("mail")
    assert "We will send a link to quinn@example.org" in visitor.text
    assert page.title() == "Your code"
    page.emulate_media(media="print")
    printed = page.evaluate(ON_PAPER)
    assert set(code) < set(printed)
    assert not [words for words in printed if "Ketamine" in words or "link" in words]
    assert page.locator("button:visible, input:visible, summary:visible").count() == 0


def test_without_a_script_there_is_nothing_to_copy_with(browser: Browser, server: Server) -> None:
    visitor = Visitor(browser, server.url, java_script_enabled=False)
    visitor.open("/").walk(person(), until="date-of-birth").answer_page(person())
    assert len(visitor.code.split()) == 7
    assert visitor.page.locator("[data-copy]:visible, [data-print]:visible").count() == 0
    visitor.page.click("summary")
    assert visitor.page.locator("#email").is_visible()
    visitor.close()
