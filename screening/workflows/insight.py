"""The counts that an administrator sees: how many, never who, and nothing of any member of staff.

The worker counts each hour, row by row of the audit. What is shown hides every count under five,
and with it as many others as could give it away. Why: docs/decisions/0030.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from .. import wording
from ..storage import tallies
from ..storage.tallies import Counts, Event
from .act import Act
from .office import Office
from .queue import concerns

LEAST = 5  # a count under it is hidden
MONTHS = 12
ROWS = 5000  # of the audit, in one transaction
IDLE = timedelta(days=1)  # an unfinished intake that nobody typed in for so long may be given up

STARTED, SENT, DECIDED = "started", "sent", "decided"
CHECK_INS_STARTED, CHECK_INS_SENT = "check-ins started", "check-ins sent"
OUTCOME, CONCERN = "outcome", "concern"
ALERTS, STOPPED, IDLE_NOW = "alerts", "stopped", "idle"
HOURS, MINUTES = "hours to decision", "minutes to acknowledge"
NO_PAGE = "none"
OTHER = "other"

Cell = int | None  # None: hidden
Found = Counter[tuple[str, str, str]]


@dataclass(frozen=True)
class Line:
    """A count for each month, in the order of `Insight.months`."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Stop:
    """How many stopped after a page."""

    page: str  # its title
    count: int


@dataclass(frozen=True)
class Stops:
    """The pages with five or more; `others`: on how many further pages there were fewer."""

    shown: tuple[Stop, ...]
    others: int


@dataclass(frozen=True)
class Insight:
    """`as_of`: clinic time; None: nothing was counted yet. The last month of `months` is not over;
    `whole` are those that are, and lines by outcome and concern have them alone."""

    as_of: datetime | None
    months: tuple[date, ...] = ()
    whole: tuple[date, ...] = ()
    activity: tuple[Line, ...] = ()
    hours: Line | None = None  # median to the first decision
    outcomes: tuple[Line, ...] = ()
    concerns: tuple[Line, ...] = ()
    alerts: Line | None = None
    minutes: Line | None = None  # median to the acknowledgement
    stopped: Stops = Stops((), 0)
    idle: Stops = Stops((), 0)


# Counting


def count(office: Office) -> None:
    """Count what happened since the last time (a task of the worker)."""
    while _step(office):
        pass
    with office.database.read() as conn:
        idle = tallies.idle(conn, before=office.now() - IDLE)
    with office.database.write() as conn:
        tallies.keep_now(conn, IDLE_NOW, idle, now=office.now())


def _step(office: Office) -> bool:
    """Count the next rows; False when there are no more, or another process counts them."""
    with office.database.read() as conn:
        was = tallies.read_to(conn)
        to, events = tallies.events(conn, was, COUNTED, limit=ROWS)
        found: Found = Counter()
        for action, of_action in _by_action(events).items():
            COUNTED[action](conn, office, of_action, found)
    if to == was:
        return False
    with office.database.write() as conn:
        return tallies.add(conn, found, was=was, to=to)


