"""Our end of the renderer: started when first needed, kept warm, started again after it ends."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

from . import renderer
from .processors import shared_by_session
from .renderer import OK, PAPERS, read_message, write_message

SECONDS = 30  # for one document, by the clock; the renderer itself limits processor time
SECONDS_TO_START = 60
# Isolated: neither this project's folder nor a user's packages are on its path.
COMMAND = (sys.executable, "-I", "-B", renderer.__file__)
MISSING = (
    "The PDF cannot be made: WeasyPrint or its libraries are missing. "
    "On Debian: apt-get install libpangoft2-1.0-0 libharfbuzz-subset0"
)


class RenderError(RuntimeError):
    """The document was not made: the renderer failed, ended or took too long."""


class RendererMissingError(RenderError):
    """WeasyPrint or a library under it is not installed; trying again does not help."""


class Renderer:
    """One renderer process. Calls from several threads wait for each other.

    `serving` is the file that tells whether a page is being made; None: the renderer never pauses.
    """

    serving: Path | None = None

    def __init__(self, seconds: float = SECONDS, command: Sequence[str] = COMMAND) -> None:
        self._seconds = seconds
        self._command = command
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0  # a forked copy of this object must not use its parent's process
        self._folder = ""

    def render(self, html: str, paper: str) -> bytes:
        """The PDF of a page on "letter" or "a4". Raises RenderError, ValueError for other paper."""
        if paper not in PAPERS:
            raise ValueError(f"unknown paper: {paper}")
        with self._lock:
            process = self._running()
            return self._exchange(process, f"{paper}\n{html}".encode(), self._seconds)

    def pid(self) -> int:
        """The process's id; started first where it does not run."""
        with self._lock:
            return self._running().pid

    def stop(self) -> None:
        """End the process and remove its folder; the next call starts another."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process and self._owner == os.getpid() and self._process.poll() is None:
            return self._process
        self.stop()
        return self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._folder = tempfile.mkdtemp(prefix="renderer-")
        self._owner = os.getpid()
        self._process = subprocess.Popen(  # noqa: S603  our own file, no word of a user's
            [*self._command, *self._told()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env={"TMPDIR": self._folder, "LANG": "C.UTF-8"},
        )
        try:
            self._exchange(self._process, None, SECONDS_TO_START)
        except RenderError as error:
            self.stop()
            raise RendererMissingError(f"{MISSING} ({error})") from error
        return self._process

    def _told(self) -> list[str]:
        """The file's path, for a process that may make none, and whether sessions count; nothing
        where there can be no file."""
        if self.serving is None:
            return []
        try:
            renderer.shared_words(str(self.serving), writes=True).release()
        except OSError:
            return []
        return [str(self.serving), *([renderer.BY_SESSION] if shared_by_session() else [])]

    def _exchange(
        self, process: subprocess.Popen[bytes], request: bytes | None, seconds: float
    ) -> bytes:
        """Send a request and wait for its answer; a renderer that does not answer is ended."""
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        try:
            if request is not None:
                write_message(cast(BinaryIO, process.stdin), request)
            answer = read_message(cast(BinaryIO, process.stdout))
        except OSError:
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            self.stop()
            raise RenderError("the renderer ended or took too long")
        if answer[:1] != OK:
            raise RenderError(f"the renderer failed: {answer[1:].decode()}")
        return answer[1:]


RENDERER = Renderer()
atexit.register(RENDERER.stop)
