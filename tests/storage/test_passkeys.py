"""Passkeys in the store: found by what the device calls them, used once an answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from screening.storage import members, passkeys
from screening.storage.accounts import PHYSICIAN
from screening.storage.passkeys import StoredPasskey

from .conftest import NOW

KEY = StoredPasskey(
    credential_id=b"\x00\xff one",
    user_id=0,
    name="Phone",
    public_key=b"public",
    sign_count=3,
    transports=("internal", "hybrid"),
    created_at=NOW,
    last_used_at=None,
)


@pytest.fixture
def passkey(database) -> StoredPasskey:
    """Somebody's only one."""
    with database.write() as conn:
        owner = members.add_member(conn, email="a@example.org", name="A", roles=[PHYSICIAN])
        found = replace(KEY, user_id=owner)
        assert passkeys.add(conn, found)
    return found


def use(database, *, counted: int, asked: float = 0, now: float = 1) -> bool:
    """`asked`, `now`: minutes from the start."""
    moments = {"asked_at": NOW + timedelta(minutes=asked), "now": NOW + timedelta(minutes=now)}
    with database.write() as conn:
        return passkeys.use(conn, KEY.credential_id, counted=counted, **moments)


def test_what_is_kept_is_what_was_given(database, passkey):
    with database.read() as conn:
        assert passkeys.of_member(conn, passkey.user_id) == [passkey]
        assert passkeys.read(conn, KEY.credential_id) == passkey
        assert passkeys.read(conn, b"another") is None


def test_a_device_is_added_once_by_whomever(database, passkey):
    with database.write() as conn:
        assert not passkeys.add(conn, replace(passkey, name="Stolen"))
        assert passkeys.read(conn, KEY.credential_id).name == "Phone"


def test_the_counter_goes_up_or_stays_at_nothing(database, passkey):
    assert not use(database, counted=3)
    assert not use(database, counted=0)
    assert use(database, counted=4)
    with database.write() as conn:
        conn.execute(passkeys.PASSKEYS.update().values(sign_count=0))
    assert use(database, counted=0, asked=2, now=3)


def test_a_question_that_was_asked_before_the_last_use_is_answered_no_more(database, passkey):
    assert use(database, counted=4, asked=0, now=1)
    assert not use(database, counted=5, asked=0, now=2)
    assert not use(database, counted=5, asked=1, now=2)
    assert use(database, counted=5, asked=1.5, now=2)


def test_only_its_owner_renames_and_removes_it(database, passkey):
    with database.write() as conn:
        stranger = members.add_member(conn, email="b@example.org", name="B", roles=[PHYSICIAN])
        assert not passkeys.rename(conn, stranger, KEY.credential_id, "Mine")
        assert not passkeys.remove(conn, stranger, KEY.credential_id)
        assert passkeys.rename(conn, passkey.user_id, KEY.credential_id, "Blue key")
        assert passkeys.read(conn, KEY.credential_id).name == "Blue key"
        assert passkeys.remove(conn, passkey.user_id, KEY.credential_id)
        assert passkeys.count(conn, passkey.user_id) == 0


def test_who_starts_over_has_none(database, passkey):
    with database.write() as conn:
        members.start_over(conn, passkey.user_id)
        assert passkeys.count(conn, passkey.user_id) == 0
