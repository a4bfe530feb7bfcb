"""Statements that every patient's page runs, made once and run on SQLite's own cursor.

To run one SQLAlchemy takes ten times what SQLite does: it looks the statement up, and wraps and
describes its result, each time. On PostgreSQL, which takes longer itself, it runs them as usual.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Select, Update
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

from .models import UtcTime

DIALECT = sqlite.dialect()
Values = Mapping[str, Any]
Convert = Callable[[Any], Any]


class Prepared:
    """A statement whose parameters are given by name."""

    def __init__(self, statement: Select[Any] | Insert | Update | Delete):
        self.statement = statement

    def rows(self, conn: Connection, values: Values) -> Sequence[Any]:
        """All rows of the result, each a tuple of its columns."""
        if conn.dialect.name != "sqlite":
            return conn.execute(self.statement, values).all()
        rows: list[Any] = self._run(conn, values).fetchall()
        if self._readers is None:
            return rows
        return [
            tuple([read(cell) for read, cell in zip(self._readers, row, strict=True)])
            for row in rows
        ]

    def changed(self, conn: Connection, values: Values) -> int:
        """How many rows were changed or added."""
        if conn.dialect.name != "sqlite":
            return conn.execute(self.statement, values).rowcount
        return int(self._run(conn, values).rowcount)

    def _run(self, conn: Connection, values: Values) -> Any:
        given = [
            write(constant if name is None else values[name])
            for name, constant, write in self._parameters
        ]
        return conn.connection.dbapi_connection.execute(self._sql, given)  # type: ignore[union-attr]

    @cached_property
    def _compiled(self) -> Any:
        return self.statement.compile(dialect=DIALECT)

    @cached_property
    def _sql(self) -> str:
        return str(self._compiled)

    @cached_property
    def _parameters(self) -> list[tuple[str | None, Any, Convert]]:
        """In the order of the question marks: a name or a constant, and how it is written."""
        binds = [(name, self._compiled.binds[name]) for name in self._compiled.positiontup]
        return [
            (name if bind.required else None, bind.value, _writer(bind.type))
            for name, bind in binds
        ]

    @cached_property
    def _readers(self) -> list[Convert] | None:
        """One a column; None when every column is as the driver gives it."""
        readers = [_reader(column.type) for column in self.statement.exported_columns]
        return None if all(read is _as_it_is for read in readers) else readers


# Times alone are kept as something else than the driver gives and takes.


def _writer(kind: TypeEngine[Any]) -> Convert:
    write = kind.dialect_impl(DIALECT).bind_processor(DIALECT)
    return write if write and isinstance(kind, UtcTime) else _as_it_is


def _reader(kind: TypeEngine[Any]) -> Convert:
    read = kind.dialect_impl(DIALECT).result_processor(DIALECT, None)
    return read if read and isinstance(kind, UtcTime) else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
