"""Letters after a decision: what stands in them beforehand, who gets what, and the file."""

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import update

from screening import wording
from screening.storage.accounts import ADMIN, PHYSICIAN
from screening.storage.intakes import INTAKES
from screening.storage.submissions import submission_of
from screening.storage.vault import new_code
from screening.tasks import make_letter
from screening.web import letter_sheet
from screening.workflows import after, decisions, letters, urgent
from screening.workflows import intake as intake_flow
from screening.workflows.decisions import DECISIONS
from screening.workflows.signing import Wanted
from tests.builders import example, person
from tests.outputs.test_pdf import needs_pango
from tests.site import Site
from tests.workflows.test_decisions import physician, sign

from .desk import Desk, desk

BORN = person()["date_of_birth"]
PRESSURE = example("elevated-pressure-and-old-stroke")["answers"]
EACH = {
    "candidate": Wanted("candidate"),
    "not-now": Wanted("not-now", "SECRET reason"),
    "not-a-candidate": Wanted("not-a-candidate", "SECRET reason"),
    "clearance": Wanted("clearance", clearances=("bp-elevated",), clearance_text="SECRET records"),
    "refer": Wanted("refer", "SECRET reason", refer_to="SECRET clinic"),
}


def decided(site: Site, wanted: Wanted = EACH["candidate"], **changes: Any) -> str:
    reference = intake_flow.submit_answers(site.office, person(**changes)).reference
    sign(site, reference, wanted, by=physician(site, "Ada Okafor"))
    return reference


def written(site: Site, reference: str, to: str = "patient", **asked: str) -> Desk:
    page = desk(site, PHYSICIAN)
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return page.open(f"/staff/intakes/{reference}/letters/{to}?{query}")


def words(page: Desk, name: str = "text") -> str:
    return str(page.soup.find(id=name).get_text()).strip()


def kept(site: Site, reference: str) -> tuple[letters.Kept, ...]:
    return letters.letters_in(site.office, decisions.chart_of(site.office, reference))


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("decision", DECISIONS)
def test_a_patient_reads_no_label_no_finding_no_reason_and_whom_to_call(
    site: Site, decision: str, language: str
) -> None:
    changes = PRESSURE if decision == "clearance" else {}
    reference = decided(site, EACH[decision], **changes | {"language": language})
    at = letters.open_desk(site.office, "user:1", reference)
    assert at
    clinic = site.app.extensions["settings"].clinic
    said = letter_sheet.first_words(at, "patient", language, clinic)
    said += letter_sheet.subject(at, "patient", language)
    labels = [*wording.OUTCOMES.values(), *DECISIONS.values(), "SECRET", "candidat", "ketamin"]
    findings = [row.says for row in at.record.findings] + [s.name for s in at.record.scores]
    for label in (*labels, *findings, "diagnos", "score", "{"):
        assert label.lower() not in said.lower(), label
    assert "805-555-0100" in said
    assert "988" in said
    assert "911" in said
    assert ("Le llamaremos" if language == "es" else "We will call you") in said


def test_the_letter_begins_in_the_patients_language_and_can_begin_in_the_other(site: Site) -> None:
    reference = decided(site, language="es", preferred_name="Xime")
    page = written(site, reference)
    assert words(page).startswith("Hola, Xime:")
    assert "a 5 p. m.\n" in words(page)
    page.open(page.soup.find("a", string="Begin again in English")["href"])
    assert words(page).startswith("Dear Xime,")


def test_a_letter_is_kept_as_it_was_left_and_stands_in_the_record(site: Site) -> None:
    reference = decided(site)
    page = written(site, reference)
    page.send(text="Dear Ximena,\n\nCome on Monday.")
    assert "boxes" not in page.text
    assert page.path == f"/staff/intakes/{reference}"
    (one,) = kept(site, reference)
    assert one.body["text"] == "Dear Ximena,\n\nCome on Monday."
    assert one.body["signer"] == "Robin Physician"
    assert one.body["address"] == "1 Willow Way, San Luis Obispo, CA 93401"
    assert one.body["decision"] == 1
    link = page.soup.find("a", string="Letter to the patient, November 23, 2026 (PDF)")
    assert link["href"] == f"/staff/intakes/{reference}/letters/2.pdf"


