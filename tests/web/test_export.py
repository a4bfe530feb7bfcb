"""The administrator's export page."""

import csv
import io

import pytest

from screening.workflows.intake import submit_answers
from tests.builders import person
from tests.site import Site

from .desk import ADMIN, PHYSICIAN, Desk, desk

REASONS = {"purpose": "yearly review", "recipient": "Dr. Vale"}


@pytest.fixture
def page(site: Site) -> Desk:
    submit_answers(site.office, person(anything_else="=1+1"))
    return desk(site, ADMIN).open("/staff/export")


def test_the_file_is_a_download_under_a_name_of_ours(page, site):
    page.send(action="csv", **REASONS)
    headers = page.answer.headers
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == (
        'attachment; filename="submissions-2026-11-23.csv"'
    )  # fmt: skip
    assert headers["Cache-Control"] == "no-store"
    text = page.answer.data.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["anything_else"] == "'=1+1"
    assert site.actions()[-2:] == ["export.started", "export.finished"]


def test_without_purpose_and_recipient_nothing_leaves(page, site):
    page.send(action="csv", purpose="  ", recipient="\t")
    assert page.status == 400
    assert "Say what the export is for." in page.text
    assert "Say who gets the export." in page.text
    assert "export.started" not in site.actions()


def test_counting_needs_no_reasons_and_says_how_many_of_what(page, site):
    page.send(action="count")
    assert page.status == 200
    assert "1 submission · Candidate for review: 1" in page.text
    page.send(action="count", outcome="urgent")
    assert "0 submissions" in page.text
    assert "export.started" not in site.actions()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"since": "2026-11-02", "until": "2026-11-01"}, "must not be before the first"),
        ({"since": "soon"}, "Enter a date like 2026-11-23."),
    ],
)
@pytest.mark.parametrize("action", ["csv", "count"])
def test_a_day_that_cannot_be_is_said(page, typed, said, action):
    page.send(action=action, **typed, **REASONS)
    assert page.status == 400
    assert said in page.text


def test_counting_with_a_wrong_day_does_not_ask_for_reasons(page):
    page.send(action="count", since="soon")
    assert "Say what" not in page.text


def test_what_was_typed_stays(page):
    page.send(action="count", since="2026-11-01", outcome="candidate", **REASONS)
    form = page.forms[0]
    assert form.find(id="since")["value"] == "2026-11-01"
    assert form.find(id="purpose")["value"] == "yearly review"
    assert form.select_one("option[selected]")["value"] == "candidate"


def test_the_dictionary_is_a_download(page):
    page.open("/staff/export/dictionary.csv")
    assert page.answer.headers["Content-Disposition"] == (
        'attachment; filename="dictionary-2026-2.csv"'
    )
    assert page.answer.data.decode("utf-8-sig").startswith("variable,section,")


def test_a_physician_may_not_export(site):
    doctor = desk(site, PHYSICIAN)
    assert "Export" not in doctor.nav
    assert doctor.open("/staff/export").status == 403
    assert doctor.open("/staff/export/dictionary.csv").status == 403


def test_after_five_minutes_the_password_is_asked_for_again(page, site):
    site.clock.wait(minutes=6)
    page.send(action="csv", **REASONS)
    assert page.path == "/staff/account/confirm"
    assert "export.started" not in site.actions()
