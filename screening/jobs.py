"""Work beside the web, done by the worker process: a queue in a file of its own, ids only.

A task is a function of the office and ids: `def make_pdf(office, submission_id)`. It opens what it
needs itself and may run twice, so it first looks whether its work is done. Add it to TASKS in
`tasks` to ask for it by name, or to PERIODIC to have it done by itself:

    queue.enqueue("make-pdf", reference, paper)      # after the COMMIT it depends on

An urgent alert is a row written with the answer; a task only delivers it.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from .outputs.renderer_client import RENDERER
from .tasks import PERIODIC, TASKS
from .workflows.office import Office

if TYPE_CHECKING:
    from huey import Huey

Task = Callable[..., None]
log = structlog.get_logger("screening")

BEAT = "worker-beat"  # a file beside the queue's, touched by the worker
RETRIES = 3
RETRY_DELAY = 10  # seconds, doubled with each further try


def _priority(name: str) -> int:
    """Whoever waits for an e-mail does not wait until two dozen documents are made."""
    return 0 if name.startswith("make-") else 1


class Queue:
    """The tasks of one installation. `secret` signs them: who can write the file cannot run code.

    With `held` (tests) a task waits in memory until `run_waiting`.
    """

    def __init__(
        self,
        office: Office,
        path: Path,
        secret: str,
        *,
        held: bool = False,
        tasks: Mapping[str, Task] = TASKS,
        periodic: tuple[tuple[str, int, Task], ...] = PERIODIC,
    ):
        self.office = office
        self.path = path
        self.secret = secret
        self.held = held
        self.tasks = tasks
        self.periodic = periodic

    @cached_property
    def huey(self) -> "Huey":
        """Opened at first use: SQLite must not cross the fork that follows making the app.

        Imported then too: no page waits for the library.
        """
        from huey import MemoryHuey, SqliteHuey  # noqa: PLC0415
        from huey.serializer import SignedSerializer  # noqa: PLC0415

        options = {
            "name": "screening",
            "results": False,
            "serializer": SignedSerializer(secret=self.secret),
        }
        if self.held:
            return MemoryHuey(**options)
        return SqliteHuey(filename=str(self.path), fsync=True, **options)

    @cached_property
    def _registered(self) -> dict[str, Any]:
        from huey import crontab  # noqa: PLC0415

        for name, minutes, task in self.periodic:
            when = crontab(minute=f"*/{minutes}" if minutes < 60 else "0")
            self.huey.periodic_task(when, name=name, priority=_priority(name))(
                self._logged(name, task)
            )
        options = {"retries": RETRIES, "retry_delay": RETRY_DELAY, "retry_backoff": 2}
        return {
            name: self.huey.task(name=name, priority=_priority(name), **options)(
                self._logged(name, task)
            )
            for name, task in self.tasks.items()
        }

    def _logged(self, name: str, task: Task) -> Callable[..., None]:
        def run(*ids: str | int) -> None:
            self._beat()
            started = time.perf_counter()
            task(self.office, *ids)
            ms = round((time.perf_counter() - started) * 1000, 1)
            log.info("task done", task=name, ms=ms)

        return run

    def enqueue(self, name: str, *ids: str | int) -> None:
        """Have the worker run the task. Raises KeyError for a name that is not in TASKS."""
        self._registered[name](*ids)

    def ask(self, name: str, *ids: str | int) -> None:
        """`enqueue` for work that is also done by the clock, or that can be asked for again: when
        the queue cannot take it, whoever asks goes on."""
        try:
            self.enqueue(name, *ids)
        except Exception:  # the queue is a file: locked, full, gone
            log.exception("task not queued", task=name)

    def _beat(self) -> None:
        """Leave a trace of being alive; tasks by the clock come every minute."""
        with suppress(OSError):  # a full disk must not hold up an alert
            self.path.with_name(BEAT).touch()

    def last_beat(self) -> float | None:
        """When the worker last began something, in seconds since 1970; None when it never has."""
        try:
            return self.path.with_name(BEAT).stat().st_mtime
        except OSError:
            return None

    def waiting(self) -> int:
        """How many jobs wait, those to be tried again included."""
        return int(self.huey.pending_count() + self.huey.scheduled_count())

    def run_waiting(self) -> None:
        """Run what waits, here and now (tests)."""
        while (task := self.huey.dequeue()) is not None:
            self.huey.execute(task)

    def consume(self, *, threads: int = 2) -> None:
        """Run tasks until SIGTERM (finish what runs) or SIGINT (stop now)."""
        from .worker import Worker  # noqa: PLC0415

        RENDERER.serving = self.path.with_name("serving")
        log.info("worker starts", count=len(self._registered) + len(self.periodic))
        Worker(self.huey, workers=threads, max_delay=1.0, graceful_signal="TERM").run()
