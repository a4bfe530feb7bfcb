"""Counts by month: right, complete, made once a row, and hiding what is few."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from screening.storage import tallies
from screening.storage.accounts import PHYSICIAN
from screening.workflows import after, checkin, insight, signing
from screening.workflows.insight import Insight, Line, hidden, months_until
from screening.workflows.intake import submit_answers
from screening.workflows.urgent import acknowledge
from tests.builders import example, person
from tests.site import Site
from tests.web.desk import hire

ACTOR = "user:1"


def seen(site: Site) -> Insight:
    insight.count(site.office)
    return insight.insight(site.office, ACTOR)


def cells(found: Insight, name: str) -> tuple[int | None, ...]:
    line: Line = next(line for line in found.activity if line.name == name)
    return line.cells


def test_what_happened_is_counted_once_in_its_month(site: Site) -> None:
    signer = f"user:{hire(site, PHYSICIAN).id}"
    site.clock.moment -= timedelta(days=40)  # October 14
    sent = [submit_answers(site.office, person()) for _ in range(6)]
    site.clock.wait(hours=30)
    for receipt in sent[:5]:
        wanted = signing.Wanted("not-now", "Asked to wait.")
        assert signing.sign(site.office, signer, receipt.reference, wanted, 0)
    again = signing.Wanted("refer", "Changed.", refer_to="A colleague")
    assert signing.sign(site.office, signer, sent[0].reference, again, 1)
    insight.count(site.office)
    site.clock.wait(days=35)
    for _ in range(7):
        submit_answers(site.office, person())
    found = seen(site)
    assert found == insight.insight(site.office, ACTOR)
    assert found.months[0] == date(2025, 11, 1)
    assert [f"{month:%Y-%m}" for month in found.months][-2:] == ["2026-10", "2026-11"]
    assert cells(found, insight.STARTED)[-2:] == (6, 7)
    assert cells(found, insight.SENT)[-2:] == (6, 7)
    assert cells(found, insight.DECIDED)[-2:] == (5, 0)
    assert found.hours is not None
    assert found.hours.cells[-2:] == (30, None)
    outcomes = {line.name: line.cells for line in found.outcomes}
    assert outcomes["Candidate for review"][-1] == 6  # October; November is not over
    assert all(len(line.cells) == 12 for line in (*found.outcomes, *found.concerns))
    assert found.as_of == site.clock.moment


def test_an_open_month_tells_no_outcome_of_who_came_a_moment_ago(site: Site) -> None:
    for _ in range(9):
        submit_answers(site.office, person())
    before = seen(site)
    submit_answers(site.office, example("urgent-suicide-plan")["answers"])
    after_ = seen(site)
    assert (before.outcomes, before.concerns) == (after_.outcomes, after_.concerns)


def test_a_check_in_is_none_of_the_forms(site: Site) -> None:
    for _ in range(5):
        receipt = submit_answers(site.office, person())
        site.clock.wait(hours=1)
        checkin.begin_by_reference(site.office, receipt.reference, ACTOR)
    found = seen(site)
    assert cells(found, insight.STARTED)[-1] == 5
    assert cells(found, insight.CHECK_INS_STARTED)[-1] == 5


def test_pages_where_people_stopped_stay_when_the_forms_are_gone(site: Site) -> None:
    site.clock.moment -= timedelta(days=40)
    for _ in range(5):
        after.delete_draft(site.office, site.start(person(), until="contact"))
    after.delete_draft(site.office, site.start(person(), until="reason"))
    for _ in range(6):
        site.start(person(), until="contact")
    site.clock.wait(days=39)
    found = seen(site)
    pages = list(site.questionnaire.pages.values())
    before = pages[[page.id for page in pages].index("contact") - 1]
    assert [(stop.page, stop.count) for stop in found.stopped.shown] == [(before.title["en"], 5)]
    assert found.stopped.others == 1
    assert [(stop.page, stop.count) for stop in found.idle.shown] == [(before.title["en"], 6)]


def test_alerts_and_the_time_until_somebody_looked(site: Site) -> None:
    for _ in range(5):
        submit_answers(site.office, example("urgent-suicide-plan")["answers"])
    for number, alert in enumerate(site.alerts()):
        site.clock.wait(minutes=number)
        assert acknowledge(site.office, ACTOR, alert.id, "Called.")
    found = seen(site)
    assert found.alerts is not None
    assert found.minutes is not None
    assert (found.alerts.cells[-1], found.minutes.cells[-1]) == (5, 3)


def test_counting_goes_on_in_small_steps_and_never_twice(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insight, "ROWS", 3)
    for _ in range(5):
        submit_answers(site.office, person())
    first = seen(site)
    assert seen(site) == first
    assert cells(first, insight.SENT)[-1] == 5
    with site.office.database.write() as conn:
        was = tallies.read_to(conn)
        assert tallies.add(conn, {("x", "2026-11", ""): 1}, was=was, to=was + 1)
        assert not tallies.add(conn, {("x", "2026-11", ""): 1}, was=was, to=was + 2)
        assert tallies.read(conn)["x", "2026-11", ""] == 1


def test_the_months() -> None:
    found = months_until(date(2026, 1, 31))
    assert (found[0], found[-1], len(found)) == (date(2025, 1, 1), date(2026, 1, 1), 13)


@given(some.lists(some.integers(0, 40), min_size=2, max_size=11))
def test_no_hidden_count_can_be_worked_out_from_the_total(counts: list[int]) -> None:
    total = sum(counts)
    shown = hidden(counts, total)
    assert not [n for n in shown if n is not None and 0 < n < insight.LEAST]
    secret = [n for n, cell in zip(counts, shown, strict=True) if cell is None]
    if total < insight.LEAST:
        assert set(shown) == {None}
    elif secret:
        rest = total - sum(n for n in shown if n)
        assert len(secret) > 1
        assert rest >= insight.LEAST
    else:
        assert list(shown) == counts
