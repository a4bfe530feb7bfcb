"""Failed resumes and sign-ins, counted in the database so that all processes share the counters.

`key` is an address or an account; only its HMAC is stored.
"""

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from .models import Attempt, table
from .vault import Vault

ATTEMPTS = table(Attempt)


def record(conn: Connection, vault: Vault, kind: str, key: str, *, now: datetime) -> None:
    conn.execute(insert(ATTEMPTS), {"kind": kind, "key_hmac": vault.blind(kind, key), "at": now})


def count(conn: Connection, vault: Vault, kind: str, key: str, *, since: datetime) -> int:
    asked = select(func.count()).where(
        ATTEMPTS.c.kind == kind,
        ATTEMPTS.c.key_hmac == vault.blind(kind, key),
        ATTEMPTS.c.at >= since,
    )
    return conn.execute(asked).scalar_one()


def count_all(conn: Connection, kind: str, *, since: datetime) -> int:
    """Of every address or account: a surge is worth an alarm, never a block."""
    asked = select(func.count()).where(ATTEMPTS.c.kind == kind, ATTEMPTS.c.at >= since)
    return conn.execute(asked).scalar_one()


def forget(conn: Connection, vault: Vault, kind: str, key: str) -> None:
    """After a success."""
    conn.execute(
        delete(ATTEMPTS).where(
            ATTEMPTS.c.kind == kind, ATTEMPTS.c.key_hmac == vault.blind(kind, key)
        )
    )


def delete_old(conn: Connection, *, before: datetime) -> int:
    return conn.execute(delete(ATTEMPTS).where(ATTEMPTS.c.at < before)).rowcount
