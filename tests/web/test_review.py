"""What a physician enters on a record: by the pages alone, as a browser sends them."""

from typing import Any

import pytest

from screening.storage.accounts import PHYSICIAN
from screening.workflows import intake as intake_flow
from tests.builders import example, medicine_row, person
from tests.site import Site

from .desk import Desk, desk, hire

HIGH = {"bp_known": "yes", "bp_systolic": 148, "bp_diastolic": 84}
PHONE = "The patient, on the phone"


def sent(site: Site, **changes: Any) -> str:
    return intake_flow.submit_answers(site.office, person(**changes)).reference


def record(page: Desk, reference: str) -> Desk:
    return page.open(f"/staff/intakes/{reference}")


def answer(page: Desk, question: str) -> str:
    """What the record says of one question."""
    found = page.soup.find(id=f"answer-{question}")
    assert found is not None, question
    return " ".join(found.get_text(" ", strip=True).split())


def outcome(page: Desk) -> str:
    return " ".join(page.soup.select_one("section.outcome").get_text(" ", strip=True).split())


def correct(page: Desk, reference: str, question: str, row: str = "") -> Desk:
    return page.open(f"/staff/intakes/{reference}/answers/{question}{row}")


# The record


@pytest.mark.parametrize("name", ["not-sure-and-discuss", "urgent-suicide-plan"])
def test_each_finding_leads_to_the_answers_it_read_and_back(site: Site, name: str) -> None:
    reference = intake_flow.submit_answers(site.office, example(name)["answers"]).reference
    page = record(desk(site, PHYSICIAN), reference)
    ids = {tag["id"] for tag in page.soup.find_all(id=True)}
    links = [a["href"][1:] for a in page.soup.find_all("a", href=True) if a["href"][0] == "#"]
    assert {link for link in links if link.startswith(("answer-", "finding-"))} <= ids
    assert all(any(link == one for link in links) for one in ids if one.startswith("finding-"))
    assert len([tag["id"] for tag in page.soup.find_all(id=True)]) == len(ids)  # each id once


def test_each_finding_says_what_would_change_it(site: Site) -> None:
    page = record(desk(site, PHYSICIAN), sent(site, **HIGH))
    said = page.soup.find(id="finding-bp-elevated").get_text(" ", strip=True)
    assert "What would change it" in said
    assert "Systolic pressure: 140 mmHg or lower" in said


def test_an_unfinished_intake_can_neither_be_measured_nor_corrected(site: Site) -> None:
    intake_id = site.start(person(), until="check")
    reference = next(i.reference for i in site.intakes() if i.id == intake_id)
    page = desk(site, PHYSICIAN)
    for path in ("measure", "answers/escort"):
        assert page.open(f"/staff/intakes/{reference}/{path}").status == 404


# Measurements


def test_a_crisis_measured_by_staff_is_red_at_once_and_what_was_sent_stays(site: Site) -> None:
    reference = sent(site, **HIGH)
    page = record(desk(site, PHYSICIAN), reference)
    page.send("/measure", measured_systolic="190", measured_diastolic="125", spo2="97")
    assert page.path == f"/staff/intakes/{reference}"
    assert "“Urgent: act today” now, “Clearance needed” before" in page.text
    assert "As sent on November 23, 2026: Clearance needed." in outcome(page)
    assert "as of November 23, 2026: Urgent: act today." in outcome(page)
    assert page.soup.select_one(".flag--urgent")["id"] == "finding-bp-crisis-asymptomatic"
    assert "Robin Physician" in answer(page, "measured_systolic")
    assert "Systolic pressure (staff): 190" in page.text
    assert "Urgent: act today" in page.open("/staff").soup.select_one(".line").get_text()
    record(page, reference)
    changes = page.soup.select_one(".staff-changes").get_text(" ", strip=True)
    assert "Findings that are gone" in changes
    assert "Blood pressure above 140" in changes


def test_what_cannot_be_read_or_is_out_of_range_is_asked_for_again(site: Site) -> None:
    page = record(desk(site, PHYSICIAN), sent(site))
    page.send("/measure", measured_systolic="high", heart_rate="900", spo2="97")
    assert page.status == 400
    links = [a["href"] for a in page.soup.select(".govuk-error-summary a")]
    assert links == ["#measured_systolic", "#heart_rate"]
    assert page.soup.find(id="heart_rate")["value"] == "900"
    assert page.soup.find(id="spo2")["value"] == "97"
    page.send("/measure", measured_systolic="120", measured_diastolic="80", heart_rate="70")
    assert "Candidate for review" in outcome(page)


def test_a_blank_form_stores_nothing(site: Site) -> None:
    page = record(desk(site, PHYSICIAN), sent(site)).send("/measure")
    assert "Nothing was entered." in page.text
    assert "What staff added" not in page.text


def test_what_may_be_a_slip_is_asked_back_once(site: Site) -> None:
    reference = sent(site)
    page = record(desk(site, PHYSICIAN), reference)
    page.send("/measure", measured_systolic="80", measured_diastolic="120")
    assert page.status == 400
    assert "You wrote 80 over 120." in page.text
    page.send("/measure")
    assert "80 mmHg" in answer(page, "measured_systolic")


# Corrections


def test_a_correction_shows_was_and_now_who_when_and_why(site: Site) -> None:
    reference = sent(site, feels_pushed="yes")
    page = correct(desk(site, PHYSICIAN), reference, "feels_pushed")
    page.send(feels_pushed="no", reason=PHONE)
    for words in ("No", "Robin Physician", "November 23, 2026 at 12:00 PM", PHONE, "As sent: Yes"):
        assert words in answer(page, "feels_pushed"), words
    assert "Candidate for review" in outcome(page)


