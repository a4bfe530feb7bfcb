"""Whoever changes what belongs to a patient locks their first intake before all else: two who lock
the same rows in another order would wait for each other until PostgreSQL ends one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from screening.workflows import checkin, decisions, examine, queue, retention, review, signing
from screening.workflows.office import Keep
from screening.workflows.signing import Wanted
from tests import databases
from tests.returning import checked_in
from tests.site import Site

from .test_queue_follows import FINE, decided, signer

__all__ = ["signer"]
pytestmark = pytest.mark.skipif(not databases.SERVER, reason="SQLite has one writer at a time")

Act = Callable[[Site, str, str, str], object]  # of a physician, on a check-in: reference, intake


def sign(site: Site, by: str, reference: str, _intake_id: str) -> object:
    found = decisions.ground(site.office, by, reference)
    assert found is not None
    wanted = Wanted("not-now", "As discussed.")
    return signing.sign(site.office, by, reference, wanted, found.number)


def purge(site: Site, by: str, _reference: str, _intake_id: str) -> object:
    object.__setattr__(site.office, "keep", Keep(7, 90))
    for one in site.submissions():
        review.open_record(site.office, by, one.reference)
    site.clock.wait(days=366 * 8)
    return retention.purge(site.office, by, retention.due(site.office))


ACTS: dict[str, Act] = {
    "open": lambda site, by, reference, _: review.open_record(site.office, by, reference),
    "assign": lambda site, by, reference, _: queue.assign(
        site.office, by, reference, was=None, to=int(by.removeprefix("user:"))
    ),
    "measure": lambda site, by, reference, _: examine.measure(site.office, by, reference, FINE),
    "sign": sign,
    "begin": lambda site, _by, _, intake_id: checkin.begin(site.office, intake_id, "patient"),
    "purge": purge,
}


@pytest.mark.parametrize("name", ACTS)
def test_the_first_intake_is_locked_before_anything_else(
    site: Site, signer: str, name: str
) -> None:
    first = decided(site, signer, "Order")
    earlier = next(s.intake_id for s in site.submissions() if s.reference == first)
    check_in = checked_in(site, earlier)
    reference = next(s.reference for s in site.submissions() if s.intake_id == check_in)
    site.clock.wait(minutes=60)
    with locked() as taken:
        assert ACTS[name](site, signer, reference, check_in)
    writing = [one for one in transactions(taken) if (earlier,) in one]
    assert writing
    assert all(one[0] == (earlier,) and "audit" in one for one in writing)


def transactions(taken: list[Any]) -> list[list[Any]]:
    begun = [place for place, what in enumerate(taken) if what == "begin"]
    return [taken[a + 1 : b] for a, b in pairwise([*begun, len(taken)])]


@contextmanager
def locked() -> Iterator[list[Any]]:
    """What is locked, in turn: rows of intakes by their ids, "line" of the queue, "audit"; each
    transaction after a "begin"."""
    taken: list[Any] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "pg_advisory_xact_lock" in statement:
            taken.append("audit")
        elif statement.startswith("UPDATE submissions"):
            taken.append("line")
        elif statement.startswith("SELECT intakes.id") and "FOR UPDATE" in statement:
            taken.append(tuple(parameters.values()))

    def begin(_conn: Any) -> None:
        taken.append("begin")

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "begin", begin)
    try:
        yield taken
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        event.remove(Engine, "begin", begin)
