"""The master key changes under a server with two processes, is killed midway, and goes on."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from screening import create_app
from screening.settings import Settings
from screening.storage import intakes
from screening.storage.vault import Keyring
from screening.workflows import intake as intake_flow
from screening.workflows.rotation import SETTLED
from tests.builders import person
from tests.server import ROOT, Server, await_true
from tests.site import Clock, Site
from tests.walker import Walker
from tests.wire import Wire

pytestmark = pytest.mark.slow

OLDER = 800  # drafts that a rotation has to move


def test_no_request_fails_while_the_key_changes(server: Server) -> None:
    server.stop()
    server.environment["SCREENING_WEB_WORKERS"] = "2"
    server.start()
    app = create_app(Settings(instance=server.instance, testing=True))
    store = Site(app, Clock(app.extensions["office"]))
    first, second = (store.start(person(), until="check") for _ in range(2))
    multiply(store, first)
    keys = server.instance / "keys"
    (old,) = Keyring.load(keys).masters
    enough = Event()
    codes = [intake_flow.new_code_for(store.office, first) for first in (first, second)]
    with ThreadPoolExecutor(2) as pool:
        walking = [pool.submit(walk, server, code, enough) for code in codes]
        killed = command(server)
        await_true(lambda: b"rows are under" in os.read(killed.stderr.fileno(), 4096))
        killed.kill()
        killed.communicate()
        assert len(Keyring.load(keys).masters) == 2
        assert "the rotation that was stopped" in finished(command(server)).lower()
        settle(keys)
        assert f"Removed {old}" in finished(command(server, "--retire"))
        time.sleep(1)
        enough.set()
        statuses = [status for future in walking for status in future.result()]
    assert set(statuses) == {200}, [status for status in statuses if status != 200]
    assert len(statuses) > 20
    assert len(store.intakes()) == OLDER + 2
    app.extensions["office"].database.close()


def multiply(store: Site, intake_id: str) -> None:
    """Many drafts, quickly: rows with keys of their own and nothing else."""
    with store.office.database.write() as conn:
        draft = intakes.read_draft(conn, store.office.vault, intake_id)
        for _ in range(OLDER):
            intakes.create_draft(
                conn,
                store.office.vault,
                questionnaire=draft.questionnaire,
                content_hash=draft.content_hash,
                now=store.clock.moment,
            )


def walk(server: Server, code: str, enough: Event) -> list[int]:
    """One patient, who goes on saving; the status of each answer."""
    walker = Walker(Wire(server.port)).resume(code, person()["date_of_birth"])
    statuses = [walker.status]
    while not enough.is_set():
        for days in (1, 2, 3):
            walker.open("/form/support")
            statuses.append(walker.status)
            walker.press(exercise_days=days)
            statuses.append(walker.status)
    return statuses


def command(server: Server, *options: str) -> "subprocess.Popen[bytes]":
    words = (sys.executable, "-m", "flask", "--app", "wsgi.py", "rotate-keys", *options)
    return subprocess.Popen(
        words,
        cwd=ROOT,
        env=server.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def finished(process: "subprocess.Popen[bytes]") -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    return out.decode()


def settle(keys: Path) -> None:
    then = time.time() - 2 * SETTLED
    for path in keys.glob("master-*"):
        os.utime(path, (then, then))
