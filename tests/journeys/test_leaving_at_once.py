"""In a browser: a page is left at once, and the staff's page tells of a new alert by itself."""

import pytest
from playwright.sync_api import Browser

from screening.workflows import intake as intake_flow
from tests.browser import Visitor
from tests.builders import person
from tests.server import Server
from tests.site import Site

pytestmark = [pytest.mark.journey, pytest.mark.slow]

AWAY = "https://www.weather.gov/"


def visitor(browser: Browser, server: Server, store: Site) -> Visitor:
    """Somebody on the page that may have to be left; the other site is made up."""
    intake_id = store.start(person(), until="private")
    found = Visitor(browser, server.url)
    found.page.route(f"{AWAY}**", lambda route: route.fulfill(body="Sunny.", status=200))
    code = intake_flow.new_code_for(store.office, intake_id)
    return found.resume(code, person()["date_of_birth"]).open("/form/private")


def press_shift(patient: Visitor, times: int) -> None:
    for _ in range(times):
        patient.page.keyboard.press("Shift")


def entries(patient: Visitor) -> int:
    """How many pages the tab's history holds."""
    found: int = patient.page.evaluate("history.length")
    return found


def has_left(patient: Visitor, before: int) -> None:
    patient.page.wait_for_url(AWAY)
    assert "Sunny" in patient.page.content()
    assert entries(patient) == before, "the other site stands in the page's place"
    patient.page.go_back()
    assert "/form/private" not in patient.page.url
    patient.open("/form/private")
    assert patient.path == "/", "the session is over"


def test_by_the_button(browser: Browser, server: Server, store: Site) -> None:
    patient = visitor(browser, server, store)
    patient.type_in({"alone_now": "yes", "safe_at_home": "not-safe-now"})
    patient.page.evaluate("sessionStorage.setItem('a', 'b')")
    before = entries(patient)
    patient.page.click("[data-quick-exit]")
    has_left(patient, before)
    assert patient.page.evaluate("sessionStorage.length + localStorage.length") == 0
    patient.close()


def test_by_shift_three_times_and_not_by_capital_letters(
    browser: Browser, server: Server, store: Site
) -> None:
    patient = visitor(browser, server, store)
    before = entries(patient)
    for letter in "ABC":
        patient.page.keyboard.press(f"Shift+{letter}")
    assert patient.page.inner_text("[data-quick-exit-status]") == ""
    press_shift(patient, 2)
    assert "1 more time" in patient.page.inner_text("[data-quick-exit-status]")
    press_shift(patient, 1)
    has_left(patient, before)
    patient.close()
