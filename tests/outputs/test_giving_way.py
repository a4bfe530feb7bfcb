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
from screening.outputs.processors import shared_by_session
from screening.outputs.renderer import (
    EQUAL,
    FRESH,
    LAST,
    PATIENCE,
    REST,
    WORDS,
    giving_way,
    pause,
    shared_words,
)
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

    def __init__(self, words: memoryview, at: dict[int, int]) -> None:
        self.now, self.words, self.at, self.naps = NOW, words, at, 0

    def clock(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps += 1
        self.now += int(seconds * 1e9)
        self.words[0] = self.at.get(self.naps, self.words[0])


def paused(words: memoryview, at: dict[int, int] | None = None, most: int = PATIENCE) -> int:
    passing = Time(words, at or {})
    pause(words, NOW + most, passing.clock, passing.sleep)
    return passing.now - NOW


@pytest.fixture
def words(tmp_path: Path) -> memoryview:
    return shared_words(str(tmp_path / "serving"), writes=True)


def test_a_document_pauses_until_the_request_is_answered(words: memoryview) -> None:
    words[0] = NOW + FRESH
    assert paused(words, {4: 0}) == 4 * int(REST * 1e9)


def test_a_document_pauses_for_the_next_request_too(words: memoryview) -> None:
    words[0] = NOW + FRESH
    assert paused(words, {1: NOW + FRESH, 9: 0}) == 9 * int(REST * 1e9)


def test_a_document_pauses_for_every_thread(words: memoryview) -> None:
    words[0], words[WORDS - 1] = NOW + FRESH, NOW + FRESH
    assert paused(words, {1: 0}) == FRESH


@pytest.mark.parametrize("left", [0, 1, NOW, NOW + FRESH + 1, NOW + 10**12, 2**64 - 1])
def test_what_a_dead_process_left_in_the_word_pauses_nothing(words: memoryview, left: int) -> None:
    words[0] = left
    assert paused(words) == 0


def test_a_request_that_takes_long_is_waited_for_no_longer(words: memoryview) -> None:
    words[0] = NOW + FRESH
    assert paused(words) == FRESH


def test_no_pause_is_without_end(words: memoryview) -> None:
    words[0] = NOW + FRESH
    always = {nap: NOW + int(nap * REST * 1e9) + FRESH for nap in range(1, 1000)}
    assert paused(words, always, most=10 * FRESH) == 10 * FRESH


def test_a_document_gives_way_and_is_then_an_equal(
    words: memoryview, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screening.outputs.renderer.PATIENCE", 20_000_000)
    wanted: list[int] = []
    refused = [LAST, EQUAL, EQUAL]  # Linux takes so many changes a second and no more

    def set_session(niceness: int) -> bool:
        wanted.append(niceness)
        return niceness not in refused or refused.remove(niceness) is not None

    def draw(_html: str, _paper: str) -> bytes:
        await_true(lambda: wanted.count(EQUAL) == 3)
        return b"%PDF"

    before = signal.getsignal(signal.SIGALRM)
    try:
        words[0] = time.monotonic_ns() + FRESH
        assert giving_way(draw, words, set_session)("", "letter") == b"%PDF"
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert wanted == [LAST, EQUAL, EQUAL, EQUAL]


def test_all_processes_see_the_same_words(words: memoryview, tmp_path: Path) -> None:
    words[0] = NOW
    seen = shared_words(str(tmp_path / "serving"), writes=False)
    assert (seen[0], seen.readonly, len(seen)) == (NOW, True, WORDS)
    again = shared_words(str(tmp_path / "serving"), writes=True)
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
    polite: Renderer, words: memoryview
) -> None:
    page, over = html(), threading.Event()
    polite.render(page, "letter")
    before = naps(polite.pid())
    polite.render(page, "letter")
    undisturbed = naps(polite.pid()) - before

    def keep_asking() -> None:
        while not over.wait(0.001):
            words[0] = time.monotonic_ns() + FRESH

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


@needs_pango
@needs_linux
@pytest.mark.skipif(not shared_by_session(), reason="sessions do not count here")
def test_where_sessions_count_a_document_comes_last(polite: Renderer) -> None:
    polite.render(html(), "letter")
    pid = polite.pid()
    assert os.sched_getscheduler(pid) == os.SCHED_IDLE
    assert Path(f"/proc/{pid}/autogroup").read_text("ascii").endswith(f" nice {LAST}\n")


@pytest.mark.parametrize(
    ("enabled", "groups", "shares", "by_session"),
    [
        ("1\n", "0::/user.slice/session-2.scope\n", [], True),
        ("1\n", "0::/user.slice/session-2.scope\n", ["user.slice/cpu.weight"], False),
        ("1\n", "0::/\n", ["cpu.weight"], False),  # a container
        ("1\n", "3:cpu,cpuacct:/\n2:memory:/a\n0::/\n", [], True),
        ("1\n", "3:cpu,cpuacct:/docker/1\n0::/\n", [], False),
        ("0\n", "0::/\n", [], False),
        ("1\n", "0::/elsewhere\n", [], False),  # a folder that cannot be looked into
        ("1\n", "no groups\n", [], False),
        (None, None, [], False),  # another system than Linux
    ],
)
def test_how_processors_are_shared_is_read_from_the_system(
    tmp_path: Path, enabled: str | None, groups: str | None, shares: list[str], by_session: bool
) -> None:
    told = {"proc/sys/kernel/sched_autogroup_enabled": enabled, "proc/self/cgroup": groups}
    told |= {f"sys/fs/cgroup/{share}": "100\n" for share in shares}
    (tmp_path / "sys/fs/cgroup/user.slice/session-2.scope").mkdir(parents=True)
    for name, text in told.items():
        if text is not None:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, "ascii")
    assert shared_by_session(tmp_path) is by_session


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
