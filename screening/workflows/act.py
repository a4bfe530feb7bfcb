"""One transaction of one actor: what the steps of a use case share."""

from dataclasses import dataclass

from sqlalchemy import Connection

from ..storage import audit
from .office import Office


@dataclass(frozen=True)
class Act:
    """`actor` is "patient", "user:12", "system" or "cli"."""

    conn: Connection
    office: Office
    actor: str

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
