"""The audit as an auditor reads it: pages in plain words, a file of it, the check of its chain.

Looking at it is noted in it. No answer and no patient's name is in it or is added to it: an intake
is told by its reference.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from ..outputs.cells import safe_text
from ..storage import audit, members
from ..storage import audit_pages as stored
from ..storage.audit_pages import Row, Wanted
from ..storage.references import intake_of, references_of
from ..storage.retention import purged_references
from ..storage.vault import grouped, normal_code
from .act import Act
from .audit_words import GROUP_OF, GROUPS, SENTENCES, actor_words, sentence
from .office import Office

PAGE = 50  # rows
GOOD = "audit.verified"
BROKEN = "audit.broken"
AT_ONCE = 500  # rows of a file that are put in words together
INTAKE_ID = 32  # characters; the audit keeps it when the intake is gone
HEADER = ("row", "at", "actor", "who", "group", "action", "reference", "intake_id", "what")


@dataclass(frozen=True)
class Asked:
    """What the page is narrowed to. Days are the clinic's, both included. `reference` as typed;
    the id of an intake that is gone does too. `actor` is as the audit has it."""

    since: date | None = None
    until: date | None = None
    actor: str | None = None
    group: str | None = None
    action: str | None = None
    reference: str = ""
    before: int | None = None
    after: int | None = None

    def names(self) -> list[str]:
        """Which filters are set, for the audit."""
        kept = ("since", "until", "actor", "group", "action", "reference")
        return [name for name in kept if getattr(self, name)]


@dataclass(frozen=True)
class Told:
    """A row in words. `at`: clinic time. `reference` "": it names no intake."""

    id: int
    at: datetime
    actor: str
    who: str
    action: str
    group: str
    reference: str
    intake_id: str
    text: str


@dataclass(frozen=True)
class Checked:
    """The last check of the chain. `at`: clinic time. `row`: the last right one, or the bad one."""

    at: datetime
    by: str
    row: int
    good: bool


@dataclass(frozen=True)
class LogPage:
    """`after`, `before`: the rows to go on from, None at an end. `head`: to be noted elsewhere."""

    rows: tuple[Told, ...]
    before: int | None
    after: int | None
    checked: Checked | None
    head: str
    actors: Mapping[str, str]  # those to choose from: "user:12" -> name


def page(office: Office, actor: str, asked: Asked) -> LogPage:
    """A page of the audit, newest first; noted in it."""
    with office.database.read() as conn:
        wanted = _wanted(conn, office, asked)
        found = _rows(conn, asked, wanted)
        back = asked.after is not None
        more = len(found) > PAGE
        found = (found[-PAGE:] if back else found[:PAGE]) if more else found
        names = _names(conn)
        told = tuple(_told(conn, office, found, names))
        newest = audit.head(conn)
        checked = _last_check(conn, office, names)
    _note(office, actor, "audit.viewed", rows=len(told), filters=asked.names())
    older = bool(told) and (more or back)
    newer = bool(told) and (more if back else asked.before is not None)
    return LogPage(
        rows=told,
        before=told[-1].id if older else None,
        after=told[0].id if newer else None,
        checked=checked,
        head=f"{newest.id}:{newest.mac.hex()}" if newest else "",
        actors=_actors(names),
    )


def _rows(conn: Connection, asked: Asked, wanted: Wanted | None) -> list[Row]:
    if wanted is None:
        return []
    return stored.page(conn, wanted, limit=PAGE + 1, before=asked.before, after=asked.after)


def export(office: Office, actor: str, asked: Asked) -> Iterator[bytes]:
    """The rows that the filters let through as CSV, the oldest first, streamed. Noted at once, and
    again at the end with their number."""
    _note(office, actor, "audit.export_started", filters=asked.names())
    return _noted(office, actor, asked)


def _noted(office: Office, actor: str, asked: Asked) -> Iterator[bytes]:
    rows, done = 0, False
    try:
        yield _line(HEADER)
        for told in _every(office, asked):
            rows += 1
            yield _line(_cells(told))
        done = True
    finally:
        _note(office, actor, "audit.exported" if done else "audit.export_stopped", rows=rows)


def _every(office: Office, asked: Asked) -> Iterator[Told]:
    with office.database.read() as conn:
        wanted = _wanted(conn, office, asked)
        if wanted is None:
            return
        names = _names(conn)
        batch: list[Row] = []
        for row in stored.every(conn, wanted):
            batch.append(row)
            if len(batch) == AT_ONCE:
                yield from _told(conn, office, batch, names)
                batch.clear()
        yield from _told(conn, office, batch, names)


def _cells(told: Told) -> Iterable[object]:
    moment = told.at.isoformat(timespec="seconds")
    who = (told.actor, told.who, told.group, told.action)
    return (told.id, moment, *who, told.reference, told.intake_id, told.text)


def _line(cells: Iterable[object]) -> bytes:
    return (",".join(safe_text(cell) for cell in cells) + "\r\n").encode()


# The chain


def check(office: Office, actor: str) -> Checked:
    """Walk the whole chain and note in it how it is."""
    with office.database.read() as conn:
        bad = audit.verify(conn, office.keyring)
        newest = audit.head(conn)
    row = bad if bad is not None else (newest.id if newest else 0)
    _note(office, actor, GOOD if bad is None else BROKEN, row=row)
    return Checked(office.now().astimezone(office.zone), actor, row, bad is None)


def _last_check(conn: Connection, office: Office, names: Mapping[int, str]) -> Checked | None:
    row = stored.newest(conn, (GOOD, BROKEN))
    if row is None:
        return None
    by = actor_words(row.actor, names)
    at = row.at.astimezone(office.zone)
    return Checked(at, by, row.detail.get("row", 0), row.action == GOOD)


# Filters and words


def _wanted(conn: Connection, office: Office, asked: Asked) -> Wanted | None:
    """None: nothing can fit, there is no such intake."""
    intake_id = _intake_id(conn, asked.reference) if asked.reference else None
    if asked.reference and intake_id is None:
        return None
    actions: tuple[str, ...] = ()
    if asked.action:
        actions = (asked.action,)
    elif asked.group:
        actions = tuple(SENTENCES.get(asked.group, ()))
    return Wanted(
        since=_midnight(office, asked.since),
        until=_midnight(office, asked.until and asked.until + timedelta(days=1)),
        actor=asked.actor,
        actions=actions,
        intake_id=intake_id,
    )


def _midnight(office: Office, day: date | None) -> datetime | None:
    return datetime.combine(day, time(), office.zone) if day else None


def _intake_id(conn: Connection, typed: str) -> str | None:
    typed = typed.strip()
    if len(typed) == INTAKE_ID:
        return typed.lower()
    reference = grouped(normal_code(typed))
    purged = (key for key, name in purged_references(conn).items() if name == reference)
    return intake_of(conn, typed) or next(purged, None)


def _names(conn: Connection) -> dict[int, str]:
    return {member.id: member.name or member.email for member in members.all_members(conn)}


def _actors(names: Mapping[int, str]) -> dict[str, str]:
    others = {name: actor_words(name, {}) for name in ("patient", "staff", "system", "cli")}
    return others | {f"user:{number}": name for number, name in names.items()}


def _told(
    conn: Connection, office: Office, rows: list[Row], names: Mapping[int, str]
) -> Iterator[Told]:
    ids = {row.intake_id for row in rows if row.intake_id}
    references = purged_references(conn) | references_of(conn, ids) if ids else {}
    for row in rows:
        intake_id = row.intake_id or ""
        reference = references.get(intake_id, "")
        who = actor_words(row.actor, names)
        named = reference or "an intake that is gone"
        yield Told(
            id=row.id,
            at=row.at.astimezone(office.zone),
            actor=row.actor,
            who=who,
            action=row.action,
            group=GROUPS.get(GROUP_OF.get(row.action, ""), "Other"),
            reference=reference,
            intake_id=intake_id,
            text=sentence(row.action, who, named, row.detail, names),
        )


def _note(office: Office, actor: str, action: str, **detail: object) -> None:
    with office.database.write() as conn:
        Act(conn, office, actor).note(action, None, **detail)
