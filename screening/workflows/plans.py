"""The plan of a candidate: dates of the six infusions and of boosters, and what goes with each.

A plan is an entry of the chart of the patient's first intake, so that a check-in shows the same.
Each saved plan is whole and supersedes the one before. The software names no dose.

    {"protocol": "protocol-2026-1", "induction": ["2026-11-09", ...], "boosters": ["2027-01-11"],
     "time": "09:00" or "", "reason": ""}
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Connection

from ..assessment import schedule
from ..assessment.facts import Facts
from ..assessment.schedule import Doubt, Told
from ..questionnaire import protocol
from ..questionnaire.protocol import Protocol
from ..record import full_name
from ..storage import members, series
from ..storage.chart import Entry
from ..storage.submissions import StoredSubmission, read_document, submission_by_reference
from . import chart, follow, since
from .act import Act
from .chart import PLAN
from .decisions import CANDIDATE
from .definitions import definition_of
from .office import Office
from .since import Charts

SHEET = "sheet"  # the kind of the stored document


class NotACandidate(Exception):  # noqa: N818 - an outcome that callers answer
    """No signed decision says that this patient is a candidate, as they are known now."""


class Doubtful(Exception):  # noqa: N818
    """The protocol says something against a date: move it, or write why it stays."""

    def __init__(self, doubts: Sequence[Doubt]) -> None:
        super().__init__(f"{len(doubts)} doubts")
        self.doubts = tuple(doubts)


@dataclass(frozen=True)
class Dates:
    """What is planned. `boosters` in any order; `at`: the time of day of every visit."""

    induction: tuple[date, ...]
    boosters: tuple[date, ...] = ()
    at: time | None = None
    reason: str = ""  # why dates stay that the protocol doubts


@dataclass(frozen=True)
class Visit:
    """One visit of the plan. `number` counts in the induction; None: a booster."""

    day: date
    number: int | None
    checks: tuple[Told, ...]
    check_in: date | None = None  # when the check-in before a booster is sent
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Saved:
    dates: Dates
    number: int  # of its entry in the chart
    by: str  # their name
    at: datetime  # clinic time


@dataclass(frozen=True)
class Planning:
    """A patient's plan as it is opened. `last`: the chart's newest entry, to be sent back.

    `candidate`: the newest decision says so, and nothing was withdrawn. `since`: what has become
    urgent or excludes after it was signed, in sentences; it has to be decided on first, on the
    record `again`, a reference."""

    reference: str  # of the patient's first intake
    last: int
    candidate: bool
    since: tuple[str, ...]
    again: str | None
    plan: Saved | None
    protocol: Protocol
    language: str
    name: str = field(repr=False)
    facts: Facts = field(repr=False)

    @property
    def may_be_planned(self) -> bool:
        return self.candidate and not self.since

    def visits(self, dates: Dates, today: date) -> tuple[Visit, ...]:
        """Every visit in the order of the days, with what is repeated before it."""
        return tuple(sorted(self._visits(dates, today), key=lambda visit: visit.day))

    def _visits(self, dates: Dates, today: date) -> list[Visit]:
        doubted = doubts(self.protocol, dates, today)
        said = [tuple(d.says for d in doubted if d.visit == n) for n in range(_count(dates))]
        induction = [
            Visit(day, number, schedule.checks(self.protocol, number, self.facts), None, words)
            for number, (day, words) in enumerate(zip(dates.induction, said, strict=False), start=1)
        ]
        later = said[len(dates.induction) :]
        boosters = [
            Visit(
                day,
                None,
                schedule.checks(self.protocol, None, self.facts),
                schedule.check_in_day(self.protocol, day),
                words,
            )
            for day, words in zip(sorted(dates.boosters), later, strict=True)
        ]
        return induction + boosters

    def dosing(self) -> tuple[Told, ...]:
        return schedule.dosing(self.protocol, self.facts)

    def instructions(self, language: str) -> tuple[str, ...]:
        return schedule.instructions(self.protocol, self.facts, language)


@dataclass(frozen=True)
class Sheet:
    """`content` is None while the worker makes it."""

    reference: str
    content: bytes | None = field(repr=False)


def open_planning(office: Office, actor: str, reference: str) -> Planning | None:
    """The plan of the patient of this submission, noted in the audit; None: no such submission."""
    with office.database.write() as conn:
        found = _read(conn, office, reference)
        if found is not None:
            Act(conn, office, actor).note("plan.viewed", found[0].intake_id)
    return found and found[1]


def planned(office: Office, reference: str) -> Planning | None:
    """The same for whoever has the record open, which the audit tells of already."""
    with office.database.read() as conn:
        found = _read(conn, office, reference)
    return found and found[1]


def save(office: Office, actor: str, reference: str, dates: Dates, *, after: int) -> None:
    """Keep a plan. Raises LookupError without such a submission, NotACandidate, Doubtful, and
    ChartChanged when somebody added to the chart since it was opened."""
    with office.database.write() as conn:
        follow.hold(conn, reference)
        found = _read(conn, office, reference)
        if found is None:
            raise LookupError(reference)
        first, planning = found
        if not planning.may_be_planned:
            raise NotACandidate(reference)
        doubted = doubts(planning.protocol, dates, office.today())
        if any(d.refused for d in doubted) or (doubted and not dates.reason.strip()):
            raise Doubtful(doubted)
        body = {
            "protocol": planning.protocol.version,
            "induction": [day.isoformat() for day in dates.induction],
            "boosters": [day.isoformat() for day in sorted(dates.boosters)],
            "time": dates.at.isoformat("minutes") if dates.at else "",
            "reason": dates.reason.strip(),
        }
        act = Act(conn, office, actor)
        chart.add(act, first.intake_id, PLAN, body, after=after)
        follow.follow(act, first.intake_id)


def sheet_file(office: Office, actor: str, reference: str, language: str) -> Sheet | None:
    """The patient's sheet of the newest plan; None: no such submission, or nothing planned."""
    with office.database.write() as conn:
        found = _read(conn, office, reference)
        if found is None or found[1].plan is None:
            return None
        first, planning = found
        key = sheet_key(office.paper, language, found[1].plan.number)
        content = read_document(conn, office.vault, first, kind=SHEET, paper=key)
        if content is not None:
            act = Act(conn, office, actor)
            act.note("sheet.downloaded", first.intake_id, language=language)
    return Sheet(planning.reference, content)


