"""What has had its time, and what holds it, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from screening.storage import intakes, messages, retention
from screening.storage.intakes import INTAKES

from .conftest import NOW, new_draft
from .test_submissions import submit

LATER = NOW + timedelta(days=400)


@pytest.fixture
def sent(database, vault):
    """An intake, sent at NOW."""
    draft = new_draft(database, vault)
    submit(database, vault, draft)
    return draft


def follow(database, vault, first):
    """A check-in of the same patient, begun NOW."""
    with database.write() as conn:
        return intakes.create_draft(
            conn, vault, questionnaire="2026-1", content_hash="abc", now=NOW, follows=first.id
        )


def untouched(database, before=LATER):
    with database.read() as conn:
        return retention.untouched_since(conn, before)


def test_a_series_is_listed_whole_once_its_last_is_old(database, vault, sent):
    later = follow(database, vault, sent)
    submit(database, vault, later, now=NOW + timedelta(days=30))
    assert untouched(database, NOW + timedelta(days=10)) == []
    found = untouched(database)
    assert {kept.id for kept in found} == {sent.id, later.id}
    assert {kept.series for kept in found} == {sent.id}
    with database.read() as conn:
        assert {kept.id for kept in retention.series_of(conn, later.id)} == {sent.id, later.id}


def test_an_unfinished_intake_alone_is_not_listed(database, vault, draft):
    assert untouched(database) == []


def test_it_tells_what_waits_for_somebody(database, vault, sent):
    with database.write() as conn:
        body = {"text": "Call me.", "crisis": False}
        messages.add_message(conn, vault, sent.id, kind="message", body=body, at=LATER)
    (kept,) = untouched(database)
    assert (kept.is_new, kept.unread, kept.open_alerts, kept.held) == (True, 1, 0, 0)
    assert kept.last_at == LATER


def test_a_hold_is_the_patients_and_is_sealed(database, vault, sent):
    later = follow(database, vault, sent)
    with database.write() as conn:
        told = {"reason": "Case 12", "by": "user:1", "now": NOW}
        retention.place_hold(conn, vault, later.id, **told)
        assert b"Case 12" not in conn.execute(select(intakes.HOLDS.c.reason)).scalar_one()
    assert {kept.held for kept in untouched(database)} == {1}
    with database.read() as conn:
        (hold,) = retention.holds(conn, vault)
    assert (hold.reason, hold.reference) == ("Case 12", later.reference)
    assert "Case 12" not in repr(hold)
    with database.write() as conn:
        assert retention.lift_hold(conn, hold.id, by="user:2", now=LATER) == later.id
        assert retention.lift_hold(conn, hold.id, by="user:2", now=LATER) is None
    assert {kept.held for kept in untouched(database)} == {0}


def test_what_is_gone_is_not_held(database, vault, sent):
    told = {"reason": "Case 12", "by": "user:1", "now": NOW}
    with database.write() as conn:
        intakes.delete_intake(conn, sent.id)
        assert not retention.place_hold(conn, vault, sent.id, **told)


def test_a_held_intake_that_was_let_go_is_deleted_with_its_holds(database, vault, sent):
    with database.write() as conn:
        retention.place_hold(conn, vault, sent.id, reason="Case 12", by="user:1", now=NOW)
        intakes.delete_intake(conn, sent.id)
    database.checkpoint()
    with database.read() as conn:
        assert conn.execute(select(INTAKES.c.id)).all() == []
