"""Staff's passkeys: the public halves. What signs never leaves the device it is on."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, or_, select, update

from .accounts import Passkey
from .models import table
from .sealed import insert_once

PASSKEYS = table(Passkey)


@dataclass(frozen=True)
class StoredPasskey:
    """`transports`: how the browser reaches the device: "internal", "usb", "hybrid"."""

    credential_id: bytes
    user_id: int
    name: str
    public_key: bytes = field(repr=False)
    sign_count: int
    transports: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None


def of_member(conn: Connection, member_id: int) -> list[StoredPasskey]:
    """The oldest first."""
    asked = select(PASSKEYS).where(PASSKEYS.c.user_id == member_id)
    return [_stored(row) for row in conn.execute(asked.order_by(PASSKEYS.c.created_at))]


def count(conn: Connection, member_id: int) -> int:
    asked = select(func.count()).where(PASSKEYS.c.user_id == member_id)
    return int(conn.execute(asked).scalar_one())


def read(conn: Connection, credential_id: bytes) -> StoredPasskey | None:
    asked = select(PASSKEYS).where(PASSKEYS.c.credential_id == credential_id)
    row = conn.execute(asked).first()
    return _stored(row) if row else None


def add(conn: Connection, passkey: StoredPasskey) -> bool:
    """False when this one is registered already, by whomever."""
    values = vars(passkey) | {"transports": ",".join(passkey.transports)}
    # PostgreSQL tells no count of rows here.
    added = insert_once(conn, PASSKEYS).values(values).returning(PASSKEYS.c.credential_id)
    return conn.execute(added).first() is not None


def use(
    conn: Connection, credential_id: bytes, *, counted: int, asked_at: datetime, now: datetime
) -> bool:
    """Note a use of what was asked for at `asked_at`. `counted`: what the device's counter says.

    False when the counter did not go up (a copied device; one without a counter says 0), or when
    it was used since it was asked for: one question is answered once, also by two at the same time.
    """
    column = PASSKEYS.c.sign_count
    unused = or_(PASSKEYS.c.last_used_at.is_(None), PASSKEYS.c.last_used_at < asked_at)
    higher = column < counted if counted else column == 0
    changed = conn.execute(
        update(PASSKEYS)
        .where(and_(PASSKEYS.c.credential_id == credential_id, unused, higher))
        .values(sign_count=counted, last_used_at=now)
    )
    return changed.rowcount == 1


def rename(conn: Connection, member_id: int, credential_id: bytes, name: str) -> bool:
    """False when it is none of theirs; so does `remove`."""
    changed = conn.execute(
        update(PASSKEYS).where(*_theirs(member_id, credential_id)).values(name=name)
    )
    return changed.rowcount == 1


def remove(conn: Connection, member_id: int, credential_id: bytes) -> bool:
    return conn.execute(delete(PASSKEYS).where(*_theirs(member_id, credential_id))).rowcount == 1


def remove_all(conn: Connection, member_id: int) -> None:
    conn.execute(delete(PASSKEYS).where(PASSKEYS.c.user_id == member_id))


def _theirs(member_id: int, credential_id: bytes) -> tuple[Any, Any]:
    return PASSKEYS.c.credential_id == credential_id, PASSKEYS.c.user_id == member_id


def _stored(row: Any) -> StoredPasskey:
    transports = tuple(filter(None, (row.transports or "").split(",")))
    return StoredPasskey(
        credential_id=row.credential_id,
        user_id=row.user_id,
        name=row.name,
        public_key=row.public_key,
        sign_count=row.sign_count,
        transports=transports,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
    )
