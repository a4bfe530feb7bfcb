"""Exports as jobs: asked for by an administrator, made by the worker, fetched once, then gone.

One is made at a time, so that alerts never wait for exports. Who makes them holds a lock that a
dying process lets go of: whoever finds it free takes up what was begun, from its start, under a new
key. A file is handed out only after its row says that it is whole.

What a job did is in the audit, with its purpose, its recipient and counts.
"""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, cast

from ..storage import export_jobs as jobs
from ..storage.database import DatabaseUnavailableError
from ..storage.export_jobs import StoredJob
from ..storage.sealed_files import SealedFile, alone, chunks, claim, let_go
from .act import Act
from .export_file import Made, Options, make
from .office import Office

KEPT = timedelta(hours=24)  # a file that nobody fetches
MOST_TRIES = 3  # of a job that takes the worker down with it
SHOWN = 20
LOCK = ".lock"
SYSTEM = "system"  # who lets a file expire, in the audit


class Busy(Exception):  # noqa: N818 - an outcome that pages answer
    """The file is being handed out at this moment."""


class _CancelledError(Exception):
    """Nobody waits for the file any more."""


class Download:
    """A file on its way out, once: at the end of `chunks` it and its key are gone. Whoever hands it
    out closes it, at its end or when it breaks off; then it may be tried again."""

    def __init__(self, office: Office, actor: str, job: StoredJob, file: BinaryIO) -> None:
        self.job = job
        self.office, self.actor, self._file = office, actor, file

    def chunks(self) -> Iterator[bytes]:
        """Raises VaultError when the file was altered."""
        office, job = self.office, self.job
        key = office.vault.unwrap(job.key_id or "", job.wrapped_key or b"")
        try:
            yield from chunks(self._file, office.vault, key, context=_context(job.id))
            self._fetched()  # the last of it was taken
        finally:
            self.close()

    def _fetched(self) -> None:
        office, job = self.office, self.job
        with office.database.write() as conn:
            if jobs.end(conn, job.id, jobs.FETCHED, was=(jobs.DONE,)):
                _note(Act(conn, office, self.actor), "fetched", job, rows=job.rows)
        _path(office, job.id).unlink(missing_ok=True)

    def close(self) -> None:
        if not self._file.closed:
            let_go(self._file.fileno())
            self._file.close()


def ask(office: Office, actor: str, options: Options) -> str:
    """The id of the new job; the worker is to be told of it. Raises ValueError as `checked`."""
    job = _new(office, actor, options)
    with office.database.write() as conn:
        jobs.add(conn, job)
        _note(Act(conn, office, actor), "asked", job)
    return job.id


def _new(office: Office, actor: str, options: Options) -> StoredJob:
    return StoredJob(uuid.uuid4().hex, actor, office.now(), options.checked().as_json())


def _note(act: Act, what: str, job: StoredJob, **told: object) -> None:
    """With why and for whom, so that each row of the audit stands for itself."""
    act.note(f"export.{what}", None, export=job.id, **job.options, **told)


def read(office: Office, job_id: str) -> StoredJob | None:
    with office.database.read() as conn:
        return jobs.read(conn, job_id)


def newest(office: Office) -> list[StoredJob]:
    """The last that anybody asked for."""
    with office.database.read() as conn:
        return jobs.newest(conn, SHOWN)


def cancel(office: Office, actor: str, job_id: str) -> bool:
    """Neither file nor key is left, whatever had been made. False: it was over already."""
    with office.database.write() as conn:
        was = (*jobs.OPEN, jobs.DONE)
        over = not jobs.end(conn, job_id, jobs.CANCELLED, was=was, at=office.now())
        job = jobs.read(conn, job_id)
        if over or job is None:
            return False
        _note(Act(conn, office, actor), "cancelled", job)
    _path(office, job_id).unlink(missing_ok=True)
    return True


def cancel_all(office: Office, actor: str) -> None:
    """Whatever is made or begun and was not fetched."""
    with office.database.read() as conn:
        found = jobs.made_or_begun(conn)
    for job in found:
        cancel(office, actor, job.id)


# Made by the worker


def make_waiting(office: Office) -> None:
    """Make what waits, and what a worker that died had begun; unless somebody is at it already."""
    with alone(_folder(office) / LOCK) as only_one:
        if not only_one:
            return
        while (job := _next(office)) is not None:
            _run(office, job)


def sweep(office: Office) -> None:
    """Files that nobody fetched in time go, and those that nothing speaks of any more; then what
    waits is made."""
    with office.database.read() as conn:
        due = jobs.to_expire(conn, office.now())
    for job in due:
        with office.database.write() as conn:
            if jobs.end(conn, job.id, jobs.EXPIRED, was=(jobs.DONE,)):
                _note(Act(conn, office, SYSTEM), "expired", job)
        _path(office, job.id).unlink(missing_ok=True)
    _remove_left_over(office)
    make_waiting(office)


def _remove_left_over(office: Office) -> None:
    """A process may have died between the end of a job and the end of its file."""
    for path in _folder(office).glob("*"):
        job = None if path.name == LOCK else read(office, path.name)
        if path.name != LOCK and (job is None or job.status not in (*jobs.OPEN, jobs.DONE)):
            path.unlink(missing_ok=True)