def test_a_correction_needs_a_reason_and_keeps_what_was_typed(site: Site) -> None:
    reference = sent(site)
    page = correct(desk(site, PHYSICIAN), reference, "weight_lb").send(weight_lb="212")
    assert page.status == 400
    assert page.soup.select_one(".govuk-error-summary a")["href"] == "#reason"
    assert page.soup.find(id="weight_lb")["value"] == "212"
    page.send(reason=PHONE)
    assert "212 lb" in answer(page, "weight_lb")


def test_a_date_and_a_choice_of_several_are_corrected_by_the_patients_own_fields(
    site: Site,
) -> None:
    reference = sent(site)
    page = correct(desk(site, PHYSICIAN), reference, "date_of_birth")
    page.send(**{"date_of_birth-year": "1950"}, reason=PHONE)
    assert "1950" in answer(page, "date_of_birth")
    assert page.soup.find(id="finding-age-75-plus")
    correct(page, reference, "heart_conditions").send(heart_conditions=["long-qt"], reason=PHONE)
    assert page.soup.find(id="finding-long-qt")


def test_a_list_is_corrected_row_by_row(site: Site) -> None:
    taken = [medicine_row("sertraline"), medicine_row("vitamin D")]
    reference = sent(site, takes_medications="yes", medications=taken)
    page = correct(desk(site, PHYSICIAN), reference, "medications", "?row=1")
    page.send(**{"medications-1-medicine": "phenelzine"}, reason=PHONE)
    assert "phenelzine" in answer(page, "medications")
    assert page.soup.find(id="finding-med-maoi")
    correct(page, reference, "medications")
    page.send(**{"medications-2-medicine": "theophylline"}, reason=PHONE)
    assert page.soup.find(id="finding-med-theophylline")
    correct(page, reference, "medications", "?row=2")
    page.send(action="remove-row", reason="Written twice")
    assert page.soup.find(id="finding-med-theophylline") is None
    assert "As sent: sertraline" in answer(page, "medications")


def test_two_physicians_at_once_get_told_and_nothing_typed_is_lost(site: Site) -> None:
    reference = sent(site, feels_pushed="yes")
    first = desk(site, PHYSICIAN)
    second = Desk(site).sign_in(hire(site, PHYSICIAN, email="second@example.org"))
    correct(first, reference, "feels_pushed")
    correct(second, reference, "feels_pushed")
    first.send(action="remove", reason="Nobody asked her alone")
    second.send(feels_pushed="no", reason=PHONE)
    assert second.status == 409
    assert "Robin Physician corrected this answer" in second.text
    assert "Nobody asked her alone" in second.text
    assert second.soup.find("input", {"name": "feels_pushed", "value": "no"}).has_attr("checked")
    assert second.soup.find(id="reason").get_text().strip() == PHONE
    second.send()
    assert answer(second, "feels_pushed").count("Robin Physician") == 1
    assert "No" in answer(second, "feels_pushed")
    assert len(second.soup.select(".changes > li")) == 2


def test_a_question_that_a_colleague_made_pointless_is_not_kept_and_that_is_said(
    site: Site,
) -> None:
    reference = sent(site, **HIGH)
    page = correct(desk(site, PHYSICIAN), reference, "bp_systolic")
    other = Desk(site).sign_in(hire(site, PHYSICIAN, email="second@example.org"))
    correct(other, reference, "bp_known").send(bp_known="no", reason=PHONE)
    page.send(bp_systolic="130", reason=PHONE)
    assert page.status == 200
    assert "not kept, because this question cannot be corrected any more" in page.text
    assert "is no longer asked, after what staff corrected. As sent: 148 mmHg" in page.text


def test_an_alert_calls_the_corrected_number(site: Site) -> None:
    reference = intake_flow.submit_answers(
        site.office, example("urgent-suicide-plan")["answers"]
    ).reference
    page = correct(desk(site, PHYSICIAN), reference, "phone")
    page.send(phone="805-555-0177", reason=PHONE)
    assert "805-555-0177" in page.open("/staff").soup.select_one(".alert").get_text()


# In person, and notes


def test_the_list_for_the_visit_is_ticked_off_or_answered(site: Site) -> None:
    reference = sent(site, gad7_3="discuss", gad7_4="discuss")
    page = record(desk(site, PHYSICIAN), reference)
    assert "2 open" in page.text
    page.send("/talked/gad7_3")
    assert "1 open" in page.text
    correct(page, reference, "gad7_4").send(gad7_4="2")
    assert "0 open" in page.text
    assert "Talked about in person." in answer(page, "gad7_4")
    assert page.text.count("Talked about it") == 0


def test_a_note_is_kept_for_staff_alone(site: Site) -> None:
    reference = sent(site)
    page = record(desk(site, PHYSICIAN), reference).send("/notes", note="Ask about the canary.")
    assert "Ask about the canary." in page.soup.select_one(".internal").get_text()
    page.send("/notes", note="x" * 4001)
    assert page.status == 400
    assert page.soup.find(id="note").get_text().strip() == "x" * 4001


def test_what_staff_typed_is_text(site: Site) -> None:
    typed = "<script>alert(1)</script>"
    reference = sent(site)
    page = record(desk(site, PHYSICIAN), reference).send("/notes", note=typed)
    correct(page, reference, "feels_pushed").send(feels_pushed="yes", reason=typed)
    assert typed in page.text
    assert all(script.get("src") for script in page.soup.find_all("script"))
