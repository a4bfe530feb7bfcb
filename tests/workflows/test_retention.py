"""What has had its time, legal holds, purging for good."""

from typing import Any

import pytest
from sqlalchemy import select

from screening.storage import messages
from screening.storage import retention as storage
from screening.storage.accounts import PHYSICIAN
from screening.storage.intakes import INTAKES
from screening.storage.models import Base
from screening.workflows import (
    after,
    chart,
    checkin,
    corrections,
    export_jobs,
    retention,
    review,
    urgent,
)
from screening.workflows.act import Act
from screening.workflows.export_file import Options
from screening.workflows.office import Keep
from tests import databases
from tests.builders import example
from tests.databases import only_sqlite
from tests.returning import checked_in, sent
from tests.site import Site
from tests.web.desk import hire

YEARS = 7
URGENT = example("urgent-suicide-plan")["answers"]


@pytest.fixture
def kept(site: Site) -> Site:
    """A clinic that keeps what was sent for seven years, and what was taken back for 90 days."""
    object.__setattr__(site.office, "keep", Keep(YEARS, 90))
    return site


def opened(site: Site, **changes: Any) -> str:
    """The id of an intake that a physician has opened."""
    intake_id = sent(site, **changes)
    read(site)
    return intake_id


def read(site: Site) -> None:
    for one in site.submissions():
        review.open_record(site.office, "user:1", one.reference)


def due(site: Site) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.why, one.stays) for one in retention.due(site.office)]


def purge(site: Site) -> int:
    return retention.purge(site.office, "user:1", retention.due(site.office))


def ids(site: Site) -> set[str]:
    with site.office.database.read() as conn:
        return set(conn.execute(select(INTAKES.c.id)).scalars())


def test_without_a_policy_nothing_is_ever_due(site: Site) -> None:
    opened(site)
    site.clock.wait(days=365 * 90)
    assert due(site) == []


def test_after_its_years_an_intake_goes_with_everything_that_it_sealed(kept: Site) -> None:
    intake_id = opened(kept)
    kept.clock.wait(days=365 * YEARS - 10)
    assert due(kept) == []
    kept.clock.wait(days=20)
    assert due(kept) == [("years", ())]
    reference = kept.submissions()[0].reference
    assert purge(kept) == 1
    tables = [t for t in Base.metadata.sorted_tables if "intake_id" in t.c and t.name != "audit"]
    with kept.office.database.read() as conn:
        left = [t.name for t in tables if conn.execute(select(t.c.intake_id)).first()]
        assert conn.execute(select(INTAKES.c.wrapped_key)).all() == []
    assert left == []
    assert kept.actions()[-1] == "intake.purged"
    with kept.office.database.read() as conn:
        assert storage.purged_references(conn) == {intake_id: reference}
    assert [line.split()[0] for line in ledger(kept)] == [intake_id]


def ledger(site: Site) -> list[str]:
    assert site.office.instance
    return (site.office.instance / retention.LEDGER).read_text().splitlines()


@only_sqlite
def test_neither_the_file_nor_its_log_holds_the_key_any_more(kept: Site) -> None:
    opened(kept)
    with kept.office.database.read() as conn:
        (wrapped,) = conn.execute(select(INTAKES.c.wrapped_key)).scalars()
    kept.clock.wait(days=366 * YEARS)
    assert purge(kept) == 1
    assert kept.office.instance
    files = [p for p in kept.office.instance.glob("screening.db*") if p.is_file()]
    assert files
    assert not [path.name for path in files if wrapped in path.read_bytes()]


@pytest.mark.parametrize("what", ["chart", "message", "check-in"])
def test_the_years_begin_with_the_last_that_happened(kept: Site, what: str) -> None:
    intake_id = opened(kept)
    kept.clock.wait(days=365 * 5)
    if what == "chart":
        with kept.office.database.write() as conn:
            chart.add(Act(conn, kept.office, "user:1"), intake_id, "note", {"text": "Called."})
    elif what == "message":
        after.send_message(kept.office, intake_id, "I have moved.")
    else:
        checked_in(kept, intake_id)
    read(kept)
    kept.clock.wait(days=365 * 3)
    assert due(kept) == []
    kept.clock.wait(days=365 * 5)
    assert due(kept) == [("years", ())]
    assert purge(kept) == (2 if what == "check-in" else 1)
    assert ids(kept) == set()


