"""The plan of a candidate: dates proposed, moved and kept; the sheet; the calendar."""

from datetime import date
from typing import Any

import pytest
from icalendar import Calendar

from screening.outputs.sheet import sheet_html
from screening.storage.accounts import PHYSICIAN
from screening.web.plan_sheet import sheet_of
from screening.workflows import after, chart, decisions, plans, signing
from screening.workflows import intake as intake_flow
from screening.workflows.act import Act
from screening.workflows.signing import Wanted
from tests.builders import person
from tests.returning import checked_in
from tests.site import Site

from .desk import Desk, desk, hire

FIRST = date(2026, 12, 7)  # a Monday after the day on which tests begin
DAYS = ["2026-12-07", "2026-12-10", "2026-12-14", "2026-12-17", "2026-12-21", "2026-12-24"]


def decided(site: Site, decision: str = "candidate", **changes: Any) -> str:
    """A sent intake with a decision; returns its reference."""
    reference = intake_flow.submit_answers(site.office, person(**changes)).reference
    decide(site, reference, decision)
    return reference


def decide(
    site: Site, reference: str, decision: str, overrides: dict[str, str] | None = None
) -> None:
    number = len(site.actions())
    signer = hire(site, PHYSICIAN, email=f"signer-{number}@example.org")
    found = decisions.ground(site.office, "user:1", reference)
    assert found is not None
    wanted = Wanted(decision, "After the surgery.", overrides=overrides or {})
    assert signing.sign(site.office, f"user:{signer.id}", reference, wanted, found.number)


def note(site: Site, text: str) -> None:
    intake_id = site.submissions()[-1].intake_id
    with site.office.database.write() as conn:
        chart.add(Act(conn, site.office, "user:1"), intake_id, "note", {"text": text})


@pytest.fixture
def physician(site: Site) -> Desk:
    return desk(site, PHYSICIAN)


def proposed(physician: Desk, reference: str) -> Desk:
    physician.open(f"/staff/intakes/{reference}/plan")
    return physician.send("?dates", action="propose", first=FIRST.isoformat(), rhythm="mon-thu")


def kept(site: Site) -> list[plans.Dates]:
    intake_id = site.submissions()[0].intake_id
    with site.office.database.read() as conn:
        entries = chart.entries_of(conn, site.office, intake_id)
    return [plans.dates_of(entry) for entry in entries if entry.kind == "plan"]


def test_six_dates_are_proposed_and_nothing_is_kept_yet(site: Site, physician: Desk) -> None:
    page = proposed(physician, decided(site))
    shown = [page.soup.find(id=f"day-{n}")["value"] for n in range(1, 7)]
    assert shown == DAYS
    assert "C-SSRS since last contact" in page.soup.main.get_text()
    assert kept(site) == []


def test_dates_are_moved_and_kept(site: Site, physician: Desk) -> None:
    reference = decided(site)
    page = proposed(physician, reference)
    page.send("/plan", action="save", **{"day-2": "2026-12-11", "at": "09:30"})
    assert page.status == 200, page.soup.main.get_text()
    (dates,) = kept(site)
    assert dates.induction[1] == date(2026, 12, 11)
    assert f"{dates.at:%H:%M}" == "09:30"
    record = page.open(f"/staff/intakes/{reference}").soup.main.get_text(" ", strip=True)
    assert "Infusion 2 Fri, Dec 11, 2026" in record


def test_what_the_protocol_speaks_against_needs_a_reason(site: Site, physician: Desk) -> None:
    page = proposed(physician, decided(site))
    page.send("/plan", action="save", **{"day-2": "2026-12-08"})
    assert page.status == 400
    assert "Less than 2 days after the one before." in page.soup.main.get_text()
    assert page.soup.find(id="day-2")["value"] == "2026-12-08"
    assert kept(site) == []
    page.send("/plan", action="save", reason="The patient travels.")
    assert kept(site)[0].reason == "The patient travels."


def test_days_in_the_wrong_order_are_refused_with_a_reason_too(site: Site, physician: Desk) -> None:
    page = proposed(physician, decided(site))
    page.send("/plan", action="save", reason="So be it.", **{"day-2": "2026-11-29"})
    assert page.status == 400
    assert kept(site) == []


@pytest.mark.parametrize("typed", ["", "2026-02-30", "soon"])
def test_what_is_no_day_is_told_and_kept_on_the_page(
    site: Site, physician: Desk, typed: str
) -> None:
    page = proposed(physician, decided(site))
    page.send("/plan", action="save", **{"day-3": typed})
    assert page.status == 400
    assert "Enter the day of infusion 3." in page.soup.main.get_text()
    assert page.soup.find(id="day-3")["value"] == typed
    assert page.soup.find(id="day-4")["value"] == DAYS[3]


@pytest.mark.parametrize("decision", ["not-now", "not-a-candidate"])
def test_only_a_candidate_is_planned(site: Site, physician: Desk, decision: str) -> None:
    reference = decided(site)
    page = proposed(physician, reference)
    decide(site, reference, decision)
    page.send("/plan", action="save")
    assert page.status == 409
    assert kept(site) == []
    assert (
        "Nothing can be planned yet"
        in page.open(f"/staff/intakes/{reference}/plan").soup.main.get_text()
    )


def test_of_two_who_plan_the_second_is_told(site: Site, physician: Desk) -> None:
    page = proposed(physician, decided(site))
    note(site, "Travels in January.")
    page.send("/plan", action="save", **{"day-6": "2026-12-25"})
    assert page.status == 409
    assert page.soup.find(id="day-6")["value"] == "2026-12-25"
    assert kept(site) == []
    page.send("/plan", action="save")
    assert len(kept(site)) == 1


