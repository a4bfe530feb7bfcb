"""A patient who comes back: one open check-in at a time, with what is known already."""

import pytest

from screening.storage import intakes
from screening.workflows import checkin
from screening.workflows import intake as intake_flow
from tests.builders import medicine_row, person
from tests.returning import checked_in, sent
from tests.site import Site


def test_what_is_known_is_not_asked_again(site: Site):
    rows = [medicine_row("sertraline", "longer"), {"medicine": "lisinopril", "dose": "10 mg"}]
    first = sent(site, takes_medications="yes", medications=rows, hypertension_crisis="no")
    intake, _ = checkin.begin(site.office, first, "user:1")
    assert intake.follows == first
    known = intake.merged
    for name in ("first_name", "last_name", "date_of_birth", "phone", "language", "main_concern"):
        assert known[name] == person()[name]
    assert "phq9_1" not in known
    # When each was last taken was true on that day.
    assert known["medications"] == [
        {"medicine": "sertraline"},
        {"medicine": "lisinopril", "dose": "10 mg"},
    ]


def test_one_is_open_at_a_time_and_the_newest_code_opens_it(site: Site):
    first = sent(site)
    one, old = checkin.begin(site.office, first, "user:1")
    other, code = checkin.begin(site.office, first, "patient")
    assert (one.id, old != code) == (other.id, True)
    born = person()["date_of_birth"]
    assert intake_flow.resume(site.office, old, born) is None
    opened = intake_flow.resume(site.office, code, born)
    assert opened
    assert opened.id == one.id
    assert site.actions().count("check_in.begun") == 1


def test_a_later_one_follows_the_first_intake_and_carries_what_changed(site: Site):
    first = sent(site)
    second = checked_in(site, first, phone="555-010-7777")
    third, _ = checkin.begin(site.office, second, "patient")
    assert third.follows == first
    assert third.merged["phone"] == "555-010-7777"


def test_nothing_is_begun_for_a_draft_nor_for_nobody(site: Site):
    draft = site.start(person(), until="mood")
    open_one, _ = checkin.begin(site.office, sent(site), "patient")
    for earlier in (draft, open_one.id, "0" * 32):
        with pytest.raises(checkin.NothingToFollow):
            checkin.begin(site.office, earlier, "patient")


def test_what_is_withdrawn_is_not_followed(site: Site):
    first = sent(site)
    withdraw(site, first)
    with pytest.raises(checkin.NothingToFollow):
        checkin.begin(site.office, first, "patient")


def withdraw(site: Site, intake_id: str) -> None:
    with site.office.database.write() as conn:
        told = {"withdrawn_at": site.office.now()}
        conn.execute(intakes.INTAKES.update().where(intakes.INTAKES.c.id == intake_id).values(told))


def test_a_check_in_without_findings_is_a_candidate(site: Site):
    checked_in(site, sent(site))
    document = site.submissions()[-1].document
    assert document["assessment"]["findings"] == []
    assert document["assessment"]["outcome"] == "candidate"
    assert document["assessment"]["indications"] == {}
    assert document["assessment"]["treatment"] is None


def test_one_that_its_patient_deleted_is_not_opened_again(site: Site):
    first = sent(site)
    closed, _ = checkin.begin(site.office, first, "patient")
    withdraw(site, closed.id)
    another, _ = checkin.begin(site.office, first, "patient")
    assert another.id != closed.id