def to_print(
    office: Office, reference: str, language: str
) -> tuple[StoredSubmission, Planning, str] | None:
    """What a sheet is made of, and the name it is kept under; None: nothing is to be made."""
    with office.database.read() as conn:
        found = _read(conn, office, reference)
        if found is None or found[1].plan is None:
            return None
        key = sheet_key(office.paper, language, found[1].plan.number)
        kept = read_document(conn, office.vault, found[0], kind=SHEET, paper=key)
    return None if kept is not None else (*found, key)


def sheet_key(paper: str, language: str, number: int) -> str:
    """Under which a sheet is kept: "letter-es-7"; a new plan has a new one."""
    return f"{paper}-{language}-{number}"


def doubts(plan: Protocol, dates: Dates, today: date) -> list[Doubt]:
    """What the protocol says against these dates; boosters are counted after the induction."""
    found = schedule.doubts(plan, dates.induction, today)
    boosters = sorted(dates.boosters)
    for number, day in enumerate(boosters):
        against = schedule.booster_doubts(
            plan,
            day,
            induction=dates.induction,
            boosters=[*boosters[:number], *boosters[number + 1 :]],
            today=today,
        )
        shift = len(dates.induction) + number
        found += [Doubt(shift, doubt.says, doubt.refused) for doubt in against]
    return found


def dates_of(entry: Entry) -> Dates:
    body = entry.body
    return Dates(
        tuple(date.fromisoformat(day) for day in body["induction"]),
        tuple(date.fromisoformat(day) for day in body["boosters"]),
        time.fromisoformat(body["time"]) if body["time"] else None,
        body["reason"],
    )


def _count(dates: Dates) -> int:
    return len(dates.induction) + len(dates.boosters)


def _read(
    conn: Connection, office: Office, reference: str
) -> tuple[StoredSubmission, Planning] | None:
    asked = submission_by_reference(conn, office.vault, reference)
    first_id = series.first_of(conn, asked.intake_id) if asked else None
    if asked is None or first_id is None:
        return None
    standing = series.sent(conn, office.vault, first_id)
    sent = standing or [asked]  # withdrawn: its plan is still shown, and nothing new is planned
    first = sent[0]
    charts = {one.intake_id: chart.entries_of(conn, office, one.intake_id) for one in sent}
    entries = charts[first.intake_id]
    planned = chart.newest(entries, PLAN)
    facts = _facts(conn, office, sent, charts)
    judged = since.judge(conn, office, sent, charts)
    candidate = judged.decided is not None and judged.decided.body["decision"] == CANDIDATE
    return first, Planning(
        reference=first.reference,
        last=entries[-1].number if entries else 0,
        candidate=candidate and bool(standing),
        since=judged.says if standing else (),
        again=next((s.reference for s in reversed(standing) if s.intake_id in judged.found), None),
        plan=_saved(conn, office, planned) if planned else None,
        protocol=protocol.current(),
        language=str(facts.answers.get("language", "en")),
        name=full_name(facts.answers),
        facts=facts,
    )


def _facts(conn: Connection, office: Office, sent: list[StoredSubmission], charts: Charts) -> Facts:
    """What is known now: the first intake with what staff changed, and the check-ins since."""
    questionnaire = definition_of(conn, office, sent[0].content_hash)
    answers: dict[str, Any] = {}
    for one in sent:
        said = chart.known_now(one, charts[one.intake_id]).answers
        answers |= {name: value for name, value in said.items() if name in questionnaire.questions}
    return Facts(questionnaire, answers, office.today())


def _saved(conn: Connection, office: Office, entry: Entry) -> Saved:
    by = members.name_of(conn, entry.by)
    return Saved(dates_of(entry), entry.number, by, entry.at.astimezone(office.zone))
