"""Who did what and when, as a chain: each row's code covers the row before it.

The rows hold ids and counts, never answers. Whoever changes, removes, adds or reorders rows without
the audit key is found by `verify`; rows cut from the end are found with a `head` that was kept
elsewhere. Append in the transaction of the act: both are stored or neither.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text

from .models import AuditRow, table
from .prepared import Prepared
from .sealed import to_json
from .vault import Keyring

AUDIT = table(AuditRow)
CHAIN_LOCK = 5_417_002  # an arbitrary number of ours, for pg_advisory_xact_lock
BATCH = 500

_LAST = Prepared(select(AUDIT.c.id, AUDIT.c.mac).order_by(AUDIT.c.id.desc()).limit(1))
_APPEND = Prepared(insert(AUDIT))
_LOCK = text(f"SELECT pg_advisory_xact_lock({CHAIN_LOCK})")


@dataclass(frozen=True)
class Head:
    """The newest row. Kept outside the database it proves later that nothing was cut off."""

    id: int
    mac: bytes


def append(
    conn: Connection,
    keyring: Keyring,
    *,
    at: datetime,
    actor: str,
    action: str,
    intake_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Add a row and return its id. `actor`: "patient", "user:12", "system" or "cli"."""
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK)  # or two transactions would continue from the same row
    last = head(conn)
    row_id = last.id + 1 if last else 1
    values = {
        "id": row_id,
        "at": at.astimezone(UTC),
        "actor": actor,
        "action": action,
        "intake_id": intake_id,
        "detail": None if detail is None else to_json(detail).decode(),
    }
    mac = _mac(keyring, last.mac if last else b"", values)
    _APPEND.changed(conn, {**values, "mac": mac})
    return row_id


def head(conn: Connection) -> Head | None:
    return next((Head(*row) for row in _LAST.rows(conn, {})), None)


def verify(conn: Connection, keyring: Keyring, *, kept: Head | None = None) -> int | None:
    """The id of the first row that is wrong or missing, or None. `kept`: a head from earlier."""
    expected, mac = 1, b""
    every = select(AUDIT).order_by(AUDIT.c.id).execution_options(yield_per=BATCH)
    with conn.execute(every) as rows:  # closed also when the walk ends early
        for row in rows.mappings():
            mac = _mac(keyring, mac, dict(row))
            if row["id"] != expected or not hmac.compare_digest(mac, row["mac"]):
                return expected
            if kept and kept.id == expected and kept.mac != mac:
                return expected
            expected += 1
    return expected if kept and kept.id >= expected else None


def rows_of(conn: Connection, intake_id: str) -> list[dict[str, Any]]:
    """What was done with one intake, oldest first, `detail` as an object."""
    asked = select(AUDIT).where(AUDIT.c.intake_id == intake_id).order_by(AUDIT.c.id)
    return [
        {**row, "detail": json.loads(row["detail"] or "{}")}
        for row in conn.execute(asked).mappings()
    ]


def _mac(keyring: Keyring, before: bytes, row: Mapping[Any, Any]) -> bytes:
    said = {name: row[name] for name in ("id", "actor", "action", "intake_id", "detail")}
    said["at"] = row["at"].isoformat(timespec="microseconds")
    return hmac.digest(keyring.audit, before + to_json(said), "sha256")
