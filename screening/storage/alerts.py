"""Urgent alerts: raised in the transaction of the answer, open until somebody acknowledges them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from .intakes import ALERTS, INTAKES, StoredIntake
from .sealed import seal_json, unseal_json
from .vault import Vault


@dataclass(frozen=True)
class StoredAlert:
    """`detail` is what was given to `raise_alert`; `note` what the acknowledging person wrote."""

    id: str
    intake_id: str
    reference: str
    raised_at: datetime
    due_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    detail: Mapping[str, Any] = field(repr=False)
    note: str | None = field(repr=False)


_ALERTS = (
    select(ALERTS, INTAKES.c.reference, INTAKES.c.key_id, INTAKES.c.wrapped_key)
    .join(INTAKES, INTAKES.c.id == ALERTS.c.intake_id)
    .order_by(ALERTS.c.due_at, ALERTS.c.raised_at)
)


def raise_alert(
    conn: Connection,
    vault: Vault,
    intake: StoredIntake,
    *,
    detail: Mapping[str, Any],
    due_at: datetime,
    now: datetime,
) -> str:
    """Store an alert and return its id. `detail`: rules, answers, panel; JSON values."""
    alert_id = uuid.uuid4().hex
    values = {
        "id": alert_id,
        "intake_id": intake.id,
        "raised_at": now,
        "due_at": due_at,
        "detail": seal_json(vault, intake.key, detail, context=_context(alert_id, "detail")),
    }
    conn.execute(insert(ALERTS), values)
    return alert_id


def open_alerts(conn: Connection, vault: Vault) -> list[StoredAlert]:
    """Those that nobody has acknowledged, the one due first at the top."""
    return _read(conn, vault, _ALERTS.where(ALERTS.c.acknowledged_at.is_(None)))


def alerts_of(conn: Connection, vault: Vault, intake_id: str) -> list[StoredAlert]:
    return _read(conn, vault, _ALERTS.where(ALERTS.c.intake_id == intake_id))


def read_alert(conn: Connection, vault: Vault, alert_id: str) -> StoredAlert | None:
    return next(iter(_read(conn, vault, _ALERTS.where(ALERTS.c.id == alert_id))), None)


def acknowledge(
    conn: Connection, vault: Vault, alert: StoredAlert, *, by: str, note: str | None, now: datetime
) -> bool:
    """False when somebody acknowledged it before; their name and note stay. `by`: "user:12"."""
    context = _context(alert.id, "note")
    keys = select(INTAKES.c.key_id, INTAKES.c.wrapped_key).where(INTAKES.c.id == alert.intake_id)
    key = vault.open_data_key(*conn.execute(keys).one())
    sealed = None if note is None else vault.seal(key, note.encode(), context=context)
    changed = conn.execute(
        update(ALERTS)
        .where(ALERTS.c.id == alert.id, ALERTS.c.acknowledged_at.is_(None))
        .values(acknowledged_at=now, acknowledged_by=by, note=sealed)
    )
    return changed.rowcount == 1


def _read(conn: Connection, vault: Vault, asked: Select[Any]) -> list[StoredAlert]:
    return [_alert(vault, row) for row in conn.execute(asked)]


def _alert(vault: Vault, row: Any) -> StoredAlert:
    key = vault.open_data_key(row.key_id, row.wrapped_key)
    note = row.note and vault.unseal(key, row.note, context=_context(row.id, "note")).decode()
    return StoredAlert(
        id=row.id,
        intake_id=row.intake_id,
        reference=row.reference,
        raised_at=row.raised_at,
        due_at=row.due_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        detail=unseal_json(vault, key, row.detail, context=_context(row.id, "detail")),
        note=note,
    )


def _context(alert_id: str, column: str) -> str:
    return f"alerts:{alert_id}:{column}"
