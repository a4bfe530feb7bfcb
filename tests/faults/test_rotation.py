"""The master key changes under a server with two processes, is killed midway, and goes on."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from screening import create_app
from screening.settings import Settings
from screening.storage import intakes
from screening.storage.vault import Keyring
from screening.workflows import intake as intake_flow
from screening.workflows import rotation
from tests.builders import person
from tests.server import ROOT, Server, await_true
from tests.site import Clock, Site
from tests.walker import Walker
from tests.wire import Wire

pytestmark = pytest.mark.slow

OLDER = 4000  # drafts that a rotation has to move: enough to be killed before it is done


@pytest.fixture
def server(made_installation: Path, tmp_path: Path) -> Iterator[Server]:
    """With two processes."""
    shutil.copytree(made_installation, tmp_path / "instance")
    found = Server(tmp_path / "instance")
    found.environment["SCREENING_WEB_WORKERS"] = "2"
    yield found.start()
    found.stop()


def test_no_request_fails_while_the_key_changes(server: Server) -> None:
    app = create_app(Settings(instance=server.instance, testing=True))
    store = Site(app, Clock(app.extensions["office"]))
    first, second = (store.start(person(), until="check") for _ in range(2))
    multiply(store, first)
    keys = server.instance / "keys"
    (old,) = Keyring.load(keys).masters
    enough, statuses = Event(), list[int]()
    codes = [intake_flow.new_code_for(store.office, first) for first in (first, second)]
    with ThreadPoolExecutor(2) as pool:
        killed = begin_to_rotate(server)
        walking = [pool.submit(walk, server, code, statuses, enough) for code in codes]
        try:
            await_words(killed, b"rows are under")
            killed.kill()
            killed.communicate()
            assert len(Keyring.load(keys).masters) == 2
            assert not rotation.rotate(store.office).made  # it goes on with the same key
            settle(keys)
            assert rotation.retire(store.office) == [old]
            more = len(statuses) + 10
            await_true(lambda: len(statuses) > more)
        finally:
            enough.set()  # or a failure would wait for the walkers for ever
        for future in walking:
            future.result()
    assert set(statuses) == {200}, [status for status in statuses if status != 200]
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


def walk(server: Server, code: str, statuses: list[int], enough: Event) -> None:
    """One patient, who goes on saving; the status of each answer is added."""
    walker = Walker(Wire(server.port)).resume(code, person()["date_of_birth"])
    statuses.append(walker.status)
    while not enough.is_set():
        for days in (1, 2, 3):
            walker.open("/form/support")
            statuses.append(walker.status)
            walker.press(exercise_days=days)
            statuses.append(walker.status)


def begin_to_rotate(server: Server) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        (sys.executable, "-m", "flask", "--app", "wsgi.py", "rotate-keys"),
        cwd=ROOT,
        env=server.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def await_words(process: "subprocess.Popen[bytes]", words: bytes) -> None:
    """They may come in two pieces."""
    said = bytearray()

    def heard() -> bool:
        said.extend(os.read(process.stderr.fileno(), 4096))
        return words in said

    await_true(heard)


def settle(keys: Path) -> None:
    then = time.time() - 2 * rotation.SETTLED
    for path in keys.glob("master-*"):
        os.utime(path, (then, then))
