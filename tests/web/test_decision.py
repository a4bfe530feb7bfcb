"""Deciding on the screen: the form that is signed, what refuses it, how a record shows it."""

import io
from typing import Any

from pypdf import PdfReader

from screening.storage import submissions
from screening.storage.accounts import ADMIN, PHYSICIAN
from screening.tasks import make_pdf
from screening.workflows import after, chart, decisions, review, urgent
from screening.workflows import intake as intake_flow
from screening.workflows.act import Act
from screening.workflows.signing import Wanted
from tests.builders import example, person
from tests.outputs.test_pdf import needs_pango
from tests.site import Site
from tests.workflows.test_decisions import physician, sign

from .desk import PASSWORD, Desk, desk, hire

ANEURYSM = example("excluded-aneurysm")["answers"]
PRESSURE = example("elevated-pressure-and-old-stroke")["answers"]


def sent(site: Site, **changes: Any) -> str:
    return intake_flow.submit_answers(site.office, person(**changes)).reference


def at(site: Site, reference: str) -> Desk:
    """A physician at the form."""
    return desk(site, PHYSICIAN).open(f"/staff/intakes/{reference}/decision")


def signed(site: Site) -> list[str]:
    (submission,) = site.submissions()
    entries = decisions.chart_of(site.office, submission.reference)
    return [one.words for one in decisions.decisions_in(site.office, entries)]


def measured(site: Site, reference: str, **answers: Any) -> None:
    found = decisions.ground(site.office, "user:1", reference)
    assert found
    known = chart.known_now(found.submission, found.entries)
    body = chart.assessed_again(site.questionnaire, known, answers, site.office.today())
    with site.office.database.write() as conn:
        chart.add(Act(conn, site.office, "user:1"), found.intake_id, chart.MEASURED, body)


def test_a_physician_signs_and_the_record_says_so(site: Site) -> None:
    reference = sent(site)
    page = at(site, reference).send(decision="candidate", password=PASSWORD)
    assert page.path == f"/staff/intakes/{reference}"
    assert "Signed: Candidate." in page.text
    (shown,) = page.soup.select(".signed")
    assert "Signed by Robin Physician, November 23, 2026 at 12:00 PM" in shown.get_text(" ")


def test_a_record_without_a_decision_leads_to_it(site: Site) -> None:
    reference = sent(site)
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{reference}")
    assert "Nothing is decided yet." in page.text
    way = page.soup.select_one("#decision a")["href"]
    assert way == f"/staff/intakes/{reference}/decision?read=0"


def test_what_was_added_since_the_record_was_opened_is_told_on_the_form(site: Site) -> None:
    reference = sent(site)
    page = desk(site, PHYSICIAN).open(f"/staff/intakes/{reference}")
    way = page.soup.select_one("#decision a")["href"]
    measured(site, reference, bp_systolic=118)
    page.open(way)
    assert page.status == 200
    assert "The record has changed since you opened it" in page.text
    assert "118" in page.soup.select_one(".stop").get_text()
    page.send(decision="candidate", password=PASSWORD)
    assert signed(site) == ["Candidate"]


def test_nothing_is_ticked_or_written_beforehand(site: Site) -> None:
    page = at(site, sent(site, **PRESSURE))
    assert not page.soup.select("main [checked]")
    assert not any(area.get_text(strip=True) for area in page.soup.select("main textarea"))


def test_every_finding_to_clear_can_be_ticked_and_stands_in_the_record(site: Site) -> None:
    reference = sent(site, **PRESSURE)
    page = at(site, reference)
    box = page.soup.select_one(".outcome").get_text(" ", strip=True)
    assert "Needs clearing " + site.questionnaire.rule["bp-elevated"].says in box
    ticks = [box["value"] for box in page.soup.select("[name=clearances]")]
    assert ticks[:2] == ["bp-elevated", "stroke-tia-history"]
    page.send(
        decision="clearance",
        clearances=["bp-elevated"],
        clearance_text="Records of 2019.",
        password=PASSWORD,
    )
    shown = page.soup.select_one(".signed").get_text(" ")
    assert site.questionnaire.rule["bp-elevated"].says in shown
    assert site.questionnaire.rule["stroke-tia-history"].says not in shown
    assert "Records of 2019." in shown


