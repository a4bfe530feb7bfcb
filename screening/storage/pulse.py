"""How the installation does, in counts, for whoever watches it. Nothing is opened, nobody named."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select

from .export_jobs import EXPORTS, RUNNING
from .export_jobs import WAITING as EXPORT_WAITS
from .intakes import ALERTS, AUDIT, DRAFT, INTAKES, SUBMISSIONS
from .sessions import SESSIONS


@dataclass(frozen=True)
class Pulse:
    """`waiting`: for a decision. `oldest_alert`: when the oldest open one was raised; `late`: open
    beyond their time; `not_mailed`: open, and the last e-mail about them failed. `newest_row`: of
    the audit."""

    waiting: int
    drafts: int
    alerts: int
    oldest_alert: datetime | None
    late: int
    not_mailed: int
    exports_waiting: int
    exports_running: int
    sessions: int
    sessions_over: int
    newest_row: datetime | None


def take(conn: Connection, now: datetime) -> Pulse:
    """All counts as of one moment."""
    open_ = ALERTS.c.acknowledged_at.is_(None)
    undecided = select(func.count()).select_from(
        SUBMISSIONS.join(INTAKES, INTAKES.c.id == SUBMISSIONS.c.intake_id)
    )
    return Pulse(
        waiting=conn.execute(
            undecided.where(SUBMISSIONS.c.decided_at.is_(None), INTAKES.c.withdrawn_at.is_(None))
        ).scalar_one(),
        drafts=_count(conn, INTAKES, INTAKES.c.status == DRAFT),
        alerts=_count(conn, ALERTS, open_),
        oldest_alert=conn.execute(select(func.min(ALERTS.c.raised_at)).where(open_)).scalar(),
        late=_count(conn, ALERTS, open_, ALERTS.c.due_at < now),
        not_mailed=_count(conn, ALERTS, open_, ALERTS.c.mail_failed_at.is_not(None)),
        exports_waiting=_count(conn, EXPORTS, EXPORTS.c.status == EXPORT_WAITS),
        exports_running=_count(conn, EXPORTS, EXPORTS.c.status == RUNNING),
        sessions=_count(conn, SESSIONS, SESSIONS.c.expires_at > now),
        sessions_over=_count(conn, SESSIONS, SESSIONS.c.expires_at <= now),
        newest_row=conn.execute(select(AUDIT.c.at).order_by(AUDIT.c.id.desc()).limit(1)).scalar(),
    )


def _count(conn: Connection, of: Table, *where: Any) -> int:
    return conn.execute(select(func.count()).select_from(of).where(*where)).scalar_one()
