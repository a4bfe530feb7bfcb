"""A process is killed at each of its steps: what was done and its audit row are both there, or
neither is."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Table, event, func, select

from screening.storage import audit, members
from screening.storage.accounts import ADMIN, PHYSICIAN
from screening.storage.export_jobs import EXPORTS
from screening.storage.intakes import AUDIT, CHART, INTAKES
from screening.workflows import accounts, export_jobs, retention, review, signing
from screening.workflows.export_file import Options
from screening.workflows.intake import submit_answers
from screening.workflows.office import Keep
from tests.builders import person
from tests.site import Site
from tests.web.desk import hire

MOST_STEPS = 120


@dataclass(frozen=True)
class Act:
    """`done` says how often it was done; `action` is what the audit calls it."""

    do: Callable[[], object]
    done: Callable[[], int]
    action: str


def rows(site: Site, of: Table) -> int:
    with site.office.database.read() as conn:
        return conn.execute(select(func.count()).select_from(of)).scalar_one()


def noted(site: Site, action: str) -> int:
    asked = select(func.count()).where(AUDIT.c.action == action)
    with site.office.database.read() as conn:
        return conn.execute(asked).scalar_one()


def killed_at(site: Site, act: Callable[[], object], step: int) -> bool:
    """Act in a process that is killed at its n-th statement, COMMIT among them, or when the
    connection is given back after it. False: it came to its end before that."""
    site.office.database.close()
    child = os.fork()
    if child == 0:
        strike(site, step)
        try:
            act()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def strike(site: Site, step: int) -> None:
    steps = count(1)

    def look(*_: object) -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    writer: Any = site.office.database._writer
    if site.office.database.is_sqlite:
        event.listen(writer, "connect", lambda conn, _: conn.set_trace_callback(look))
    else:
        event.listen(writer, "before_cursor_execute", look)
        event.listen(writer, "commit", look)
    event.listen(writer, "checkin", look)


def signs(site: Site) -> Act:
    receipt = submit_answers(site.office, person())
    signer = f"user:{hire(site, PHYSICIAN).id}"
    wanted = signing.Wanted("not-now", "Asked to wait.")
    return Act(
        lambda: signing.sign(site.office, signer, receipt.reference, wanted, 0),
        lambda: rows(site, CHART),
        "chart.decision",
    )


def asks_for_an_export(site: Site) -> Act:
    asked = Options("Yearly review", "Dr. Vale")
    return Act(
        lambda: export_jobs.ask(site.office, "user:1", asked),
        lambda: rows(site, EXPORTS),
        "export.asked",
    )


def purges(site: Site) -> Act:
    receipt = submit_answers(site.office, person())
    review.open_record(site.office, "user:1", receipt.reference)
    site.clock.moment += timedelta(days=3 * 366)
    office = replace(site.office, keep=Keep(years=2))
    assert len(retention.due(office)) == 1
    return Act(
        lambda: retention.purge(office, "cli", retention.due(office)),
        lambda: 1 - rows(site, INTAKES),
        "intake.purged",
    )


def signs_in(site: Site) -> Act:
    member_id = hire(site, ADMIN).id

    def seen() -> int:
        with site.office.database.read() as conn:
            found = members.read_member(conn, member_id)
        return int(found is not None and found.last_login_at is not None)

    act = lambda: accounts.signed_in(site.office, member_id, "code")  # noqa: E731
    return Act(act, seen, "staff.signed_in")


@pytest.mark.parametrize("prepare", [signs, asks_for_an_export, purges, signs_in])
def test_what_is_done_and_its_row_are_both_there_or_neither(
    site: Site, prepare: Callable[[Site], Act]
) -> None:
    act = prepare(site)
    left = []
    for step in range(1, MOST_STEPS):
        killed = killed_at(site, act.do, step)
        found = (act.done(), noted(site, act.action))
        assert found in ((0, 0), (1, 1)), step
        left.append(found[0])
        if found == (1, 1):
            break
        assert killed
    assert left.count(0) >= 4  # killed at as many points before its end
    with site.office.database.read() as conn:
        assert audit.verify(conn, site.office.keyring) is None