def test_what_nobody_has_opened_stays(kept: Site) -> None:
    sent(kept)
    kept.clock.wait(days=366 * YEARS)
    assert due(kept) == [("years", (retention.NOT_READ,))]
    assert purge(kept) == 0
    read(kept)
    assert purge(kept) == 1


def test_an_open_alert_an_unread_message_and_an_open_check_in_keep_it(kept: Site) -> None:
    intake_id = opened(kept, **URGENT)
    after.send_message(kept.office, intake_id, "Please call me.")
    kept.clock.wait(days=366 * YEARS)
    checkin.begin(kept.office, intake_id, "user:1")
    kept.clock.wait(days=366 * YEARS)  # nobody swept it
    ((_, stays),) = due(kept)
    assert set(stays) == {retention.ALERT, retention.MESSAGE, retention.OPEN}
    assert purge(kept) == 0
    assert len(ids(kept)) == 2
    alert = urgent.open_now(kept.office)[0]
    urgent.acknowledge(kept.office, "user:1", alert.id, "Seen.")
    read(kept)
    ((_, stays),) = due(kept)
    assert stays == (retention.OPEN,)


def test_a_request_for_a_correction_keeps_it_until_it_is_answered(kept: Site) -> None:
    intake_id = opened(kept)
    after.send_message(kept.office, intake_id, "I weigh 160 pounds.", correction=True)
    after.withdraw(kept.office, intake_id, "")
    read(kept)
    kept.clock.wait(days=91)
    assert due(kept) == [("withdrawn", (retention.ASKED,))]
    assert purge(kept) == 0
    ((waits, _),) = corrections.waiting(kept.office)
    with kept.office.database.read() as conn:
        found = messages.messages_of(conn, kept.office.vault, intake_id)
    (asked,) = (one.id for one in found if one.kind == messages.CORRECTION)
    told = "We weighed you."
    assert corrections.answer(
        kept.office, "user:1", waits.reference, asked, granted=False, text=told
    )
    assert purge(kept) == 1


def test_what_a_patient_took_back_goes_earlier_and_alone(kept: Site) -> None:
    first = opened(kept)
    other = opened(kept)
    after.withdraw(kept.office, other, "")
    read(kept)
    kept.clock.wait(days=91)
    assert due(kept) == [("withdrawn", ())]
    assert purge(kept) == 1
    assert ids(kept) == {first}


def test_what_was_decided_on_is_kept_for_its_years_although_it_was_taken_back(kept: Site) -> None:
    intake_id = opened(kept)
    with kept.office.database.write() as conn:
        chart.add(Act(conn, kept.office, "user:1"), intake_id, chart.DECISION, {})
    after.withdraw(kept.office, intake_id, "")
    read(kept)
    kept.clock.wait(days=365)
    assert due(kept) == []
    kept.clock.wait(days=366 * YEARS)
    assert due(kept) == [("years", ())]


# Legal holds


def test_a_hold_keeps_every_intake_of_the_patient_until_it_is_lifted(kept: Site) -> None:
    first = opened(kept)
    checked_in(kept, first)
    read(kept)
    later = kept.submissions()[-1].reference
    holder = hire(kept, PHYSICIAN)
    assert retention.place_hold(kept.office, f"user:{holder.id}", later, " Case  12 ")
    after.withdraw(kept.office, first, "")
    read(kept)
    kept.clock.wait(days=366 * YEARS)
    assert [stays for _, stays in due(kept)] == [(retention.HELD,)]
    assert purge(kept) == 0
    (held,) = retention.holds(kept.office)
    assert (held.reference, held.reason, held.by) == (later, "Case 12", "Robin Physician")
    assert retention.lift_hold(kept.office, "user:1", held.id)
    assert not retention.lift_hold(kept.office, "user:1", held.id)
    assert purge(kept) == 2
    assert retention.holds(kept.office) == []


