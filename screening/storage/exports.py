"""A walk over all submissions for an export, each with what staff added to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from .chart import Entry, read_entry
from .intakes import AUDIT, CHART, INTAKES, SUBMISSIONS
from .vault import Vault

BATCH = 500  # rows held at once while streaming


@dataclass(frozen=True, slots=True)
class Exported:
    """One submission. `document_json`: what was frozen. `entries`: of its chart, of the kinds that
    were asked for, the oldest first."""

    id: int
    reference: str
    submitted_at: datetime
    content_hash: str
    document_json: bytes = field(repr=False)
    entries: tuple[Entry, ...] = field(repr=False)


@dataclass(frozen=True)
class Wanted:
    """Which submissions; None leaves it open. `until` is exclusive, `version` the questionnaire's.
    What was withdrawn is never wanted (docs/decisions/0014)."""

    since: datetime | None = None
    until: datetime | None = None
    version: str | None = None

    def of(self, asked: Select[Any]) -> Select[Any]:
        """Only these of a selection from submissions and their intakes."""
        asked = asked.where(INTAKES.c.withdrawn_at.is_(None))
        if self.since is not None:
            asked = asked.where(SUBMISSIONS.c.submitted_at >= self.since)
        if self.until is not None:
            asked = asked.where(SUBMISSIONS.c.submitted_at < self.until)
        if self.version is not None:
            asked = asked.where(INTAKES.c.questionnaire == self.version)
        return asked


_BOTH = SUBMISSIONS.join(INTAKES, INTAKES.c.id == SUBMISSIONS.c.intake_id)
_COLUMNS = (
    SUBMISSIONS.c.id,
    SUBMISSIONS.c.intake_id,
    INTAKES.c.reference,
    SUBMISSIONS.c.submitted_at,
    INTAKES.c.content_hash,
    INTAKES.c.key_id,
    INTAKES.c.wrapped_key,
    SUBMISSIONS.c.document,
)


def exported(
    conn: Connection, vault: Vault, wanted: Wanted, kinds: Sequence[str]
) -> Iterator[Exported]:
    """The oldest first, streamed: memory does not grow with their number. `kinds`: of the entries
    of their charts. Raises VaultError when one was altered or moved."""
    asked = wanted.of(select(*_COLUMNS).select_from(_BOTH)).order_by(SUBMISSIONS.c.id)
    with conn.execute(asked.execution_options(yield_per=BATCH)) as rows:
        for batch in rows.partitions():
            charts = _charts(conn, [row.intake_id for row in batch], kinds)
            for row in batch:
                yield _opened(vault, row, charts.get(row.intake_id, ()))


def _charts(
    conn: Connection, intake_ids: Sequence[str], kinds: Sequence[str]
) -> dict[str, list[Any]]:
    """The sealed entries of these intakes."""
    asked = (
        select(CHART)
        .where(CHART.c.intake_id.in_(intake_ids), CHART.c.kind.in_(kinds))
        .order_by(CHART.c.number)
    )
    found: dict[str, list[Any]] = {}
    for row in conn.execute(asked):
        found.setdefault(row.intake_id, []).append(row)
    return found


def _opened(vault: Vault, row: Any, entries: Sequence[Any]) -> Exported:
    # Unpacked, not read by name: of a hundred thousand rows that alone takes a second.
    id_, intake_id, reference, submitted_at, content_hash, key_id, wrapped, document = row
    key = vault.unwrap(key_id, wrapped)  # a walk over all would only flush the cache
    context = f"submissions:{intake_id}:document"
    document_json = vault.unseal(key, document, context=context)
    opened = tuple(read_entry(vault, key, entry) for entry in entries)
    return Exported(id_, reference, submitted_at, content_hash, document_json, opened)


def count(conn: Connection, wanted: Wanted) -> int:
    """How many there are."""
    asked = wanted.of(select(func.count()).select_from(_BOTH))
    return conn.execute(asked).scalar_one()


def versions(conn: Connection, wanted: Wanted) -> list[str]:
    """The content hash of each questionnaire that they answered, the newest in use first."""
    newest = func.max(SUBMISSIONS.c.id)
    asked = wanted.of(select(INTAKES.c.content_hash).select_from(_BOTH))
    return list(
        conn.execute(asked.group_by(INTAKES.c.content_hash).order_by(newest.desc())).scalars()
    )


def asked_versions(conn: Connection) -> list[str]:
    """The versions of questionnaires that anything was sent under."""
    asked = select(INTAKES.c.questionnaire).select_from(_BOTH).distinct()
    return sorted(conn.execute(asked).scalars(), reverse=True)


def first_references(conn: Connection) -> dict[str, str]:
    """The reference of a patient's first intake by that of each check-in; when the first was purged
    something else that all its check-ins share."""
    first = INTAKES.alias()
    asked = (
        select(INTAKES.c.reference, func.coalesce(first.c.reference, INTAKES.c.follows))
        .outerjoin(first, first.c.id == INTAKES.c.follows)
        .where(INTAKES.c.follows.is_not(None))
    )
    return {row[0]: row[1] for row in conn.execute(asked)}


def count_intakes(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(INTAKES)).scalar_one()


def intakes_by(conn: Connection, actor: str) -> int:
    """How many of the intakes this actor has started."""
    started = select(AUDIT.c.intake_id).where(
        AUDIT.c.actor == actor, AUDIT.c.action == "intake.started"
    )
    asked = select(func.count()).select_from(INTAKES).where(INTAKES.c.id.in_(started))
    return conn.execute(asked).scalar_one()
