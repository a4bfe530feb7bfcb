"""One transaction of one actor: what the steps of a use case share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from ..storage import audit
from .office import Office


@dataclass(frozen=True)
class Act:
    """`actor` is "patient", "user:12", "system" or "cli"."""

    conn: Connection
    office: Office
    actor: str
    raised: list[str] = field(default_factory=list)  # ids of the alerts that it raised

    def note(self, action: str, intake_id: str | None, **detail: object) -> None:
        """The audit row of this act, in its own transaction: ids and counts, never answers."""
        audit.append(
            self.conn,
            self.office.keyring,
            at=self.office.now(),
            actor=self.actor,
            action=action,
            intake_id=intake_id,
            detail=detail or None,
        )


@contextmanager
def acting(office: Office, actor: str) -> Iterator[Act]:
    """A transaction. When it raised an alert, whoever delivers alerts is told after its COMMIT."""
    with office.database.write() as conn:
        act = Act(conn, office, actor)
        yield act
    if act.raised:
        office.after_alert()
