"""The master key changes while people write and read; nothing fails and nothing is lost."""

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from screening.storage import intakes, rewrap, sessions
from screening.storage.vault import Keyring, Vault
from screening.workflows import rotation
from screening.workflows.intake import submit_answers
from tests.builders import person

from .conftest import new_draft, read, save
from .installation import Installation

HOUR = timedelta(hours=1)


@pytest.fixture
def put_away(tmp_path) -> Path:
    """Where a test keeps a copy of a key that it removes."""
    folder = tmp_path / "away"
    folder.mkdir()
    return folder


def settle(folder: Path) -> None:
    """The newest key was made some time ago."""
    then = time.time() - 2 * rotation.SETTLED
    for path in folder.glob("master-*"):
        os.utime(path, (then, then))


def masters(place: Installation) -> list[str]:
    return list(Keyring.load(place.folder / "keys").masters)


def test_it_is_rotated_and_the_old_key_removed(place):
    reference = submit_answers(place.site.office, person()).reference
    unfinished = place.site.start(person(), until="contact")
    (old,) = masters(place)
    assert "A new key" in place.done("rotate-keys")
    assert "wait 120 seconds" in place.refused("rotate-keys", "--retire")
    settle(place.folder / "keys")
    assert old in place.done("rotate-keys", "--retire")
    assert old not in masters(place)
    assert "only the key in use" in place.refused("rotate-keys", "--retire")
    site = place.open()  # a process that never knew the old one
    assert [sent.reference for sent in site.submissions()] == [reference]
    assert unfinished in [intake.id for intake in site.intakes()]
    assert {"key.made", "keys.rotated", "key.removed"} <= set(site.actions())


def test_killed_midway_it_goes_on_with_the_same_key(place, monkeypatch):
    for _ in range(3):
        place.site.start(person(), until="contact")
    monkeypatch.setattr(rotation, "BATCH", 2)

    def killed(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(place.site.office, told=killed)
    old, new = masters(place)
    settle(place.folder / "keys")
    assert "1 rows need" in place.refused("rotate-keys", "--retire")
    assert f"is finished; the key: {new}. 1 rows" in place.done("rotate-keys")
    assert masters(place) == [old, new]
    place.done("rotate-keys", "--retire")
    assert masters(place) == [new]
    assert len(place.open().intakes()) == 3


def test_nothing_fails_while_others_write_and_read(database, vault, now, monkeypatch, put_away):
    """Threads stand for requests: each with a vault of its own, as processes have."""
    monkeypatch.setattr(rotation, "BATCH", 5)
    old = vault.keyring.current
    folder = vault.keyring.folder
    before = [new_draft(database, vault) for _ in range(60)]
    enough, rotating = Event(), Event()

    def work(number: int) -> int:
        own = Vault(Keyring.load(folder))
        token, done = f"token-{number}", 0
        with database.write() as conn:
            sessions.create_session(conn, own, token, {"n": 0}, expires_at=now + HOUR, now=now)
        while not (enough.is_set() and done > 5):
            draft = new_draft(database, own)
            save(database, own, draft, "mood", {"phq9_1": done % 4})
            assert read(database, own, draft).merged == {"phq9_1": done % 4}
            assert read(database, own, before[done % 60])
            with database.write() as conn:
                found = sessions.read_session(conn, own, token, now=now)
                assert found.data == {"n": done}
                sessions.update_session(
                    conn, own, token, {"n": done + 1}, expires_at=now + HOUR, now=now
                )
            done += 1
            rotating.set()
        return done

    rotator = Vault(Keyring.load(folder))
    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work, number) for number in range(3)]
        rotating.wait(30)
        Keyring.add_master(folder)
        for _ in range(200):
            with database.write() as conn:
                left = rewrap.rewrap(conn, rotator, limit=5)
            if not left:
                break
        with database.write() as conn:
            rewrap.lock(conn)
            while rewrap.rewrap(conn, rotator, limit=50):
                pass
            assert old not in rewrap.in_use(conn)
        shutil.copy(next(folder.glob(f"*-{old}.key")), put_away)
        Keyring.remove_master(folder, old)
        time.sleep(0.1)
        enough.set()
        assert all(future.result() > 5 for future in working)
    fresh = Vault(Keyring.load(folder))
    assert old not in fresh.keyring.masters
    with database.read() as conn:
        intakes.check_keys(conn, fresh)
        assert set(rewrap.in_use(conn)) == {fresh.keyring.current}


def test_a_session_is_read_and_changed_under_the_next_key(database, vault, now):
    with database.write() as conn:
        sessions.create_session(conn, vault, "token", {"a": 1}, expires_at=now + HOUR, now=now)
    old = vault.keyring.current
    Keyring.add_master(vault.keyring.folder)
    with database.write() as conn:
        assert sessions.count_by_key(conn) == {old: 1}
        assert sessions.reseal(conn, vault, limit=10) == 1
        assert sessions.reseal(conn, vault, limit=10) == 0
    Keyring.remove_master(vault.keyring.folder, old)
    fresh = Vault(Keyring.load(vault.keyring.folder))
    with database.read() as conn:
        assert sessions.read_session(conn, fresh, "token", now=now).data == {"a": 1}
