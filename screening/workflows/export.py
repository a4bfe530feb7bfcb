"""The submissions of an export: which, and each as it is known now.

A source reads one snapshot of the store, so that it may be walked several times and gives the same
each time. Memory does not grow with the number of submissions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, get_args

from pydantic_core import from_json
from sqlalchemy import Connection

from ..assessment.facts import Facts
from ..assessment.results import Outcome
from ..outputs.formats import Sent
from ..questionnaire.answers import Answers
from ..questionnaire.definition import Questionnaire
from ..storage.chart import Entry
from ..storage.exports import Exported, Wanted, count, exported, versions
from .chart import CHANGES, DECISION, changed_document, newest
from .decisions import DECISIONS
from .definitions import definition_of
from .office import Office

LONGEST_REASON = 200  # characters of a purpose or a recipient
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
UNDECIDED = "none"  # nobody has signed a decision yet
KINDS = (*CHANGES, DECISION)  # entries of a chart that an export tells of
DECIDED = (UNDECIDED, *DECISIONS)
CONCERNS = ("seeking_help_for", "main_concern")  # one of them names the condition

Looked = Callable[[int, bool], None]


@dataclass(frozen=True)
class Filters:
    """Days at the clinic, both included; None leaves it open. `outcome` and `decision` as they are
    now; `concern`: an option of what help is sought for; `version`: of the questionnaire."""

    since: date | None = None
    until: date | None = None
    outcome: Outcome | None = None
    concern: str | None = None
    decision: str | None = None  # of DECIDED
    version: str | None = None

    def as_json(self) -> dict[str, str]:
        """Those that are set, for the audit."""
        given = {
            "from": self.since,
            "to": self.until,
            "outcome": self.outcome,
            "concern": self.concern,
            "decision": self.decision,
            "version": self.version,
        }
        return {name: str(value) for name, value in given.items() if value is not None}

    @classmethod
    def from_json(cls, told: Mapping[str, str]) -> "Filters":
        """What `as_json` gave."""
        since, until = (date.fromisoformat(told[d]) if d in told else None for d in ("from", "to"))
        rest = {name: told.get(name) for name in ("outcome", "concern", "decision", "version")}
        return cls(since, until, **rest)  # type: ignore[arg-type]

    def let_through(self, sent: Sent) -> bool:
        """What SQL cannot look for, because it is encrypted with the answers."""
        return (
            self.outcome in (None, sent.assessment["outcome"])
            and self.decision in (None, sent.decision or UNDECIDED)
            and (self.concern is None or self.concern in _concerns(sent.answers))
        )


EVERYTHING = Filters()


def _concerns(answers: Answers) -> set[object]:
    found: set[object] = set()
    for name in CONCERNS:
        answer = answers.get(name)
        found |= set(answer) if isinstance(answer, list | tuple) else {answer}
    return found


def _nothing(_id: int, _given: bool) -> None:
    """Without anybody who wants to know how far a walk is."""


class Submissions:
    """A `Source`. `looked` is told of every submission that a walk looks at: its id and whether it
    is given out. It may raise, to end the walk."""

    def __init__(
        self, conn: Connection, office: Office, filters: Filters, looked: Looked = _nothing
    ) -> None:
        self._conn = conn
        self._office = office
        self._filters = filters
        self._looked = looked
        self._wanted = Wanted(
            since=_start_of(office, filters.since),
            until=_start_of(office, filters.until and filters.until + timedelta(days=1)),
            version=filters.version,
        )
        self._readers: dict[str, _Reader] = {}

    @cached_property
    def total(self) -> int:
        """How many a walk looks at: with filters more than it gives out."""
        return count(self._conn, self._wanted)

    @cached_property
    def questionnaires(self) -> Sequence[Questionnaire]:
        """Those of intakes before those of check-ins; without submissions the one in use."""
        found = [self._reader(each).questionnaire for each in versions(self._conn, self._wanted)]
        return sorted(found, key=lambda q: q.kind != "intake") or [self._office.questionnaire]

    @cached_property
    def widths(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for sent in self:
            for group in _groups(sent.questionnaire):
                rows = sent.answers.get(group)
                if isinstance(rows, list | tuple) and len(rows) > found.get(group, 0):
                    found[group] = len(rows)
        return found

    def __iter__(self) -> Iterator[Sent]:
        every = self._filters.let_through
        for found in exported(self._conn, self._office.vault, self._wanted, KINDS):
            sent = self._reader(found.content_hash).sent(found)
            given = every(sent)
            self._looked(found.id, given)
            if given:
                yield sent

    def _reader(self, content_hash: str) -> "_Reader":
        if content_hash not in self._readers:
            questionnaire = definition_of(self._conn, self._office, content_hash)
            self._readers[content_hash] = _Reader(self._office, questionnaire)
        return self._readers[content_hash]


class _Reader:
    """Reads what was frozen under one questionnaire."""

    def __init__(self, office: Office, questionnaire: Questionnaire) -> None:
        self.questionnaire = questionnaire
        self._zone = office.zone
        asked = [q for q in questionnaire.patient_questions() if q.audience == "patient"]
        self._always = frozenset(q.id for q in asked if q.ask_if is None)
        follow_ups = [q for q in asked if q.ask_if is not None]
        self._follow_ups = tuple(q.id for q in follow_ups)
        self._optional = tuple(q.id for q in follow_ups if not q.required)

    def sent(self, found: Exported) -> Sent:
        frozen = from_json(found.document_json)
        now, changed = changed_document(frozen, found.entries)
        decision = newest(found.entries, DECISION)
        return Sent(
            reference=found.reference,
            sent_at=self._local(found.submitted_at),
            as_of=now["as_of"],
            questionnaire=self.questionnaire,
            answers=now["answers"],
            unanswered=self._unanswered(now, bool(changed)),
            assessment=now["assessment"],
            changed=self._in_order(changed),
            decision=decision.body["decision"] if decision else None,
            decided_at=self._local(decision.at) if decision else None,
            outcome_sent=frozen["assessment"]["outcome"],
        )

    def _in_order(self, changed: Mapping[str, Entry]) -> tuple[str, ...]:
        """As the form asks them."""
        asked = self.questionnaire.questions if changed else ()
        return tuple(name for name in asked if name in changed)

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).isoformat(timespec="seconds")

    def _unanswered(self, now: Mapping[str, Any], changed: bool) -> frozenset[str]:
        """What was asked and has no answer. As it was sent, an intake lacks no required answer
        (`sending` refuses it), so a required follow-up without one was not asked; of an optional
        one, or where staff took an answer away, only its condition can tell."""
        answers = now["answers"]
        may_be = self._follow_ups if changed else self._optional
        left_open = [name for name in may_be if name not in answers]
        empty = self._always.difference(answers)
        if not left_open:
            return empty
        facts = Facts(self.questionnaire, answers, date.fromisoformat(now["as_of"]))
        return empty.union([name for name in left_open if facts.asked(name) is True])


def _groups(questionnaire: Questionnaire) -> list[str]:
    return [q.id for q in questionnaire.questions.values() if q.kind == "group"]


def _start_of(office: Office, day: date | None) -> datetime | None:
    """Midnight at the clinic, in UTC."""
    return None if day is None else datetime.combine(day, time(), office.zone).astimezone(UTC)


def count_by_outcome(office: Office, filters: Filters) -> dict[Outcome, int]:
    """How many submissions the filters let through, by outcome."""
    counts = dict.fromkeys(OUTCOMES, 0)
    with office.database.read() as conn:
        for sent in Submissions(conn, office, filters):
            counts[sent.assessment["outcome"]] += 1
    return counts
