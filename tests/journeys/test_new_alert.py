"""The staff's page tells of a new alert by itself, and takes nothing from who is writing."""

import pytest
from playwright.sync_api import Browser, expect

from screening.workflows import urgent
from tests.browser import Visitor
from tests.builders import person
from tests.server import Server
from tests.site import Site
from tests.web.desk import PHYSICIAN, hire

from .test_whole_way import sign_in

pytestmark = [pytest.mark.journey, pytest.mark.slow]

A_MINUTE = "01:01"


def tell(store: Site) -> None:
    """Somebody at home gives an urgent answer."""
    store.start(person(intoxicated_now="yes"), until="anxiety")


def test_a_new_alert_is_there_within_a_minute_and_a_note_stays(
    browser: Browser, server: Server, store: Site
) -> None:
    before = len(store.alerts())
    tell(store)
    doctor = Visitor(browser, server.url)
    doctor.page.clock.install()
    sign_in(doctor, hire(store, PHYSICIAN, email="watch@example.org"))
    cards, count = doctor.page.locator(".alert"), doctor.page.locator("[data-alerts]")
    expect(count).to_have_text(str(before + 1))
    note = doctor.page.locator("textarea[name=note]").first
    note.fill("Called, no ans")
    tell(store)
    doctor.page.clock.fast_forward(A_MINUTE)
    expect(cards).to_have_count(before + 2)
    expect(count).to_have_text(str(before + 2))
    assert note.input_value() == "Called, no ans"
    doctor.page.keyboard.type("wer")
    assert note.input_value() == "Called, no answer", "whoever writes goes on writing"

    newest = doctor.page.locator(".alert [data-due]").last.get_attribute("data-due")
    assert urgent.acknowledge(store.office, "user:1", str(newest), "Called.")
    doctor.page.clock.fast_forward(A_MINUTE)
    expect(cards).to_have_count(before + 1)
    assert doctor.complaints == []
    doctor.close()
