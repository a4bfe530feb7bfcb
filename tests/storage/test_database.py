import os
import signal
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from screening.storage import attempts, migrations
from screening.storage import database as module
from screening.storage.accounts import Role, User, datastore
from screening.storage.attempts import ATTEMPTS
from screening.storage.database import PRAGMAS, REVISION, Database, DatabaseUnavailableError

from .conftest import NOW, POSTGRES, new_draft, read, save

ROOT = Path(__file__).parents[2]


def record(database, vault, key="a"):
    with database.write() as conn:
        attempts.record(conn, vault, "test", key, now=NOW)


def recorded(database) -> int:
    with database.read() as conn:
        return conn.execute(select(func.count()).select_from(ATTEMPTS)).scalar_one()


def fail() -> None:
    raise ZeroDivisionError


def record_and_fail(database, vault):
    with database.write() as conn:
        attempts.record(conn, vault, "test", "a", now=NOW)
        fail()


def test_an_error_undoes_the_whole_block(database, vault):
    with pytest.raises(ZeroDivisionError):
        record_and_fail(database, vault)
    assert recorded(database) == 0
    record(database, vault)
    assert recorded(database) == 1


def test_a_read_refuses_to_write(database, vault):
    refused = pytest.raises((DatabaseUnavailableError, DBAPIError))
    with refused, database.read() as conn:
        attempts.record(conn, vault, "test", "a", now=NOW)
    assert recorded(database) == 0


def test_a_read_is_one_snapshot(database, vault):
    with database.read() as conn:
        before = conn.execute(select(func.count()).select_from(ATTEMPTS)).scalar()
        record(database, vault)
        assert conn.execute(select(func.count()).select_from(ATTEMPTS)).scalar() == before
    assert recorded(database) == before + 1


def test_threads_that_read_then_write_never_find_it_locked(database, vault):
    def read_then_write(n):
        with database.write() as conn:
            attempts.count(conn, vault, "test", "a", since=NOW)
            attempts.record(conn, vault, "test", f"{n}", now=NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read_then_write, range(400)))
    assert recorded(database) == 400


def test_a_write_inside_a_write_is_refused_at_once(sqlite, vault):
    with pytest.raises(RuntimeError, match="already writing"), sqlite.write():
        record(sqlite, vault)
    record(sqlite, vault)


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from screening.storage import intakes
from screening.storage.database import Database
from screening.storage.vault import Keyring, Vault

url, keys, intake_id, page, number = sys.argv[1:]
database, vault = Database(url), Vault(Keyring.load(Path(keys)))
now = datetime.now(UTC)
with database.read() as conn:
    intake = intakes.read_draft(conn, vault, intake_id)
for n in range(int(number)):
    with database.write() as conn:
        intake = intakes.save_page(
            conn, vault, intake, page, {"n": n},
            expected_revision=intake.revisions.get(page), now=now,
        )
    print(n, flush=True)
"""


def writer(database, vault, draft, page, number):
    arguments = [str(database.url), str(vault.keyring.folder), draft.id, page, str(number)]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_queue_up_and_lose_nothing(sqlite, vault):
    draft = new_draft(sqlite, vault)
    with (
        writer(sqlite, vault, draft, "mood", 100) as one,
        writer(sqlite, vault, draft, "heart", 100) as other,
    ):
        assert len(one.stdout.readlines()) == len(other.stdout.readlines()) == 100
    assert (one.returncode, other.returncode) == (0, 0)
    stored = read(sqlite, vault, draft)
    assert stored.revision == 200
    assert stored.answers == {"mood": {"n": 99}, "heart": {"n": 99}}


def test_what_was_acknowledged_survives_a_kill(sqlite, vault):
    draft = new_draft(sqlite, vault)
    with writer(sqlite, vault, draft, "mood", 1_000_000) as process:
        for _ in range(50):
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, process.stdout.read().split())])
    stored = read(sqlite, vault, draft)
    assert stored.answers["mood"]["n"] >= acknowledged
    assert save(sqlite, vault, stored, "mood", {"n": -1}, expected=stored.revisions["mood"])


def test_a_forked_child_writes_on_its_own(sqlite, vault):
    record(sqlite, vault)
    child = os.fork()
    if child == 0:
        try:
            record(sqlite, vault)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    record(sqlite, vault)
    assert recorded(sqlite) == 3


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setitem(PRAGMAS, "busy_timeout", 20)
    monkeypatch.setattr(module, "TURN_SECONDS", 0.02)


def another(sqlite) -> Database:
    return Database(sqlite.url.render_as_string())


def test_a_lock_held_by_an_outsider_ends_in_an_answer(impatient, sqlite, vault):
    database = another(sqlite)
    with closing(sqlite3.connect(sqlite.url.database, isolation_level=None)) as outsider:
        outsider.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailableError):
            record(database, vault)
        assert recorded(database) == 0  # reading goes on
    record(database, vault)
    database.close()


def test_another_process_that_keeps_writing_ends_in_an_answer(impatient, sqlite, vault):
    database = another(sqlite)
    with sqlite.write(), pytest.raises(DatabaseUnavailableError):
        record(database, vault)
    record(database, vault)
    database.close()


def test_another_thread_that_keeps_writing_ends_in_an_answer(impatient, sqlite, vault):
    database = another(sqlite)
    with database.write(), ThreadPoolExecutor(1) as pool:
        error = pool.submit(record, database, vault).exception()
    assert isinstance(error, DatabaseUnavailableError)
    database.close()


def test_a_full_disk_keeps_the_old_revision_and_recovers(sqlite, vault):
    draft = new_draft(sqlite, vault)
    stored = save(sqlite, vault, draft, "mood", {"n": 0})
    limit_pages(sqlite, 1)
    with pytest.raises(DatabaseUnavailableError):
        save(sqlite, vault, stored, "mood", {"n": "x" * 100_000}, expected=1)
    assert read(sqlite, vault, draft) == stored
    limit_pages(sqlite, 1_000_000)
    save(sqlite, vault, stored, "mood", {"n": 1}, expected=1)


def limit_pages(sqlite, pages):
    """The writer's one connection cannot make the file grow beyond so many pages."""
    with sqlite.write() as conn:
        conn.execute(text(f"PRAGMA max_page_count={pages}"))


