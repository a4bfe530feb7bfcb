from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DatabaseError

from screening.storage import chart, intakes
from screening.storage.intakes import CHART
from screening.storage.vault import VaultError

from .conftest import NOW


def add(database, vault, draft, kind="note", after=None, **body):
    with database.write() as conn:
        return chart.add_entry(
            conn, vault, draft.id, kind=kind, body=body, by="user:1", at=NOW, after=after
        )


def entries(database, vault, draft):
    with database.read() as conn:
        return chart.entries_of(conn, vault, draft.id)


def test_entries_are_numbered_as_they_come(database, vault, draft):
    first = add(database, vault, draft, text="Called, no answer.")
    second = add(database, vault, draft, "decision", decision="not-now")
    assert entries(database, vault, draft) == (first, second)
    assert [entry.number for entry in (first, second)] == [1, 2]
    assert "Called" not in repr(first)


def test_who_has_not_read_the_last_entry_is_refused(database, vault, draft):
    add(database, vault, draft, "decision", after=0, decision="not-now")
    with pytest.raises(chart.ChartChanged):
        add(database, vault, draft, "decision", after=0, decision="candidate")
    assert len(entries(database, vault, draft)) == 1
    assert add(database, vault, draft, after=1, text="Seen.").number == 2


def test_an_entry_cannot_be_changed(database, vault, draft):
    add(database, vault, draft, text="Seen.")
    with pytest.raises(DatabaseError, match="kept as they are"), database.write() as conn:
        conn.execute(update(CHART).values(at=NOW + timedelta(days=1)))


def test_an_entry_of_another_kind_does_not_open(database, vault, draft):
    add(database, vault, draft, text="Seen.")
    with database.write() as conn:
        row = conn.execute(CHART.select()).one()._asdict() | {"number": 2}
        conn.execute(CHART.insert(), row)
    with pytest.raises(VaultError):
        entries(database, vault, draft)


def test_the_chart_goes_with_its_intake(database, vault, draft):
    add(database, vault, draft, text="Seen.")
    with database.write() as conn:
        intakes.delete_intake(conn, draft.id)
    assert entries(database, vault, draft) == ()
