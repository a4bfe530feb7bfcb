"""What patients write to the clinic after sending, and what they take back.

Every function takes a Connection inside a transaction and leaves the COMMIT to its caller.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, select, update

from .intakes import DRAFT, INTAKES, LINKS, MESSAGES, SUBMISSIONS, SUBMITTED
from .sealed import seal_json, unseal_json
from .vault import Vault

Kind = Literal["message", "withdrawal", "correction", "answered"]
MESSAGE: Kind = "message"
WITHDRAWAL: Kind = "withdrawal"
CORRECTION: Kind = "correction"  # asks for one, and waits for its answer
ANSWERED: Kind = "answered"  # asked for one, and has its answer in the chart
WRITTEN = (MESSAGE, CORRECTION, ANSWERED)  # what the patient wrote on the page of messages


@dataclass(frozen=True)
class StoredMessage:
    """One message. `crisis`: it holds crisis words. `read_by` is "user:12"."""

    id: str
    kind: str
    sent_at: datetime
    crisis: bool
    read_at: datetime | None
    read_by: str | None
    text: str = field(repr=False)  # of a withdrawal the reason, "" without one


@dataclass(frozen=True)
class Unread:
    """A message that waits for staff, with whose it is."""

    reference: str
    kind: str
    sent_at: datetime
    crisis: bool
    name: str = field(repr=False)


def add_message(
    conn: Connection,
    vault: Vault,
    intake_id: str,
    *,
    kind: Kind,
    body: dict[str, Any],
    at: datetime,
) -> None:
    """Keep a message; `body` is `{"text": str, "crisis": bool}`."""
    keys = select(INTAKES.c.key_id, INTAKES.c.wrapped_key).where(INTAKES.c.id == intake_id)
    key = vault.open_data_key(*conn.execute(keys).one())
    message_id = uuid.uuid4().hex
    values = {
        "id": message_id,
        "intake_id": intake_id,
        "kind": kind,
        "sent_at": at,
        "ciphertext": seal_json(vault, key, body, context=_context(message_id)),
    }
    conn.execute(MESSAGES.insert(), values)


def hold(conn: Connection, intake_id: str) -> None:
    """Until the COMMIT nobody else saves, sends or writes to this intake: so no limit is passed,
    and what is sent is what was read."""
    conn.execute(select(INTAKES.c.id).where(INTAKES.c.id == intake_id).with_for_update())


def count_since(conn: Connection, intake_id: str, *, since: datetime) -> int:
    """How many messages were written since then."""
    asked = select(func.count()).where(
        MESSAGES.c.intake_id == intake_id,
        MESSAGES.c.kind.in_(WRITTEN),
        MESSAGES.c.sent_at > since,
    )
    return conn.execute(asked).scalar_one()


def messages_of(conn: Connection, vault: Vault, intake_id: str) -> list[StoredMessage]:
    """The newest first."""
    asked = (
        select(MESSAGES, INTAKES.c.key_id, INTAKES.c.wrapped_key)
        .join(INTAKES, INTAKES.c.id == MESSAGES.c.intake_id)
        .where(MESSAGES.c.intake_id == intake_id)
        .order_by(MESSAGES.c.sent_at.desc(), MESSAGES.c.id)
    )
    return [_message(vault, row) for row in conn.execute(asked)]


def unread(conn: Connection, vault: Vault, *, limit: int) -> list[Unread]:
    """What nobody has opened, the oldest first."""
    asked = _WHOSE.where(MESSAGES.c.read_at.is_(None)).limit(limit)
    return [_unread(vault, row) for row in conn.execute(asked)]


def corrections(conn: Connection, vault: Vault) -> list[Unread]:
    """What asks for a correction and has no answer, the oldest first. Also of who took the form
    back: the record is kept, and its patient was told a day."""
    asked = _WHOSE.where(MESSAGES.c.kind == CORRECTION)
    return [_unread(vault, row) for row in conn.execute(asked)]


_WHOSE = (
    select(
        MESSAGES,
        INTAKES.c.reference,
        INTAKES.c.key_id,
        INTAKES.c.wrapped_key,
        SUBMISSIONS.c.card,
    )
    .join(INTAKES, INTAKES.c.id == MESSAGES.c.intake_id)
    .join(SUBMISSIONS, SUBMISSIONS.c.intake_id == MESSAGES.c.intake_id)
    .order_by(MESSAGES.c.sent_at)
)


def set_kind(conn: Connection, intake_id: str, message_id: str, was: Kind, to: Kind) -> bool:
    """False when the message is not of the kind `was` (any more): somebody else was first."""
    this = (MESSAGES.c.id == message_id, MESSAGES.c.intake_id == intake_id)
    changed = conn.execute(update(MESSAGES).where(*this, MESSAGES.c.kind == was).values(kind=to))
    return changed.rowcount == 1


def mark_read(conn: Connection, intake_id: str, *, by: str, now: datetime) -> int:
    """All of this intake's that nobody has opened; returns how many. The first reader's name
    stays."""
    changed = conn.execute(
        update(MESSAGES)
        .where(MESSAGES.c.intake_id == intake_id, MESSAGES.c.read_at.is_(None))
        .values(read_at=now, read_by=by)
    )
    return changed.rowcount


# Taking back


def withdraw(conn: Connection, intake_id: str, *, now: datetime) -> bool:
    """Mark a sent intake as withdrawn. False when it is not sent, or was withdrawn before."""
    changed = conn.execute(
        update(INTAKES)
        .where(
            INTAKES.c.id == intake_id,
            INTAKES.c.status == SUBMITTED,
            INTAKES.c.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
    )
    return changed.rowcount == 1


def close_draft(conn: Connection, intake_id: str, *, now: datetime) -> bool:
    """A draft that its patient deleted but that has to wait: no code and no link opens it now.

    False when it is not a draft (any more).
    """
    changed = conn.execute(
        update(INTAKES)
        .where(INTAKES.c.id == intake_id, INTAKES.c.status == DRAFT)
        .values(withdrawn_at=now, code_hmac=None)
    )
    conn.execute(delete(LINKS).where(LINKS.c.intake_id == intake_id))
    return changed.rowcount == 1


def closed_drafts(conn: Connection) -> list[str]:
    """Ids of the drafts that `close_draft` closed."""
    asked = select(INTAKES.c.id).where(
        INTAKES.c.status == DRAFT, INTAKES.c.withdrawn_at.is_not(None)
    )
    return list(conn.execute(asked).scalars())


def _message(vault: Vault, row: Any) -> StoredMessage:
    body = _body(vault, row)
    return StoredMessage(
        id=row.id,
        kind=row.kind,
        sent_at=row.sent_at,
        crisis=body["crisis"],
        read_at=row.read_at,
        read_by=row.read_by,
        text=body["text"],
    )


def _unread(vault: Vault, row: Any) -> Unread:
    key = vault.open_data_key(row.key_id, row.wrapped_key)
    card = unseal_json(vault, key, row.card, context=f"submissions:{row.intake_id}:card")
    crisis = _body(vault, row)["crisis"]
    return Unread(row.reference, row.kind, row.sent_at, crisis, card["name"])


def _body(vault: Vault, row: Any) -> dict[str, Any]:
    key = vault.open_data_key(row.key_id, row.wrapped_key)
    return unseal_json(vault, key, row.ciphertext, context=_context(row.id))


def _context(message_id: str) -> str:
    return f"messages:{message_id}:ciphertext"