def test_a_colleague_is_told_what_was_decided_and_what_is_asked(site: Site) -> None:
    reference = decided(site, EACH["clearance"], **PRESSURE | {"prescriber_name": "Dr. Lind"})
    page = written(site, reference, "clinician")
    said = words(page)
    assert "Before treatment at our clinic, I ask for the following:" in said
    assert f"- {site.questionnaire.rule['bp-elevated'].says}" in said
    assert site.questionnaire.rule["stroke-tia-history"].says not in said
    assert "- SECRET records" in said  # what was typed to be asked for
    assert words(page, "addressee") == "Dr. Lind"
    assert "born March 9, 1984" in page.text
    assert "It is not a diagnosis." in said


def test_what_tells_of_substances_home_or_weapons_is_left_out_for_others(site: Site) -> None:
    answers = example("alcohol-as-the-condition")["answers"]
    wanted = Wanted("clearance", clearances=("alcohol-hazardous",))
    reference = decided(site, wanted, **answers)
    page = written(site, reference, "clinician")
    assert site.questionnaire.rule["alcohol-hazardous"].says not in words(page)
    assert "1 of the things to clear is left out" in page.text


def test_medicines_go_with_a_letter_only_when_ticked(site: Site) -> None:
    rows = [{"medicine": "sertraline", "dose": "100 mg"}]
    reference = decided(site, takes_medications="yes", medications=rows)
    page = written(site, reference, "pharmacy")
    assert not page.soup.find(id="medicines").has_attr("checked")
    page.send()
    page.open(f"/staff/intakes/{reference}/letters/pharmacy").send(medicines="yes")
    ticked, plain = kept(site, reference)
    assert any("sertraline" in line for line in ticked.body["medicines"])
    assert plain.body["medicines"] == []
    page.open(f"/staff/intakes/{reference}/letters/patient")
    assert not page.soup.find(id="medicines")


def test_where_home_is_dangerous_a_letter_is_handed_over_in_person(site: Site) -> None:
    danger = {"alone_now": "yes", "safe_at_home": "not-safe-now"}
    reference = intake_flow.submit_answers(site.office, person(**danger)).reference
    for alert in site.alerts():
        urgent.acknowledge(site.office, "user:1", alert.id, "Talked alone.")
    found = decisions.ground(site.office, "user:1", reference)
    assert found
    reasons = {row.finding.rule: "Seen alone." for row in found.against}
    sign(site, reference, Wanted("candidate", overrides=reasons), by=physician(site, "Ada Okafor"))
    page = written(site, reference)
    assert "Safe contact only" in page.text
    page.send()
    assert page.status == 400
    assert kept(site, reference) == ()
    page.send(in_person="yes")
    (one,) = kept(site, reference)
    assert one.body["in_person"] is True
    assert "to hand over in person (PDF)" in page.text


def test_letters_that_the_file_cannot_draw_are_announced(site: Site) -> None:
    page = written(site, decided(site)).send(text="李明,\n\nCome on Monday.")
    assert "letters of other alphabets may be drawn as boxes" in page.text


# What is refused


def test_without_a_decision_there_is_no_letter(site: Site) -> None:
    reference = intake_flow.submit_answers(site.office, person()).reference
    page = written(site, reference)
    assert page.status == 409
    assert "A letter follows a signed decision" in page.text
    assert page.open(f"/staff/intakes/{reference}/letters/neighbor").status == 404
    assert page.open(f"/staff/intakes/{reference}/letters/1.pdf").status == 404


def test_a_withdrawn_form_is_not_written_about(site: Site) -> None:
    reference = decided(site)
    (submission,) = site.submissions()
    after.withdraw(site.office, submission.intake_id, "")
    page = written(site, reference)
    assert page.status == 409
    assert "withdrawn" in page.text


def test_an_empty_or_endless_letter_is_refused_and_stays(site: Site) -> None:
    reference = decided(site)
    page = written(site, reference).send(text="   ", addressee="To nobody")
    assert page.status == 400
    assert words(page, "addressee") == "To nobody"
    page.send(text="x" * 8001)
    assert "Use 8,000 characters or fewer." in page.text
    assert kept(site, reference) == ()


