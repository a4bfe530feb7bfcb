"""What comes back to those who wait after a decision, and whose check-in falls due."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from screening.storage import due, pulse
from screening.storage import queue as storage
from screening.storage.accounts import FRONT_DESK, PHYSICIAN
from screening.workflows import after, checkin, decisions, examine, follow, plans, queue, signing
from screening.workflows import intake as intake_flow
from screening.workflows.examine import Correction
from screening.workflows.intake import PATIENT
from screening.workflows.signing import Wanted
from tests.builders import person
from tests.returning import checked_in
from tests.site import Site

from .desk import Desk, desk, hire
from .test_queue import audit, intake_id, line, names, patients

MARK = "Changed since the decision"
CRISIS = {"measured_systolic": 190, "measured_diastolic": 125}
FINE = {"measured_systolic": 118, "measured_diastolic": 76}
INDUCTION = tuple(date(2026, 12, day) for day in (7, 10, 14, 17, 21, 24))
WHY = "Treated since."


@pytest.fixture
def signer(site: Site) -> str:
    return f"user:{hire(site, PHYSICIAN, email='signs@example.org').id}"


@pytest.fixture
def physician(site: Site) -> Desk:
    return desk(site, PHYSICIAN)


def sign(site: Site, by: str, reference: str, decision: str = "candidate", **why: str) -> None:
    """Decide, some time after whatever came before."""
    site.clock.wait(minutes=1)
    found = decisions.ground(site.office, by, reference)
    assert found is not None
    overrides = {name.replace("_", "-"): text for name, text in why.items()}
    wanted = Wanted(decision, "As discussed.", overrides=overrides)
    if decision == "clearance":
        wanted = Wanted(decision, "As discussed.", clearance_text="Records of 2019.")
    assert signing.sign(site.office, by, reference, wanted, found.number)
    site.clock.wait(minutes=1)


def decided(site: Site, by: str, last_name: str, decision: str = "candidate") -> str:
    whole = person(first_name="Quinn", last_name=last_name)
    reference = intake_flow.submit_answers(site.office, whole).reference
    sign(site, by, reference, decision)
    return reference


def measure(site: Site, reference: str, found: Mapping[str, int]) -> None:
    assert examine.measure(site.office, "user:1", reference, found)


def aneurysm(site: Site, reference: str) -> None:
    told = Correction("vessel_conditions", ["aneurysm"], "Said on the phone.")
    assert examine.amend(site.office, "user:1", reference, told, seen=99)


def both_decided(site: Site, by: str) -> tuple[str, str]:
    """An intake, and its check-in that was urgent when it was decided on."""
    first = decided(site, by, "Both")
    check_in = checked_in(site, intake_id(site, first))
    later = next(s.reference for s in site.submissions() if s.intake_id == check_in)
    measure(site, later, CRISIS)
    sign(site, by, later, "not-now")
    return first, later


def waiting(site: Site) -> int:
    with site.office.database.read() as conn:
        return pulse.take(conn, site.office.now()).waiting


# What changed since the decision


def test_what_was_decided_on_and_had_passed_is_news_when_it_comes_again(
    site: Site, signer: str
) -> None:
    reference = decided(site, signer, "Again")
    measure(site, reference, CRISIS)
    sign(site, signer, reference, "not-now")
    assert waiting(site) == 0
    measure(site, reference, CRISIS)  # as it was
    assert waiting(site) == 0
    measure(site, reference, FINE)
    site.clock.wait(minutes=5)
    measure(site, reference, CRISIS)
    assert waiting(site) == 1


def test_what_a_check_in_was_decided_on_is_no_news_to_a_later_decision_on_the_first(
    site: Site, signer: str
) -> None:
    first, _ = both_decided(site, signer)
    sign(site, signer, first, "not-now")
    assert waiting(site) == 0


def test_what_came_again_to_a_check_in_waits_whatever_is_decided_on_the_first(
    site: Site, signer: str
) -> None:
    first, later = both_decided(site, signer)
    for found in (FINE, CRISIS):
        site.clock.wait(minutes=5)
        measure(site, later, found)
    sign(site, signer, first, "not-now")
    assert waiting(site) == 1


@pytest.mark.parametrize("decision", ["candidate", "clearance", "not-now"])
def test_what_became_urgent_since_its_decision_waits_until_the_next_one(
    site: Site, signer: str, physician: Desk, decision: str
) -> None:
    reference = decided(site, signer, "Crisis", decision)
    decided(site, signer, "Calm")
    measure(site, reference, FINE)
    assert names(physician.open("/staff")) == []
    assert waiting(site) == 0
    measure(site, reference, CRISIS)
    assert names(physician.open("/staff")) == ["Quinn Crisis"]
    shown = line(physician, "Quinn Crisis")
    assert MARK in shown
    assert "Decided" not in shown
    assert waiting(site) == 1
    for asked, fit in (
        ("outcome=urgent", ["Quinn Crisis"]),
        ("outcome=candidate", []),
        ("assigned=nobody", ["Quinn Crisis"]),
        ("state=decided", ["Quinn Calm"]),
    ):
        assert names(physician.open(f"/staff?{asked}")) == fit, asked
    assert "Decide again" in physician.open(f"/staff/intakes/{reference}").text
    sign(site, signer, reference, "candidate", bp_crisis_asymptomatic=WHY)
    assert names(physician.open("/staff")) == []
    assert names(physician.open("/staff?state=decided")) == ["Quinn Crisis", "Quinn Calm"]
    assert MARK not in physician.text
    assert waiting(site) == 0


def test_a_correction_that_excludes_brings_it_back_and_one_that_takes_it_back_does_not(
    site: Site, signer: str, physician: Desk
) -> None:
    reference = decided(site, signer, "Vessel")
    aneurysm(site, reference)
    assert MARK in line(physician.open("/staff"), "Quinn Vessel")
    told = Correction("vessel_conditions", ["none"], "It was somebody else.")
    assert examine.amend(site.office, "user:1", reference, told, seen=99)
    assert names(physician.open("/staff")) == []
    assert MARK not in line(physician.open("/staff?state=decided"), "Quinn Vessel")


def test_the_patient_and_the_front_desk_are_told_no_more_than_before(
    site: Site, signer: str
) -> None:
    reference = decided(site, signer, "Crisis")
    measure(site, reference, CRISIS)
    status = after.status_of(site.office, intake_id(site, reference), reply_days=2)
    assert status is not None
    assert status.decided
    page = desk(site, FRONT_DESK)
    assert ["Waiting for the physician" in row for row in patients(page)] == [True]
    assert MARK not in page.answer.text
    bare = queue.queue(site.office, "user:1", queue.Asked(), answers=False)
    assert [one.changed for one in bare.lines] == [False]


def test_a_check_in_that_tells_of_something_grave_bears_the_mark_and_leads_to_it(
    site: Site, signer: str, physician: Desk
) -> None:
    first = decided(site, signer, "Returns")
    own = {"first_name": "Quinn", "last_name": "Returns"}
    checked_in(site, intake_id(site, first), pregnant="yes", preeclampsia="no", **own)
    later = site.submissions()[-1].reference
    assert names(physician.open("/staff")) == ["Quinn Returns"]
    for part in (MARK, "Check-in", later):
        assert part in line(physician, "Quinn Returns")
    assert MARK in line(physician.open("/staff?state=decided"), "Quinn Returns")
    record = physician.open(f"/staff/intakes/{first}")
    assert record.soup.find("a", string="Go to the record that says so and decide there")[
        "href"
    ].endswith(later)
    sign(site, signer, later, pregnancy=WHY)
    assert names(physician.open("/staff")) == []
    assert MARK not in physician.open("/staff?state=decided").text


def test_a_check_in_that_is_taken_back_takes_the_mark_with_it(
    site: Site, signer: str, physician: Desk
) -> None:
    first = decided(site, signer, "Returns")
    later = checked_in(site, intake_id(site, first), pregnant="yes", preeclampsia="no")
    assert MARK in physician.open("/staff?state=decided").text
    after.withdraw(site.office, later, "")
    assert MARK not in physician.open("/staff?state=decided").text
    assert MARK not in physician.open("/staff?state=withdrawn").text


def test_an_older_record_that_is_corrected_after_a_later_decision_counts(
    site: Site, signer: str, physician: Desk
) -> None:
    """A check-in does not ask for the history again: only the first record tells of it."""
    first = decided(site, signer, "History")
    measure(site, first, CRISIS)
    sign(site, signer, first, bp_crisis_asymptomatic=WHY)
    checked_in(site, intake_id(site, first))
    later = site.submissions()[-1].reference
    sign(site, signer, later)
    assert names(physician.open("/staff")) == []  # decided on before: the pressure is no news
    planning = plans.planned(site.office, later)
    assert planning is not None
    assert planning.may_be_planned
    aneurysm(site, first)
    planning = plans.planned(site.office, later)
    assert planning is not None
    assert planning.since == (site.questionnaire.rule["aneurysm-avm"].says,)
    assert not planning.may_be_planned
    assert names(physician.open("/staff")) == ["Quinn History"]
    assert first in line(physician, "Quinn History")
    sign(site, signer, first, bp_crisis_asymptomatic=WHY, aneurysm_avm=WHY)
    assert names(physician.open("/staff")) == []


# Check-ins that fall due


def plan(site: Site, reference: str, *boosters: date) -> None:
    opened = plans.planned(site.office, reference)
    assert opened is not None
    dates = plans.Dates(INDUCTION, boosters, reason="The patient asked for it.")
    plans.save(site.office, "user:1", reference, dates, after=opened.last)


def listed(page: Desk) -> list[str]:
    found = page.open("/staff").soup.find("section", attrs={"aria-labelledby": "check-ins"})
    rows = found.find_all("li") if found else []
    return [" ".join(row.get_text(" ", strip=True).split()) for row in rows]


def anew(site: Site) -> Desk:
    """A physician who signs in now: days pass here, and sessions end."""
    colleague = hire(site, PHYSICIAN, email=f"colleague-{len(site.actions())}@example.org")
    return Desk(site).sign_in(colleague)


def on(site: Site, day: date) -> None:
    site.clock.wait(days=(day - site.office.today()).days)


def test_a_check_in_is_due_from_the_day_the_plan_names_the_longest_first(
    site: Site, signer: str
) -> None:
    for name, day in (("Later", 30), ("Sooner", 28)):
        plan(site, decided(site, signer, name), date(2027, 1, day), date(2027, 3, 1))
    on(site, date(2027, 1, 20))
    page = anew(site)
    assert listed(page) == []
    on(site, date(2027, 1, 21))
    page = anew(site)
    assert listed(page) == ["Quinn Sooner Today"]
    on(site, date(2027, 1, 24))
    page = anew(site)
    assert listed(page) == [
        "Quinn Sooner Overdue since Jan 21, 2027",
        "Quinn Later Overdue since Jan 23, 2027",
    ]
    assert "check-in is due" not in desk(site, FRONT_DESK).answer.text
    sooner, later = (one.reference for one in reversed(site.submissions()))
    assert audit(site, "check_ins.viewed")[-1]["detail"] == f'{{"shown":["{sooner}","{later}"]}}'


def test_a_check_in_is_due_until_it_is_sent_and_then_the_next_one(site: Site, signer: str) -> None:
    first = decided(site, signer, "Returns")
    plan(site, first, date(2027, 1, 28), date(2027, 2, 25))
    checked_in(site, intake_id(site, first))  # too early: older than the protocol allows
    on(site, date(2027, 1, 22))
    page = anew(site)
    assert len(listed(page)) == 1
    earlier = intake_id(site, first)
    checkin.begin(site.office, earlier, PATIENT)
    assert listed(page) == ["Quinn Returns Overdue Started, not sent since Jan 21, 2027"]
    checked_in(site, earlier)
    assert listed(page) == []
    on(site, date(2027, 2, 18))
    assert listed(anew(site)) == ["Quinn Returns Today"]


def test_a_moved_booster_a_new_decision_and_a_withdrawal_end_what_was_due(
    site: Site, signer: str
) -> None:
    moved, refused, gone, stays = (
        decided(site, signer, name) for name in ("Moved", "Refused", "Gone", "Stays")
    )
    for reference in (moved, refused, gone, stays):
        plan(site, reference, date(2027, 1, 28))
    on(site, date(2027, 1, 21))
    assert len(listed(anew(site))) == 4
    plan(site, moved, date(2027, 2, 8))
    sign(site, signer, refused, "not-now")
    after.withdraw(site.office, intake_id(site, gone), "")
    measure(site, stays, FINE)
    page = anew(site)
    assert listed(page) == ["Quinn Stays Today"]
    on(site, date(2027, 1, 29))
    plan(site, stays, date(2027, 1, 28))  # kept again after its day: it is over
    assert listed(anew(site)) == []


def test_only_the_lines_that_are_shown_are_opened(
    site: Site, signer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        plan(site, decided(site, signer, f"Number {number}"), date(2027, 1, 28))
    on(site, date(2027, 1, 21))
    monkeypatch.setattr(follow, "SHOWN", 3)
    page = anew(site)
    assert len(listed(page)) == 3
    assert "And 1 besides" in page.text
    opened: list[Any] = []
    real = storage.unseal_json

    def counted(*args: Any, **place: str) -> Any:
        opened.append(place)
        return real(*args, **place)

    monkeypatch.setattr(storage, "unseal_json", counted)
    follow.due_now(site.office, "user:1")
    assert len(opened) == 3


def test_what_fell_due_long_ago_is_shown_for_a_year(site: Site, signer: str) -> None:
    plan(site, decided(site, signer, "Lost"), date(2027, 1, 28))
    on(site, date(2027, 1, 21) + timedelta(days=due.DAYS - 1))
    assert len(follow.due_now(site.office, "user:1").shown) == 1
    site.clock.wait(days=1)
    assert follow.due_now(site.office, "user:1").shown == ()
