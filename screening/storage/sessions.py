"""Browser sessions kept on the server. The cookie is a random token; only its SHA-256 is stored.

The contents are sealed under a key derived from the master key, bound to the token's hash.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, LargeBinary, bindparam, delete, func, insert, select, update

from .models import WebSession, table
from .prepared import Prepared
from .sealed import from_json, to_json
from .vault import MARK_BYTES, Vault

SESSIONS = table(WebSession)
TOKEN_BYTES = 32
# What seals a session stands in its own bytes, after the version; see `vault`.
_KEY_ID = func.substr(SESSIONS.c.ciphertext, 2, MARK_BYTES, type_=LargeBinary)


@dataclass(frozen=True)
class StoredSession:
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    data: Mapping[str, Any] = field(repr=False)


_LIVE = Prepared(
    select(
        SESSIONS.c.ciphertext, SESSIONS.c.created_at, SESSIONS.c.seen_at, SESSIONS.c.expires_at
    ).where(
        SESSIONS.c.token_hash == bindparam("token_hash"), SESSIONS.c.expires_at > bindparam("now")
    )
)


def new_token() -> str:
    """The cookie's value, 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def create_session(
    conn: Connection,
    vault: Vault,
    token: str,
    data: Mapping[str, Any],
    *,
    expires_at: datetime,
    now: datetime,
) -> None:
    values = {
        "token_hash": _hash(token),
        "ciphertext": _sealed(vault, token, data),
        "created_at": now,
        "seen_at": now,
        "expires_at": expires_at,
    }
    conn.execute(insert(SESSIONS), values)


def read_session(
    conn: Connection, vault: Vault, token: str, *, now: datetime
) -> StoredSession | None:
    """None for an unknown or expired token. Raises VaultError when the row was tampered with."""
    found = _LIVE.rows(conn, {"token_hash": _hash(token), "now": now})
    if not found:
        return None
    sealed, created_at, seen_at, expires_at = found[0]
    opened = vault.unseal_session(sealed, context=_context(token))
    return StoredSession(created_at, seen_at, expires_at, from_json(opened))


def update_session(
    conn: Connection,
    vault: Vault,
    token: str,
    data: Mapping[str, Any],
    *,
    expires_at: datetime,
    now: datetime,
) -> bool:
    """False when the session was ended in the meantime: it is not brought back."""
    changed = conn.execute(
        update(SESSIONS)
        .where(SESSIONS.c.token_hash == _hash(token))
        .values(ciphertext=_sealed(vault, token, data), seen_at=now, expires_at=expires_at)
    )
    return changed.rowcount == 1


def delete_session(conn: Connection, token: str) -> None:
    conn.execute(delete(SESSIONS).where(SESSIONS.c.token_hash == _hash(token)))


def delete_expired(conn: Connection, *, now: datetime) -> int:
    return conn.execute(delete(SESSIONS).where(SESSIONS.c.expires_at <= now)).rowcount


def reseal(conn: Connection, vault: Vault, *, limit: int) -> int:
    """Put up to `limit` sessions under the current master key; returns how many there were. One
    that its browser changes meanwhile is left for the next time."""
    current = bytes.fromhex(vault.current())
    old = select(SESSIONS.c.token_hash, SESSIONS.c.ciphertext).where(
        _KEY_ID.is_distinct_from(current)
    )
    rows = conn.execute(old.limit(limit)).all()
    for token_hash, sealed in rows:
        context = _context_of(token_hash)
        fresh = vault.seal_session(vault.unseal_session(sealed, context=context), context=context)
        same = (SESSIONS.c.token_hash == token_hash, SESSIONS.c.ciphertext == sealed)
        conn.execute(update(SESSIONS).where(*same).values(ciphertext=fresh))
    return len(rows)


def count_by_key(conn: Connection) -> dict[str, int]:
    """How many sessions are sealed under each master key, by its id."""
    asked = select(_KEY_ID, func.count()).group_by(_KEY_ID)
    return {key_id.hex(): count for key_id, count in conn.execute(asked)}


def _sealed(vault: Vault, token: str, data: Mapping[str, Any]) -> bytes:
    return vault.seal_session(to_json(data), context=_context(token))


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _context(token: str) -> str:
    return _context_of(_hash(token))


def _context_of(token_hash: bytes) -> str:
    return f"web_sessions:{token_hash.hex()}:ciphertext"
