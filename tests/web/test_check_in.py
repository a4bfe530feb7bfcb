"""A patient who comes back at a browser, and the physician who compares what they sent."""

import csv
import io
from typing import Any
from zipfile import ZipFile

import pytest

from screening.outputs.pdf import summary_html
from screening.workflows import checkin, review
from screening.workflows import intake as intake_flow
from screening.workflows.intake import PATIENT
from tests.builders import person, returning
from tests.returning import checked_in
from tests.site import Site
from tests.walker import Walker

from .desk import ADMIN, PHYSICIAN, Desk, desk

BORN = person()["date_of_birth"]
DEPRESSED = {f"phq9_{item}": 2 for item in range(1, 9)} | {"phq9_9": 0, "phq9_10": 1}  # 16
WORSE = DEPRESSED | {"phq9_1": 3, "phq9_2": 3, "phq9_3": 3, "phq9_4": 3, "phq9_5": 3}  # 21


def send_in(site: Site, **changes: Any) -> str:
    """A sent intake; returns its reference."""
    return intake_flow.submit_answers(site.office, person(**changes)).reference


def code_from_staff(physician: Desk, reference: str) -> str:
    page = physician.open(f"/staff/intakes/{reference}").send("/check-in")
    assert page.title == "A check-in is open"
    return page.soup.select_one(".code__value").get_text(" ", strip=True)


@pytest.mark.parametrize("language", ["en", "es"])
def test_from_the_code_that_staff_hand_over_to_the_receipt(site: Site, language: str):
    reference = send_in(site, language=language)
    code = code_from_staff(desk(site, PHYSICIAN), reference)
    walker = Walker(site.app.test_client()).resume(code, BORN)
    assert walker.path == "/tasks"
    assert walker.press().path == "/form/begin"
    assert walker.soup.html["lang"] == language
    walker.walk(returning(language=language))
    assert walker.path == "/done"
    # What is known is not asked again.
    known = {"/form/date-of-birth", "/form/about-you", "/form/contact", "/form/reason"}
    assert not known & set(walker.trail)
    sent = site.submissions()[-1]
    assert sent.questionnaire == "check-in-2026-1"
    answers = sent.document["answers"]
    assert (answers["first_name"], answers["language"]) == (person()["first_name"], language)


def test_what_is_known_can_be_corrected(site: Site):
    intake, code = checkin.begin(site.office, start_from(site), PATIENT)
    walker = Walker(site.app.test_client()).resume(code, BORN).open("/form/contact")
    assert walker.value("phone") == person()["phone"]
    walker.press(phone="805-555-0199")
    assert intake_flow.read(site.office, intake.id).merged["phone"] == "805-555-0199"
    walker.open("/form/date-of-birth").press()
    assert walker.code == ""  # the code that staff gave stays the code


def start_from(site: Site) -> str:
    send_in(site)
    return site.submissions()[-1].intake_id


def test_an_answer_of_danger_brings_help_and_an_alert(site: Site):
    code = code_from_staff(desk(site, PHYSICIAN), send_in(site))
    walker = Walker(site.app.test_client()).resume(code, BORN).press()
    walker.walk(returning(), until="after-infusion")
    walker.answer_page(returning(after_infusion_now=["breathing"]))
    assert "Call 911 now" in walker.text
    assert site.alerted() == [["post-infusion-emergency"]]
    walker.press().walk(returning(), until="safety")
    risk = {"cssrs_1": "yes", "cssrs_2": "yes", "cssrs_3": "no", "cssrs_4": "yes", "cssrs_5": "no"}
    walker.answer_page(returning(**risk))
    assert "988" in walker.text
    assert ["suicide-high"] in site.alerted()


def test_the_alert_says_how_to_reach_the_patient(site: Site):
    send_in(site)
    intake, code = checkin.begin(site.office, site.submissions()[-1].intake_id, PATIENT)
    walker = Walker(site.app.test_client()).resume(code, BORN).press()
    walker.walk(returning(), until="right-now")
    walker.answer_page(returning(alarm_symptoms_now=["chest-pain"], alarm_symptoms_new="yes"))
    page = desk(site, PHYSICIAN).open("/staff")
    assert person()["last_name"] in page.text
    assert person()["phone"] in page.text
    record = page.open(f"/staff/intakes/{intake.reference}")
    assert "Check-in before a booster" in record.title
    assert "Not finished" in record.text


# Begun by the patient


def test_a_patient_begins_one_from_the_page_of_the_sent_form(site: Site):
    walker = site.walker_at("check").walk(person())
    first = site.submissions()[-1].intake_id
    token = walker.open("/resume").value("csrf_token")
    walker.send({"csrf_token": token or ""}, to="/check-in")
    assert walker.code
    walker.press()
    assert walker.path == "/tasks"
    assert {intake.follows for intake in site.intakes()} == {None, first}
    walker.press().walk(returning())
    assert len(site.submissions()) == 2


