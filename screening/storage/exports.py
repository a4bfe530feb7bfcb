"""A walk over all submissions for an export, with the line that was kept of each.

A line is a rendered document like the PDF: made once, under the intake's key, gone with it. Its
`form` says how lines were written when it was made; those of another form are not given out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, delete, func, select

from .intakes import AUDIT, DOCUMENTS, INTAKES, SUBMISSIONS
from .sealed import insert_once
from .vault import DataKey, Vault

KIND = "csv"
BATCH = 500  # rows held at once while streaming


@dataclass(slots=True)
class StoredLine:
    """One submission. `kept` is its line; while that is empty, `document_json` has what to make it
    of, and else nothing."""

    id: int
    intake_id: str
    reference: str
    submitted_at: datetime
    content_hash: str
    key: DataKey = field(repr=False)
    kept: bytes = field(repr=False)
    document_json: bytes = field(repr=False)


def stored_lines(
    conn: Connection,
    vault: Vault,
    *,
    form: str,
    since: datetime | None = None,
    until: datetime | None = None,
    last_id: int | None = None,
) -> Iterator[StoredLine]:
    """The oldest first, streamed: memory does not grow with their number. `until` is exclusive,
    `last_id` the last submission to read."""
    kept = and_(
        DOCUMENTS.c.submission_id == SUBMISSIONS.c.id,
        DOCUMENTS.c.kind == KIND,
        DOCUMENTS.c.paper == form,
    )
    asked = (
        select(
            SUBMISSIONS.c.id,
            SUBMISSIONS.c.intake_id,
            INTAKES.c.reference,
            SUBMISSIONS.c.submitted_at,
            INTAKES.c.content_hash,
            INTAKES.c.key_id,
            INTAKES.c.wrapped_key,
            DOCUMENTS.c.ciphertext,
            case((DOCUMENTS.c.ciphertext.is_(None), SUBMISSIONS.c.document)).label("document"),
        )
        .join(INTAKES, INTAKES.c.id == SUBMISSIONS.c.intake_id)
        .outerjoin(DOCUMENTS, kept)
        .where(INTAKES.c.withdrawn_at.is_(None))  # why: docs/decisions/0014
        .order_by(SUBMISSIONS.c.id)
    )
    if since is not None:
        asked = asked.where(SUBMISSIONS.c.submitted_at >= since)
    if until is not None:
        asked = asked.where(SUBMISSIONS.c.submitted_at < until)
    if last_id is not None:
        asked = asked.where(SUBMISSIONS.c.id <= last_id)
    with conn.execute(asked.execution_options(yield_per=BATCH)) as rows:
        for row in rows:
            yield _line(vault, row, form)


def _line(vault: Vault, row: Any, form: str) -> StoredLine:
    # Unpacked, not read by name: of a hundred thousand rows that alone takes a second.
    id_, intake_id, reference, submitted_at, content_hash, key_id, wrapped, sealed, document = row
    key = vault.unwrap(key_id, wrapped)  # a walk over all would only flush the cache
    kept = document_json = b""
    if sealed is not None:
        kept = vault.unseal(key, sealed, context=_context(intake_id, form))
    else:
        document_context = f"submissions:{intake_id}:document"
        document_json = vault.unseal(key, document, context=document_context)
    return StoredLine(
        id_, intake_id, reference, submitted_at, content_hash, key, kept, document_json
    )


def newest_id(conn: Connection) -> int:
    """The id of the newest submission, 0 without any."""
    return conn.execute(select(func.coalesce(func.max(SUBMISSIONS.c.id), 0))).scalar_one()


def keep_lines(
    conn: Connection,
    vault: Vault,
    lines: Sequence[StoredLine],
    *,
    form: str,
    now: datetime,
) -> None:
    """Keep the lines that were made; those of an older form go. Of a submission that has been
    deleted in the meantime nothing is kept."""
    ids = [line.id for line in lines]
    still = select(SUBMISSIONS.c.id).where(SUBMISSIONS.c.id.in_(ids)).with_for_update()
    there = set(conn.execute(still).scalars())
    of_these = (DOCUMENTS.c.submission_id.in_(ids), DOCUMENTS.c.kind == KIND)
    conn.execute(delete(DOCUMENTS).where(*of_these, DOCUMENTS.c.paper != form))
    values = [_sealed(vault, line, form, now) for line in lines if line.id in there]
    if values:
        conn.execute(insert_once(conn, DOCUMENTS), values)


def _sealed(vault: Vault, line: StoredLine, form: str, now: datetime) -> dict[str, Any]:
    context = _context(line.intake_id, form)
    return {
        "submission_id": line.id,
        "kind": KIND,
        "paper": form,
        "ciphertext": vault.seal(line.key, line.kept, context=context),
        "made_at": now,
    }


def _context(intake_id: str, form: str) -> str:
    return f"documents:{intake_id}:{KIND}:{form}"


def count_intakes(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(INTAKES)).scalar_one()


def intakes_by(conn: Connection, actor: str) -> int:
    """How many of the intakes this actor has started."""
    started = select(AUDIT.c.intake_id).where(
        AUDIT.c.actor == actor, AUDIT.c.action == "intake.started"
    )
    asked = select(func.count()).select_from(INTAKES).where(INTAKES.c.id.in_(started))
    return conn.execute(asked).scalar_one()
