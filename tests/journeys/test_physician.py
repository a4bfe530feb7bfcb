"""A physician's way in Chromium: from an alert to the signed decision, the plan and the files."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from screening.workflows import intake as intake_flow
from tests.browser import Visitor
from tests.builders import person
from tests.server import Server
from tests.site import Site
from tests.web.desk import PASSWORD, PHYSICIAN, hire

from .test_whole_way import sign_in

pytestmark = [pytest.mark.journey, pytest.mark.slow]

TOLD = person(
    last_name="Quillfeather",
    intoxicated_now="yes",
    bp_known="yes",
    bp_systolic=148,
    bp_diastolic=84,
)
NAME = f"{TOLD['first_name']} {TOLD['last_name']}"
CALLED = "Called at nine: sober, and at home with a friend."
WHY = "The patient on the phone: had taken it for another question."
TRAVELS = "The patient travels."
SIGNER = "Robin Physician"
# What a log must not hold of all this: what was answered, typed, found and decided.
UNSAID = r"Quillfeather|sober|intoxic|pressure|systolic|candidate|travels|another question"


def test_from_an_alert_to_the_plan(server: Server, browser: Browser, store: Site) -> None:
    patient = Visitor(browser, server.url)
    reference = send(patient, store)
    at = Visitor(browser, server.url)
    sign_in(at, hire(store, PHYSICIAN, email="decides@example.org"))
    acknowledge(at)
    read(at, reference)
    measure(at)
    correct(at)
    decide(at)
    days = plan(at, reference, store.office.today())
    files(at, reference, days)
    the_summary_says_all_of_it(at, reference)
    the_patient_reads_neutral_words(patient)
    assert not re.findall(UNSAID, server.log.read_text("utf-8"), re.IGNORECASE)
    assert at.complaints == patient.complaints == []
    at.close()
    patient.close()


def send(patient: Visitor, store: Site) -> str:
    """The patient ends the form; returns the reference."""
    code = intake_flow.new_code_for(store.office, store.start(TOLD, until="sign"))
    patient.resume(code, TOLD["date_of_birth"]).open("/form/sign").answer_page(TOLD)
    assert patient.path == "/done"
    return patient.page.inner_text(".reference")


# The physician


def acknowledge(at: Visitor) -> None:
    first = at.page.locator("main h2").first
    assert first.inner_text() == "Urgent: 1 open alert", "an alert stands above everything"
    assert NAME in at.page.inner_text(".alert")
    at.page.fill(".alert textarea", CALLED)
    at.click(".alert >> text=Acknowledge")
    assert at.path == "/staff"
    assert at.page.locator(".alert").count() == 0
    assert "No alert is open." in at.text


def read(at: Visitor, reference: str) -> None:
    at.click(f'a[href$="/intakes/{reference}"]')
    assert NAME in at.title
    assert f"by {SIGNER}: {CALLED}" in at.text
    assert at.page.locator("#finding-intoxicated-now.flag--urgent").count() == 1
    at.page.click("#finding-bp-elevated a.to-answer >> text=Systolic")
    aimed = at.page.locator(":target")
    assert aimed.get_attribute("id") == "answer-bp_systolic"
    assert "148" in aimed.inner_text()


def measure(at: Visitor) -> None:
    at.page.click("text=Enter what you measured or found")
    at.page.fill("#measured_systolic", "126")
    at.page.fill("#measured_diastolic", "78")
    at.click("text=Keep and assess again")
    assert at.page.locator("#finding-bp-elevated").count() == 0
    changed = at.page.inner_text(".staff-changes")
    assert re.search(r"As sent on .+: Urgent.+ Now, .+: Urgent", changed)
    gone = at.page.inner_text(".staff-changes .two-lists")
    assert "Findings that are gone" in gone
    assert "Blood pressure above 140" in gone
    assert f"Measured by {SIGNER}" in changed
    assert "126" in changed


def correct(at: Visitor) -> None:
    at.click("#answer-intoxicated_now .to-correct a")
    at.page.check('[name="intoxicated_now"][value="no"]')
    at.page.fill("#reason", WHY)
    at.click("text=Keep the correction")
    aimed = at.page.locator(":target")
    assert aimed.get_attribute("id") == "answer-intoxicated_now"
    assert re.search(rf"No\s+Staff {SIGNER}, .+: {WHY}\s+As sent: Yes", aimed.inner_text())
    assert at.page.locator(".flag--urgent").count() == 0
    assert re.search(r"As sent on .+: Urgent", at.page.inner_text(".outcome"))


def decide(at: Visitor) -> None:
    at.click('#decision a:text-is("Decide")')
    at.page.check('[name="decision"][value="candidate"]')
    at.page.fill("#password", PASSWORD)
    at.click("text=Sign this decision")
    signed = at.page.inner_text(".signed")
    assert "Candidate" in signed
    assert f"Signed by {SIGNER}" in signed


def plan(at: Visitor, reference: str, today: date) -> list[date]:
    """Keeps six days, the second moved; returns the first two."""
    monday = today + timedelta(days=14 - today.weekday())
    moved = monday + timedelta(days=1)
    at.click("text=Make the plan")
    at.page.fill("#first", str(monday))
    at.page.select_option("#rhythm", "mon-thu")
    at.click("text=Propose dates")
    proposed = [str(monday + timedelta(days=n)) for n in (0, 3, 7, 10, 14, 17)]
    assert [at.page.input_value(f"#day-{n}") for n in range(1, 7)] == proposed
    at.page.fill("#day-2", str(moved))
    at.click("text=Keep this plan")
    assert "Less than 2 days after the one before." in at.text
    at.page.fill("#reason", TRAVELS)
    at.click("text=Keep this plan")
    assert "The plan is kept." in at.text
    at.open(f"/staff/intakes/{reference}")
    assert f"Infusion 2 {moved:%a, %b} {moved.day}, {moved.year}" in at.text
    return [monday, moved]


def files(at: Visitor, reference: str, days: list[date]) -> None:
    """The calendar, the patient's sheet and a letter."""
    at.click("text=Change the plan")
    calendar = download(at, "text=Calendar file").read_text("utf-8")
    sheet = words(download(at, "text=Sheet for the patient (English)"))
    for day in days:
        assert f"DTSTART;VALUE=DATE:{day:%Y%m%d}" in calendar
        assert f"{day:%B} {day.day}" in sheet
    at.open(f"/staff/intakes/{reference}").click("text=Write to the patient")
    at.page.fill("#text", "We look forward to seeing you.")
    at.click("text=Make the letter")
    letter = words(download(at, "#decision >> text=Letter to the patient"))
    assert "We look forward to seeing you." in letter
    assert SIGNER in letter


def the_summary_says_all_of_it(at: Visitor, reference: str) -> None:
    at.open(f"/staff/intakes/{reference}")  # where the letter was waited for, that page stays
    summary = words(download(at, ".downloads >> text=PDF"))
    for said in ("126", "148", WHY, "Candidate", f"Signed by {SIGNER}"):
        assert said in summary, said
    assert re.search(rf"{WHY} Intoxicated now.{{0,40}}Yes", summary), "now, and as it was sent"


def download(at: Visitor, what: str) -> Path:
    """The file behind a link; while it is made a page waits and looks again by itself."""
    with at.page.expect_download(timeout=60_000) as arriving:
        at.page.click(what)
    return Path(arriving.value.path())


def words(file: Path) -> str:
    pages = PdfReader(file).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


# The patient


def the_patient_reads_neutral_words(patient: Visitor) -> None:
    patient.open("/status")
    assert "The doctor has looked at your form. The clinic will call you." in patient.text
    said = patient.text.replace("Willow Ketamine Clinic", "")
    assert not re.findall(rf"urgent|ketamin|infusion|corrected|{UNSAID}", said, re.IGNORECASE)