def test_errors_do_not_quote_what_was_to_be_stored(sqlite, vault):
    draft = new_draft(sqlite, vault)
    limit_pages(sqlite, 1)
    with pytest.raises(DatabaseUnavailableError) as error:
        save(sqlite, vault, draft, "mood", {"n": "x" * 100_000})
    assert draft.id not in f"{error.value} {error.value.__cause__}"


def test_every_connection_has_every_pragma(sqlite):
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "secure_delete": 1,
        "trusted_schema": 0,
        "busy_timeout": PRAGMAS["busy_timeout"],
    }
    with sqlite.read() as one, sqlite.read() as other, sqlite.write() as writer:
        for conn in (one, other, writer):
            found = {name: conn.execute(text(f"PRAGMA {name}")).scalar() for name in wanted}
            assert found == wanted


def test_its_files_are_readable_by_their_owner_alone(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/new/screening.db")
    database.migrate()
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "new").iterdir()}
    database.close()
    assert set(modes) >= {"screening.db", "screening.db-wal", "screening.db.lock"}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url):
    with pytest.raises(ValueError, match="needs a file"):
        Database(url)


def test_it_is_ready_once_it_is_migrated(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/100%/screening.db")
    assert not database.ready()
    database.migrate()
    assert database.ready()
    database.migrate()
    assert database.ready()
    database.close()


def test_it_is_not_ready_when_it_is_gone():
    database = Database("postgresql://nobody@127.0.0.1:9/none")
    assert not database.ready()
    database.close()


def test_the_newest_revision_is_the_one_it_asks_for():
    assert migrations.newest() == REVISION


def test_the_web_process_does_not_import_alembic():
    code = "import screening.storage.database, sys; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_models_and_migrations_agree(database):
    with database.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, User.metadata) == []


def test_migrations_go_down_and_up_again(database, vault):
    new_draft(database, vault)
    database.downgrade(to="base")
    assert tables(database) == {"alembic_version"}
    assert not database.ready()
    database.migrate()
    assert database.ready()
    assert tables(database) == {*User.metadata.tables, "alembic_version"}


def tables(database) -> set[str]:
    with database.read() as conn:
        return set(inspect(conn).get_table_names())


def test_a_migration_that_fails_leaves_the_old_tables(sqlite, vault, monkeypatch):
    draft = new_draft(sqlite, vault)

    monkeypatch.setattr(migrations, "downgrade", broken_downgrade)
    with pytest.raises(ZeroDivisionError):
        sqlite.downgrade(to="base")
    assert sqlite.ready()
    assert read(sqlite, vault, draft) == draft


def broken_downgrade(conn, _to):
    conn.execute(text("DROP TABLE page_saves"))
    fail()


def test_foreign_keys_are_checked_again_after_a_migration(sqlite):
    sqlite.migrate()
    with sqlite.write() as conn:
        assert conn.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_staff_accounts_are_kept(database):
    with database.session() as session:
        role = Role(name="physician")
        session.add(User(email="a@example.org", active=True, fs_uniquifier="u", roles=[role]))
    user = database.sessions.scalars(select(User)).one()
    assert user.has_role("physician")
    assert not user.has_role("admin")
    assert user.mf_recovery_codes == []
    database.sessions.remove()


def test_the_staffs_session_takes_the_turn_only_to_save(database, vault):
    store = datastore(database)
    store.put(User(email="a@example.org", active=True, fs_uniquifier="u"))
    record(database, vault)  # not yet flushed: the turn is free
    store.commit()
    user = database.sessions.scalars(select(User)).one()
    user.mf_recovery_codes = ["one", "two"]
    user.last_login_at = NOW
    record(database, vault)
    store.commit()
    record(database, vault)
    database.sessions.remove()
    user = database.sessions.scalars(select(User)).one()
    assert (user.mf_recovery_codes, user.last_login_at) == (["one", "two"], NOW)
    database.sessions.remove()


def flush_and_fail(database):
    with database.session() as session:
        session.add(Role(name="admin"))
        session.flush()
        fail()


def test_an_error_undoes_the_staffs_changes(database):
    with pytest.raises(ZeroDivisionError):
        flush_and_fail(database)
    assert database.sessions.scalars(select(Role)).all() == []
    database.sessions.remove()


def test_sqlite_has_no_settings_of_others_to_fear(sqlite):
    assert sqlite.dangers() == []


@pytest.mark.skipif(not POSTGRES, reason="there is no PostgreSQL")
def test_a_superuser_and_a_server_that_forgets_are_named(postgresql):
    assert "superuser" in postgresql.dangers()[0]  # the tests' own role
    with postgresql.write() as conn:
        conn.execute(text("DROP ROLE IF EXISTS plain"))
        conn.execute(text("CREATE ROLE plain LOGIN"))
        forgets = conn.execute(text("SELECT current_setting('fsync') = 'off'")).scalar()
    plain = Database(postgresql.url.set(username="plain").render_as_string(False))
    assert ["fsync off" in line for line in plain.dangers()] == ([True] if forgets else [])
    plain.close()
