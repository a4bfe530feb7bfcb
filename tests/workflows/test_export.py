"""Which submissions an export has, and each as it is known now."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import update

from screening.assessment.facts import Facts
from screening.outputs.formats import Sent
from screening.record import row_state
from screening.storage.intakes import INTAKES, SUBMISSIONS, delete_intake
from screening.storage.vault import VaultError
from screening.workflows.export import EVERYTHING, Filters, Submissions, count_by_outcome
from screening.workflows.intake import submit_answers
from screening.workflows.signing import Wanted
from tests.builders import FIXTURES, example, medicine_row, person
from tests.people import complete_person, sendable
from tests.returning import checked_in, sent
from tests.site import Site

from .test_decisions import measure, sign
from .test_decisions import physician as new_physician

EXAMPLES = sorted(path.stem for path in (FIXTURES / "examples").glob("*.json"))
PREGNANT = {"pregnant": "yes", "preeclampsia": "no"}
PRESSURE = {"measured_systolic": 190, "measured_diastolic": 125}


def send(site: Site, **changes: Any) -> str:
    return submit_answers(site.office, person(**changes)).reference


def names(site: Site, **filters: Any) -> list[str]:
    return [row["first_name"] for row in site.exported_rows(Filters(**filters))]


def all_of(site: Site, filters: Filters = EVERYTHING) -> list[Sent]:
    with site.office.database.read() as conn:
        return list(Submissions(conn, site.office, filters))


# What leaves


def test_the_examples_are_exported_as_they_were_sent(site):
    receipts = [submit_answers(site.office, example(name)["answers"]) for name in EXAMPLES]
    found = site.exported_rows()
    assert [row["reference"] for row in found] == [receipt.reference for receipt in receipts]
    outcomes = [example(name)["expected"]["outcome"] for name in EXAMPLES]
    assert [row["outcome"] for row in found] == outcomes
    assert [row["outcome_as_sent"] for row in found] == outcomes
    assert {row["questionnaire"] for row in found} == {site.questionnaire.version}
    assert found[0]["submitted_at"] == "2026-11-23T12:00:00-08:00"
    assert {(row["changed_by_staff"], row["decision"], row["decided_at"]) for row in found} == {
        ("", "", "")
    }


def test_groups_are_as_wide_as_the_fullest_of_those_that_are_exported(site):
    send(site, medications=[medicine_row(f"vitamin {n}") for n in range(4)])
    site.clock.wait(days=2)
    send(site, first_name="Later")
    today = Filters(since=site.office.today())
    assert "medications_4_medicine" in site.exported_rows()[0]
    assert "medications_2_medicine" not in site.exported_rows(today)[0]


def test_an_intake_of_an_older_version_is_in_the_file_too(site):
    send(site, first_name="Old")
    newer = site.questionnaire.model_copy(
        update={"version": "2027-1", "content_hash": "0" * 64, "export_order": ("last_name",)}
    )
    object.__setattr__(site.office, "questionnaire", newer)
    send(site, first_name="New")
    found = site.exported_rows()
    assert next(iter(found[0])) == "last_name"
    assert [row["first_name"] for row in found] == ["Old", "New"]
    assert [row["questionnaire"] for row in found] == ["2026-2", "2027-1"]
    assert names(site, version="2026-2") == ["Old"]


def test_the_zone_is_that_of_the_clinic_now(site):
    send(site)
    elsewhere = Site(site.app, site.clock)
    office = replace(site.office, zone=UTC)
    elsewhere.app.extensions["office"] = office
    assert elsewhere.exported_rows()[0]["submitted_at"] == "2026-11-23T20:00:00+00:00"


def test_an_intake_that_was_purged_is_gone(site):
    first = sent(site, last_name="Gone")
    sent(site, last_name="Here")
    with site.office.database.write() as conn:
        delete_intake(conn, first)
    assert [row["last_name"] for row in site.exported_rows()] == ["Here"]


def test_an_altered_store_stops_the_export(site):
    send(site)
    with site.office.database.write() as conn:
        conn.execute(update(SUBMISSIONS).values(document=b"\x01altered"))
    with pytest.raises(VaultError):
        site.exported()


# As it is known now


def test_what_staff_measured_and_amended_is_in_the_row(site):
    reference = send(site, weight_lb=150)
    measure(site, reference, **PRESSURE)
    measure(site, reference, "amended", weight_lb=None, escort="no")
    (row,) = site.exported_rows()
    assert (row["measured_systolic"], row["escort"]) == ("190", "no")
    assert row["weight_lb"] == "NI"
    assert row["changed_by_staff"] == "weight_lb;escort;measured_systolic;measured_diastolic"
    assert (row["outcome"], row["outcome_as_sent"]) == ("urgent", "candidate")


def test_the_decision_that_holds_is_in_the_row(site):
    reference = send(site)
    by = new_physician(site)
    sign(site, reference, Wanted("not-now", "After March."), by=by)
    site.clock.wait(days=1)
    sign(site, reference, Wanted("refer", "To a clinic.", refer_to="Dr. Vale"), by=by, read=1)
    (row,) = site.exported_rows()
    assert (row["decision"], row["decided_at"]) == ("refer", "2026-11-24T12:00:00-08:00")


@pytest.mark.parametrize("seed", range(4))
def test_what_was_asked_and_not_answered_is_told_as_the_record_tells_it(site, seed):
    rng, form = Random(seed), site.questionnaire
    told = sendable(form, complete_person(form, rng), rng)
    patients = {question.id for question in form.patient_questions()}
    submit_answers(site.office, {name: told[name] for name in told.keys() & patients})
    if seed % 2:
        measure(site, site.submissions()[0].reference, "amended", **{_answered(site): None})
    (one,) = all_of(site)
    facts = Facts(site.questionnaire, one.answers, date.fromisoformat(one.as_of))
    empty = {
        question.id
        for question in site.questionnaire.patient_questions()
        if row_state(question, facts) == "not-answered"
    }
    assert one.unanswered == empty


def _answered(site: Site) -> str:
    """A required follow-up that has an answer."""
    (one,) = all_of(site)
    asked = site.questionnaire.patient_questions()
    return next(q.id for q in asked if q.ask_if and q.required and q.id in one.answers)


# Filters


def test_days_are_those_of_the_clinic(site):
    site.clock.moment = datetime(2026, 11, 10, 7, 59, tzinfo=UTC)  # the 9th, 23:59
    send(site, first_name="Ninth")
    site.clock.moment = datetime(2026, 11, 10, 8, 0, tzinfo=UTC)
    send(site, first_name="Tenth")
    site.clock.moment = datetime(2026, 11, 11, 8, 0, tzinfo=UTC)
    send(site, first_name="Eleventh")
    tenth = date(2026, 11, 10)
    assert names(site, since=tenth, until=tenth) == ["Tenth"]
    assert names(site, since=tenth) == ["Tenth", "Eleventh"]
    assert names(site, until=tenth) == ["Ninth", "Tenth"]


def test_the_outcome_asked_for_is_the_one_that_is_known_now(site):
    send(site, first_name="Calm")
    high = send(site, first_name="High")
    assert names(site, outcome="candidate") == ["Calm", "High"]
    measure(site, high, **PRESSURE)
    assert names(site, outcome="candidate") == ["Calm"]
    assert names(site, outcome="urgent") == ["High"]


def test_a_decision_can_be_asked_for_or_that_there_is_none_yet(site):
    sign(site, send(site, first_name="Decided"), Wanted("not-now", "After March."))
    send(site, first_name="Waiting")
    assert names(site, decision="not-now") == ["Decided"]
    assert names(site, decision="none") == ["Waiting"]
    assert names(site, decision="candidate") == []


def test_what_help_is_sought_for_can_be_asked_for(site):
    both = ["depression", "ocd"]
    send(site, first_name="Both", seeking_help_for=both, main_concern="depression")
    send(site, first_name="Low", seeking_help_for=["depression"], main_concern="depression")
    assert names(site, concern="ocd") == ["Both"]
    assert names(site, concern="depression") == ["Both", "Low"]


def test_what_a_patient_withdrew_is_left_out(site):
    send(site, first_name="Gone")
    with site.office.database.write() as conn:
        conn.execute(update(INTAKES).values(withdrawn_at=site.office.now()))
    send(site, first_name="Here")
    assert names(site) == ["Here"]


def test_filters_say_what_is_set_and_are_read_again():
    every = Filters(date(2026, 11, 1), None, "urgent", "ptsd", "none", "2026-2")
    assert Filters.from_json(every.as_json()) == every
    assert every.as_json()["from"] == "2026-11-01"
    assert (EVERYTHING.as_json(), Filters.from_json({})) == ({}, EVERYTHING)


def test_counting_by_outcome(site):
    send(site)
    send(site, **PREGNANT)
    counts = {"urgent": 0, "excluded": 1, "clearance": 0, "candidate": 1}
    assert count_by_outcome(site.office, EVERYTHING) == counts
    only = count_by_outcome(site.office, Filters(outcome="candidate"))
    assert only == counts | {"excluded": 0}


# Files


def test_intakes_and_check_ins_are_files_of_their_own(site):
    first = sent(site, last_name="Both")
    site.clock.wait(days=30)
    checked_in(site, first)
    bundle = zipfile.ZipFile(io.BytesIO(site.exported()))
    assert bundle.namelist() == ["intakes.csv", "check-ins.csv", "dictionary.csv"]
    one = site.exported_rows(Filters(version="check-in-2026-1"))
    assert [row["questionnaire"] for row in one] == ["check-in-2026-1"]


@pytest.mark.parametrize("joined", [False, True])
def test_rows_of_one_patient_are_joined_only_when_that_is_asked(site, joined):
    first = sent(site, last_name="Both")
    site.clock.wait(days=30)
    checked_in(site, first)
    asked = {"format": "ndjson", "deidentified": True, "joined": joined}
    lines = site.exported(**asked).decode().splitlines()
    one, other = (json.loads(line)["reference"].partition("-")[0] for line in lines)
    assert (one == other) is joined


def test_a_de_identified_file_has_years_random_ids_and_nobodys_name(site):
    reference = send(site, first_name="Zebulon", anything_else="call Zebulon")
    text = site.exported(deidentified=True)
    (row,) = site.exported_rows(deidentified=True)
    assert b"Zebulon" not in text
    assert reference.encode() not in text
    assert "first_name" not in row
    assert row["submitted_at"] == "2026"
    assert row["phq9_total"]
