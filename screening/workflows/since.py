"""What has become urgent or excludes after a decision was signed: judged here alone, for the
record, the plan and the queue."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from ..storage.chart import Entry
from ..storage.submissions import StoredSubmission
from . import chart
from .chart import DECISION
from .definitions import definition_of
from .office import Office

Charts = Mapping[str, tuple[Entry, ...]]  # by intake


@dataclass(frozen=True)
class Since:
    """`decided`: the patient's newest decision, and the intake that it stands on. `found`: by the
    intake whose record says so, rule -> sentence; only what was not there when it was signed."""

    decided: Entry | None = None
    intake_id: str | None = None
    found: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    @property
    def says(self) -> tuple[str, ...]:
        """Each sentence once."""
        return tuple(dict(pair for told in self.found.values() for pair in told.items()).values())


def judge(
    conn: Connection, office: Office, sent: Sequence[StoredSubmission], charts: Charts
) -> Since:
    """`sent`: all of one patient, the oldest first. Nothing has come up where nothing is decided.

    What counts: findings of the record that was decided on and of those sent after it; and of an
    older one, which a check-in does not repeat, those that staff brought to light afterwards.
    """
    decided = newest_decision(charts)
    if decided is None:
        return Since()
    begin = next(n for n, one in enumerate(sent) if decided in charts[one.intake_id])
    found: dict[str, dict[str, str]] = {}
    for number, one in enumerate(sent):
        entries = charts[one.intake_id]
        known = _lasting(one, entries, decided, older=number < begin)
        if own := chart.newest(entries, DECISION):
            known |= _lasting(one, entries, own)
        new = [rule for rule in _grave(one, entries) if rule not in known]
        if new:
            rules = definition_of(conn, office, one.content_hash).rule
            found[one.intake_id] = {rule: rules[rule].says for rule in new}
    return Since(decided, sent[begin].intake_id, found)


def _lasting(
    one: StoredSubmission, entries: tuple[Entry, ...], decision: Entry, *, older: bool = False
) -> set[str]:
    """What a decision had before it and what has lasted since: what was over in between is news
    when it comes again. `older`: the record is older than the one that was decided on."""
    known = set(decision.body["met"])
    if older:
        known |= set(_grave(one, tuple(e for e in entries if e.at <= decision.at)))
    for count, entry in enumerate(entries, 1):
        if entry.at > decision.at:
            known &= set(_grave(one, entries[:count]))
    return known


def newest_decision(charts: Charts) -> Entry | None:
    """On whichever of the patient's submissions it stands."""
    decided = [e for entries in charts.values() for e in entries if e.kind == DECISION]
    return max(reversed(decided), key=lambda entry: entry.at, default=None)


def _grave(one: StoredSubmission, entries: tuple[Entry, ...]) -> Iterator[str]:
    for finding in chart.known_now(one, entries).assessment.findings:
        if finding.status == "met" and finding.kind in ("urgent", "exclude"):
            yield finding.rule
