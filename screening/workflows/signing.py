"""Signing a decision: what has to be said for it, what refuses it, what is kept of it.

`decisions` says what the kept body holds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from ..storage import members
from ..storage.accounts import PHYSICIAN
from ..storage.chart import ChartChanged, Entry
from ..storage.sealed import to_json
from ..storage.submissions import StoredSubmission
from . import chart, decisions, follow
from .act import Act
from .chart import DECISION
from .decisions import (
    CANDIDATE,
    CLEARANCE,
    DECISIONS,
    NOT_A_CANDIDATE,
    NOT_NOW,
    REFER,
    Decision,
    Ground,
)
from .office import Office

REASONED = (NOT_NOW, NOT_A_CANDIDATE, REFER)  # never without a reason
LONGEST = {"reason": 4000, "clearance_text": 2000, "refer_to": 300, "override": 2000}


class NotAPhysician(Exception):  # noqa: N818
    """Whoever signs is no physician, or not any more."""


class Blocked(Exception):  # noqa: N818
    """Nothing can be signed now: `Ground.blocked` says why."""


class Stale(Exception):  # noqa: N818
    """Something that matters was added to the chart since the signer read it."""


@dataclass(frozen=True)
class Fault:
    """`field` is that of `Wanted`, or "override-" and a rule."""

    field: str
    text: str


class Incomplete(Exception):  # noqa: N818
    """`faults` says what is missing."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(", ".join(fault.field for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class Wanted:
    """What is to be signed. `clearances` are ids of `Item`s; `overrides`: reasons by rule."""

    decision: str = ""
    reason: str = field(default="", repr=False)
    clearances: tuple[str, ...] = ()
    clearance_text: str = field(default="", repr=False)
    refer_to: str = field(default="", repr=False)
    overrides: Mapping[str, str] = field(default_factory=dict, repr=False)


def sign(office: Office, actor: str, reference: str, wanted: Wanted, read: int) -> Decision | None:
    """Sign a decision. `read`: the chart entry up to which the signer has read the record.

    The caller has just asked for the signer's password. Raises NotSent, NotAPhysician, Blocked,
    Stale and Incomplete, and nothing is stored then; None: no such intake.
    """
    try:
        with office.database.write() as conn:
            member = members.read_member(conn, int(actor.removeprefix("user:")), lock=True)
            if member is None or not member.active or PHYSICIAN not in member.roles:
                raise NotAPhysician(actor)
            follow.hold(conn, reference)
            found = decisions.ground_in(conn, office, reference)
            if found is None:
                return None
            _check(found, wanted, read)
            act = Act(conn, office, actor)
            body = _body(found, wanted, read, member.name)
            entry = chart.add(act, found.intake_id, DECISION, body, after=found.number)
            follow.follow(act, found.intake_id)
    except ChartChanged:
        raise Stale(reference) from None
    return decisions.shown(office, entry, holds=True)


def _check(found: Ground, wanted: Wanted, read: int) -> None:
    if found.blocked:
        raise Blocked(found.blocked)
    if is_stale(found, read):
        raise Stale(found.record.reference)
    wrong = faults(found, wanted)
    if wrong:
        raise Incomplete(wrong)


def is_stale(found: Ground, read: int) -> bool:
    """Has something come that matters, or was an entry read that there is not?"""
    return read not in range(found.number + 1) or bool(decisions.later(found, read))


# What has to be said


def faults(found: Ground, wanted: Wanted) -> tuple[Fault, ...]:
    """What is missing or wrong, in the order of the form."""
    if wanted.decision not in DECISIONS:
        return (Fault("decision", "Choose the decision."),)
    return (*_own_faults(found, wanted), *_reason_faults(found, wanted))


def _own_faults(found: Ground, wanted: Wanted) -> Iterator[Fault]:
    if wanted.decision == CANDIDATE:
        for row in found.against:
            reason = wanted.overrides.get(row.finding.rule, "")
            if not reason:
                text = f"Write why you go on in spite of this: {row.says}"
                yield Fault(f"override-{row.finding.rule}", text)
            else:
                yield from _too_long(f"override-{row.finding.rule}", reason, LONGEST["override"])
    if wanted.decision == CLEARANCE:
        if set(wanted.clearances) - {item.id for item in found.items}:
            yield Fault("clearances", "One of these is no longer open. Tick what is to be cleared.")
        elif not wanted.clearances and not wanted.clearance_text:
            yield Fault("clearances", "Tick what is to be cleared, or write it down.")
        yield from _too_long("clearance_text", wanted.clearance_text, LONGEST["clearance_text"])
    if wanted.decision == REFER:
        if not wanted.refer_to:
            yield Fault("refer_to", "Write to whom you refer.")
        yield from _too_long("refer_to", wanted.refer_to, LONGEST["refer_to"])


def _reason_faults(found: Ground, wanted: Wanted) -> Iterator[Fault]:
    if found.holds and not wanted.reason:
        yield Fault("reason", "Write why this differs from the decision before.")
    elif wanted.decision in REASONED and not wanted.reason:
        yield Fault("reason", "Write the reason.")
    yield from _too_long("reason", wanted.reason, LONGEST["reason"])


def _too_long(name: str, text: str, longest: int) -> Iterator[Fault]:
    if len(text) > longest:
        yield Fault(name, f"Use {longest:,} characters or fewer.")


# What is kept


def _body(found: Ground, wanted: Wanted, read: int, signer: str) -> dict[str, Any]:
    assessment = found.record.assessment
    chosen = wanted.decision
    clears = chosen == CLEARANCE
    items = [item for item in found.items if clears and item.id in wanted.clearances]
    return {
        "decision": chosen,
        "reason": wanted.reason,
        "refer_to": wanted.refer_to if chosen == REFER else "",
        "clearance_text": wanted.clearance_text if clears else "",
        "clearances": [
            {"label": item.label, "rules": list(item.rules), "unknown": item.unknown}
            for item in items
        ],
        "overrides": [
            {
                "rule": row.finding.rule,
                "kind": row.finding.kind,
                "says": row.says,
                "reason": wanted.overrides[row.finding.rule],
            }
            for row in (found.against if chosen == CANDIDATE else ())
        ],
        "outcome": assessment.outcome,
        "met": [f.rule for f in assessment.findings if f.status == "met"],
        "unknown": [f.rule for f in assessment.findings if f.status == "unknown"],
        "read": read,
        "submission": found.submission.id,
        "content_hash": found.submission.content_hash,
        "record_sha256": record_sha256(found.submission, found.entries, read),
        "signer": signer,
        "supersedes": found.holds.number if found.holds else None,
    }


def record_sha256(submission: StoredSubmission, entries: tuple[Entry, ...], read: int) -> str:
    """Over what the record was drawn from: the rules, what was sent, the chart up to `read`."""
    drawn = sha256(submission.content_hash.encode() + b"\n" + submission.document_json)
    for entry in entries:
        if entry.number <= read:
            told = {"number": entry.number, "kind": entry.kind, "by": entry.by, "body": entry.body}
            drawn.update(b"\n" + to_json(told | {"at": entry.at.isoformat()}))
    return drawn.hexdigest()
