"""Rows of exports, and files that only their key opens."""

import io
from random import Random

import pytest

from screening.storage import export_jobs as jobs
from screening.storage.export_jobs import DONE, OPEN, Included, StoredJob, was_in
from screening.storage.sealed_files import CHUNK, SealedFile, alone, chunks
from screening.storage.vault import Keyring, VaultError

from .conftest import NOW

# Rows


def add(database, job_id, at=NOW):
    with database.write() as conn:
        jobs.add(conn, StoredJob(job_id, "user:7", at, {"format": "csv"}))


def read(database, job_id):
    with database.read() as conn:
        return jobs.read(conn, job_id)


def test_a_row_keeps_what_was_asked_for(database):
    add(database, "a")
    assert read(database, "a") == StoredJob("a", "user:7", NOW, {"format": "csv"})
    assert read(database, "b") is None


def test_what_was_begun_comes_before_the_oldest_that_waits(database, vault):
    for number, job_id in enumerate("abc"):
        add(database, job_id, NOW.replace(second=number))
    with database.write() as conn:
        assert jobs.begin(conn, "b", vault.new_data_key(), total=5)
        assert jobs.next_open(conn).id == "b"
        assert jobs.finish(conn, "b", rows=5)
        assert jobs.next_open(conn).id == "a"
        assert [job.id for job in jobs.newest(conn, 2)] == ["c", "b"]


def test_only_a_job_that_runs_moves_and_ends(database, vault):
    add(database, "a")
    with database.write() as conn:
        assert not jobs.progress(conn, "a", done=1, total=5)
        assert not jobs.finish(conn, "a", rows=1)
        assert jobs.begin(conn, "a", vault.new_data_key(), total=5)
        assert jobs.progress(conn, "a", done=1, total=5)
        assert jobs.end(conn, "a", "cancelled", was=OPEN, at=NOW)
        assert not jobs.progress(conn, "a", done=2, total=5)
        assert not jobs.finish(conn, "a", rows=5)
        assert not jobs.begin(conn, "a", vault.new_data_key(), total=5)
    ended = read(database, "a")
    assert (ended.status, ended.done, ended.ended_at, ended.tries) == ("cancelled", 1, NOW, 1)
    assert (ended.key_id, ended.wrapped_key) == (None, None)


def test_what_has_had_its_time_is_found(database, vault):
    for job_id, until in (("a", NOW), ("b", NOW.replace(year=2030))):
        add(database, job_id)
        with database.write() as conn:
            jobs.begin(conn, job_id, vault.new_data_key(), total=1)
            jobs.finish(conn, job_id, rows=1, expires_at=until)
    add(database, "c")
    with database.write() as conn:
        jobs.begin(conn, "c", None, total=1)
        jobs.finish(conn, "c", rows=1, expires_at=NOW.replace(year=2030))
        assert {job.id for job in jobs.to_expire(conn, NOW)} == {"a", "c"}


def test_the_first_bytes_that_leave_are_remembered(database):
    add(database, "a")
    with database.write() as conn:
        jobs.hand_out(conn, "a", NOW)
        jobs.hand_out(conn, "a", NOW.replace(year=2030))
    assert read(database, "a").fetched_at == NOW


def test_keys_go_under_the_master_key_in_use(database, vault, keyring):
    add(database, "a")
    add(database, "b")
    with database.write() as conn:
        key = vault.new_data_key()
        jobs.begin(conn, "a", key, total=1)
        vault.keyring = Keyring.load(keyring.folder)
        Keyring.add_master(keyring.folder)
        vault.keyring = Keyring.load(keyring.folder)
        jobs.rewrap_keys(conn, vault)
        moved = jobs.read(conn, "a")
    assert moved.key_id == vault.keyring.current != key.id
    assert vault.unwrap(moved.key_id, moved.wrapped_key).secret == key.secret


# Whose answers


def test_included_ids_are_found_again_and_no_others():
    ids = set(Random(3).sample(range(1, 200_000), 5_000)) | {199_999}
    included = Included()
    for submission_id in ids:
        included.add(submission_id)
        included.add(submission_id)
    assert len(included) == len(ids)
    job = StoredJob("a", "user:7", NOW, {}, status=DONE, included=included.packed())
    assert {n for n in range(1, 2000) if was_in(job, n)} == {n for n in ids if n < 2000}
    assert was_in(job, 199_999)
    assert not was_in(job, 200_001)
    assert not was_in(StoredJob("a", "user:7", NOW, {}), 1)


def test_all_of_a_hundred_thousand_take_little_room():
    included = Included()
    for submission_id in range(1, 100_001):
        included.add(submission_id)
    assert len(included.packed()) < 200


# Files


@pytest.fixture
def key(vault):
    return vault.new_data_key()


def written(path, vault, key, *pieces, context="exports:a"):
    file = SealedFile(path, vault, key, context=context)
    for piece in pieces:
        file.write(piece)
    file.finish()
    return file


def opened(path, vault, key, context="exports:a"):
    with path.open("rb") as file:
        return b"".join(chunks(file, vault, key, context=context))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_file_of_any_size_is_read_again(tmp_path, vault, key, size):
    content = Random(size).randbytes(size)
    file = written(tmp_path / "a", vault, key, content[:1], content[1:])
    assert opened(tmp_path / "a", vault, key) == content
    assert file.size == size
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def parts(path, vault, key):
    """The sealed chunks of a file of three."""
    written(path, vault, key, b"1" * CHUNK, b"2" * CHUNK, b"3" * CHUNK)
    whole = path.read_bytes()
    size = len(whole) // 3
    return [whole[:size], whole[size : 2 * size], whole[2 * size :]]


@pytest.mark.parametrize("order", [(0, 1), (0,), (), (1, 0, 2), (0, 2), (0, 0, 1, 2), (0, 1, 2, 2)])
def test_a_file_whose_chunks_are_not_all_there_in_their_order_is_refused(
    tmp_path, vault, key, order
):
    sealed = parts(tmp_path / "a", vault, key)
    (tmp_path / "a").write_bytes(b"".join(sealed[place] for place in order))
    with pytest.raises(VaultError):
        opened(tmp_path / "a", vault, key)


def test_another_key_or_another_name_opens_nothing(tmp_path, vault, key):
    written(tmp_path / "a", vault, key, b"x")
    with pytest.raises(VaultError):
        opened(tmp_path / "a", vault, vault.new_data_key())
    with pytest.raises(VaultError):
        opened(tmp_path / "a", vault, key, context="exports:b")


def test_a_file_that_was_not_finished_is_refused(tmp_path, vault, key):
    file = SealedFile(tmp_path / "a", vault, key, context="exports:a")
    file.write(b"x" * CHUNK * 2)
    file.abandon()
    with pytest.raises(VaultError):
        opened(tmp_path / "a", vault, key)


def test_it_can_only_be_written_on(tmp_path, vault, key):
    file = SealedFile(tmp_path / "a", vault, key, context="exports:a")
    assert file.writable()
    assert not file.seekable()
    with pytest.raises(io.UnsupportedOperation):
        file.tell()
    file.abandon()


def test_only_one_is_alone(tmp_path):
    with alone(tmp_path / "lock") as first, alone(tmp_path / "lock") as second:
        assert (first, second) == (True, False)
    with alone(tmp_path / "lock") as again:
        assert again
