"""The database: SQLite in a file by default, PostgreSQL by its URL.

`read()` is one snapshot and refuses to write; `write()` is one transaction, committed when its
block ends without an error. Both give a Core Connection. `sessions` is for Flask-Security's ORM.

Traps this module is built around, all seen on SQLite:
- Python's driver opens transactions by itself and late: `isolation_level=None` tells it not to.
- A transaction that reads first and writes later fails at once when another wrote in between, and
  no timeout helps: writers say BEGIN IMMEDIATE, one at a time (see `turn`).
- Pragmas belong to a connection, not to the file: they are set on every connection.
- A forked child must not use its parent's connections: it drops them, and its parent keeps them.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from sqlalchemy.sql.dml import UpdateBase

from .turn import TurnTimeoutError, WriteTurn

REVISION = "0004"  # the newest in migrations/versions
TURN_SECONDS = 3.0  # a writer waits this long for its turn, behind our own threads and processes
BUSY_SECONDS = 2.0  # then this long for others who write to the file
POOL_SECONDS = 5.0
PRAGMAS = {
    "busy_timeout": int(BUSY_SECONDS * 1000),
    "journal_mode": "WAL",
    "synchronous": "FULL",  # an acknowledged save survives a power cut
    "foreign_keys": "ON",
    "secure_delete": "ON",
    "trusted_schema": "OFF",
}
DANGERS = {
    "SELECT rolsuper FROM pg_roles WHERE rolname = current_user": (
        "the database's role is a superuser; give the app a role of its own that owns its database"
    ),
    "SELECT current_setting('fsync') = 'off'": (
        "the database server has fsync off: a power cut would lose what was acknowledged"
    ),
    "SELECT current_setting('full_page_writes') = 'off'": (
        "the database server has full_page_writes off: a power cut could damage it"
    ),
}
FAILURES = (OperationalError, sqlite3.OperationalError, PoolTimeoutError, TurnTimeoutError)
MIGRATION_LOCK = 5_417_001  # an arbitrary number of ours, for pg_advisory_xact_lock

_opened: "WeakSet[Database]" = WeakSet()


class DatabaseUnavailableError(Exception):
    """Nothing was stored: locked, full, read-only, gone. Worth trying again in a few seconds."""


class Database:
    """`url`: "sqlite:////var/lib/screening/screening.db" or "postgresql://..."."""

    def __init__(self, url: str):
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._turn: WriteTurn | None = None
        self._reader, self._writer = self._sqlite() if self.is_sqlite else self._postgresql()
        self.sessions = scoped_session(
            sessionmaker(
                class_=_RoutedSession,
                reader=self._reader,
                writer=self._writer,
                # A flush takes the writer's turn until the commit, so it waits for the commit.
                autoflush=False,
                expire_on_commit=False,
            )
        )
        _opened.add(self)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Raises DatabaseUnavailableError."""
        with _translated(), self._reader.begin() as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Commits at the end, rolls back on any error. Raises DatabaseUnavailableError."""
        with _translated(), self._writer.begin() as conn:
            yield conn

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A Session of its own for the staff accounts, committed at the end."""
        with _translated(), self.sessions.session_factory.begin() as session:
            yield session

    def migrate(self, *, to: str = REVISION) -> None:
        """Bring the tables to the newest revision, all or nothing."""
        from . import migrations  # noqa: PLC0415 - slow to import, and no web process migrates

        self._migrated(migrations.upgrade, to)

    def downgrade(self, *, to: str) -> None:
        """`to`: a revision, or "base" for no tables at all."""
        from . import migrations  # noqa: PLC0415

        self._migrated(migrations.downgrade, to)

    def ready(self) -> bool:
        """Whether it answers and its tables are of this version."""
        try:
            with self.read() as conn:
                return self.revision(conn) == REVISION
        except (DatabaseUnavailableError, ProgrammingError):
            return False

    @staticmethod
    def revision(conn: Connection) -> str:
        """What the tables are of. Raises an error of the driver while there are none."""
        return str(conn.execute(text("SELECT version_num FROM alembic_version")).scalar())

    def dangers(self) -> list[str]:
        """What the database server is set to that could lose or lay open what it took, a line each.

        SQLite is set by us, on every connection. Raises DatabaseUnavailableError.
        """
        if self.is_sqlite:
            return []
        with self.read() as conn:
            return [line for asked, line in DANGERS.items() if conn.execute(text(asked)).scalar()]

    def checkpoint(self) -> None:
        """Empty SQLite's write-ahead log, so that deleted rows are gone from it too. PostgreSQL is
        told to give the place of deleted keys to others; when it does is its own affair."""
        with _translated(), _held(self._turn), self._writer.connect() as conn:
            if self.is_sqlite:
                driver(conn).execute("PRAGMA wal_checkpoint(TRUNCATE)")
            else:
                conn.execution_options(isolation_level="AUTOCOMMIT")
                conn.execute(text("VACUUM intakes"))

    def close(self) -> None:
        self.sessions.remove()
        self._reader.dispose()
        self._writer.dispose()

    def after_fork(self) -> None:
        self._reader.dispose(close=False)
        self._writer.dispose(close=False)
        if self._turn is not None:
            self._turn.forget()

    def _sqlite(self) -> tuple[Engine, Engine]:
        if not self.url.database or self.url.database == ":memory:":
            raise ValueError("SQLite needs a file: sqlite:////folder/screening.db")
        path = Path(self.url.database).resolve()
        self._turn = turn = WriteTurn(path.with_name(path.name + ".lock"), wait=TURN_SECONDS)
        _prepare_file(path, turn)
        reader = self._engine(pool_size=16, max_overflow=16)
        writer = self._engine(pool_size=1, max_overflow=31)
        event.listen(reader, "connect", _set_pragmas_to_read)
        event.listen(writer, "connect", _set_pragmas)
        event.listen(reader, "begin", _begin)
        _take_turns(writer, turn)
        return reader, writer

    def _postgresql(self) -> tuple[Engine, Engine]:
        engine = self._engine(pool_size=8, max_overflow=24, pool_pre_ping=True)
        event.listen(engine, "connect", _set_postgresql)
        reader = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        return reader, engine

    def _engine(self, **options: Any) -> Engine:
        # Parameters hold ciphertext and ids; still they have no place in a log.
        return create_engine(self.url, hide_parameters=True, pool_timeout=POOL_SECONDS, **options)

    def _migrated(self, act: Callable[[Connection, str], None], to: str) -> None:
        with _translated(), _unchecked(self._writer) as conn, conn.begin():
            if not self.is_sqlite:
                conn.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            act(conn, to)
            if self.is_sqlite and conn.execute(text("PRAGMA foreign_key_check")).first():
                raise RuntimeError("the migration would leave rows that refer to nothing")


