"""Submissions: frozen once, read, streamed for export, with their rendered documents.

The lists they stand in are in `queue`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from .intakes import (
    DOCUMENTS,
    DRAFT,
    INTAKES,
    SUBMISSIONS,
    SUBMITTED,
    DraftChanged,
    NotADraft,
    StoredIntake,
)
from .sealed import from_json, insert_once, seal_json
from .search import store_terms
from .vault import DataKey, Vault, grouped, normal_code

NEW = "new"
# What the queue is sorted by, the first at its top.
URGENCY = {"urgent": 0, "excluded": 1, "clearance": 2, "candidate": 3}
BATCH = 500  # rows held at once while streaming


@dataclass(frozen=True)
class Receipt:
    """What a submit gives back; `first` is False when the intake had been submitted before."""

    submission_id: int
    reference: str
    submitted_at: datetime
    first: bool


@dataclass(frozen=True)
class StoredSubmission:
    """A submission as it was frozen. `document_json` is its JSON text in UTF-8."""

    id: int
    intake_id: str
    reference: str
    submitted_at: datetime
    status: str
    questionnaire: str
    content_hash: str
    key: DataKey = field(repr=False)
    document_json: bytes = field(repr=False)

    @cached_property
    def document(self) -> dict[str, Any]:
        return from_json(self.document_json)


_BOTH = SUBMISSIONS.join(INTAKES, INTAKES.c.id == SUBMISSIONS.c.intake_id)
_LINE = (
    SUBMISSIONS.c.id,
    SUBMISSIONS.c.intake_id,
    SUBMISSIONS.c.submitted_at,
    SUBMISSIONS.c.status,
    INTAKES.c.reference,
    INTAKES.c.withdrawn_at,
    INTAKES.c.key_id,
    INTAKES.c.wrapped_key,
)
CARDS = select(
    *_LINE,
    SUBMISSIONS.c.urgency,
    SUBMISSIONS.c.decided_at,
    SUBMISSIONS.c.assigned_to,
    SUBMISSIONS.c.card,
).select_from(_BOTH)
WHOLE = select(
    *_LINE, SUBMISSIONS.c.document, INTAKES.c.questionnaire, INTAKES.c.content_hash
).select_from(_BOTH)


def submit(
    conn: Connection,
    vault: Vault,
    intake: StoredIntake,
    *,
    document: Mapping[str, Any],
    card: Mapping[str, Any],
    now: datetime,
) -> Receipt:
    """Freeze a draft. A second submit gives the first one's receipt and stores nothing.

    Raises DraftChanged when a page was saved after `intake` was read: read, check and assess it
    again. Raises NotADraft when it was deleted.
    """
    taken = conn.execute(
        update(INTAKES)
        .where(
            INTAKES.c.id == intake.id,
            INTAKES.c.status == DRAFT,
            INTAKES.c.revision == intake.revision,
        )
        .values(status=SUBMITTED, submitted_at=now, seen_at=now)
    )
    if taken.rowcount == 0:
        return _earlier(conn, intake)
    values = {
        "intake_id": intake.id,
        "submitted_at": now,
        "document": seal_json(vault, intake.key, document, context=context(intake.id, "document")),
        "card": seal_json(vault, intake.key, card, context=context(intake.id, "card")),
        "status": NEW,
        "urgency": URGENCY.get(card.get("outcome", "")),
    }
    made = conn.execute(insert(SUBMISSIONS).values(values).returning(SUBMISSIONS.c.id))
    submission_id = made.scalar_one()
    store_terms(conn, vault, submission_id, [document.get("answers", {})])
    return Receipt(submission_id, intake.reference, now, first=True)


def _earlier(conn: Connection, intake: StoredIntake) -> Receipt:
    receipt = receipt_of(conn, intake.id)
    if receipt is not None:
        return receipt
    left = select(INTAKES.c.id).where(INTAKES.c.id == intake.id)
    raise NotADraft(intake.id) if conn.execute(left).first() is None else DraftChanged(intake.id)


def receipt_of(conn: Connection, intake_id: str) -> Receipt | None:
    """What the code of a submitted intake shows."""
    asked = select(SUBMISSIONS.c.id, SUBMISSIONS.c.submitted_at, INTAKES.c.reference)
    row = conn.execute(asked.select_from(_BOTH).where(INTAKES.c.id == intake_id)).first()
    return row and Receipt(row.id, row.reference, row.submitted_at, first=False)


def submission_by_reference(
    conn: Connection, vault: Vault, reference: str
) -> StoredSubmission | None:
    """Found however the reference is typed: any case, with or without its dash."""
    spelled = grouped(normal_code(reference))
    row = conn.execute(WHOLE.where(INTAKES.c.reference == spelled)).first()
    return row and as_submission(vault, row)


def submission_of(conn: Connection, vault: Vault, intake_id: str) -> StoredSubmission | None:
    row = conn.execute(WHOLE.where(INTAKES.c.id == intake_id)).first()
    return row and as_submission(vault, row)


def all_submissions(
    conn: Connection,
    vault: Vault,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[StoredSubmission]:
    """The oldest first, streamed: memory does not grow with their number. `until` is exclusive."""
    asked = _between(WHOLE, since, until).order_by(SUBMISSIONS.c.id)
    with conn.execute(asked.execution_options(yield_per=BATCH)) as rows:
        for row in rows:
            yield as_submission(vault, row)


def set_status(conn: Connection, submission_id: int, *, was: str, to: str) -> bool:
    """False when the status is not `was` (any more): somebody else was first."""
    changed = conn.execute(
        update(SUBMISSIONS)
        .where(SUBMISSIONS.c.id == submission_id, SUBMISSIONS.c.status == was)
        .values(status=to)
    )
    return changed.rowcount == 1


def store_document(
    conn: Connection,
    vault: Vault,
    submission: StoredSubmission,
    *,
    kind: str,
    paper: str,
    content: bytes,
    now: datetime,
) -> None:
    """Keep a rendered document; one that is there already stays."""
    context = _document_context(submission, kind, paper)
    values = {
        "submission_id": submission.id,
        "kind": kind,
        "paper": paper,
        "ciphertext": vault.seal(submission.key, content, context=context),
        "made_at": now,
    }
    conn.execute(insert_once(conn, DOCUMENTS), values)


def read_document(
    conn: Connection, vault: Vault, submission: StoredSubmission, *, kind: str, paper: str
) -> bytes | None:
    asked = select(DOCUMENTS.c.ciphertext).where(
        DOCUMENTS.c.submission_id == submission.id,
        DOCUMENTS.c.kind == kind,
        DOCUMENTS.c.paper == paper,
    )
    sealed = conn.execute(asked).scalar()
    context = _document_context(submission, kind, paper)
    return sealed and vault.unseal(submission.key, sealed, context=context)


def _between(asked: Select[Any], since: datetime | None, until: datetime | None) -> Select[Any]:
    if since is not None:
        asked = asked.where(SUBMISSIONS.c.submitted_at >= since)
    if until is not None:
        asked = asked.where(SUBMISSIONS.c.submitted_at < until)
    return asked


def as_submission(vault: Vault, row: Any) -> StoredSubmission:
    """A row of `WHOLE`."""
    key = vault.unwrap(row.key_id, row.wrapped_key)  # a walk over all would only flush the cache
    place = context(row.intake_id, "document")
    return StoredSubmission(
        id=row.id,
        intake_id=row.intake_id,
        reference=row.reference,
        submitted_at=row.submitted_at,
        status=row.status,
        questionnaire=row.questionnaire,
        content_hash=row.content_hash,
        key=key,
        document_json=vault.unseal(key, row.document, context=place),
    )


def context(intake_id: str, column: str) -> str:
    """What a sealed column is bound to."""
    return f"submissions:{intake_id}:{column}"


def _document_context(submission: StoredSubmission, kind: str, paper: str) -> str:
    return f"documents:{submission.intake_id}:{kind}:{paper}"
