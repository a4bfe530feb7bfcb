"""The real server, as a process of its own on a free port of this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[1]
PATIENCE = 30.0  # seconds; a busy machine starts slowly


class Server:
    """gunicorn on an instance folder. `log` is the file that its standard error goes to."""

    def __init__(self, instance: Path):
        self.instance = instance
        self.log = instance.parent / f"{instance.name}.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "SCREENING_INSTANCE": str(instance),
            "SCREENING_PUBLIC_URL": self.url,
            "SCREENING_WEB_WORKERS": "1",
            "PYTHONPATH": str(ROOT),
        }
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self) -> Self:
        config = str(ROOT / "screening" / "gunicorn.conf.py")
        bind = f"127.0.0.1:{self.port}"
        self._run("-m", "gunicorn", "--config", config, "--bind", bind, "wsgi:app")
        await_true(self.answers)
        return self

    def start_worker(self) -> None:
        """What makes summaries and sweeps."""
        self._run("-m", "flask", "--app", "wsgi.py", "worker")

    def answers(self) -> bool:
        assert self.started[0].poll() is None, self.log.read_text("utf-8")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the processes and their children, at once with SIGKILL."""
        for process in self.started:
            os.killpg(process.pid, how)
        for process in self.started:
            process.wait(PATIENCE)
        self.started.clear()

    def _run(self, *command: str) -> None:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def await_true(found: Callable[[], bool]) -> None:
    """Look again and again until it is so."""
    until = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.05)
