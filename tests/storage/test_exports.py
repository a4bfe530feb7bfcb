"""The walk over all submissions, and the lines kept on the way."""

import pytest
from sqlalchemy import select, update

from screening.storage import audit, exports
from screening.storage.intakes import DOCUMENTS, delete_intake
from screening.storage.vault import VaultError

from .conftest import NOW, new_draft
from .test_submissions import some


def walk(database, vault, form="1", **limits):
    with database.read() as conn:
        return list(exports.stored_lines(conn, vault, form=form, **limits))


def keep(database, vault, lines, form="1"):
    for line in lines:
        line.kept = f"line {line.id}".encode()
    with database.write() as conn:
        exports.keep_lines(conn, vault, lines, form=form, now=NOW)


def test_without_a_kept_line_the_document_is_given_and_then_the_line(database, vault):
    receipts = some(database, vault, 3)
    before = walk(database, vault)
    assert [line.document_json for line in before] == [b'{"n":0}', b'{"n":1}', b'{"n":2}']
    assert [line.reference for line in before] == [receipt.reference for receipt in receipts]
    assert {line.kept for line in before} == {b""}
    keep(database, vault, before[:2])
    after = walk(database, vault)
    assert [line.kept for line in after] == [b"line 1", b"line 2", b""]
    assert [line.document_json for line in after] == [b"", b"", b'{"n":2}']
    assert [line.submitted_at for line in after] == [receipt.submitted_at for receipt in receipts]


def test_a_walk_can_be_limited_by_time_and_id(database, vault):
    second = some(database, vault, 4)[1].submitted_at
    assert [line.id for line in walk(database, vault, since=second)] == [2, 3, 4]
    assert [line.id for line in walk(database, vault, until=second)] == [1]
    assert [line.id for line in walk(database, vault, since=second, last_id=3)] == [2, 3]
    with database.read() as conn:
        assert exports.newest_id(conn) == 4


def test_a_line_of_another_form_is_not_given_and_goes_when_a_new_one_comes(database, vault):
    some(database, vault, 2)
    keep(database, vault, walk(database, vault, "0"), "0")
    lines = walk(database, vault)
    assert {line.kept for line in lines} == {b""}
    keep(database, vault, lines[:1])
    with database.read() as conn:
        papers = conn.execute(select(DOCUMENTS.c.paper).order_by(DOCUMENTS.c.submission_id))
        assert papers.scalars().all() == ["1", "0"]


def test_keeping_twice_keeps_the_first(database, vault):
    some(database, vault, 1)
    lines = walk(database, vault)
    keep(database, vault, lines)
    with database.write() as conn:
        lines[0].kept = b"another"
        exports.keep_lines(conn, vault, lines, form="1", now=NOW)
    assert walk(database, vault)[0].kept == b"line 1"


def test_nothing_is_kept_of_an_intake_that_was_deleted_meanwhile(database, vault):
    some(database, vault, 2)
    lines = walk(database, vault)
    with database.write() as conn:
        delete_intake(conn, lines[0].intake_id)
    keep(database, vault, lines)
    assert [line.kept for line in walk(database, vault)] == [b"line 2"]


def test_a_line_put_to_another_intake_is_refused(database, vault):
    some(database, vault, 2)
    keep(database, vault, walk(database, vault))
    with database.write() as conn:
        first = conn.execute(select(DOCUMENTS.c.ciphertext)).scalars().first()
        conn.execute(update(DOCUMENTS).values(ciphertext=first))
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
