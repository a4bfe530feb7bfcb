"""Everything that a master key wraps or seals itself: how it gets under the next, what is left."""

from collections import Counter

from sqlalchemy import Connection, func, select, text

from . import export_jobs, intakes, sessions
from .export_jobs import EXPORTS
from .intakes import INTAKES
from .vault import Vault

# Their own rows, changed in any transaction that wraps or seals something.
_LOCK = text("LOCK TABLE intakes, exports, web_sessions IN SHARE ROW EXCLUSIVE MODE")


def rewrap(conn: Connection, vault: Vault, *, limit: int) -> int:
    """Put up to `limit` of each under the current master key; returns how many were found.

    Call it in short transactions until it returns 0. It may be stopped and run again at any time.
    """
    vault.current()
    export_jobs.rewrap_keys(conn, vault)
    return intakes.rewrap_keys(conn, vault, limit=limit) + sessions.reseal(conn, vault, limit=limit)


def in_use(conn: Connection) -> Counter[str]:
    """How many rows need each master key, by its id."""
    found: Counter[str] = Counter(sessions.count_by_key(conn))
    for part in (INTAKES, EXPORTS):
        asked = select(part.c.key_id, func.count()).where(part.c.key_id.is_not(None))
        for key_id, count in conn.execute(asked.group_by(part.c.key_id)):
            found[key_id] += count
    return found


def lock(conn: Connection) -> None:
    """Nothing is wrapped before this transaction ends. SQLite has one writer anyway."""
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK)
