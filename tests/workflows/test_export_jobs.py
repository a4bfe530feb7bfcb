"""Exports as jobs: made in the background, fetched once, and nothing left of what was not."""

import io
import json
import os
import signal
from collections.abc import Callable
from typing import Any, BinaryIO

import pytest
from sqlalchemy import select, update

from screening.outputs.formats import Format, Source
from screening.storage.database import DatabaseUnavailableError
from screening.storage.export_jobs import EXPORTS, StoredJob, was_in
from screening.storage.intakes import AUDIT
from screening.storage.sealed_files import CHUNK, SealedFile, alone
from screening.storage.vault import VaultError
from screening.workflows import export_file
from screening.workflows import export_jobs as jobs
from screening.workflows.export import Filters
from screening.workflows.export_file import Options
from screening.workflows.intake import submit_answers
from tests.builders import person
from tests.site import Site

BOSS = "user:7"
ASKED = Options(" yearly\nreview ", "Dr. Vale", filters=Filters(outcome="candidate"))


def ask(site: Site, options: Options = ASKED) -> str:
    return jobs.ask(site.office, BOSS, options)


def made(site: Site, options: Options = ASKED) -> str:
    job_id = ask(site, options)
    jobs.make_waiting(site.office)
    return job_id


def job(site: Site, job_id: str) -> StoredJob:
    found = jobs.read(site.office, job_id)
    assert found
    return found


def fetched(site: Site, job_id: str) -> bytes:
    download = jobs.fetch(site.office, BOSS, job_id)
    assert download
    try:
        return b"".join(download.chunks())
    finally:
        download.close()


def files(site: Site) -> list[str]:
    folder = site.office.instance / "exports"
    return sorted(path.name for path in folder.glob("*") if path.name != ".lock")


def audited(site: Site) -> list[tuple[str, str, dict[str, Any]]]:
    asked = select(AUDIT.c.actor, AUDIT.c.action, AUDIT.c.detail).order_by(AUDIT.c.id)
    with site.office.database.read() as conn:
        found = conn.execute(asked.where(AUDIT.c.action.startswith("export."))).all()
    return [
        (actor, action.removeprefix("export."), json.loads(said)) for actor, action, said in found
    ]


def actions(site: Site) -> list[str]:
    return [action for _, action, _ in audited(site)]


def nothing_left(site: Site, job_id: str) -> bool:
    left = job(site, job_id)
    return files(site) == [] and left.key_id is None and left.wrapped_key is None


