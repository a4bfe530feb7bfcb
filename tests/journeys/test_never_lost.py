"""In Chromium: what is typed is kept without a button, also without a connection, and an idle page
closes itself. Time passes by the browser's own clock."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from screening.workflows import intake as intake_flow
from tests.browser import Visitor
from tests.builders import person
from tests.server import Server
from tests.site import Site

pytestmark = [pytest.mark.journey, pytest.mark.slow]

PERSON = person()
BORN = PERSON["date_of_birth"]
SAVED = "Saved at"


@pytest.fixture
def visitor(server: Server, browser: Browser) -> Iterator[Visitor]:
    found = Visitor(browser, server.url)
    yield found
    found.close()


def test_what_is_typed_is_there_after_a_reload(visitor: Visitor, store: Site) -> None:
    page = begin(visitor, store, "contact")
    page.fill("#city", "Cambria")
    expect(line(page)).to_contain_text(SAVED)
    page.reload()
    expect(page.locator("#city")).to_have_value("Cambria")
    expect(page.locator("[data-begun]")).to_contain_text("You have not sent this page yet")
    page.click("text=Go on where you stopped")
    assert page.evaluate("location.hash") == "#city"
    visitor.answer_page(PERSON | {"city": "Cambria"})
    assert visitor.path != "/form/contact"
    page.go_back()
    expect(page.locator("#city")).to_have_value("Cambria")
    assert page.locator("[data-begun]").count() == 0
    assert visitor.complaints == []


def test_what_is_typed_last_is_kept_when_the_page_goes_away(visitor: Visitor, store: Site) -> None:
    page = begin(visitor, store, "contact")
    page.fill("#city", "Cambria")
    visitor.open("/form/contact")
    page.reload()
    expect(page.locator("#city")).to_have_value("Cambria")


def test_saved_is_not_seen_while_something_typed_is_not(visitor: Visitor, store: Site) -> None:
    page = begin(visitor, store, "contact")
    page.fill("#city", "Cambria")
    expect(line(page)).to_contain_text(SAVED)
    expect(line(page)).to_have_css("opacity", "1")
    held: list[Route] = []
    page.route("**/half", lambda route: held.append(route))  # noqa: PLW0108 it marks what it is given
    with page.expect_request("**/half"):
        page.fill("#city", "Cayucos")
        expect(line(page)).to_have_css("opacity", "0")
    expect(line(page)).to_have_css("opacity", "0")
    held.pop().continue_()
    expect(line(page)).to_have_css("opacity", "1")
    expect(line(page)).to_contain_text(SAVED)


def test_flight_mode_in_the_middle_of_a_page(visitor: Visitor, store: Site) -> None:
    page = begin(visitor, store, "contact")
    visitor.context.set_offline(True)
    visitor.type_in({"city": "Cambria", "phone": "805-555-0142", "email": "ana@example.org"})
    expect(line(page)).to_contain_text("no connection")
    page.click('main button[value="continue"]')
    expect(page.locator("[data-connection]")).to_contain_text("still on this page")
    assert visitor.path == "/form/contact"
    assert page.input_value("#city") == "Cambria"
    visitor.context.set_offline(False)
    expect(page.locator("[data-connection]")).to_contain_text("connected again")
    assert "city" not in stored(store).merged
    page.wait_for_timeout(1000)  # the kit takes a second click within a second for the first one
    visitor.answer_page(PERSON | {"city": "Cambria"})
    assert visitor.path != "/form/contact"
    assert stored(store).merged["city"] == "Cambria"


def test_a_double_click_sends_the_page_once(visitor: Visitor, store: Site) -> None:
    page = begin(visitor, store, "body")
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.url.endswith("/form/body") else None)
    visitor.type_in({"weight_lb": "151"})
    page.evaluate(
        "const form = document.querySelector('#page');"
        "const go = form.querySelector('[value=continue]');"
        "form.requestSubmit(go); form.requestSubmit(go);"
    )
    page.wait_for_load_state()
    expect(page.locator("main")).to_be_visible()
    assert len(sent) <= 1


def test_another_tab_is_told(visitor: Visitor, store: Site) -> None:
    page = begin(visitor, store, "contact")
    other = visitor.context.new_page()
    other.goto(visitor.url + "/form/contact")
    page.fill("#city", "Cambria")
    expect(line(page)).to_contain_text(SAVED)
    other.fill("#city", "Cayucos")
    expect(line(other)).to_contain_text("changed in another tab")
    assert other.input_value("#city") == "Cayucos"


def test_help_comes_when_the_answer_is_given(visitor: Visitor, store: Site) -> None:
    page = begin(visitor, store, "safety")
    page.check('[name="violence_now"][value="yes"]')
    help_now = page.locator("[data-help]")
    expect(help_now.locator('a[href="tel:911"]').first).to_be_in_viewport()
    expect(help_now).to_be_focused()
    assert visitor.path == "/form/safety"
    assert store.alerts()[-1].detail["rules"] == ["violence-now"]
    assert visitor.complaints == []


def test_an_idle_page_asks_and_then_closes(visitor: Visitor, store: Site) -> None:
    visitor.page.clock.install()
    page = begin(visitor, store, "contact")
    page.fill("#city", "Cambria")
    page.clock.fast_forward("00:03")
    expect(line(page)).to_contain_text(SAVED)
    page.clock.fast_forward("26:00")
    dialog = page.locator("dialog[data-idle]")
    expect(dialog).to_contain_text("we close this page at")
    with page.expect_response("**/still-here"):
        dialog.locator("[data-stay]").click()
    expect(dialog).to_be_hidden()
    page.clock.fast_forward("26:00")
    expect(dialog).to_be_visible()
    with page.expect_response("**/still-here"):
        page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.clock.fast_forward("30:00")
    page.wait_for_url("**/?closed=yes")
    assert "Cambria" not in page.content()
    assert stored(store).halves
    visitor.open("/form/contact")
    assert visitor.path == "/"


def begin(visitor: Visitor, store: Site, until: str) -> Page:
    """A form of one's own, filled in up to this page."""
    store.clock.moment = datetime.now(UTC)
    code = intake_flow.new_code_for(store.office, store.start(PERSON, until=until))
    visitor.resume(code, BORN).open(f"/form/{until}")
    return visitor.page


def line(page: Page):
    return page.locator("[data-saving]")


def stored(store: Site):
    return store.intakes()[-1]
