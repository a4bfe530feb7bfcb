"""The administrator's exports: asked for on a page, made by the worker, downloaded once."""

import csv
import io

import pyrage
import pytest

from screening.outputs.bundle_check import check_bundle, expected_key
from screening.storage import export_jobs as rows
from screening.workflows import export_jobs as jobs
from screening.workflows.intake import submit_answers
from tests.builders import person
from tests.site import Site

from .desk import ADMIN, PHYSICIAN, Desk, desk, hire

REASONS = {"purpose": "yearly review", "recipient": "Dr. Vale"}


@pytest.fixture
def page(site: Site) -> Desk:
    submit_answers(site.office, person(anything_else="=1+1"))
    return desk(site, ADMIN).open("/staff/export")


def make(page: Desk, **typed: str) -> Desk:
    return page.send(action="make", **REASONS, **typed)


def work(site: Site) -> None:
    site.app.extensions["queue"].run_waiting()


def made(site: Site, page: Desk, **typed: str) -> Desk:
    """The page of an export that is ready."""
    make(page, **typed)
    work(site)
    return page.open(page.path)


def download(page: Desk) -> bytes:
    """All of the file."""
    page.send("/file")
    return page.answer.data


def read(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))


# The whole way


def test_an_export_is_asked_for_and_downloaded_once(page, site):
    make(page)
    address = page.path
    assert page.title == "Export: waiting"
    work(site)
    page.open(address)
    assert page.title == "Export: ready"
    for words in ("submissions-2026-11-23.csv", "1 submission", "SHA-256", "yearly review"):
        assert words in page.text
    assert "Robin Admin" in page.text
    file = download(page)
    headers = page.answer.headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == 'attachment; filename="submissions-2026-11-23.csv"'
    assert headers["Cache-Control"] == "no-store"
    assert int(headers["Content-Length"]) == len(file)
    (row,) = read(file)
    assert row["anything_else"] == "'=1+1"
    page.open(address)
    assert page.title == "Export: downloaded"
    assert not page.forms


def test_a_second_download_finds_nothing(page, site):
    made(site, page)
    twice = Desk(site)
    twice.client = page.client
    twice.open(page.path)
    assert download(page)
    twice.send("/file")
    assert twice.title == "Export: downloaded"
    assert "Files can be downloaded once." in twice.text


def test_the_page_tells_how_far_it_is_and_looks_again_by_itself(page, site):
    make(page)
    job_id = page.path.rpartition("/")[2]
    with site.office.database.write() as conn:
        rows.begin(conn, job_id, site.office.vault.new_data_key(), total=2000)
        rows.progress(conn, job_id, done=1500, total=2000)
    page.open(page.path)
    assert page.title == "Export: being made"
    assert "1,500 of 2,000 looked at, 75 %" in page.text
    assert page.soup.progress["value"] == "75"
    assert page.soup.find(id="export")["data-looks"] == "1"
    assert page.soup.find("a", string="Look again")["href"] == page.path


def test_an_export_is_cancelled(page, site):
    make(page).send("/cancel")
    assert page.title == "Export: cancelled"
    assert "Cancelled. No file is left." in page.text
    work(site)
    assert page.open(page.path).title == "Export: cancelled"


def test_one_that_failed_says_so(page, site, monkeypatch):
    monkeypatch.setattr(jobs, "make", None)
    made(site, page)
    assert page.title == "Export: failed"
    assert "Nothing of it is left (TypeError)." in page.text


def test_the_last_exports_are_listed(page, site):
    made(site, page, format="csv")
    page.open("/staff/export")
    (line,) = page.soup.select("tbody tr")
    assert [cell.get_text(strip=True) for cell in line.find_all(["th", "td"])] == [
        "November 23, 2026 at 12:00 PM", "CSV", "Dr. Vale", "yearly review", "1", "Ready",
    ]  # fmt: skip


# How it is written


def test_a_de_identified_export_warns_of_rows_that_are_like_few_others(page, site):
    made(site, page, deidentified="yes")
    assert "1 of these rows is like few others" in page.text
    assert "CSV, de-identified" in page.text
    (row,) = read(download(page))
    assert 'filename="deidentified-2026-11-23.csv"' in page.answer.headers["Content-Disposition"]
    assert "last_name" not in row


def test_a_signed_bundle_is_whole_and_by_the_key_on_the_page(page, site):
    fingerprint = page.soup.code.get_text(strip=True)
    made(site, page, signed="yes")
    checked = check_bundle(io.BytesIO(download(page)), expected_key(fingerprint))
    assert checked.about["rows"] == 1
    assert checked.about["purpose"] == "yearly review"