def test_a_stranger_begins_none(site: Site):
    send_in(site)
    walker = Walker(site.app.test_client()).open("/resume")
    token = walker.value("csrf_token")
    walker.send({"csrf_token": token or ""}, to="/check-in")
    assert walker.path == "/resume"
    assert len(site.intakes()) == 1


def test_only_a_physician_begins_one_for_a_patient(site: Site):
    reference = send_in(site)
    admin = desk(site, ADMIN).open("/staff/account")
    token = admin.soup.find("input", attrs={"name": "csrf_token"})["value"]
    address = f"/staff/intakes/{reference}/check-in"
    assert admin.client.post(address, data={"csrf_token": token}).status_code == 403
    desk(site, PHYSICIAN).client.post(address)  # without a token
    assert len(site.intakes()) == 1


def test_a_page_posted_after_the_session_ended_is_kept(site: Site):
    _, code = checkin.begin(site.office, start_from(site), PATIENT)
    walker = Walker(site.app.test_client()).resume(code, BORN).press()
    walker.walk(returning(), until="since-last")
    site.clock.wait(hours=3)
    walker.press(what_changed="I sleep better")
    assert walker.path != "/done"
    held = Walker(walker.client)
    held._arrived(walker.answer)
    held.press(
        code=code,
        **{
            f"date_of_birth-{p}": v
            for p, v in zip(("year", "month", "day"), BORN.split("-"), strict=True)
        },
    )
    assert held.value("what_changed") == "I sleep better"


# What the physician compares


def sent_twice(site: Site, **changes: Any) -> tuple[str, str]:
    """An intake and a check-in four weeks later; their references."""
    first = send_in(site, **DEPRESSED)
    site.clock.wait(days=28)
    checked_in(site, site.submissions()[-1].intake_id, last_infusion="2026-12-01", **changes)
    return first, site.submissions()[-1].reference


def test_scores_over_time(site: Site):
    first, second = sent_twice(site, **DEPRESSED | {f"phq9_{n}": 1 for n in range(1, 9)})
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{second}")
    section = page.soup.find(id="over-time").parent
    words = " ".join(section.get_text(" ", strip=True).split())
    assert "-8, -50%: response (50% or more)" in words
    assert f"/staff/intakes/{first}" in [a["href"] for a in section.find_all("a")]
    drawing = section.find("svg")
    assert drawing.find("desc").get_text() == (
        "November 23, 2026: 16; December 21, 2026: 8. Marked: response: 8, remission below 5."
    )
    assert not page.soup.find_all(style=True)
    assert "Scores over time" in page.open(f"/staff/intakes/{first}").text
    assert page.soup.select(".warned") == []


def test_what_got_worse_stands_at_the_top(site: Site):
    _, second = sent_twice(site, **WORSE | {"phq9_9": 1, "firearm_or_means_access": "no"})
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{second}")
    warned = page.soup.select_one(".warned").get_text(" ", strip=True)
    assert "PHQ-9 rose by 6 points since November 23, 2026: 16 to 22." in warned
    assert "went up since November 23, 2026: 0 to 1." in warned


def test_one_submission_has_nothing_to_compare(site: Site):
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{send_in(site)}")
    assert "Scores over time" not in page.text
    assert "Start a check-in" in page.text


def test_the_summary_on_paper_says_what_it_is(site: Site):
    sent_twice(site)
    stored = site.submissions()[-1]
    with site.office.database.read() as conn:
        record = review.record_now(conn, site.office, stored)
    html = summary_html(record, paper="letter", clinic="A clinic", made_at=site.clock.moment)
    assert "Check-in before a booster for the physician" in html
    assert person()["first_name"] in html


def test_what_the_protocol_asks_for_by_now_is_listed(site: Site):
    first = send_in(site)
    site.clock.wait(days=95)
    checked_in(site, site.submissions()[-1].intake_id, last_infusion="2027-02-01")
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{site.submissions()[-1].reference}")
    assert "Every 3 months: the prescription monitoring program" in page.text
    assert "Every 6 months" not in page.text
    assert "Every 3 months" not in page.open(f"/staff/intakes/{first}").text


def test_the_queue_tells_which_is_a_check_in(site: Site):
    sent_twice(site)
    rows = desk(site, PHYSICIAN).open("/staff?state=all").soup.select(".line")
    assert ["Check-in" in row.get_text() for row in rows] == [True, False]


def test_an_export_keeps_both_apart(site: Site):
    sent_twice(site)
    files = ZipFile(io.BytesIO(site.exported()))
    assert files.namelist() == ["intakes.csv", "check-ins.csv", "dictionary.csv"]
    (first,), (second,) = (rows(files.read(name)) for name in files.namelist()[:2])
    assert (first["questionnaire"], second["questionnaire"]) == ("2026-2", "check-in-2026-1")
    assert "bladder_since___none" not in first
    assert second["bladder_since___none"] == "1"
    assert first["tobacco"] == person()["tobacco"]
    assert "tobacco" not in second
    assert first["phq9_total"] == "16"
    assert second["last_infusion"] == "2026-12-01"


def rows(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))
