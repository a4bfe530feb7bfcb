"""The lists of sent intakes: who waits, in which order, who has whom; and finding one of them.

What is read is noted in the audit: who looked, and whose lines were shown. What was looked for is
neither noted nor kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from .. import wording
from ..assessment.facts import Facts
from ..questionnaire.definition import Questionnaire
from ..record import full_name
from ..storage import half_pages, intakes, members, search, series
from ..storage import queue as stored
from ..storage.accounts import PHYSICIAN
from ..storage.database import Database
from ..storage.queue import ALL, DECIDED, NOBODY, WAITING, WITHDRAWN, QueueEntry, Wanted
from ..storage.submissions import NEW, URGENCY, StoredSubmission, submission_by_reference
from ..storage.vault import Vault
from . import chart
from .act import Act
from .definitions import definition_of
from .office import Office
from .sending import card_of
from .urgent import alerts_of

STATES = {WAITING: "Waiting", DECIDED: "Decided", WITHDRAWN: "Withdrawn", ALL: "All"}
PAGE = 25  # lines
LOOK = 300  # lines opened at once while looking for a main concern, which no index knows
MOST_FOUND = 50  # lines that a search shows
LONGEST = 200  # characters of a search that are looked at
MOST_WORDS = 10
MOST_DRAFTS = 20
REFERENCE = 8  # letters and digits

__all__ = ["ALL", "DECIDED", "NOBODY", "STATES", "WAITING", "WITHDRAWN"]


@dataclass(frozen=True)
class Asked:
    """What a list is to hold. `since` and `until` are days at the clinic, both included.

    `after`, `before`: the reference of the intake that the page goes on from.
    """

    state: str = WAITING
    outcome: str | None = None
    concern: str | None = None
    unread: bool = False
    assigned: int | None = None  # a member's id, or NOBODY
    since: date | None = None
    until: date | None = None
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class Line:
    """One submission. `outcome` and what follows are None for who reads no answers."""

    reference: str
    submitted_at: datetime  # in the clinic's time zone
    unread: bool
    name: str = field(repr=False)
    withdrawn: bool = False  # by the patient
    decided_at: datetime | None = None  # in the clinic's time zone
    check_in: bool = False  # of a patient who comes back
    changed: bool = False  # it became urgent or excludes since a decision was signed
    assigned_to: int | None = None
    assignee: str | None = None  # their name
    outcome: str | None = None  # "urgent", "excluded", "clearance", "candidate"
    outcome_words: str | None = None
    age: int | None = None
    main_concern: str | None = field(default=None, repr=False)
    counts: Mapping[str, int] = field(default_factory=dict)  # met findings by kind; and "unknown"


@dataclass(frozen=True)
class QueuePage:
    """`after`, `before`: the references to go on from, None at an end. `looked_at`: the lines that
    were opened for a filter by main concern; there may be more further on although few fit."""

    lines: tuple[Line, ...]
    by_urgency: bool
    after: str | None = None
    before: str | None = None
    looked_at: int | None = None


@dataclass(frozen=True)
class Found:
    """What a search found, the newest first. `more`: than are shown. `complete` False: some that
    wait are not indexed yet, so a search does not find them."""

    lines: tuple[Line, ...]
    more: bool
    complete: bool


@dataclass(frozen=True)
class Unfinished:
    """An intake that was not sent and has raised an alert. `saved_at`: clinic time."""

    reference: str
    saved_at: datetime
    open_alerts: int
    name: str = field(repr=False)


# Lists


def queue(office: Office, actor: str, asked: Asked, *, answers: bool = True) -> QueuePage:
    """A page of a list, noted in the audit.

    `answers` False leaves out, and neither filters nor sorts by, all that follows from an answer.
    """
    if not answers:
        asked = replace(asked, outcome=None, concern=None)
    wanted = _wanted(office, asked, by_urgency=answers)
    with office.database.read() as conn:
        page = _page(conn, office, asked, wanted)
    with office.database.write() as conn:
        action = "queue.viewed" if answers else "desk.viewed"
        Act(conn, office, actor).note(action, None, shown=[line.reference for line in page.lines])
    if answers:
        return page
    return replace(page, lines=tuple(_without_answers(line) for line in page.lines))


def _wanted(office: Office, asked: Asked, *, by_urgency: bool) -> Wanted:
    return Wanted(
        state=asked.state,
        by_urgency=by_urgency and asked.state == WAITING,
        urgency=URGENCY[asked.outcome] if asked.outcome else None,
        unread=asked.unread,
        assigned=asked.assigned,
        since=_midnight(office, asked.since),
        until=_midnight(office, asked.until and asked.until + timedelta(days=1)),
    )


def _midnight(office: Office, day: date | None) -> datetime | None:
    return datetime.combine(day, time(), office.zone) if day else None


def _page(conn: Connection, office: Office, asked: Asked, wanted: Wanted) -> QueuePage:
    mark = asked.before or asked.after
    place = stored.place_of(conn, mark) if mark else None
    back = asked.before is not None and place is not None
    most = LOOK if asked.concern else PAGE
    seen = stored.lines(conn, office.vault, wanted, limit=most + 1, place=place, back=back)
    kept = seen[-most:] if back else seen[:most]
    fits = [entry for entry in kept if _has_concern(entry, asked.concern)]
    shown = fits[-PAGE:] if back else fits[:PAGE]
    # Where the page is not full, the next one begins behind the last line that was looked at.
    ends = shown if len(fits) > PAGE else kept
    more = len(seen) > most or len(fits) > PAGE
    first, last = (ends[0].reference, ends[-1].reference) if ends else (None, None)
    if back:
        last = kept[-1].reference if kept else None
    elif kept:
        first = kept[0].reference
    names = _names(conn)
    return QueuePage(
        lines=tuple(_line(office, entry, names) for entry in shown),
        by_urgency=wanted.by_urgency,
        after=last if more or back else None,
        before=first if (more if back else place is not None) else None,
        looked_at=len(kept) if asked.concern else None,
    )


def _has_concern(entry: QueueEntry, concern: str | None) -> bool:
    return concern is None or entry.card["main_concern"] == concern


def _line(office: Office, entry: QueueEntry, names: Mapping[int, str]) -> Line:
    card = entry.card
    decided_at = entry.decided_at
    return Line(
        reference=entry.reference,
        submitted_at=entry.submitted_at.astimezone(office.zone),
        unread=entry.status == NEW,
        name=card["name"],
        withdrawn=entry.withdrawn,
        decided_at=decided_at and decided_at.astimezone(office.zone),
        check_in=card.get("check_in", False),
        changed=card.get("changed", False),
        assigned_to=entry.assigned_to,
        assignee=names.get(entry.assigned_to or NOBODY),
        outcome=card["outcome"],
        outcome_words=wording.OUTCOMES[card["outcome"]],
        age=card["age"],
        main_concern=_concern(office.questionnaire, card["main_concern"]),
        counts={**card["counts"], "unknown": card["unknown"]},
    )


def _without_answers(line: Line) -> Line:
    bare = replace(line, outcome=None, outcome_words=None, age=None)
    return replace(bare, main_concern=None, counts={}, changed=False)


def concerns(questionnaire: Questionnaire) -> dict[str, str]:
    """The options of the main concern, in words for staff."""
    question = questionnaire.questions.get("main_concern")
    return {o.id: o.label or o.en for o in question.options} if question else {}


def _concern(questionnaire: Questionnaire, option_id: str | None) -> str | None:
    return concerns(questionnaire).get(option_id, option_id) if option_id else None


def _names(conn: Connection) -> dict[int, str]:
    return {member.id: member.name for member in members.all_members(conn)}


# Search


def find(
    office: Office, actor: str, typed: str, day: date | None, *, answers: bool = True
) -> Found:
    """Sent intakes by whole words of the name, the date of birth (`day`, taken out of `typed`), or
    a reference. Of several all must fit. The audit says which were found, not for what."""
    typed = typed[:LONGEST]
    words = search.words_typed(typed)[:MOST_WORDS]
    terms = [search.born_term(office.vault, day)] if day else []
    # Last names first: they differ more than first names do, so that less is compared.
    terms += [search.name_term(office.vault, word) for word in reversed(words)]
    with office.database.read() as conn:
        ids = search.find(conn, terms, limit=MOST_FOUND + 1)
        named = stored.by_reference(conn, typed) if _may_be_reference(typed) else None
        shown = dict.fromkeys([*([named] if named else []), *ids[:MOST_FOUND]])
        names = _names(conn)
        entries = stored.by_ids(conn, office.vault, list(shown))
        complete = stored.is_indexed(conn)
    with office.database.write() as conn:
        action = "queue.searched" if answers else "desk.searched"
        Act(conn, office, actor).note(action, None, shown=[one.reference for one in entries])
    lines = tuple(_line(office, entry, names) for entry in entries)
    if not answers:
        lines = tuple(_without_answers(line) for line in lines)
    return Found(lines, more=len(ids) > MOST_FOUND, complete=complete)


def _may_be_reference(typed: str) -> bool:
    return sum(c.isascii() and c.isalnum() for c in typed) == REFERENCE


# Unfinished intakes


def unfinished(office: Office, actor: str) -> tuple[Unfinished, ...]:
    """Those with an alert, the one last active first; noted in the audit."""
    with office.database.read() as conn:
        ids = stored.drafts_with_alerts(conn, limit=MOST_DRAFTS)
        found = tuple(_unfinished(conn, office, intake_id) for intake_id in ids)
    if found:
        with office.database.write() as conn:
            Act(conn, office, actor).note("drafts.viewed", None, shown=[d.reference for d in found])
    return found


def _unfinished(conn: Connection, office: Office, intake_id: str) -> Unfinished:
    intake = intakes.read_draft(conn, office.vault, intake_id)
    if intake is None:
        raise LookupError(f"{intake_id} is gone from its own snapshot")
    alerts = alerts_of(conn, office, intake_id)
    return Unfinished(
        reference=intake.reference,
        saved_at=(intake.saved_at or intake.created_at).astimezone(office.zone),
        open_alerts=sum(alert.acknowledged_at is None for alert in alerts),
        name=full_name(half_pages.so_far(office.vault, intake)),
    )


# Who has it


@dataclass(frozen=True)
class Assigned:
    """`done` False: it was somebody else's by then. `holder`: the name of who has it now."""

    reference: str
    done: bool
    holder: str | None


