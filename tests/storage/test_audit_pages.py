"""The audit a page at a time, newest first, by every filter."""

from datetime import timedelta

import pytest

from screening.storage import audit, audit_pages
from screening.storage.audit_pages import Wanted

from .conftest import NOW

ACTORS = ("patient", "user:1", "user:2")
ACTIONS = ("page.saved", "record.viewed", "export.asked", "code.used")


@pytest.fixture
def rows(database, keyring):
    """Forty rows, an hour apart; the clock was once set back by a day."""
    kept = []
    with database.write() as conn:
        for n in range(1, 41):
            at = NOW + timedelta(hours=n) - timedelta(days=n == 20)
            actor, action = ACTORS[n % 3], ACTIONS[n % 4]
            intake = f"{n % 5}" * 32 if n % 2 else None
            audit.append(conn, keyring, at=at, actor=actor, action=action, intake_id=intake)
            kept.append((n, at, actor, action, intake))
    return kept


def ids(database, wanted, **where):
    with database.read() as conn:
        return [row.id for row in audit_pages.page(conn, wanted, **{"limit": 100, **where})]


WANTED = [
    Wanted(),
    Wanted(actor="patient"),
    Wanted(actor="user:1"),
    Wanted(actor="user:9"),
    Wanted(actions=("code.used",)),
    Wanted(actions=("code.used", "page.saved", "no.such")),
    Wanted(actor="user:2", actions=("code.used", "page.saved")),
    Wanted(actor="patient", actions=("code.used", "page.saved")),
    Wanted(intake_id="3" * 32),
    Wanted(since=NOW + timedelta(hours=10), until=NOW + timedelta(hours=30)),
    Wanted(until=NOW + timedelta(hours=5), actions=("code.used", "page.saved")),
    Wanted(since=NOW + timedelta(days=9)),
]


def fits(wanted, row):
    _, at, actor, action, intake = row
    return (
        (wanted.actor is None or actor == wanted.actor)
        and (not wanted.actions or action in wanted.actions)
        and (wanted.intake_id is None or intake == wanted.intake_id)
        and (wanted.since is None or at >= wanted.since)
        and (wanted.until is None or at < wanted.until)
    )


@pytest.mark.parametrize("wanted", WANTED, ids=range(len(WANTED)))
def test_pages_hold_what_fits_in_both_directions(database, rows, wanted):
    expected = [row[0] for row in reversed(rows) if fits(wanted, row)]
    assert ids(database, wanted) == expected
    forward, place = [], None
    while part := ids(database, wanted, limit=3, before=place):
        forward += part
        place = part[-1]
    assert forward == expected
    back, place = [], 0
    while part := ids(database, wanted, limit=3, after=place):
        back = part + back
        place = part[0]
    assert back == expected
    with database.read() as conn:
        assert [row.id for row in audit_pages.every(conn, wanted)] == expected[::-1]


def test_the_newest_of_some_actions(database, rows):
    with database.read() as conn:
        found = audit_pages.newest(conn, ("code.used", "export.asked"))
        assert found.id == 39
        assert audit_pages.newest(conn, ("no.such",)) is None
