"""Links by e-mail: one a patient's intake, the address and the handle sealed with the intake's key.

Every function takes a Connection inside a transaction and leaves the COMMIT to its caller. The
handle in a link finds its row by an HMAC; a number that was mailed is kept as an HMAC alone.
"""

import hmac
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from .intakes import INTAKES, LINKS, StoredIntake
from .sealed import seal_json, unseal_json
from .vault import Vault, new_code, normal_code

HANDLE = re.compile(r"[0-9A-Za-z]{26}")  # as a resume code is written: 130 random bits


@dataclass(frozen=True)
class StoredLink:
    """`to` is an e-mail address; `handle` the end of the link that is mailed there."""

    id: str
    intake_id: str
    created_at: datetime
    mailed_at: datetime | None
    number_hmac: bytes | None = field(repr=False)
    number_until: datetime | None
    to: str = field(repr=False)
    handle: str = field(repr=False)


_LINKS = select(LINKS, INTAKES.c.key_id, INTAKES.c.wrapped_key).join(
    INTAKES, INTAKES.c.id == LINKS.c.intake_id
)


def replace_link(
    conn: Connection, vault: Vault, intake: StoredIntake, *, to: str, now: datetime
) -> str:
    """Store a link to this intake in the place of any earlier one; returns its id."""
    conn.execute(delete(LINKS).where(LINKS.c.intake_id == intake.id))
    link_id, handle = uuid.uuid4().hex, new_code().replace("-", "").lower()
    sealed = seal_json(vault, intake.key, {"to": to, "handle": handle}, context=_context(link_id))
    values = {
        "id": link_id,
        "intake_id": intake.id,
        "handle_hmac": _handle_hmac(vault, handle),
        "address": sealed,
        "created_at": now,
    }
    conn.execute(insert(LINKS), values)
    return link_id


def read_link(conn: Connection, vault: Vault, link_id: str) -> StoredLink | None:
    return _one(conn, vault, _LINKS.where(LINKS.c.id == link_id))


def link_of(conn: Connection, vault: Vault, intake_id: str) -> StoredLink | None:
    return _one(conn, vault, _LINKS.where(LINKS.c.intake_id == intake_id))


def find_link(conn: Connection, vault: Vault, handle: str, *, since: datetime) -> StoredLink | None:
    """The link with this handle, unless it was made before `since`; locked until the COMMIT."""
    if not HANDLE.fullmatch(handle):
        return None
    asked = _LINKS.where(
        LINKS.c.handle_hmac == _handle_hmac(vault, handle), LINKS.c.created_at >= since
    )
    return _one(conn, vault, asked.with_for_update(of=LINKS))


def mark_mailed(conn: Connection, link_id: str, *, now: datetime) -> None:
    conn.execute(update(LINKS).where(LINKS.c.id == link_id).values(mailed_at=now))


def set_number(
    conn: Connection, vault: Vault, link_id: str, number: str, *, until: datetime
) -> None:
    """Let this number open the link until then, and no earlier one."""
    hashed = _number_hmac(vault, link_id, number)
    conn.execute(
        update(LINKS).where(LINKS.c.id == link_id).values(number_hmac=hashed, number_until=until)
    )


def is_number(vault: Vault, link: StoredLink, typed: str, *, now: datetime) -> bool:
    """Is this the number that was mailed last, and not too late?"""
    if link.number_hmac is None or link.number_until is None or now > link.number_until:
        return False
    return hmac.compare_digest(link.number_hmac, _number_hmac(vault, link.id, typed))


def forget_number(conn: Connection, link_id: str) -> None:
    conn.execute(
        update(LINKS).where(LINKS.c.id == link_id).values(number_hmac=None, number_until=None)
    )


def delete_link(conn: Connection, link_id: str) -> None:
    conn.execute(delete(LINKS).where(LINKS.c.id == link_id))


def delete_old(conn: Connection, *, before: datetime) -> int:
    """Delete links that no longer open anything, with the addresses they went to."""
    return conn.execute(delete(LINKS).where(LINKS.c.created_at < before)).rowcount


def _one(conn: Connection, vault: Vault, asked: Select[Any]) -> StoredLink | None:
    row = conn.execute(asked).first()
    if row is None:
        return None
    key = vault.open_data_key(row.key_id, row.wrapped_key)
    return StoredLink(
        id=row.id,
        intake_id=row.intake_id,
        created_at=row.created_at,
        mailed_at=row.mailed_at,
        number_hmac=row.number_hmac,
        number_until=row.number_until,
        **unseal_json(vault, key, row.address, context=_context(row.id)),
    )


def _handle_hmac(vault: Vault, handle: str) -> bytes:
    return vault.blind("link", normal_code(handle))


def _number_hmac(vault: Vault, link_id: str, number: str) -> bytes:
    return vault.blind("link-number", f"{link_id}\0{number}")


def _context(link_id: str) -> str:
    return f"links:{link_id}:address"