def test_a_booster_is_added_with_the_day_of_its_check_in(site: Site, physician: Desk) -> None:
    reference = decided(site)
    proposed(physician, reference).send("/plan", action="save")
    page = physician.open(f"/staff/intakes/{reference}/plan")
    page.send("/plan", action="save", **{"booster-1": "2027-01-28"})
    assert kept(site)[-1].boosters == (date(2027, 1, 28),)
    text = page.open(f"/staff/intakes/{reference}/plan").soup.main.get_text()
    assert "Start the check-in on Thu, Jan 21, 2027." in text


def test_the_calendar_tells_nothing_of_the_treatment(site: Site, physician: Desk) -> None:
    reference = decided(site)
    page = proposed(physician, reference)
    page.send("/plan", action="save", at="09:00")
    page.open(f"/staff/intakes/{reference}/plan/visits.ics")
    assert page.answer.mimetype == "text/calendar"
    events = Calendar.from_ical(page.answer.data).walk("VEVENT")
    assert [event["summary"] for event in events] == [f"Visit {n} of 6" for n in range(1, 7)]
    first = events[0]["dtstart"].dt
    assert (first.isoformat(), str(first.tzinfo)) == (
        "2026-12-07T09:00:00-08:00",
        "America/Los_Angeles",
    )
    file = page.answer.text.lower()
    assert not [word for word in ("ketamine", "infusion", "depress", "ximena") if word in file]


def sheet(site: Site, language: Any) -> str:
    planning = plans.open_planning(site.office, "user:1", site.submissions()[0].reference)
    made = sheet_of(planning, language, clinic="Willow", phone="805-555-0100")
    return sheet_html(made, paper="letter")


def test_the_sheet_tells_days_and_what_to_do_in_both_languages(site: Site, physician: Desk) -> None:
    proposed(physician, decided(site)).send("/plan", action="save", at="14:05")
    english, spanish = sheet(site, "en"), sheet(site, "es")
    assert "Monday, December 7, 2026, 2:05 PM" in english
    assert "lunes, 7 de diciembre de 2026, 2:05 p. m." in spanish
    assert "Do not drive until the next day" in english
    assert "No maneje hasta el día siguiente" in spanish
    for word in ("PHQ", "score", "candidate", "depress", "mg"):
        assert word not in english


def test_the_sheet_is_made_by_the_worker_and_then_handed_out(site: Site, physician: Desk) -> None:
    reference = decided(site)
    proposed(physician, reference).send("/plan", action="save")
    page = physician.open(f"/staff/intakes/{reference}/plan/sheet-es.pdf")
    assert page.status == 202
    assert page.open(f"/staff/intakes/{reference}/plan/sheet-de.pdf").status == 404


def test_there_is_no_sheet_and_no_calendar_without_a_plan(site: Site, physician: Desk) -> None:
    reference = decided(site)
    for file in ("sheet-en.pdf", "visits.ics"):
        assert physician.open(f"/staff/intakes/{reference}/plan/{file}").status == 404


def test_it_is_the_patients_plan_whichever_record_is_open(site: Site, physician: Desk) -> None:
    reference = decided(site)
    proposed(physician, reference).send("/plan", action="save")
    checked_in(site, site.submissions()[0].intake_id)
    later = site.submissions()[-1].reference
    assert later != reference
    page = physician.open(f"/staff/intakes/{later}/plan")
    assert [page.soup.find(id=f"day-{n}")["value"] for n in range(1, 7)] == DAYS


def test_what_was_decided_on_a_check_in_holds_for_the_plan(site: Site, physician: Desk) -> None:
    reference = decided(site)
    page = proposed(physician, reference)
    checked_in(site, site.submissions()[0].intake_id)
    decide(site, site.submissions()[-1].reference, "not-now")
    page.send("/plan", action="save")
    assert page.status == 409
    assert kept(site) == []


def test_nothing_is_planned_once_something_grave_was_measured(site: Site, physician: Desk) -> None:
    reference = decided(site)
    page = proposed(physician, reference)
    colleague = hire(site, PHYSICIAN, email="measures@example.org")
    record = Desk(site).sign_in(colleague).open(f"/staff/intakes/{reference}")
    record.send("/measure", measured_systolic="190", measured_diastolic="125")
    assert "Decide again before" in record.text
    page.send("/plan", action="save")
    assert page.status == 409
    assert kept(site) == []
    page.open(f"/staff/intakes/{reference}/plan")
    assert "This has come up since" not in page.text
    assert site.questionnaire.rule["bp-crisis-asymptomatic"].says in page.text
    decide(site, reference, "candidate", {"bp-crisis-asymptomatic": "Treated since, 130/80."})
    proposed(physician, reference).send("/plan", action="save")
    assert len(kept(site)) == 1


def test_a_kept_plan_warns_in_the_record_when_a_check_in_tells_of_something_grave(
    site: Site, physician: Desk
) -> None:
    reference = decided(site)
    proposed(physician, reference).send("/plan", action="save")
    checked_in(site, site.submissions()[0].intake_id, pregnant="yes", preeclampsia="no")
    record = physician.open(f"/staff/intakes/{reference}")
    assert "Decide again before the next visit." in record.text


def test_a_withdrawn_intake_is_planned_no_more(site: Site, physician: Desk) -> None:
    reference = decided(site)
    page = proposed(physician, reference)
    after.withdraw(site.office, site.submissions()[0].intake_id, "")
    page.send("/plan", action="save")
    assert page.status == 409
    assert kept(site) == []