# What refuses it


def test_what_is_missing_is_said_at_its_place_and_what_was_typed_stays(site: Site) -> None:
    page = at(site, sent(site)).send(decision="refer", reason="For a second look.")
    assert page.status == 400
    links = [a["href"] for a in page.soup.select(".govuk-error-summary a")]
    assert links == ["#refer_to", "#password"]
    assert all(page.soup.find(id=link[1:]) for link in links)
    assert page.soup.find(id="reason").get_text(strip=True) == "For a second look."
    assert page.soup.select_one("[value=refer]").has_attr("checked")
    assert signed(site) == []


def test_an_override_without_a_reason_is_refused(site: Site) -> None:
    page = at(site, sent(site, **ANEURYSM)).send(decision="candidate", password=PASSWORD)
    assert page.status == 400
    says = site.questionnaire.rule["aneurysm-avm"].says
    assert f"Write why you go on in spite of this: {says}" in page.text
    assert signed(site) == []
    page.send(
        decision="candidate", **{"override-aneurysm-avm": "Clipped in 2012."}, password=PASSWORD
    )
    assert "In spite of: " + says in page.text
    assert "Clipped in 2012." in page.text


def test_a_wrong_password_signs_nothing_and_keeps_what_was_typed(site: Site) -> None:
    page = at(site, sent(site)).send(decision="not-now", reason="After March.", password="no")
    assert page.status == 401
    assert "That is not your password." in page.text
    assert page.soup.find(id="reason").get_text(strip=True) == "After March."
    assert not page.soup.find(id="password").get("value")
    assert signed(site) == []
    page.send(password=PASSWORD)
    assert signed(site) == ["Not now"]


def test_guessing_at_the_password_of_a_signature_is_slowed(site: Site) -> None:
    page = at(site, sent(site))
    for _ in range(5):
        page.send(decision="not-now", reason="After March.", password="no")
    page.send(password=PASSWORD)
    assert page.status == 429
    assert page.answer.headers["Retry-After"]
    assert "Too many tries. Wait 15 minutes, then sign." in page.text
    assert page.soup.find(id="reason").get_text(strip=True) == "After March."
    site.clock.wait(minutes=14, seconds=59)
    assert signed(site) == []


def test_a_password_given_a_minute_ago_signs_nothing(site: Site) -> None:
    page = desk(site, PHYSICIAN)
    page.open("/staff/account/confirm").send(password=PASSWORD)
    page.open(f"/staff/intakes/{sent(site)}/decision").send(decision="candidate")
    assert page.status == 400
    assert signed(site) == []


def test_the_second_of_two_physicians_is_told_what_changed(site: Site) -> None:
    reference = sent(site)
    first, second = (
        at(site, reference),
        Desk(site).sign_in(hire(site, PHYSICIAN, email="second@example.org")),
    )
    second.open(f"/staff/intakes/{reference}/decision")
    first.send(decision="not-now", reason="After March.", password=PASSWORD)
    second.send(decision="candidate", reason="Looks well.", password=PASSWORD)
    assert second.status == 409
    assert "Not signed: the record has changed since you opened this page" in second.text
    assert "Decided by Robin Physician, November 23, 2026 at 12:00 PM: Not now" in second.text
    assert signed(site) == ["Not now"]
    # What was typed is kept, and can be signed once what changed was read.
    assert second.soup.find(id="reason").get_text(strip=True) == "Looks well."
    second.send(password=PASSWORD)
    assert signed(site) == ["Candidate", "Not now"]
    titles = [
        one.get_text(" ", strip=True) for one in second.soup.select("#decision .signed__title")
    ]
    assert titles == ["Candidate", "Not now replaced"]


