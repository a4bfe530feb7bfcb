"""One writer at a time on SQLite: threads by a lock, processes by `flock` on a file beside it.

SQLite's own busy handler sleeps and guesses, which costs a save up to half a second when many wait.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAUSE = 0.0005  # seconds between two looks at another process's lock


class TurnTimeoutError(Exception):
    """Others kept writing for too long."""


class WriteTurn:
    """`take` waits for the turn, `give_back` ends it. A write inside a write is a bug."""

    def __init__(self, path: Path, *, wait: float):
        """`wait` in seconds."""
        self._path = path
        self._wait = wait
        self._lock = threading.Lock()
        self._owner: int | None = None

    def take(self) -> int:
        """Returns what `give_back` wants. Raises TurnTimeoutError."""
        if self._owner == threading.get_ident():
            raise RuntimeError("this thread is already writing: finish that transaction first")
        deadline = time.monotonic() + self._wait
        if not self._lock.acquire(timeout=self._wait):
            raise TurnTimeoutError("another thread keeps writing")
        try:
            descriptor = self._lock_file(deadline)
        except BaseException:
            self._lock.release()
            raise
        self._owner = threading.get_ident()
        return descriptor

    def give_back(self, descriptor: int) -> None:
        # Unlocked, not only closed: a child forked meanwhile holds the same open file.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
        self._owner = None
        self._lock.release()

    @contextmanager
    def held(self) -> Iterator[None]:
        descriptor = self.take()
        try:
            yield
        finally:
            self.give_back(descriptor)

    def forget(self) -> None:
        """For a forked child: the lock may be held by a thread that only its parent has."""
        self._lock = threading.Lock()
        self._owner = None

    def _lock_file(self, deadline: float) -> int:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise TurnTimeoutError("another process keeps writing") from None
                time.sleep(PAUSE)
            else:
                return descriptor
