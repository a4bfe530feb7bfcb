"""Jobs run with ids, are tried again, and run nothing that was not signed here."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from screening.jobs import RETRIES, Queue
from screening.outputs.renderer_client import RENDERER
from screening.storage import sessions
from screening.tasks import sweep_sessions

ROOT = Path(__file__).parent.parent


@pytest.fixture
def office(app):
    return app.extensions["office"]


def queue_of(office, path, tasks, **more):
    return Queue(office, path / "queue.db", "secret", tasks=tasks, periodic=(), **more)


def test_a_task_is_run_with_the_office_and_its_ids(office, tmp_path):
    seen = []
    tasks = {"note": lambda *given: seen.append(given)}
    queue = queue_of(office, tmp_path, tasks, held=True)
    queue.enqueue("note", 7, "abc")
    assert seen == []
    queue.run_waiting()
    assert seen == [(office, 7, "abc")]


def test_an_alert_is_not_kept_waiting_by_documents(office, tmp_path):
    seen = []
    tasks = {name: lambda office, name=name: seen.append(name) for name in ("make-x", "mail-x")}
    queue = queue_of(office, tmp_path, tasks)
    for name in ("make-x", "make-x", "mail-x"):
        queue.enqueue(name)
    for _ in range(3):
        run_next(queue)
    assert seen == ["mail-x", "make-x", "make-x"]


def test_the_worker_tells_its_renderer_where_requests_are_told_of(office, tmp_path, monkeypatch):
    monkeypatch.setattr(RENDERER, "serving", None)
    monkeypatch.setattr("screening.worker.Worker.run", lambda self: None)
    queue_of(office, tmp_path, {}).consume()
    assert RENDERER.serving == tmp_path / "serving"


def test_it_tells_how_many_wait_and_when_the_worker_last_did_something(office, tmp_path):
    queue = queue_of(office, tmp_path, {"note": lambda _office: None})
    assert (queue.waiting(), queue.last_beat()) == (0, None)
    queue.enqueue("note")
    queue.enqueue("note")
    assert queue.waiting() == 2
    run_next(queue)
    assert queue.waiting() == 1
    assert time.time() - queue.last_beat() < 60


def test_an_unknown_task_is_an_error(office, tmp_path):
    with pytest.raises(KeyError):
        queue_of(office, tmp_path, {}, held=True).enqueue("note")


def run_next(queue):
    queue.huey.execute(queue.huey.dequeue())


def test_a_task_that_fails_is_tried_again_later(office, tmp_path):
    def fail(_office):
        raise OSError("away")

    queue = queue_of(office, tmp_path, {"fail": fail})
    queue.enqueue("fail")
    run_next(queue)
    (again,) = queue.huey.scheduled()
    assert again.retries == RETRIES - 1


def test_a_job_that_was_not_signed_here_is_not_run(office, tmp_path):
    seen = []
    tasks = {"note": lambda *given: seen.append(given)}
    Queue(office, tmp_path / "queue.db", "guessed", tasks=tasks, periodic=()).enqueue("note", 1)
    queue = queue_of(office, tmp_path, tasks)
    with pytest.raises(ValueError, match=r"[Ss]ignature"):
        queue.huey.dequeue()
    assert seen == []


def test_expired_sessions_are_swept(office):
    now = office.now()
    with office.database.write() as conn:
        sessions.create_session(conn, office.vault, "old", {}, expires_at=now, now=now)
    sweep_sessions(office)
    with office.database.read() as conn:
        before = now - timedelta(hours=1)
        assert sessions.read_session(conn, office.vault, "old", now=before) is None


def test_the_worker_stops_when_asked(settings):
    environ = {**os.environ, "SCREENING_INSTANCE": str(settings.instance)}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    worker = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True)
    assert any("worker ready" in line for line in worker.stderr)
    worker.send_signal(signal.SIGTERM)
    started = time.monotonic()
    worker.communicate(timeout=15)
    assert worker.returncode == 0
    assert time.monotonic() - started < 10
