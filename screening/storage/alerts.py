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
    mailed: int  # how often staff were written to
    mailed_at: datetime | None
    mail_failed_at: datetime | None  # the last try, while it has not worked for all
    detail: Mapping[str, Any] = field(repr=False)
    note: str | None = field(repr=False)


@dataclass(frozen=True)
class Mailing:
    """What is known of an open alert without opening it: enough to write to staff."""

    id: str
    intake_id: str
    raised_at: datetime
    due_at: datetime
    mailed: int
    mailed_at: datetime | None
    mail_failed_at: datetime | None
    detail: bytes = field(repr=False)  # sealed: tells only whether it was changed


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
    """Store an alert and return its id. `detail`: rules, answers, where; JSON values."""
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


def change_detail(
    conn: Connection, vault: Vault, intake: StoredIntake, alert_id: str, detail: Mapping[str, Any]
) -> None:
    sealed = seal_json(vault, intake.key, detail, context=_context(alert_id, "detail"))
    conn.execute(update(ALERTS).where(ALERTS.c.id == alert_id).values(detail=sealed))


def open_mailings(conn: Connection) -> list[Mailing]:
    """The open alerts, the one due first at the top."""
    columns = (ALERTS.c[name] for name in Mailing.__dataclass_fields__)
    asked = select(*columns).where(ALERTS.c.acknowledged_at.is_(None)).order_by(ALERTS.c.due_at)
    return [Mailing(**row) for row in conn.execute(asked).mappings()]


def claim(conn: Connection, mailing: Mailing, *, now: datetime) -> bool:
    """Begin to write to staff; False when another worker did, or the alert is acknowledged.

    Until `mark_mailed` it counts as not sent: a worker that is killed meanwhile loses no alert.
    """
    changed = conn.execute(
        update(ALERTS)
        .where(
            ALERTS.c.id == mailing.id,
            ALERTS.c.acknowledged_at.is_(None),
            ALERTS.c.mailed == mailing.mailed,
            ALERTS.c.mail_failed_at.is_not_distinct_from(mailing.mail_failed_at),
        )
        .values(mail_failed_at=now)
    )
    return changed.rowcount == 1


def mark_mailed(conn: Connection, mailing: Mailing, *, to_all: bool, now: datetime) -> None:
    """`to_all` False: the mail server refused somebody."""
    values = {"mailed": mailing.mailed + 1, "mailed_at": now}
    values["mail_failed_at"] = None if to_all else now
    conn.execute(update(ALERTS).where(ALERTS.c.id == mailing.id).values(values))


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
        mailed=row.mailed,
        mailed_at=row.mailed_at,
        mail_failed_at=row.mail_failed_at,
        detail=unseal_json(vault, key, row.detail, context=_context(row.id, "detail")),
        note=note,
    )


def _context(alert_id: str, column: str) -> str:
    return f"alerts:{alert_id}:{column}"