def test_an_encrypted_export_opens_for_its_recipient(page, site):
    key = pyrage.x25519.Identity.generate()
    made(site, page, age=str(key.to_public()))
    (row,) = read(pyrage.decrypt(download(page), [key]))
    assert page.answer.headers["Content-Disposition"].endswith('.csv.age"')
    assert row["anything_else"] == "'=1+1"


def test_a_recipient_that_is_none_is_said(page, site):
    make(page, age="age1nobody")
    assert page.status == 400
    assert "That is not an age recipient." in page.text
    assert "export.asked" not in site.actions()


# The form


def test_without_purpose_and_recipient_nothing_is_made(page, site):
    page.send(action="make", purpose="  ", recipient="\t")
    assert page.status == 400
    assert "Say what the export is for." in page.text
    assert "Say who gets the export." in page.text
    assert "export.asked" not in site.actions()


def test_counting_needs_no_reasons_and_says_how_many_of_what(page, site):
    page.send(action="count")
    assert page.status == 200
    assert "1 submission · Candidate for review: 1" in page.text
    for none in ({"outcome": "urgent"}, {"decision": "refer"}, {"concern": "ocd"}):
        page.open("/staff/export").send(action="count", **none)
        assert "0 submissions" in page.text
    page.open("/staff/export").send(action="count", decision="none", version="2026-2")
    assert "1 submission" in page.text
    assert "export.asked" not in site.actions()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"since": "2026-11-02", "until": "2026-11-01"}, "must not be before the first"),
        ({"since": "soon"}, "Enter a date like 2026-11-23."),
    ],
)
@pytest.mark.parametrize("action", ["make", "count"])
def test_a_day_that_cannot_be_is_said(page, typed, said, action):
    page.send(action=action, **typed, **REASONS)
    assert page.status == 400
    assert said in page.text


def test_counting_with_a_wrong_day_does_not_ask_for_reasons(page):
    page.send(action="count", since="soon")
    assert "Say what" not in page.text


def test_what_was_typed_stays(page):
    page.send(action="count", since="2026-11-01", outcome="candidate", signed="yes", **REASONS)
    form = page.forms[0]
    assert form.find(id="since")["value"] == "2026-11-01"
    assert form.find(id="purpose")["value"] == "yearly review"
    assert form.select_one("#outcome option[selected]")["value"] == "candidate"
    assert form.find(id="signed").has_attr("checked")


def test_the_dictionary_is_a_download(page):
    page.open("/staff/export/dictionary.csv")
    assert page.answer.headers["Content-Disposition"] == (
        'attachment; filename="dictionary-2026-2.csv"'
    )
    assert page.answer.data.decode("utf-8-sig").startswith("variable,section,")


# Who may


def test_a_physician_may_not_export(page, site):
    made(site, page)
    doctor = desk(site, PHYSICIAN)
    assert "Export" not in doctor.nav
    for address in ("/staff/export", "/staff/export/dictionary.csv", page.path):
        assert doctor.open(address).status == 403


def test_another_administrator_may_delete_it_but_not_have_it(page, site):
    made(site, page)
    other = Desk(site).sign_in(hire(site, ADMIN, email="other@example.org")).open(page.path)
    assert "Whoever asked for it can download it once" in other.text
    assert [form["action"].rpartition("/")[2] for form in other.forms] == ["cancel"]
    token = other.soup.find("input", {"name": "csrf_token"})["value"]
    address = f"{page.path}/file"
    answer = other.client.post(address, data={"csrf_token": token}, **other.sent_with)
    assert "or it is not yours" in answer.text
    other.send("/cancel")
    assert page.open(page.path).title == "Export: cancelled"


def test_after_five_minutes_the_password_is_asked_for_again(page, site):
    site.clock.wait(minutes=6)
    make(page)
    assert page.path == "/staff/account/confirm"
    assert "export.asked" not in site.actions()


def test_how_far_it_is_shows_without_the_password_but_the_file_does_not(page, site):
    made(site, page)
    address = page.path
    site.clock.wait(minutes=6)
    assert page.open(address).title == "Export: ready"
    page.send("/file")
    assert page.path == "/staff/account/confirm"
    assert "export.fetch-started" not in site.actions()


def test_there_is_no_such_export(page):
    assert page.open("/staff/export/" + "0" * 32).status == 404