def physicians(office: Office) -> dict[int, str]:
    """Whom an intake can be given to: id and name, by name."""
    with office.database.read() as conn:
        return _physicians(conn)


def _physicians(conn: Connection) -> dict[int, str]:
    found = members.all_members(conn)
    return {one.id: one.name for one in found if one.active and PHYSICIAN in one.roles}


def holder_of(office: Office, reference: str) -> int | None:
    """The id of the member who has the intake."""
    with office.database.read() as conn:
        number = stored.by_reference(conn, reference)
        return stored.assigned_to(conn, number) if number else None


def assign(
    office: Office, actor: str, reference: str, *, was: int | None, to: int | None
) -> Assigned | None:
    """Hand an intake over; None is nobody. Noted in the audit.

    None when there is no such intake, or `to` is no physician (any more).
    """
    with office.database.write() as conn:
        submission = submission_by_reference(conn, office.vault, reference)
        if submission is None or (to is not None and to not in _physicians(conn)):
            return None
        series.hold(conn, submission.intake_id)
        done = stored.assign(conn, submission.id, was=was, to=to)
        if done and was != to:
            act = Act(conn, office, actor)
            act.note("intake.assigned", submission.intake_id, was=was, to=to)
        holder = stored.assigned_to(conn, submission.id)
        names = _names(conn)
    return Assigned(submission.reference, done, names.get(holder or NOBODY))


# Keeping the index


def reindex(act: Act, submission: StoredSubmission) -> None:
    """The queue's line, order and search follow what staff changed: call it in the transaction of
    every entry that changes answers, and `follow` after it. Names as they were sent still find the
    intake."""
    office = act.office
    entries = chart.entries_of(act.conn, office, submission.intake_id)
    known = chart.known_now(submission, entries)
    questionnaire = definition_of(act.conn, office, submission.content_hash)
    card = card_of(Facts(questionnaire, known.answers, known.as_of), known.assessment)
    answers = [submission.document["answers"], known.answers]
    stored.index(act.conn, office.vault, submission, card=card, known=answers)


def index_older(database: Database, vault: Vault) -> None:
    """Index what was sent before there was an index. Until then it stands on top of the queue."""
    left = 1
    while left:
        with database.write() as conn:
            left = stored.index_older(conn, vault)
