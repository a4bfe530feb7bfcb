"""The walk over all submissions, each with what staff added."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from screening.storage import audit, chart, exports
from screening.storage.exports import Wanted
from screening.storage.intakes import INTAKES, SUBMISSIONS
from screening.storage.vault import VaultError

from .conftest import NOW, new_draft
from .test_submissions import some


def walk(database, vault, kinds=("note",), **limits):
    with database.read() as conn:
        return list(exports.exported(conn, vault, Wanted(**limits), kinds))


def ids(found):
    return [one.id for one in found]


def add(database, vault, submission_id, kind, **body):
    with database.write() as conn:
        asked = SUBMISSIONS.select().where(SUBMISSIONS.c.id == submission_id)
        intake_id = conn.execute(asked).one().intake_id
        chart.add_entry(conn, vault, intake_id, kind=kind, body=body, by="user:1", at=NOW)


def test_submissions_come_oldest_first_as_they_were_frozen(database, vault):
    receipts = some(database, vault, 3)
    found = walk(database, vault)
    assert [one.document_json for one in found] == [b'{"n":0}', b'{"n":1}', b'{"n":2}']
    assert [one.reference for one in found] == [receipt.reference for receipt in receipts]
    assert [one.submitted_at for one in found] == [receipt.submitted_at for receipt in receipts]
    assert {one.entries for one in found} == {()}


def test_each_brings_the_entries_of_its_chart_that_were_asked_for(database, vault, monkeypatch):
    monkeypatch.setattr(exports, "BATCH", 2)
    some(database, vault, 3)
    for number in (1, 2):
        add(database, vault, 3, "note", n=number)
    add(database, vault, 3, "letter", n=3)
    add(database, vault, 1, "note", n=4)
    found = walk(database, vault)
    assert [[entry.body["n"] for entry in one.entries] for one in found] == [[4], [], [1, 2]]


def test_a_walk_can_be_limited(database, vault):
    second = some(database, vault, 4)[1].submitted_at
    assert ids(walk(database, vault, since=second)) == [2, 3, 4]
    assert ids(walk(database, vault, until=second)) == [1]
    assert ids(walk(database, vault, version="another")) == []
    with database.read() as conn:
        assert exports.count(conn, Wanted(since=second)) == 3


def test_what_was_withdrawn_is_left_out(database, vault):
    receipts = some(database, vault, 2)
    with database.write() as conn:
        first = update(INTAKES).where(INTAKES.c.reference == receipts[0].reference)
        conn.execute(first.values(withdrawn_at=NOW + timedelta(days=9)))
        assert exports.count(conn, Wanted()) == 1
    assert ids(walk(database, vault)) == [2]


def test_a_document_put_to_another_intake_is_refused(database, vault):
    some(database, vault, 2)
    with database.write() as conn:
        first = conn.execute(SUBMISSIONS.select().order_by(SUBMISSIONS.c.id)).first()
        conn.execute(update(SUBMISSIONS).values(document=first.document))
    with pytest.raises(VaultError):
        walk(database, vault)


def test_intakes_are_told_apart_by_who_started_them(database, vault, keyring):
    drafts = [new_draft(database, vault) for _ in range(3)]
    with database.write() as conn:
        for draft, actor in zip(drafts, ("seed", "seed", "patient"), strict=True):
            audit.append(
                conn, keyring, at=NOW, actor=actor, action="intake.started", intake_id=draft.id
            )
        assert exports.intakes_by(conn, "seed") == 2
        assert exports.count_intakes(conn) == 3
