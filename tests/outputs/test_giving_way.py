"""The renderer gives way to whoever waits for a page, and is stopped for good by nothing."""

import ctypes.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from screening.outputs.pdf import summary_html
from screening.outputs.renderer import FRESH, LONGEST_PAUSE, REST, pause, shared_word
from screening.outputs.renderer_client import Renderer
from tests.outputs import records
from tests.server import await_true

needs_pango = pytest.mark.skipif(
    ctypes.util.find_library("pangoft2-1.0") is None,
    reason="Pango is missing: apt-get install libpangoft2-1.0-0 libharfbuzz-subset0",
)
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
NOW = 7_000_000_000_000  # nanoseconds since this machine started


class Time:
    """A clock that moves on while somebody sleeps, and does `at` then."""

    def __init__(self, word: memoryview, at: dict[int, int] | None = None) -> None:
        self.now, self.word, self.at, self.naps = NOW, word, at or {}, 0

    def clock(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps += 1
        self.now += int(seconds * 1e9)
        self.word[0] = self.at.get(self.naps, self.word[0])


def paused(word: memoryview, at: dict[int, int] | None = None) -> int:
    passing = Time(word, at)
    rested = pause(word, passing.clock, passing.sleep)
    assert rested == passing.now - NOW
    return rested


@pytest.fixture
def word(tmp_path: Path) -> memoryview:
    return shared_word(str(tmp_path / "serving"), writes=True)


def test_a_document_pauses_until_the_request_is_answered(word: memoryview) -> None:
    word[0] = NOW - 1_000_000
    assert paused(word, {4: 0}) == 4 * int(REST * 1e9)


def test_a_document_pauses_for_the_next_request_too(word: memoryview) -> None:
    word[0] = NOW - FRESH + 1
    assert paused(word, {1: NOW, 9: 0}) == 9 * int(REST * 1e9)


@pytest.mark.parametrize("left", [0, NOW - FRESH, 1, NOW + 1_000_000, 2**64 - 1])
def test_what_a_dead_process_left_in_the_word_pauses_nothing(word: memoryview, left: int) -> None:
    word[0] = left
    assert paused(word) == 0


def test_a_request_that_takes_long_is_waited_for_no_longer(word: memoryview) -> None:
    word[0] = NOW
    assert paused(word) == FRESH


def test_no_pause_is_without_end(word: memoryview) -> None:
    word[0] = NOW
    always = {nap: NOW + int(nap * REST * 1e9) for nap in range(1, 1000)}
    assert paused(word, always) == LONGEST_PAUSE


def test_all_processes_see_the_same_word(word: memoryview, tmp_path: Path) -> None:
    word[0] = NOW
    seen = shared_word(str(tmp_path / "serving"), writes=False)
    assert (seen[0], seen.readonly) == (NOW, True)
    again = shared_word(str(tmp_path / "serving"), writes=True)
    assert again[0] == NOW
    assert (tmp_path / "serving").stat().st_mode & 0o777 == 0o600


# With a real renderer


def html() -> str:
    made = datetime(2026, 11, 12, 10, 5)  # noqa: DTZ001  the clinic's own time
    return summary_html(
        records.tiny(), paper="letter", clinic="Riverside Clinic", made_at=made
    )  # fmt: skip


@pytest.fixture
def polite(tmp_path: Path) -> Iterator[Renderer]:
    own = Renderer()
    own.serving = tmp_path / "serving"
    yield own
    own.stop()


def naps(pid: int) -> int:
    """How often the process has gone to sleep by itself."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))


@needs_pango
@needs_linux
def test_a_pdf_is_made_in_pauses_while_requests_never_stop(
    polite: Renderer, word: memoryview
) -> None:
    page, over = html(), threading.Event()
    polite.render(page, "letter")
    before = naps(polite.pid())
    polite.render(page, "letter")
    undisturbed = naps(polite.pid()) - before

    def keep_asking() -> None:
        while not over.wait(0.001):
            word[0] = time.monotonic_ns()

    thread = threading.Thread(target=keep_asking)
    thread.start()
    try:
        assert polite.render(page, "letter").startswith(b"%PDF")
    finally:
        over.set()
        thread.join()
    assert naps(polite.pid()) - before - undisturbed > undisturbed + 20


@needs_pango
def test_without_a_place_for_the_file_a_pdf_is_made_all_the_same(tmp_path: Path) -> None:
    own = Renderer()
    own.serving = tmp_path / "no such folder" / "serving"
    try:
        assert own.render(html(), "letter").startswith(b"%PDF")
    finally:
        own.stop()


@needs_linux
def test_the_renderer_is_a_session_by_itself_and_nice(polite: Renderer) -> None:
    pid = polite.pid()
    assert os.getsid(pid) == pid
    assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)


@needs_linux
def test_a_renderer_ends_with_the_worker_that_was_killed() -> None:
    code = (
        "import time; from screening.outputs.renderer_client import RENDERER;"
        "print(RENDERER.pid(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen((sys.executable, "-c", code), stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        renderer = Path("/proc") / worker.stdout.readline().decode().strip()
        assert renderer.exists()
        worker.send_signal(signal.SIGKILL)
    await_true(lambda: not renderer.exists() or "\nState:\tZ" in _status(renderer))


def _status(process: Path) -> str:
    try:
        return (process / "status").read_text("ascii")
    except OSError:
        return "\nState:\tZ"
