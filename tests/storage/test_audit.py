import hmac
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from screening.storage import audit
from screening.storage.audit import AUDIT
from screening.storage.sealed import to_json
from screening.storage.vault import Keyring

from .conftest import NOW


def append(database, keyring, number):
    for n in range(number):
        with database.write() as conn:
            audit.append(
                conn,
                keyring,
                at=NOW + timedelta(seconds=n),
                actor="patient",
                action="page-saved",
                intake_id=f"{n}" * 32,
                detail={"revision": n},
            )


def verify(database, keyring, *kept):
    with database.read() as conn:
        return audit.verify(conn, keyring, kept=kept)


def tamper(database, *statements):
    """As somebody who owns the database, so can take the triggers away."""
    with database.write() as conn:
        if database.is_sqlite:
            for trigger in ("audit_update", "audit_delete"):
                conn.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
        else:
            conn.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        for statement in statements:
            conn.execute(statement)


def test_an_untouched_chain_is_right(database, keyring, monkeypatch):
    assert verify(database, keyring) is None
    monkeypatch.setattr(audit, "BATCH", 2)
    append(database, keyring, 5)
    assert verify(database, keyring) is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "user:1"),
        ("action", "exported"),
        ("at", NOW),
        ("intake_id", None),
        ("detail", '{"revision":9}'),
        ("mac", b"0" * 32),
    ],
)
def test_an_edited_row_is_named(database, keyring, column, value):
    append(database, keyring, 5)
    tamper(database, update(AUDIT).where(AUDIT.c.id == 3).values({column: value}))
    assert verify(database, keyring) == 3


@pytest.mark.parametrize("row", [1, 3])
def test_a_deleted_row_is_named(database, keyring, row):
    append(database, keyring, 5)
    tamper(database, delete(AUDIT).where(AUDIT.c.id == row))
    assert verify(database, keyring) == row


def test_a_deleted_row_is_named_when_the_rest_is_renumbered(database, keyring):
    append(database, keyring, 4)
    renumber = update(AUDIT).values(id=AUDIT.c.id - 1)
    steps = [renumber.where(AUDIT.c.id == row) for row in (3, 4)]
    tamper(database, delete(AUDIT).where(AUDIT.c.id == 2), *steps)
    assert verify(database, keyring) == 2


def test_an_inserted_row_is_named(database, keyring):
    append(database, keyring, 3)
    with database.read() as conn:
        row = conn.execute(select(AUDIT).where(AUDIT.c.id == 2)).mappings().one()
    tamper(database, insert(AUDIT).values({**row, "id": 4}))
    assert verify(database, keyring) == 4


def test_reordered_rows_are_named(database, keyring):
    append(database, keyring, 4)
    moves = [(2, 90), (3, 2), (90, 3)]
    tamper(database, *(update(AUDIT).where(AUDIT.c.id == a).values(id=b) for a, b in moves))
    assert verify(database, keyring) == 2


def test_a_row_put_in_between_is_named(database, keyring):
    append(database, keyring, 4)
    with database.read() as conn:
        row = conn.execute(select(AUDIT).where(AUDIT.c.id == 1)).mappings().one()
    moves = [update(AUDIT).where(AUDIT.c.id == n).values(id=n + 1) for n in (4, 3)]
    tamper(database, *moves, insert(AUDIT).values({**row, "id": 3}))
    assert verify(database, keyring) == 3


def test_a_row_of_another_installation_is_named(database, keyring, tmp_path):
    append(database, keyring, 2)
    other = Keyring.create(tmp_path / "others")
    append(database, other, 1)
    assert verify(database, keyring) == 3


def test_every_head_that_was_kept_is_compared(database, keyring):
    kept = []
    for _ in range(3):
        append(database, keyring, 2)
        with database.read() as conn:
            kept.append(audit.head(conn))
    assert verify(database, keyring, *kept) is None
    assert verify(database, keyring, *kept, *kept) is None
    wrong = replace(kept[1], mac=kept[0].mac)
    assert verify(database, keyring, kept[0], wrong, kept[2]) == 4


def test_a_code_is_over_the_row_as_it_is_stored(database, keyring):
    """What is said fast is what `to_json` says: a code of an earlier version stays right."""
    with database.write() as conn:
        said = {"at": NOW, "actor": 'a"\\é', "action": "x\n\t", "detail": {"b": "\u2028é"}}
        audit.append(conn, keyring, intake_id=None, **said)
        row = conn.execute(select(AUDIT)).mappings().one()
    plain = {name: row[name] for name in ("id", "actor", "action", "intake_id", "detail")}
    plain["at"] = row["at"].isoformat(timespec="microseconds")
    assert row["mac"] == hmac.digest(keyring.audit, to_json(plain), "sha256")


def test_a_cut_tail_shows_against_a_head_that_was_kept(database, keyring):
    append(database, keyring, 4)
    with database.read() as conn:
        kept = audit.head(conn)
    append(database, keyring, 1)
    assert verify(database, keyring, kept) is None
    tamper(database, delete(AUDIT).where(AUDIT.c.id >= 3))
    assert verify(database, keyring) is None
    assert verify(database, keyring, kept) == 3
    append(database, keyring, 3)  # regrown with the key, but not the same
    assert verify(database, keyring, kept) == 4


def test_an_emptied_table_shows_against_a_head_that_was_kept(database, keyring):
    append(database, keyring, 2)
    with database.read() as conn:
        kept = audit.head(conn)
    tamper(database, delete(AUDIT))
    assert verify(database, keyring, kept) == 1


@pytest.mark.parametrize("statement", [delete(AUDIT), update(AUDIT).values(actor="x")])
def test_the_database_refuses_to_change_a_row(database, keyring, statement):
    append(database, keyring, 1)
    with pytest.raises(DBAPIError, match="kept as they are"), database.write() as conn:
        conn.execute(statement)


def append_and_fail(database, keyring):
    with database.write() as conn:
        audit.append(conn, keyring, at=NOW, actor="system", action="x")
        raise ZeroDivisionError


def test_a_row_goes_with_its_act_when_that_fails(database, keyring):
    append(database, keyring, 1)
    with pytest.raises(ZeroDivisionError):
        append_and_fail(database, keyring)
    append(database, keyring, 1)
    assert verify(database, keyring) is None


def test_writers_at_once_make_one_chain(database, keyring):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: append(database, keyring, 10), range(4)))
    with database.read() as conn:
        assert audit.head(conn).id == 40
    assert verify(database, keyring) is None


def test_a_detail_is_one_line_and_comes_back(database, keyring):
    with database.write() as conn:
        audit.append(
            conn, keyring, at=NOW, actor="cli", action="x", intake_id="i", detail={"a": "1\r\n2"}
        )
        audit.append(conn, keyring, at=NOW, actor="cli", action="y", intake_id="i")
        stored = conn.execute(select(AUDIT.c.detail)).scalars().first()
        rows = audit.rows_of(conn, "i")
    assert "\n" not in stored
    assert [row["detail"] for row in rows] == [{"a": "1\r\n2"}, {}]