def test_a_measurement_meanwhile_is_told_and_what_is_no_longer_open_is_named(site: Site) -> None:
    reference = sent(site, **PRESSURE)
    page = at(site, reference)
    measured(site, reference, bp_systolic=118, bp_diastolic=76)
    page.send(decision="clearance", clearances=["bp-elevated"], password=PASSWORD)
    assert page.status == 409
    assert "118" in page.soup.select_one(".stop").get_text()
    assert "No longer open in the record" in page.text
    assert site.questionnaire.rule["bp-elevated"].says in page.soup.select_one(".stop--quiet").text
    page.send(password=PASSWORD)
    assert page.status == 400  # what was ticked alone is settled


def test_an_open_alert_is_named_with_the_way_to_it(site: Site) -> None:
    reference = sent(site, **example("urgent-suicide-plan")["answers"])
    page = at(site, reference)
    assert page.status == 409
    assert "an urgent alert is open" in page.text
    assert page.soup.select_one(".stop a")["href"] == f"/staff/intakes/{reference}"
    assert not page.forms
    (alert,) = site.alerts()
    urgent.acknowledge(site.office, "user:1", alert.id, "Seen today.")
    assert page.open(page.path).status == 200


def test_a_form_withdrawn_meanwhile_is_not_decided_on_and_what_was_typed_stays(site: Site) -> None:
    reference = sent(site)
    page = at(site, reference)
    intake_id = site.submissions()[0].intake_id
    after.withdraw(site.office, intake_id, "")
    page.send(decision="not-now", reason="After March.", password=PASSWORD)
    assert page.status == 409
    assert "the patient has withdrawn this form" in page.text
    assert page.soup.find(id="reason").get_text(strip=True) == "After March."
    assert signed(site) == []


def test_a_draft_is_refused(site: Site) -> None:
    site.start(person(), until="mood")
    page = at(site, site.intake.reference)
    assert page.status == 409
    assert "There is nothing to decide on yet" in page.text
    assert page.open("/staff/intakes/AAAA-AAAA/decision").status == 404


def test_an_administrator_cannot_decide(site: Site) -> None:
    reference = sent(site)
    page = desk(site, ADMIN).open(f"/staff/intakes/{reference}/decision")
    assert page.status == 403
    site.app.config["WTF_CSRF_ENABLED"] = False
    address = f"/staff/intakes/{reference}/decision"
    typed = {"decision": "candidate", "read": "0", "password": PASSWORD}
    assert page.client.post(address, data=typed).status_code == 403
    assert signed(site) == []
    assert site.actions().count("access.denied") == 2


def test_a_form_without_the_number_it_was_read_at_is_refused(site: Site) -> None:
    reference = sent(site)
    page = at(site, reference)
    for read in ("", "-1", "7", "x", "9" * 30):
        page.send(decision="candidate", read=read, password=PASSWORD)
        assert page.status == 409
    assert signed(site) == []


# On paper


@needs_pango
def test_a_decision_makes_a_new_summary_that_says_it_on_page_one(site: Site) -> None:
    reference = sent(site, **ANEURYSM)
    keep(site, b"%PDF of before")
    assert handed_out(site, reference) == b"%PDF of before"
    overrides = {"aneurysm-avm": "Clipped in 2012."}
    sign(site, reference, Wanted("candidate", overrides=overrides), by=physician(site))
    assert handed_out(site, reference) is None
    make_pdf(site.office, reference, "letter")
    content = handed_out(site, reference)
    assert content
    now = " ".join(PdfReader(io.BytesIO(content)).pages[0].extract_text().split())
    for said in (
        "Decision: Candidate",
        "In spite of: " + site.questionnaire.rule["aneurysm-avm"].says,
        "Because: Clipped in 2012.",
        "Signed by Robin Okafor, November 23, 2026, 12:00 PM.",
    ):
        assert said in now


def keep(site: Site, content: bytes) -> None:
    (submission,) = site.submissions()
    office = site.office
    with office.database.write() as conn:
        submissions.store_document(
            conn,
            office.vault,
            submission,
            kind="pdf",
            paper="letter",
            content=content,
            now=office.now(),
        )


def handed_out(site: Site, reference: str) -> bytes | None:
    found = review.pdf(site.office, "user:1", reference, "letter")
    assert found
    return found.content