def test_a_hold_on_one_keeps_a_withdrawn_one_of_the_same_patient(kept: Site) -> None:
    first = opened(kept)
    other = checked_in(kept, first)
    read(kept)
    assert retention.place_hold(kept.office, "user:1", kept.submissions()[0].reference, "Case 12")
    after.withdraw(kept.office, other, "")
    read(kept)
    kept.clock.wait(days=91)
    assert due(kept) == [("withdrawn", (retention.HELD,))]
    assert purge(kept) == 0


@pytest.mark.parametrize("then", ["hold", "message", "check-in"])
def test_what_happened_since_the_list_was_drawn_keeps_it(kept: Site, then: str) -> None:
    intake_id = opened(kept)
    kept.clock.wait(days=366 * YEARS)
    found = retention.due(kept.office)
    if then == "hold":
        retention.place_hold(kept.office, "user:1", found[0].reference, "Case 12")
    elif then == "message":
        after.send_message(kept.office, intake_id, "I am back.")
    else:
        checked_in(kept, intake_id)
    assert retention.purge(kept.office, "user:1", found) == 0
    assert intake_id in ids(kept)


@pytest.mark.skipif(not databases.SERVER, reason="one alone writes to SQLite")
@pytest.mark.parametrize("what", ["hold", "check-in"])
def test_whoever_comes_while_it_is_purged_finds_it_gone(
    kept: Site, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    intake_id = opened(kept)
    kept.clock.wait(days=366 * YEARS)
    found = retention.due(kept.office)
    module: Any = retention if what == "hold" else checkin.series
    name = "submission_by_reference" if what == "hold" else "first_of"
    looks_up = getattr(module, name)

    def and_then_it_is_purged(*args: Any) -> Any:
        monkeypatch.setattr(module, name, looks_up)  # a purge looks it up too
        answer = looks_up(*args)
        assert retention.purge(kept.office, "user:1", found) == 1
        return answer

    monkeypatch.setattr(module, name, and_then_it_is_purged)
    if what == "hold":
        assert not retention.place_hold(kept.office, "user:2", found[0].reference, "Case 12")
    else:
        with pytest.raises(checkin.NothingToFollow):
            checkin.begin(kept.office, intake_id, "user:2")
    assert ids(kept) == set()


def test_a_message_that_was_read_in_the_meantime_begins_the_years_anew(kept: Site) -> None:
    intake_id = opened(kept)
    kept.clock.wait(days=366 * YEARS)
    found = retention.due(kept.office)
    after.send_message(kept.office, intake_id, "I am back.")
    read(kept)
    assert retention.purge(kept.office, "user:1", found) == 0
    assert ids(kept) == {intake_id}


def test_a_reason_is_asked_for_and_only_what_was_sent_is_held(kept: Site) -> None:
    with pytest.raises(ValueError, match="reason"):
        retention.place_hold(kept.office, "user:1", "K7Q4-M2XD", "  ")
    assert not retention.place_hold(kept.office, "user:1", "K7Q4-M2XD", "Case 12")


def test_a_file_that_nobody_has_fetched_ends_with_a_purge(kept: Site) -> None:
    opened(kept)
    kept.clock.wait(days=366 * YEARS)
    wanted = Options("yearly review", "Dr. Vale")
    job_id = export_jobs.ask(kept.office, "user:1", wanted)
    export_jobs.make_waiting(kept.office)
    for _ in range(export_jobs.SHOWN + 1):  # those that came since hide it on the page
        export_jobs.ask(kept.office, "user:1", wanted)
    assert purge(kept) == 1
    assert export_jobs.fetch(kept.office, "user:1", job_id) is None
