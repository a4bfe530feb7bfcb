"""The chart of an intake: what staff measured, corrected, noted, decided and planned.

Append-only: an entry is never changed, a later one supersedes it. Every function takes a Connection
inside a transaction and leaves the COMMIT to its caller.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from .intakes import CHART, INTAKES
from .sealed import seal_json, unseal_json
from .vault import DataKey, Vault


class ChartChanged(Exception):  # noqa: N818 - an outcome that callers answer
    """Somebody added to the chart since it was read."""


@dataclass(frozen=True)
class Entry:
    """One entry. `number` counts from 1 in its intake; `by` is "user:12"; `body` is JSON."""

    number: int
    kind: str
    at: datetime
    by: str
    body: Mapping[str, Any] = field(repr=False)


def add_entry(
    conn: Connection,
    vault: Vault,
    intake_id: str,
    *,
    kind: str,
    body: Mapping[str, Any],
    by: str,
    at: datetime,
    after: int | None = None,
) -> Entry:
    """Add an entry. `after`: the number of the last entry that its writer had read.

    Raises ChartChanged when another one came after that, or at the same moment.
    """
    last = last_number(conn, intake_id)
    if after is not None and last != after:
        raise ChartChanged(intake_id)
    keys = select(INTAKES.c.key_id, INTAKES.c.wrapped_key).where(INTAKES.c.id == intake_id)
    key = vault.open_data_key(*conn.execute(keys).one())
    number = last + 1
    values = {
        "intake_id": intake_id,
        "number": number,
        "kind": kind,
        "at": at,
        "by": by,
        "ciphertext": seal_json(vault, key, body, context=_context(intake_id, number, kind)),
    }
    try:
        conn.execute(insert(CHART), values)
    except IntegrityError:  # on PostgreSQL, two at the same moment
        raise ChartChanged(intake_id) from None
    return Entry(number, kind, at, by, body)


def last_number(conn: Connection, intake_id: str) -> int:
    """The number of the newest entry, 0 without any."""
    asked = select(func.max(CHART.c.number)).where(CHART.c.intake_id == intake_id)
    return conn.execute(asked).scalar() or 0


def entries_of(conn: Connection, vault: Vault, intake_id: str) -> tuple[Entry, ...]:
    """The oldest first. Raises VaultError when one was altered or moved."""
    asked = (
        select(CHART, INTAKES.c.key_id, INTAKES.c.wrapped_key)
        .join(INTAKES, INTAKES.c.id == CHART.c.intake_id)
        .where(CHART.c.intake_id == intake_id)
        .order_by(CHART.c.number)
    )
    return tuple(_entry(vault, row) for row in conn.execute(asked))


def _entry(vault: Vault, row: Any) -> Entry:
    return read_entry(vault, vault.open_data_key(row.key_id, row.wrapped_key), row)


def read_entry(vault: Vault, key: DataKey, row: Any) -> Entry:
    """An entry as it lies in the table, opened. Raises VaultError when it was altered or moved."""
    context = _context(row.intake_id, row.number, row.kind)
    body = unseal_json(vault, key, row.ciphertext, context=context)
    return Entry(row.number, row.kind, row.at, row.by, body)


def _context(intake_id: str, number: int, kind: str) -> str:
    return f"chart:{intake_id}:{number}:{kind}"
