"""A prepared statement says what SQLAlchemy says, and a draft is read again when it has changed."""

from datetime import timedelta

import pytest

from screening.storage import draft_statements as drafts
from screening.storage import intakes

from .conftest import NOW, read, save


def test_it_gives_the_rows_that_sqlalchemy_gives(database, draft):
    with database.read() as conn:
        prepared = drafts.INTAKE.rows(conn, {"intake": draft.id})
        usual = conn.execute(drafts.INTAKE.statement, {"intake": draft.id}).all()
    assert [tuple(row) for row in prepared] == [tuple(row) for row in usual]
    kept = dict(zip(drafts.INTAKE_COLUMNS, prepared[0], strict=True))
    assert (kept["created_at"], kept["submitted_at"]) == (NOW, None)


def test_it_counts_what_it_changed(database, draft):
    with database.write() as conn:
        later = {"now": NOW + timedelta(minutes=1)}
        assert drafts.SEEN.changed(conn, {"intake": draft.id, **later}) == 1
        assert drafts.SEEN.changed(conn, {"intake": "nobody", **later}) == 0


def test_a_parameter_that_is_not_given_is_an_error(sqlite, draft):
    with pytest.raises(KeyError), sqlite.read() as conn:
        drafts.INTAKE.rows(conn, {})


def test_a_draft_is_read_again_only_after_a_save(database, vault, draft):
    seen = save(database, vault, draft, "mood", {"phq9_1": 1})
    assert again(database, vault, seen) is seen
    save(database, vault, seen, "heart", {"arrhythmia": "no"})
    assert again(database, vault, seen) == read(database, vault, draft)
    assert set(again(database, vault, seen).answers) == {"mood", "heart"}


def test_a_deleted_draft_is_gone_when_it_is_read_again(database, vault, draft):
    with database.write() as conn:
        intakes.delete_draft(conn, draft.id)
    assert again(database, vault, draft) is None


def again(database, vault, seen):
    with database.read() as conn:
        return intakes.read_again(conn, vault, seen)