def _next(office: Office) -> StoredJob | None:
    with office.database.read() as conn:
        return jobs.next_open(conn)


def _run(office: Office, job: StoredJob) -> None:
    """Whatever happens, the job is over then; only without a database it stays to be tried again,
    and DatabaseUnavailableError is raised."""
    path = _path(office, job.id)
    if job.tries >= MOST_TRIES:
        _fail(office, job, "WorkerDied")
        path.unlink(missing_ok=True)
        return
    try:
        _make(office, job, path)
    except DatabaseUnavailableError:
        path.unlink(missing_ok=True)
        raise
    except _CancelledError:
        path.unlink(missing_ok=True)
    except Exception as error:  # noqa: BLE001 - whatever a writer raises; its text may hold answers
        _fail(office, job, type(error).__name__)
        path.unlink(missing_ok=True)


def _make(office: Office, job: StoredJob, path: Path) -> None:
    options = Options.from_json(job.options)
    key = office.vault.new_data_key()

    def begun(total: int) -> None:
        with office.database.write() as conn:
            if not jobs.begin(conn, job.id, key, total=total):
                raise _CancelledError
            _note(Act(conn, office, job.by), "started", job, attempt=job.tries + 1)

    def tell(done: int, total: int) -> None:
        with office.database.write() as conn:
            if not jobs.progress(conn, job.id, done=done, total=total):
                raise _CancelledError

    file = SealedFile(path, office.vault, key, context=_context(job.id))
    try:
        made = make(office, options, cast(BinaryIO, file), begun=begun, tell=tell)
        file.finish()
    finally:
        file.abandon()
    _finish(office, job, made, file)


def _finish(office: Office, job: StoredJob, made: Made, file: SealedFile) -> None:
    now = office.now()
    with office.database.write() as conn:
        done = jobs.finish(
            conn,
            job.id,
            rows=made.rows,
            rare=made.rare,
            name=made.name,
            size=file.size,
            sha256=file.sha256,
            included=made.included,
            ended_at=now,
            expires_at=now + KEPT,
        )
        if not done:
            raise _CancelledError
        told = {"rows": made.rows, "size": file.size, "sha256": file.sha256}
        _note(Act(conn, office, job.by), "finished", job, **told)


def _fail(office: Office, job: StoredJob, kind: str) -> None:
    with office.database.write() as conn:
        if jobs.end(conn, job.id, jobs.FAILED, was=jobs.OPEN, at=office.now(), error=kind):
            _note(Act(conn, office, job.by), "failed", job, error=kind)


def write_now(
    office: Office,
    actor: str,
    options: Options,
    out: BinaryIO,
    tell: Callable[[int, int], None],
) -> Made:
    """The same without waiting, to a stream of the caller's; its row is there when it is done.

    `tell` as of `export_file.Walked`. What a writer raises goes through, and is in the audit; so is
    whoever ends it by the keyboard."""
    job = _new(office, actor, options)

    def note(what: str, **told: object) -> None:
        with office.database.write() as conn:
            _note(Act(conn, office, actor), what, job, **told)

    note("asked")
    try:
        made = make(office, options, out, begun=lambda _total: note("started"), tell=tell)
    except (KeyboardInterrupt, BrokenPipeError):
        note("cancelled")
        raise
    except BaseException as error:
        note("failed", error=type(error).__name__)
        raise
    with office.database.write() as conn:
        told = {"rows": made.rows, "rare": made.rare, "name": made.name}
        jobs.add_fetched(conn, job, at=office.now(), included=made.included, **told)
        _note(Act(conn, office, actor), "finished", job, rows=made.rows)
    return made


# Fetched once


def fetch(office: Office, actor: str, job_id: str) -> Download | None:
    """None: it is not there any more, or not theirs. Raises Busy."""
    job = read(office, job_id)
    if job is None or job.by != actor:
        return None
    try:
        file = _path(office, job_id).open("rb")
    except FileNotFoundError:
        return None
    if not claim(file.fileno()):
        file.close()
        raise Busy
    return _handed_out(Download(office, actor, job, file))


def _handed_out(download: Download) -> Download | None:
    """Its row is read once more: who had the file before may have had all of it."""
    office, job = download.office, download.job
    found = None
    try:
        with office.database.write() as conn:
            now = jobs.read(conn, job.id)
            if now is not None and _is_there(office, now):
                jobs.hand_out(conn, job.id, office.now())
                _note(Act(conn, office, download.actor), "fetch-started", now)
                found = download
    finally:
        if found is None:
            download.close()
    return found


def _is_there(office: Office, job: StoredJob) -> bool:
    in_time = job.expires_at is not None and office.now() < job.expires_at
    return job.status == jobs.DONE and job.wrapped_key is not None and in_time


def _folder(office: Office) -> Path:
    if office.instance is None:
        raise ValueError("without a folder there are no files of exports")
    return office.instance / "exports"


def _path(office: Office, job_id: str) -> Path:
    return _folder(office) / job_id


def _context(job_id: str) -> str:
    return f"exports:{job_id}"