def test_after_a_newer_decision_the_letter_is_looked_at_again(site: Site) -> None:
    reference = decided(site)
    page = written(site, reference)
    by = physician(site, "Bo Second")
    sign(site, reference, Wanted("not-now", "Surgery first."), by=by, read=1)
    page.send(text="Come on Monday.")
    assert page.status == 409
    assert "Another decision was signed since you opened this page" in page.text
    assert words(page) == "Come on Monday."
    page.send()
    assert len(kept(site, reference)) == 1


def test_an_administrator_neither_writes_nor_reads_letters(site: Site) -> None:
    reference = decided(site)
    page = desk(site, ADMIN)
    for address in ("letters/patient", "letters/2.pdf"):
        assert page.open(f"/staff/intakes/{reference}/{address}").status == 403


# The file


@needs_pango
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_file_is_made_once_and_noted_when_it_is_handed_out(site: Site, language: str) -> None:
    reference = decided(site, language=language)
    page = written(site, reference)
    page.send()
    address = f"/staff/intakes/{reference}/letters/2.pdf"
    assert page.open(address).status == 202
    make_letter(site.office, reference, "2")
    make_letter(site.office, reference, "2")
    page.open(address)
    assert page.answer.content_type == "application/pdf"
    name = page.answer.headers["Content-Disposition"]
    assert name == f'attachment; filename="letter-{reference}-2.pdf"'
    document = PdfReader(io.BytesIO(page.answer.data))
    told = " ".join(document.pages[0].extract_text().split())
    for said in ("Willow Ketamine Clinic", "1 Willow Way", "805-555-0100", reference, "988"):
        assert said in told
    assert "Robin Physician" in told
    assert ("23 de noviembre de 2026" if language == "es" else "November 23, 2026") in told
    assert document.trailer["/Root"]["/Lang"] == language
    assert site.actions().count("letter.downloaded") == 1


def test_a_letter_is_sealed_and_goes_with_its_intake(site: Site) -> None:
    reference = decided(site)
    written(site, reference).send(text="Canary words.")
    (submission,) = site.submissions()
    with site.office.database.read() as conn:
        assert submission_of(conn, site.office.vault, submission.intake_id)
        raw = conn.exec_driver_sql("SELECT ciphertext FROM chart").scalars()
        assert not any(b"Canary" in one for one in raw)


# What the patient sees of a decision


@pytest.mark.parametrize("language", ["en", "es"])
def test_after_any_decision_the_patient_is_told_the_same_and_never_which(
    site: Site, language: str
) -> None:
    told = set()
    for number, (decision, wanted) in enumerate(EACH.items()):
        code, reference = coded(site, language, decision)
        sign(site, reference, wanted, by=physician(site, f"Ada {number}"))
        patient = site.walker().resume(code, BORN)
        looked = "El médico ya vio" if language == "es" else "The doctor has looked at your form."
        assert looked in patient.text
        told.add(patient.text.replace(reference, ""))
        for address in ("/status", "/done", "/answers", "/message", "/withdraw"):
            shown = patient.open(address).soup.get_text(" ")
            for label in (*DECISIONS.values(), "SECRET", "Ada", "candidat[eo]"):
                assert not re.search(rf"\b{label}\b", shown, re.IGNORECASE), (address, label)
    assert len(told) == 1


def coded(site: Site, language: str, decision: str) -> tuple[str, str]:
    """Code and reference of a sent form; all forms are the same to the patient."""
    answers = PRESSURE if decision == "clearance" else person()
    receipt = intake_flow.submit_answers(site.office, answers | {"language": language})
    code = new_code()
    with site.office.database.write() as conn:
        this = update(INTAKES).where(INTAKES.c.reference == receipt.reference)
        conn.execute(this.values(code_hmac=site.office.vault.code_hmac(code)))
    return code, receipt.reference


def test_before_a_decision_the_status_says_what_it_said(site: Site) -> None:
    code, reference = coded(site, "en", "candidate")
    desk(site, PHYSICIAN).open(f"/staff/intakes/{reference}")
    assert "Your care team has opened it." in site.walker().resume(code, BORN).text
