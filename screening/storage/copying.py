"""All rows of one database into another, whichever of SQLite and PostgreSQL each of them is.

Rows travel as the models read them, so both sides must be of the newest revision. A copy has the
rows' own ids and goes on counting where its source would: an id that was purged is not given again.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Integer, Table, delete, func, insert, select, text

from .accounts import User
from .database import Database, DatabaseUnavailableError

TABLES: tuple[Table, ...] = tuple(User.metadata.sorted_tables)  # those referred to come first
BATCH = 200  # rows held at once; one may be a summary of a hundred kilobytes
OURS = ("users", "intakes", "audit")  # what a fresh installation has no rows of
# What it may have rows of: somebody opened a page. Those give way.
PASSING = ("attempts", "definitions", "page_times", "roles", "tallies", "web_sessions")
LIMIT = 2**256

Told = Callable[[str], None]  # is told, in plain words, how far it is


class CopyError(Exception):
    """The copy was not made or is not equal to its source. One plain line."""


@dataclass(frozen=True)
class Tally:
    """How many rows a table has, and the sum of their hashes: the same in whatever order."""

    rows: int
    sum: int


def snapshot(source: Database, path: Path) -> None:
    """All tables as of one moment, into a new SQLite file; writers go on meanwhile.

    Raises DatabaseUnavailableError, OSError.
    """
    path.touch(mode=0o600, exist_ok=False)
    if source.is_sqlite:
        _vacuum(str(source.url.database), path)
        return
    target = Database(f"sqlite:///{path}")
    try:
        target.migrate()
        copy(source, target)
    finally:
        target.close()
        path.with_name(path.name + ".lock").unlink(missing_ok=True)


def _vacuum(source: str, path: Path) -> None:
    """SQLite's own copy: whole, without the pages that deleted rows have left."""
    try:
        with closing(sqlite3.connect(source, timeout=30, isolation_level=None)) as conn:
            conn.execute("PRAGMA busy_timeout=30000")
            conn.execute("VACUUM INTO ?", (str(path),))
    except sqlite3.Error as error:
        raise DatabaseUnavailableError(f"the database could not be copied: {error}") from error


def copy(source: Database, target: Database, told: Told = lambda _: None) -> dict[str, Tally]:
    """In one transaction on each side. Raises CopyError when the target has rows of its own."""
    with source.read() as origin, target.write() as conn:
        return copy_rows(origin, conn, told)


def copy_rows(
    source: Connection, target: Connection, told: Told = lambda _: None
) -> dict[str, Tally]:
    """Into migrated tables, whose transaction stays open. Raises CopyError as `copy` does."""
    refuse_full(target)
    for name in PASSING:
        target.execute(delete(_table(name)))
    tallies = {}
    for table in TABLES:
        tallies[table.name] = _copy_table(source, target, table)
        told(f"{table.name}: {tallies[table.name].rows} rows")
    _go_on_counting(target, _last_ids(source))
    if tallies != tallies_of(target):
        raise CopyError("what arrived is not what was sent")
    return tallies


def refuse_full(conn: Connection) -> None:
    """Raises CopyError when the installation has people, intakes or an audit."""
    for name in OURS:
        if conn.execute(select(text("1")).select_from(_table(name)).limit(1)).first():
            raise CopyError(
                f"there are rows in it already ({name}) and only an empty one is filled; if the "
                "server or init only just made them, move that database away first"
            )


def tallies_of(conn: Connection) -> dict[str, Tally]:
    return {table.name: _tally(_rows(conn, table)) for table in TABLES}


def counts_of(conn: Connection) -> dict[str, int]:
    return {
        table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
        for table in TABLES
    }


def _copy_table(source: Connection, target: Connection, table: Table) -> Tally:
    tally, batch = Tally(0, 0), []
    for row in _rows(source, table):
        batch.append(row)
        if len(batch) == BATCH:
            tally = _add(tally, _insert(target, table, batch))
            batch = []
    return _add(tally, _insert(target, table, batch))


def _insert(target: Connection, table: Table, batch: list[Mapping[str, Any]]) -> Tally:
    if batch:
        target.execute(insert(table), batch)
    return _tally(batch)


def _rows(conn: Connection, table: Table) -> Iterator[Mapping[str, Any]]:
    asked = select(table).execution_options(yield_per=BATCH)
    with conn.execute(asked) as rows:
        for row in rows.mappings():
            yield dict(row)


def _tally(rows: Iterable[Mapping[str, Any]]) -> Tally:
    tally = Tally(0, 0)
    for row in rows:
        digest = sha256(repr(sorted(row.items())).encode()).digest()
        tally = _add(tally, Tally(1, int.from_bytes(digest)))
    return tally


def _add(one: Tally, other: Tally) -> Tally:
    return Tally(one.rows + other.rows, (one.sum + other.sum) % LIMIT)


def _table(name: str) -> Table:
    return next(table for table in TABLES if table.name == name)


# Where numbering goes on


def _numbered() -> list[str]:
    """Tables that number their rows themselves."""
    return [
        table.name
        for table in TABLES
        if table.autoincrement_column is not None
        and isinstance(table.autoincrement_column.type, Integer)
        and table.autoincrement_column.autoincrement is not False
    ]


def _last_ids(conn: Connection) -> dict[str, int]:
    """The highest id that each table ever gave, also when its row is gone."""
    found = {}
    for name in _numbered():
        highest = conn.execute(select(func.max(_table(name).c.id))).scalar() or 0
        found[name] = max(highest, _given(conn, name))
    return found


def _given(conn: Connection, name: str) -> int:
    if conn.dialect.name == "sqlite":
        asked = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return conn.execute(asked, {"name": name}).scalar() or 0
    sequence = _sequence(conn, name)
    # The name is the database's own.
    last, called = conn.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608
    return int(last) if called else 0


def _go_on_counting(conn: Connection, last: Mapping[str, int]) -> None:
    for name, number in last.items():
        if conn.dialect.name == "postgresql":
            values = {"of": _sequence(conn, name), "to": max(number, 1), "called": number > 0}
            conn.execute(text("SELECT setval(:of, :to, :called)"), values)
        elif _table(name).dialect_options["sqlite"]["autoincrement"]:
            gone = text("DELETE FROM sqlite_sequence WHERE name = :name")
            conn.execute(gone, {"name": name})
            again = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)")
            conn.execute(again, {"name": name, "number": number})


def _sequence(conn: Connection, name: str) -> str:
    asked = text("SELECT pg_get_serial_sequence(:name, 'id')")
    return str(conn.execute(asked, {"name": name}).scalar_one())
