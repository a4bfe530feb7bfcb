from datetime import timedelta

import pytest
from sqlalchemy import update

from screening.storage import attempts, sessions
from screening.storage.vault import VaultError

from .conftest import NOW

LATER = NOW + timedelta(minutes=30)


@pytest.fixture
def token(database, vault):
    token = sessions.new_token()
    with database.write() as conn:
        sessions.create_session(conn, vault, token, {"draft": "a"}, expires_at=LATER, now=NOW)
    return token


def read(database, vault, token, now=NOW):
    with database.read() as conn:
        return sessions.read_session(conn, vault, token, now=now)


def test_a_session_is_found_by_its_token_until_it_expires(database, vault, token):
    assert read(database, vault, token).data == {"draft": "a"}
    assert "draft" not in repr(read(database, vault, token))
    assert read(database, vault, token, now=LATER) is None
    assert read(database, vault, sessions.new_token()) is None


def test_a_session_is_updated_but_not_brought_back(database, vault, token):
    def change():
        with database.write() as conn:
            return sessions.update_session(
                conn, vault, token, {"draft": "b"}, expires_at=LATER, now=NOW
            )

    assert change()
    assert read(database, vault, token).data == {"draft": "b"}
    with database.write() as conn:
        sessions.delete_session(conn, token)
    assert not change()
    assert read(database, vault, token) is None


def test_the_token_is_not_in_the_database(sqlite, vault, tmp_path):
    token = sessions.new_token()
    with sqlite.write() as conn:
        sessions.create_session(conn, vault, token, {"draft": "a"}, expires_at=LATER, now=NOW)
    files = b"".join(path.read_bytes() for path in tmp_path.glob("screening.db*"))
    assert token.encode() not in files


def test_another_sessions_contents_are_refused(database, vault, token):
    other = sessions.new_token()
    table = sessions.SESSIONS
    with database.write() as conn:
        sessions.create_session(conn, vault, other, {"draft": "b"}, expires_at=LATER, now=NOW)
        first, second = conn.execute(table.select()).all()
        for row, sealed in ((first, second.ciphertext), (second, first.ciphertext)):
            same = table.c.token_hash == row.token_hash
            conn.execute(update(table).where(same).values(ciphertext=sealed))
    with pytest.raises(VaultError):
        read(database, vault, token)


def test_expired_sessions_are_deleted(database, vault, token):
    with database.write() as conn:
        assert sessions.delete_expired(conn, now=NOW) == 0
        assert sessions.delete_expired(conn, now=LATER) == 1


def test_attempts_are_counted_by_kind_key_and_time(database, vault):
    with database.write() as conn:
        for minutes in (0, 20):
            at = NOW + timedelta(minutes=minutes)
            attempts.record(conn, vault, "resume", "192.0.2.1", now=at)
        attempts.record(conn, vault, "resume", "192.0.2.2", now=NOW)
        attempts.record(conn, vault, "sign-in", "192.0.2.1", now=NOW)
        assert attempts.count(conn, vault, "resume", "192.0.2.1", since=NOW) == 2
        assert attempts.count(conn, vault, "resume", "192.0.2.1", since=LATER) == 0
        assert attempts.count_all(conn, "resume", since=NOW) == 3
        attempts.forget(conn, vault, "resume", "192.0.2.1")
        assert attempts.count_all(conn, "resume", since=NOW) == 1
        assert attempts.delete_old(conn, before=LATER) == 2


def test_addresses_are_not_in_the_database(sqlite, vault, tmp_path):
    with sqlite.write() as conn:
        attempts.record(conn, vault, "resume", "192.0.2.77", now=NOW)
    files = b"".join(path.read_bytes() for path in tmp_path.glob("screening.db*"))
    assert b"192.0.2.77" not in files
