"""Sixteen people use the form while the worker makes the summaries of 24 patients."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from sqlalchemy import func, select

from screening.jobs import Queue
from screening.storage.submissions import DOCUMENTS
from tests.server import Server
from tests.site import Site

from .clients import browser, percentile
from .measure import Row
from .people import installation

READERS = 16
PATIENTS = 24
AT_ONCE = 4  # patients sent together; then as long with none being made
PAPERS = ("letter", "a4")  # all of them on one, then on the other
WARM_UP = 3.0  # seconds

Span = tuple[float, float]


def measure() -> list[Row]:
    """All the way: the queue, the worker with its renderer, what is kept, and the server."""
    with installation() as site:
        site.app.test_cli_runner().invoke(args=["seed"])
        sent = [submission.reference for submission in site.submissions()][:PATIENTS]
        assert len(sent) == PATIENTS
        server = Server(site.app.extensions["settings"].instance)
        server.environment.pop("SCREENING_WEB_WORKERS")
        try:
            with people_at(server.start(), site) as people:
                server.start_worker()
                beside, alone = spans(site, server, sent)
                took = told_by(people)
        finally:
            server.stop()
    ours, floor = (begun_in(each, took) for each in (beside, alone))
    name = f"with none being made (of {len(floor)} and {len(ours)})"
    return [
        Row("5", "form beside PDFs, median", median(ours), median(floor), name, most=1.1),
        Row("5", "form beside PDFs, 95th of 100", *(percentile(t, 95) for t in (ours, floor)),
            name, most=1.1),
    ]  # fmt: skip


def spans(site: Site, server: Server, sent: list[str]) -> tuple[list[Span], list[Span]]:
    """When summaries were being made, and when none was: in turn, so that a busy hour hits both."""
    instance = server.instance
    queue = Queue(site.office, instance / "queue.db", site.office.vault.derived("jobs"))
    make(site, queue, sent[:1], "letter")  # the renderer loads its libraries once
    with site.office.database.write() as conn:
        conn.execute(DOCUMENTS.delete())
    time.sleep(WARM_UP)
    beside, alone = [], []
    for paper in PAPERS:
        for first in range(0, PATIENTS, AT_ONCE):
            begun = time.monotonic()
            make(site, queue, sent[first : first + AT_ONCE], paper)
            done = time.monotonic()
            time.sleep(done - begun)
            beside.append((begun, done))
            alone.append((done, time.monotonic()))
    return beside, alone


def make(site: Site, queue: Queue, sent: list[str], paper: str) -> None:
    """Ask for them, and wait until they are kept."""

    def kept() -> int:
        with site.office.database.read() as conn:
            return conn.execute(select(func.count()).select_from(DOCUMENTS)).scalar_one()

    before = kept()
    for reference in sent:
        queue.enqueue("make-pdf", reference, paper)
    patience = time.monotonic() + 120
    while kept() < before + len(sent):
        assert time.monotonic() < patience, "it took too long"
        time.sleep(0.05)


@contextmanager
def people_at(server: Server, site: Site) -> Iterator[subprocess.Popen[str]]:
    """See `readers`."""
    browsers = [browser(site) for _ in range(READERS)]
    people = [
        {"cookie": who.cookie, "bodies": {page: b.decode() for page, b in who.bodies.items()}}
        for who in browsers
    ]
    process = subprocess.Popen(
        (sys.executable, "-m", "tests.benchmarks.readers"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"port": server.port, "people": people}) + "\n")
        process.stdin.flush()
        yield process


def told_by(people: subprocess.Popen[str]) -> list[list[float]]:
    """End them; [begun, seconds] of every answer."""
    took, _ = people.communicate()
    told: Any = json.loads(took)
    return list(told)


def begun_in(spans: list[Span], took: list[list[float]]) -> list[float]:
    """Milliseconds of the answers to what was asked in these spans."""
    return [
        seconds * 1000
        for begun, seconds in took
        if any(first <= begun < last for first, last in spans)
    ]
