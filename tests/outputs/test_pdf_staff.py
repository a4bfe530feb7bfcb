"""The summary after staff added to an intake: both assessments, each change, and accessible."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from screening.assessment.outcome import assess
from screening.changes import Said, Sent, with_staff
from screening.questionnaire.loader import current
from screening.record import Record
from tests.builders import TODAY, person
from tests.outputs import patients
from tests.outputs.test_pdf import needs_pango
from tests.outputs.test_pdf_ua import (
    drawn,
    no_checker_finds_an_error,
    page_texts,
    says_the_same,
    squeezed,
    tags_are_whole,
)

pytestmark = [needs_pango, pytest.mark.slow]
SENT = person(bp_known="yes", bp_systolic=148, bp_diastolic=84, feels_pushed="yes")
AT = patients.SENT + timedelta(days=2)
MEASURED = {"measured_systolic": 190, "measured_diastolic": 125}
CORRECTED = {"feels_pushed": "no", "bp_known": "no"}


def examined() -> Record:
    """A crisis that staff measured, and two answers corrected: one ends two questions."""
    entries = [
        Said(1, AT, "Robin Okafor", "", MEASURED),
        Said(2, AT, "Kim Lindqvist", "The patient, <on> the phone", CORRECTED),
    ]
    known: dict[str, Any] = SENT | MEASURED | CORRECTED
    sent = Sent(SENT, assess(current(), SENT, TODAY), TODAY)
    return with_staff(patients.record_of(known), sent, entries)


def test_what_staff_added_stands_beside_what_was_sent(tmp_path: Path) -> None:
    record = examined()
    html, pdf = drawn(record)
    no_checker_finds_an_error(pdf, tmp_path)
    tags_are_whole(PdfReader(io.BytesIO(pdf)), record)
    says_the_same(html, pdf)
    pages = page_texts(pdf)
    assert squeezed("As the patient sent it: Clearance needed.") in pages[0]
    assert squeezed("Urgent: act today") in pages[0]
    whole = "".join(pages)
    for words in (
        "Systolic pressure (staff): 190",
        "Measured by Robin Okafor",
        "Systolic blood pressure, measured190 mmHg before: not answered",
        "Corrected by Kim Lindqvist",
        "The patient, <on> the phone",
        "Feels pressured into treatmentNo before: Yes",
        "no longer asked as sent: 148 mmHg",
        "Findings that are gone",
    ):
        assert squeezed(words) in whole, words
