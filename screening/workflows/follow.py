"""The queue's lines of a patient follow what becomes of their decisions and of their plan.

A line goes back to those who wait when its record has become urgent or excludes since the decision,
see `since`. A check-in before a booster falls due on the day that the protocol names, until one is
sent from that day on; of boosters that had passed when the plan was kept nothing falls due.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection

from ..assessment import schedule
from ..questionnaire import protocol
from ..storage import due, references, series
from ..storage import queue as stored
from ..storage.chart import Entry
from ..storage.submissions import StoredSubmission, submission_of
from . import chart, since
from .act import Act
from .chart import DECISION, PLAN
from .decisions import CANDIDATE
from .office import Office
from .since import Charts, Since

SHOWN = 50  # check-ins that fall due; how many more there are is said


def hold(conn: Connection, reference: str) -> None:
    """Until the COMMIT nobody else changes what a patient's lines follow: ask for it first."""
    intake_id = references.intake_of(conn, reference)
    if intake_id is not None:
        series.hold(conn, intake_id)


def follow(act: Act, intake_id: str) -> None:
    """Call it last in the transaction of whatever decides, plans, changes answers, sends a check-in
    or withdraws."""
    conn, office = act.conn, act.office
    first = series.first_of(conn, intake_id)
    sent = series.sent(conn, office.vault, first) if first else []
    charts = {one.intake_id: chart.entries_of(conn, office, one.intake_id) for one in sent}
    judged = since.judge(conn, office, sent, charts)
    for number, one in enumerate(sent):
        falls_due = _due(office, sent, charts, judged) if number == 0 else None
        _stand(act, one, charts[one.intake_id], judged, falls_due)
    if intake_id not in charts:
        gone = submission_of(conn, office.vault, intake_id)
        if gone is not None:
            _stand(act, gone, chart.entries_of(conn, office, intake_id), Since(), None)


def _stand(
    act: Act,
    one: StoredSubmission,
    entries: tuple[Entry, ...],
    judged: Since,
    falls_due: date | None,
) -> None:
    """The record that has changed goes back; the one that was decided on bears the mark too."""
    decided = chart.newest(entries, DECISION)
    back = one.intake_id in judged.found
    stored.stand(
        act.conn,
        act.office.vault,
        one,
        decided_at=decided.at if decided and not back else None,
        changed=back or bool(judged.found and one.intake_id == judged.intake_id),
        check_in_due=falls_due,
    )


def _due(
    office: Office, sent: Sequence[StoredSubmission], charts: Charts, judged: Since
) -> date | None:
    """The earliest day on which a check-in falls due of a candidate who is planned."""
    planned = chart.newest(charts[sent[0].intake_id], PLAN)
    decided = judged.decided
    if planned is None or decided is None or decided.body["decision"] != CANDIDATE:
        return None
    kept_on = _day(office, planned.at)
    told = max((_day(office, one.submitted_at) for one in sent[1:]), default=date.min)
    boosters = [date.fromisoformat(day) for day in planned.body["boosters"]]
    plan = protocol.current()
    days = [schedule.check_in_day(plan, day) for day in boosters if day >= kept_on]
    return min((day for day in days if day > told), default=None)


def _day(office: Office, moment: datetime) -> date:
    return moment.astimezone(office.zone).date()


# What falls due


@dataclass(frozen=True)
class Due:
    """`begun`: there is a check-in that the patient has not sent yet."""

    reference: str
    day: date
    late: bool  # that day has passed
    begun: bool
    name: str = field(repr=False)


@dataclass(frozen=True)
class DueNow:
    """The longest due first. `more`: than are shown."""

    shown: tuple[Due, ...]
    more: int


def due_now(office: Office, actor: str) -> DueNow:
    """Whose check-in falls due today or fell due before; noted in the audit."""
    today = office.today()
    with office.database.read() as conn:
        days = due.until(conn, office.vault, today)
        chosen = sorted(days, key=lambda number: (days[number], number))[:SHOWN]
        lines = {line.id: line for line in stored.by_ids(conn, office.vault, chosen)}
        begun = series.begun(conn, [line.intake_id for line in lines.values()])
    shown = tuple(
        Due(
            reference=lines[number].reference,
            day=days[number],
            late=days[number] < today,
            begun=lines[number].intake_id in begun,
            name=lines[number].card["name"],
        )
        for number in chosen
    )
    if shown:
        with office.database.write() as conn:
            said = [one.reference for one in shown]
            Act(conn, office, actor).note("check_ins.viewed", None, shown=said)
    return DueNow(shown, len(days) - len(shown))
