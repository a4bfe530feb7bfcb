"""What belongs to one patient: the first intake that was sent, and the check-ins that follow it.

Every check-in names the first intake, so a series is found by one id. What a patient has withdrawn
is not part of it.
"""

from collections.abc import Collection

from sqlalchemy import Connection, or_, select

from .intakes import DRAFT, INTAKES, SUBMISSIONS, StoredIntake, read_draft
from .submissions import WHOLE, StoredSubmission, as_submission
from .vault import Vault


def first_of(conn: Connection, intake_id: str) -> str | None:
    """The id of the patient's first intake; None when there is no such intake (any more)."""
    asked = select(INTAKES.c.id, INTAKES.c.follows).where(INTAKES.c.id == intake_id)
    row = conn.execute(asked).first()
    return row and (row.follows or row.id)


def sent(conn: Connection, vault: Vault, first: str) -> list[StoredSubmission]:
    """The submissions of the patient whose first intake this is, the oldest first."""
    its = or_(INTAKES.c.id == first, INTAKES.c.follows == first)
    asked = WHOLE.where(its, INTAKES.c.withdrawn_at.is_(None))
    rows = conn.execute(asked.order_by(SUBMISSIONS.c.id))
    return [as_submission(vault, row) for row in rows]


def hold(conn: Connection, intake_id: str) -> None:
    """Lock the patient's first intake until the COMMIT: of those who change what belongs to one
    patient, each waits for the other."""
    first = first_of(conn, intake_id)
    conn.execute(select(INTAKES.c.id).where(INTAKES.c.id == first).with_for_update())


def begun(conn: Connection, firsts: Collection[str]) -> set[str]:
    """Of these first intakes those with a check-in that is not sent yet."""
    still = (INTAKES.c.status == DRAFT, INTAKES.c.withdrawn_at.is_(None))
    asked = select(INTAKES.c.follows).where(INTAKES.c.follows.in_(firsts), *still)
    return set(conn.execute(asked).scalars()) if firsts else set()


def open_check_in(conn: Connection, vault: Vault, first: str) -> StoredIntake | None:
    """The check-in that is not sent yet: one at most, since this locks the first intake."""
    # Or two who begin at the same time on PostgreSQL would begin two.
    hold(conn, first)
    # One that its patient deleted, and that waits for staff, is open to nobody any more.
    still = (INTAKES.c.status == DRAFT, INTAKES.c.withdrawn_at.is_(None))
    asked = select(INTAKES.c.id).where(INTAKES.c.follows == first, *still)
    found = conn.execute(asked.order_by(INTAKES.c.created_at)).scalars().first()
    return read_draft(conn, vault, found) if found else None
