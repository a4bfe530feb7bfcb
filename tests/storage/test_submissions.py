from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from screening.storage import queue, submissions
from screening.storage.intakes import SUBMISSIONS
from screening.storage.vault import VaultError

from .conftest import NOW, new_draft, read


def submit(database, vault, intake, *, document=None, card=None, now=NOW):
    with database.write() as conn:
        return submissions.submit(
            conn, vault, intake, document=document or {}, card=card or {}, now=now
        )


def some(database, vault, number):
    """So many submissions a day apart, each with its number as document and card."""
    made = []
    for n in range(number):
        draft = new_draft(database, vault)
        made.append(
            submit(
                database,
                vault,
                draft,
                document={"n": n},
                card={"n": n},
                now=NOW + timedelta(days=n),
            )
        )
    return made


def test_a_second_submit_gives_the_first_receipt(database, vault, draft):
    first = submit(database, vault, draft, document={"outcome": "candidate"})
    second = submit(
        database, vault, draft, document={"outcome": "excluded"}, now=NOW + timedelta(hours=1)
    )
    assert first.first
    assert not second.first
    assert (second.submission_id, second.reference, second.submitted_at) == (
        first.submission_id,
        draft.reference,
        NOW,
    )
    with database.read() as conn:
        stored = submissions.submission_of(conn, vault, draft.id)
        assert submissions.receipt_of(conn, draft.id) == second
    assert stored.document == {"outcome": "candidate"}


def test_parallel_submits_make_one_submission(database, vault, draft):
    with ThreadPoolExecutor(8) as pool:
        receipts = list(
            pool.map(lambda n: submit(database, vault, draft, card={"n": n}), range(16))
        )
    assert sum(receipt.first for receipt in receipts) == 1
    assert len({receipt.submission_id for receipt in receipts}) == 1
    with database.read() as conn:
        assert conn.execute(select(func.count()).select_from(SUBMISSIONS)).scalar() == 1


def test_no_receipt_for_a_draft(database, draft):
    with database.read() as conn:
        assert submissions.receipt_of(conn, draft.id) is None


def test_a_status_changes_once(database, vault):
    one, other = some(database, vault, 2)
    with database.write() as conn:
        assert submissions.set_status(conn, one.submission_id, was="new", to="read")
        assert not submissions.set_status(conn, one.submission_id, was="new", to="declined")
    with database.read() as conn:
        (entry,) = queue.lines(conn, vault, queue.Wanted(unread=True), limit=9)
    assert entry.id == other.submission_id


def test_a_submission_is_found_by_its_reference_however_typed(database, vault, draft):
    submit(database, vault, draft, document={"a": "ñ"})
    for typed in (draft.reference, draft.reference.lower(), draft.reference.replace("-", " ")):
        with database.read() as conn:
            found = submissions.submission_by_reference(conn, vault, typed)
            assert found.document == {"a": "ñ"}
            assert (found.questionnaire, found.content_hash) == ("2026-1", "abc")
    with database.read() as conn:
        assert submissions.submission_by_reference(conn, vault, "ZZZZ-ZZZZ") is None
        assert submissions.submission_of(conn, vault, "none") is None


def test_a_draft_is_not_a_submission(database, vault, draft):
    with database.read() as conn:
        assert submissions.submission_by_reference(conn, vault, draft.reference) is None


def test_all_submissions_stream_in_the_order_they_came(database, vault, monkeypatch):
    monkeypatch.setattr(submissions, "BATCH", 2)
    some(database, vault, 5)
    with database.read() as conn:
        seen = [s.document["n"] for s in submissions.all_submissions(conn, vault)]
        later = submissions.all_submissions(conn, vault, since=NOW + timedelta(days=3))
        assert [s.document_json for s in later] == [b'{"n":3}', b'{"n":4}']
    assert seen == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("column", ["document", "card"])
def test_a_swapped_column_is_refused(database, vault, draft, column):
    submit(database, vault, draft, document={"a": 1}, card={"a": 1})
    other = {"document": "card", "card": "document"}[column]
    with database.write() as conn:
        conn.execute(update(SUBMISSIONS).values({column: SUBMISSIONS.c[other]}))
    read_it = {
        "document": lambda conn: submissions.submission_of(conn, vault, draft.id),
        "card": lambda conn: queue.lines(conn, vault, queue.Wanted(), limit=1),
    }[column]
    with database.read() as conn, pytest.raises(VaultError):
        read_it(conn)


def test_a_document_is_kept_once_for_each_paper(database, vault, draft):
    submit(database, vault, draft)

    def stored(paper):
        with database.read() as conn:
            whole = submissions.submission_of(conn, vault, draft.id)
            return submissions.read_document(conn, vault, whole, kind="pdf", paper=paper)

    assert stored("letter") is None
    for content in (b"%PDF first", b"%PDF second"):
        with database.write() as conn:
            whole = submissions.submission_of(conn, vault, draft.id)
            submissions.store_document(
                conn, vault, whole, kind="pdf", paper="letter", content=content, now=NOW
            )
    assert stored("letter") == b"%PDF first"
    assert stored("a4") is None


def test_a_submitted_intake_says_so(database, vault, draft):
    submit(database, vault, draft)
    assert read(database, vault, draft).status == "submitted"