def _by_action(events: Sequence[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.action, []).append(event)
    return found


def _month(office: Office, at: datetime) -> str:
    return f"{at.astimezone(office.zone):%Y-%m}"


def _started(_conn: Connection, office: Office, events: list[Event], found: Found) -> None:
    for event in events:
        found[STARTED, _month(office, event.at), tallies.ALL] += 1


def _check_ins(_conn: Connection, office: Office, events: list[Event], found: Found) -> None:
    """Each is among those that were started, too."""
    for event in events:
        month = _month(office, event.at)
        found[CHECK_INS_STARTED, month, tallies.ALL] += 1
        found[STARTED, month, tallies.ALL] -= 1


def _sent(conn: Connection, office: Office, events: list[Event], found: Found) -> None:
    cards = tallies.cards(conn, office.vault, _ids(events))
    for event in events:
        month, card = _month(office, event.at), cards.get(event.intake_id or "")
        if card and card.check_in:
            found[CHECK_INS_SENT, month, tallies.ALL] += 1
            continue
        found[SENT, month, tallies.ALL] += 1
        if card:
            found[OUTCOME, month, card.outcome] += 1
            found[CONCERN, month, card.concern or OTHER] += 1


def _decided(conn: Connection, office: Office, events: list[Event], found: Found) -> None:
    """The first decision on an intake; later ones are changes of mind."""
    first = tallies.first_times(conn, "chart.decision", _ids(events))
    sent = tallies.first_times(conn, "intake.sent", _ids(events))
    for event in events:
        intake_id = event.intake_id or ""
        if intake_id in sent and first[intake_id][0] == event.id:
            month = _month(office, event.at)
            hours = (event.at - sent[intake_id][1]) / timedelta(hours=1)
            found[DECIDED, month, tallies.ALL] += 1
            found[HOURS, month, str(max(0, round(hours)))] += 1


def _raised(_conn: Connection, office: Office, events: list[Event], found: Found) -> None:
    for event in events:
        found[ALERTS, _month(office, event.at), tallies.ALL] += 1


def _acknowledged(conn: Connection, office: Office, events: list[Event], found: Found) -> None:
    when = tallies.raised(conn, [str(event.detail.get("alert")) for event in events])
    for event in events:
        raised_at = when.get(str(event.detail.get("alert")))
        if raised_at:
            minutes = (event.at - raised_at) / timedelta(minutes=1)
            found[MINUTES, _month(office, event.at), str(max(0, round(minutes)))] += 1


def _stopped(conn: Connection, office: Office, events: list[Event], found: Found) -> None:
    for event in events:
        page = tallies.last_page(conn, event.intake_id or "") or NO_PAGE
        found[STOPPED, _month(office, event.at), page] += 1


def _ids(events: Sequence[Event]) -> list[str]:
    return [event.intake_id for event in events if event.intake_id]


COUNTED: Mapping[str, Callable[[Connection, Office, list[Event], Found], None]] = {
    "intake.started": _started,
    "check_in.begun": _check_ins,
    "intake.sent": _sent,
    "chart.decision": _decided,
    "alert.raised": _raised,
    "alert.acknowledged": _acknowledged,
    "intake.abandoned_deleted": _stopped,
    "intake.deleted_by_patient": _stopped,
}


# Showing


def insight(office: Office, actor: str) -> Insight:
    """What was counted, with everything hidden that is few; noted in the audit."""
    with office.database.read() as conn:
        counts = tallies.read(conn)
    with office.database.write() as conn:
        Act(conn, office, actor).note("insight.viewed", None)
    as_of = tallies.as_of(counts)
    if as_of is None:
        return Insight(None)
    months = months_until(office.today())
    whole = months[:-1]
    sent = [counts.get((SENT, f"{month:%Y-%m}", tallies.ALL), 0) for month in whole]
    return Insight(
        as_of=as_of.astimezone(office.zone),
        months=months,
        whole=whole,
        activity=tuple(
            Line(name, _single(counts, name, months))
            for name in (STARTED, SENT, DECIDED, CHECK_INS_STARTED, CHECK_INS_SENT)
        ),
        hours=Line(HOURS, _medians(counts, HOURS, months)),
        outcomes=_lines(counts, OUTCOME, dict(wording.OUTCOMES.items()), whole, sent),
        concerns=_lines(counts, CONCERN, concerns(office.questionnaire), whole, sent),
        alerts=Line(ALERTS, _single(counts, ALERTS, months)),
        minutes=Line(MINUTES, _medians(counts, MINUTES, months)),
        stopped=_stops(office, _over(counts, STOPPED, whole)),
        idle=_stops(office, {v: n for (name, _, v), n in counts.items() if name == IDLE_NOW}),
    )


def months_until(today: date) -> tuple[date, ...]:
    """The first days of the last twelve whole months and of this one, the oldest first."""
    number = today.year * 12 + today.month - 1
    return tuple(date(n // 12, n % 12 + 1, 1) for n in range(number - MONTHS, number + 1))


def hidden(counts: Sequence[int], total: int) -> tuple[Cell, ...]:
    """The counts of one month whose total is known: those under five are hidden, and others with
    them, the smallest first, until nobody can work one out from the total: at least two, and five
    or more together."""
    if total < LEAST:
        return (None,) * len(counts)
    secret = {i for i, n in enumerate(counts) if 0 < n < LEAST}
    others = sorted((i for i, n in enumerate(counts) if n >= LEAST), key=lambda i: counts[i])
    while secret and others and not _is_safe([counts[i] for i in secret]):
        secret.add(others.pop(0))
    return tuple(None if i in secret else n for i, n in enumerate(counts))


def _is_safe(together: Sequence[int]) -> bool:
    return len(together) > 1 and sum(together) >= LEAST


def _few(number: int) -> Cell:
    return None if 0 < number < LEAST else number


def _single(counts: Counts, name: str, months: Sequence[date]) -> tuple[Cell, ...]:
    return tuple(_few(counts.get((name, f"{m:%Y-%m}", tallies.ALL), 0)) for m in months)


def _lines(
    counts: Counts,
    name: str,
    words: Mapping[str, str],
    months: Sequence[date],
    totals: Sequence[int],
) -> tuple[Line, ...]:
    """A line for each value; what is no value any more is told as one line."""
    known = [*words, *(() if OTHER in words else (OTHER,))]
    columns = []
    for month, total in zip(months, totals, strict=True):
        here = {v: n for (what, m, v), n in counts.items() if (what, m) == (name, f"{month:%Y-%m}")}
        numbers = [here.get(value, 0) for value in known]
        numbers[known.index(OTHER)] += sum(n for value, n in here.items() if value not in known)
        columns.append(hidden(numbers, total))
    lines = zip(known, zip(*columns, strict=True), strict=True)
    return tuple(
        Line(words.get(value, "Other"), cells)
        for value, cells in lines
        if value in words or any(cells)
    )


def _medians(counts: Counts, name: str, months: Sequence[date]) -> tuple[Cell, ...]:
    """Of each month with five or more; None: fewer, or none at all."""
    return tuple(_median(counts, name, f"{month:%Y-%m}") for month in months)


def _median(counts: Counts, name: str, month: str) -> Cell:
    here = sorted((int(v), n) for (what, m, v), n in counts.items() if (what, m) == (name, month))
    middle = sum(n for _, n in here) / 2
    if middle * 2 < LEAST:
        return None
    seen = 0
    for value, number in here:
        seen += number
        if seen >= middle:
            return value
    return None


def _over(counts: Counts, name: str, months: Sequence[date]) -> dict[str, int]:
    wanted = {f"{month:%Y-%m}" for month in months}
    found: Counter[str] = Counter()
    for (what, month, value), number in counts.items():
        if what == name and month in wanted:
            found[value] += number
    return dict(found)


def _stops(office: Office, numbers: Mapping[str, int]) -> Stops:
    """Pages of this version and of the check-in by their titles; those of earlier ones by id."""
    titles = {
        page.id: page.title["en"]
        for questionnaire in (office.check_in(), office.questionnaire)
        for page in questionnaire.pages.values()
    } | {NO_PAGE: "Before the first page was saved"}
    many = sorted((n, page) for page, n in numbers.items() if n >= LEAST)
    shown = tuple(Stop(titles.get(page, page), n) for n, page in reversed(many))
    return Stops(shown, sum(0 < n < LEAST for n in numbers.values()))