@pytest.fixture
def patient(site: Site) -> int:
    """Somebody who sent a form; the id of the submission."""
    submit_answers(site.office, person(anything_else="a canary in the coal mine"))
    return site.submissions()[0].id


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Has the next exports written by this instead of as CSV."""

    def put(write: Callable[[Source, BinaryIO], None]) -> None:
        known = {"csv": Format("csv", "CSV", "csv", "text/csv", write)}
        monkeypatch.setattr(export_file, "FORMATS", known)

    monkeypatch.setattr(export_file, "TELL_SECONDS", 0)
    monkeypatch.setattr(export_file, "LOOK_EVERY", 1)
    return put


# The whole way


def test_an_export_is_asked_for_made_and_fetched(site, patient):
    job_id = ask(site)
    assert (job(site, job_id).status, files(site)) == ("waiting", [])
    jobs.make_waiting(site.office)
    ready = job(site, job_id)
    assert (ready.status, ready.rows, ready.done, ready.total) == ("done", 1, 1, 1)
    file = fetched(site, job_id)
    assert file == site.exported(ASKED.filters)
    assert ready.size == len(file)
    assert ready.name == "submissions-2026-11-23.csv"
    assert job(site, job_id).status == "fetched"
    assert nothing_left(site, job_id)


def test_the_file_on_disk_is_sealed_and_its_owners_alone(site, patient):
    job_id = made(site)
    path = site.office.instance / "exports" / job_id
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"canary" not in path.read_bytes()
    assert b"canary" in fetched(site, job_id)


def test_every_step_is_in_the_audit_with_why_for_whom_and_how_many(site, patient):
    job_id = made(site)
    fetched(site, job_id)
    said = ASKED.checked().as_json() | {"export": job_id}
    assert said["purpose"] == "yearly review"
    found = audited(site)
    steps = ["asked", "started", "finished", "fetch-started", "fetched"]
    assert [action for _, action, _ in found] == steps
    assert {actor for actor, _, _ in found} == {BOSS}
    assert all(said.items() <= detail.items() for _, _, detail in found)
    assert found[2][2]["rows"] == 1
    assert found[2][2]["sha256"] == job(site, job_id).sha256
    assert "canary" not in json.dumps(found)


@pytest.mark.parametrize("gap", [{"purpose": "  "}, {"recipient": "\n"}, {"format": "doc"}])
def test_without_purpose_recipient_or_a_known_format_nothing_is_asked(site, gap):
    given = {"purpose": "a", "recipient": "b"} | gap
    with pytest.raises(ValueError, match=r"needs a|no format"):
        ask(site, Options(**given))
    assert (audited(site), jobs.newest(site.office)) == ([], [])


def test_whose_answers_are_in_it_can_be_told_later(site, patient):
    submit_answers(site.office, person(pregnant="yes", preeclampsia="no"))
    ready = job(site, made(site))
    other = site.submissions()[1].id
    assert (was_in(ready, patient), was_in(ready, other), was_in(ready, 999)) == (
        True,
        False,
        False,
    )
    assert not was_in(job(site, ask(site)), patient)


# Once


def test_a_file_is_fetched_once(site, patient):
    job_id = made(site)
    fetched(site, job_id)
    assert jobs.fetch(site.office, BOSS, job_id) is None


def test_nobody_else_fetches_it(site, patient):
    job_id = made(site)
    assert jobs.fetch(site.office, "user:8", job_id) is None
    assert fetched(site, job_id)


def test_two_do_not_fetch_it_at_the_same_time(site, patient):
    job_id = made(site)
    first = jobs.fetch(site.office, BOSS, job_id)
    with pytest.raises(jobs.Busy):
        jobs.fetch(site.office, BOSS, job_id)
    b"".join(first.chunks())
    assert jobs.fetch(site.office, BOSS, job_id) is None
    first.close()
    assert actions(site).count("fetch-started") == 1


def test_a_download_that_breaks_off_may_be_tried_again(site, patient, writer):
    writer(lambda source, out: [out.write(b"x" * CHUNK) for _ in source for _ in range(3)])
    job_id = made(site)
    download = jobs.fetch(site.office, BOSS, job_id)
    chunks = download.chunks()
    next(chunks)
    chunks.close()
    download.close()
    broken = job(site, job_id)
    assert (broken.status, broken.fetched_at) == ("done", site.office.now())
    assert len(fetched(site, job_id)) == 3 * CHUNK
    assert nothing_left(site, job_id)


def test_a_file_that_nobody_fetches_is_gone_after_a_day(site, patient):
    job_id = made(site)
    site.clock.wait(hours=23, minutes=59)
    jobs.sweep(site.office)
    assert files(site) == [job_id]
    site.clock.wait(minutes=1)
    assert jobs.fetch(site.office, BOSS, job_id) is None
    jobs.sweep(site.office)
    assert job(site, job_id).status == "expired"
    assert nothing_left(site, job_id)
    assert audited(site)[-1][:2] == ("system", "expired")


@pytest.mark.parametrize("harm", ["cut off", "a byte", "another's"])
def test_an_altered_file_is_not_handed_out(site, patient, harm):
    job_id, other = made(site), made(site)
    folder = site.office.instance / "exports"
    content = (folder / job_id).read_bytes()
    harmed = {
        "cut off": content[:-1],
        "a byte": content[:-1] + bytes([content[-1] ^ 1]),
        "another's": (folder / other).read_bytes(),
    }
    (folder / job_id).write_bytes(harmed[harm])
    with pytest.raises(VaultError):
        fetched(site, job_id)
    assert job(site, job_id).status == "done"


# Cancelled


def test_what_waits_is_cancelled(site, patient):
    job_id = ask(site)
    assert jobs.cancel(site.office, "user:8", job_id)
    assert not jobs.cancel(site.office, BOSS, job_id)
    jobs.make_waiting(site.office)
    assert job(site, job_id).status == "cancelled"
    assert nothing_left(site, job_id)
    assert [(who, what) for who, what, _ in audited(site)] == [
        (BOSS, "asked"), ("user:8", "cancelled"),
    ]  # fmt: skip


def test_cancelled_half_way_nothing_is_left(site, patient, writer):
    submit_answers(site.office, person())
    seen = []

    def half(source: Source, out: BinaryIO) -> None:
        for _ in source:
            out.write(b"x" * CHUNK * 2)
            seen.append(files(site))
            jobs.cancel(site.office, BOSS, job_id)
            assert files(site) == []

    writer(half)
    job_id = ask(site, Options("a", "b"))
    jobs.make_waiting(site.office)
    assert seen == [[job_id]]
    assert nothing_left(site, job_id)
    assert actions(site) == ["asked", "started", "cancelled"]


def test_cancelled_at_the_very_end_nothing_is_left(site, patient, monkeypatch):
    job_id = ask(site)
    finish = SealedFile.finish

    def late(file: SealedFile) -> None:
        finish(file)
        jobs.cancel(site.office, BOSS, job_id)

    monkeypatch.setattr(SealedFile, "finish", late)
    jobs.make_waiting(site.office)
    assert job(site, job_id).status == "cancelled"
    assert actions(site) == ["asked", "started", "cancelled"]
    assert nothing_left(site, job_id)


def test_what_is_ready_can_be_deleted(site, patient):
    job_id = made(site)
    assert jobs.cancel(site.office, BOSS, job_id)
    assert nothing_left(site, job_id)
    assert jobs.fetch(site.office, BOSS, job_id) is None


# Failed


def test_a_writer_that_fails_leaves_nothing_and_says_so(site, patient, writer):
    def fail(source: Source, out: BinaryIO) -> None:
        out.write(b"x" * CHUNK * 2)
        raise RuntimeError("a canary in its text")

    writer(fail)
    job_id = made(site)
    assert (job(site, job_id).status, job(site, job_id).error) == ("failed", "RuntimeError")
    assert nothing_left(site, job_id)
    assert audited(site)[-1][1:2] == ("failed",)
    assert "canary" not in json.dumps(audited(site))


def test_after_one_that_fails_the_next_is_made(site, patient, writer):
    first = ask(site)
    site.clock.wait(seconds=1)
    second = ask(site)
    turns = iter((RuntimeError, None))

    def some(source: Source, out: BinaryIO) -> None:
        wrong = next(turns)
        if wrong:
            raise wrong

    writer(some)
    jobs.make_waiting(site.office)
    assert (job(site, first).status, job(site, second).status) == ("failed", "done")


def test_without_a_database_it_is_tried_again(site, patient, writer):
    def away(source: Source, out: BinaryIO) -> None:
        raise DatabaseUnavailableError("away")

    writer(away)
    job_id = ask(site)
    with pytest.raises(DatabaseUnavailableError):
        jobs.make_waiting(site.office)
    assert (job(site, job_id).status, files(site)) == ("running", [])
    writer(lambda source, out: out.write(b"whole"))
    jobs.sweep(site.office)
    assert fetched(site, job_id) == b"whole"


# The worker dies


def killed_half_way(site: Site) -> int:
    """The signal that a worker of its own ended by, in the middle of an export."""
    child = os.fork()
    if not child:
        try:
            jobs.make_waiting(site.office)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def dies(_source: Source, out: BinaryIO) -> None:
    out.write(b"half of it" * CHUNK)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_is_killed_half_way_is_taken_over(site, patient, writer):
    job_id = ask(site)
    writer(dies)
    assert killed_half_way(site) == -signal.SIGKILL
    broken = job(site, job_id)
    assert (broken.status, files(site)) == ("running", [job_id])
    assert jobs.fetch(site.office, BOSS, job_id) is None
    writer(lambda source, out: out.write(b"whole"))
    jobs.sweep(site.office)
    assert job(site, job_id).tries == 2
    assert job(site, job_id).wrapped_key != broken.wrapped_key
    assert fetched(site, job_id) == b"whole"
    assert [said["attempt"] for _, what, said in audited(site) if what == "started"] == [1, 2]


def test_an_export_that_kills_its_worker_again_and_again_is_given_up(site, patient, writer):
    job_id = ask(site)
    with site.office.database.write() as conn:
        conn.execute(update(EXPORTS).values(tries=jobs.MOST_TRIES, status="running"))
    (site.office.instance / "exports").mkdir()
    (site.office.instance / "exports" / job_id).write_bytes(b"half")
    jobs.sweep(site.office)
    assert (job(site, job_id).status, job(site, job_id).error) == ("failed", "WorkerDied")
    assert nothing_left(site, job_id)


def test_only_one_worker_makes_exports(site, patient):
    job_id = ask(site)
    with alone(site.office.instance / "exports" / ".lock") as first:
        assert first
        jobs.make_waiting(site.office)
        assert job(site, job_id).status == "waiting"
    jobs.make_waiting(site.office)
    assert job(site, job_id).status == "done"


def test_a_file_that_no_job_speaks_of_is_swept(site, patient):
    job_id = made(site)
    (site.office.instance / "exports" / ("0" * 32)).write_bytes(b"left over")
    jobs.sweep(site.office)
    assert files(site) == [job_id]


# Progress


def test_progress_moves_and_ends_whole(site, patient, writer):
    for _ in range(3):
        submit_answers(site.office, person())
    told = []

    def twice(source: Source, out: BinaryIO) -> None:
        for _ in range(2):
            for _ in source:
                now = job(site, job_id)
                told.append((now.status, now.done, now.total))

    writer(twice)
    job_id = ask(site, Options("a", "b"))
    jobs.make_waiting(site.office)
    assert told[:4] == [("running", n, 4) for n in (1, 2, 3, 4)]
    assert told[4:] == [("running", n, 8) for n in (5, 6, 7, 8)]
    ready = job(site, job_id)
    assert (ready.done, ready.total, ready.rows) == (8, 8, 4)


# At once, for the command line


def now(site: Site, out: BinaryIO) -> Any:
    return jobs.write_now(site.office, "cli", ASKED, out, lambda *_: None)


def test_an_export_without_a_job_is_in_the_accounting_too(site, patient):
    out = io.BytesIO()
    told = now(site, out)
    assert out.getvalue() == site.exported(ASKED.filters)
    (row,) = jobs.newest(site.office)
    assert (row.status, row.by, row.rows, told.rows) == ("fetched", "cli", 1, 1)
    assert was_in(row, patient)
    assert row.fetched_at == site.office.now()
    assert actions(site) == ["asked", "started", "finished"]


@pytest.mark.parametrize(
    ("error", "said"), [(KeyboardInterrupt, "cancelled"), (RuntimeError, "failed")]
)
def test_an_export_that_is_ended_is_in_the_audit(site, patient, writer, error, said):
    def end(source: Source, out: BinaryIO) -> None:
        raise error

    writer(end)
    with pytest.raises(error):
        now(site, io.BytesIO())
    assert actions(site) == ["asked", "started", said]
    assert jobs.newest(site.office) == []