class _RoutedSession(Session):
    """Reads from a snapshot; from its first flush until the commit it uses the writer."""

    def __init__(self, reader: Engine, writer: Engine, **options: Any):
        super().__init__(**options)
        self._reader, self._writer = reader, writer

    def get_bind(self, mapper: Any = None, *, clause: Any = None, **_: Any) -> Engine:
        if self._flushing or isinstance(clause, UpdateBase):
            self.info["writing"] = True
        return self._writer if self.info.get("writing") else self._reader


@event.listens_for(_RoutedSession, "after_transaction_end")
def _stop_writing(session: Session, transaction: Any) -> None:
    if transaction.parent is None:
        session.info.pop("writing", None)


def driver(conn: Connection) -> Any:
    """The driver's own connection, outside SQLAlchemy's transactions."""
    return conn.connection.dbapi_connection


def _held(turn: WriteTurn | None) -> AbstractContextManager[None]:
    return nullcontext() if turn is None else turn.held()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FAILURES as error:
        raise DatabaseUnavailableError("the database did not store or read this") from error


@contextmanager
def _unchecked(engine: Engine) -> Iterator[Connection]:
    """Without foreign keys: a batch migration on SQLite drops tables that are referred to."""
    with engine.connect() as conn:
        if conn.dialect.name != "sqlite":
            yield conn
            return
        driver(conn).execute("PRAGMA foreign_keys=OFF")  # does nothing after BEGIN
        try:
            yield conn
        finally:
            driver(conn).execute("PRAGMA foreign_keys=ON")


def _prepare_file(path: Path, turn: WriteTurn) -> None:
    """Make the file for its owner alone; SQLite gives its log files the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > 0:
        return
    with turn.held():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("PRAGMA journal_mode=WAL")


def _set_pragmas(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None
    for name, value in PRAGMAS.items():
        dbapi_connection.execute(f"PRAGMA {name}={value}")


def _set_pragmas_to_read(dbapi_connection: Any, record: Any) -> None:
    _set_pragmas(dbapi_connection, record)
    dbapi_connection.execute("PRAGMA query_only=ON")


def _set_postgresql(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.execute("SET synchronous_commit = on")
    dbapi_connection.execute(f"SET lock_timeout = '{int(TURN_SECONDS * 1000)}ms'")
    dbapi_connection.commit()


def _begin(conn: Connection) -> None:
    driver(conn).execute("BEGIN")


def _take_turns(writer: Engine, turn: WriteTurn) -> None:
    """A writer has the turn from its BEGIN until its connection is back in the pool."""

    @event.listens_for(writer, "begin")
    def take(conn: Connection) -> None:
        conn.info["turn"] = turn.take()
        driver(conn).execute("BEGIN IMMEDIATE")

    @event.listens_for(writer, "checkin")
    def give_back(_dbapi_connection: Any, record: Any) -> None:
        if "turn" in record.info:
            turn.give_back(record.info.pop("turn"))


def _after_fork() -> None:
    for database in _opened:
        database.after_fork()


os.register_at_fork(after_in_child=_after_fork)
