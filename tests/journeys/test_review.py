"""A physician's own entries in a browser: axe on their pages, and the ways between them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from screening.storage.accounts import PHYSICIAN
from screening.workflows import intake as intake_flow
from tests.builders import medicine_row, person
from tests.server import Server
from tests.site import Site
from tests.web.desk import hire

from .test_axe import Judge, sign_in

pytestmark = [pytest.mark.journey, pytest.mark.slow]


@pytest.fixture
def staff(browser: Browser, server: Server) -> Iterator[Judge]:
    judge = Judge(browser, server)
    yield judge
    judge.at.close()


def test_a_pressure_a_correction_a_talk_and_a_note(staff: Judge, store: Site) -> None:
    answers = person(
        bp_known="yes",
        bp_systolic=148,
        bp_diastolic=84,
        gad7_3="discuss",
        takes_medications="yes",
        medications=[medicine_row("vitamin Q")],
    )
    reference = intake_flow.submit_answers(store.office, answers).reference
    record = f"/staff/intakes/{reference}"
    at, page = staff.at, staff.at.page
    sign_in(at, hire(store, PHYSICIAN, email="examines@example.org"))
    at.open(record)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    staff.judge("a record with everything unfolded")

    page.click("#finding-bp-elevated a.to-answer >> text=Systolic")
    assert page.locator(":target").get_attribute("id") == "answer-bp_systolic"
    page.locator(":target a.to-finding").first.click()
    assert page.locator(":target").get_attribute("id") == "finding-bp-elevated"

    page.fill("#measured_systolic", "190")
    page.fill("#measured_diastolic", "30")
    at.click("text=Keep and assess again")
    staff.judge("an unlikely pressure")
    page.fill("#measured_diastolic", "125")
    at.click("text=Keep and assess again")
    assert page.locator(".flag--urgent").count() == 1
    staff.judge("a record with what was measured")

    at.open(f"{record}/answers/medications?row=0")
    at.click("text=Keep the correction")
    staff.judge("a correction without a reason")
    page.fill("#medications-0-medicine", "phenelzine")
    page.fill("#reason", "The patient, on the phone")
    at.click("text=Keep the correction")
    assert page.locator(":target").get_attribute("id") == "answer-medications"
    assert page.locator("#finding-med-maoi").count() == 1

    at.click("text=Talked about it")
    assert "0 open" in page.inner_text("main")
    page.fill("#note", "Ask for the pharmacy's list.")
    at.click("text=Keep the note")
    staff.judge("a record with corrections, a tick and a note")
    assert staff.found == []
