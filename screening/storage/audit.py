"""Who did what and when, as a chain: each row's code covers the row before it.

The rows hold ids and counts, never answers. Whoever changes, removes, adds or reorders rows without
the audit key is found by `verify`; rows cut from the end are found with a `head` that was kept
elsewhere. Append in the transaction of the act: both are stored or neither.
"""

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring as quoted
from typing import Any

from sqlalchemy import Connection, insert, select, text

from .models import AuditRow, table
from .prepared import Prepared
from .sealed import to_json
from .vault import Keyring

AUDIT = table(AuditRow)
CHAIN_LOCK = 5_417_002  # an arbitrary number of ours, for pg_advisory_xact_lock
BATCH = 5000  # rows read at once while walking
ROW = ("id", "at", "actor", "action", "intake_id", "detail", "mac")

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


def verify(conn: Connection, keyring: Keyring, *, kept: Iterable[Head] = ()) -> int | None:
    """The id of the first row that is wrong or missing, or None. `kept`: heads from earlier."""
    heads = sorted(kept, key=lambda one: one.id, reverse=True)
    expected, mac = 1, b""
    every = select(*(AUDIT.c[name] for name in ROW)).order_by(AUDIT.c.id)
    with conn.execute(every.execution_options(yield_per=BATCH)) as rows:
        for *said, stored in rows:  # closed also when the walk ends early
            mac = _mac_of(keyring, mac, *said)
            if said[0] != expected or not hmac.compare_digest(mac, stored):
                return expected
            while heads and heads[-1].id == expected:
                if heads.pop().mac != mac:
                    return expected
            expected += 1
    return expected if heads else None


def rows_of(conn: Connection, intake_id: str) -> list[dict[str, Any]]:
    """What was done with one intake, oldest first, `detail` as an object."""
    asked = select(AUDIT).where(AUDIT.c.intake_id == intake_id).order_by(AUDIT.c.id)
    return [
        {**row, "detail": json.loads(row["detail"] or "{}")}
        for row in conn.execute(asked).mappings()
    ]


def _mac(keyring: Keyring, before: bytes, row: Mapping[Any, Any]) -> bytes:
    return _mac_of(keyring, before, *(row[name] for name in ROW[:-1]))


def _mac_of(
    keyring: Keyring,
    before: bytes,
    *said: Any,  # as ROW, without the code
) -> bytes:
    """Over the JSON of the row as `to_json` writes it, in a third of the time."""
    id_, at, actor, action, intake_id, detail = said
    intake = "null" if intake_id is None else quoted(intake_id)
    told = "null" if detail is None else quoted(detail)
    moment = at.isoformat(timespec="microseconds")
    text = (
        f'{{"action":{quoted(action)},"actor":{quoted(actor)},"at":"{moment}","detail":{told},'
        f'"id":{id_},"intake_id":{intake}}}'
    )
    return hmac.digest(keyring.audit, before + text.encode(), "sha256")
