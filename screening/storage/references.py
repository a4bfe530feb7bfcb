"""From a reference, however it is typed, to an intake, and back."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from .intakes import INTAKES
from .vault import grouped, normal_code


def intake_of(conn: Connection, reference: str) -> str | None:
    """The id of the intake, sent or not; None when there is none (any more)."""
    spelled = grouped(normal_code(reference))
    return conn.execute(select(INTAKES.c.id).where(INTAKES.c.reference == spelled)).scalar()


def references_of(conn: Connection, intake_ids: Collection[str]) -> dict[str, str]:
    """By id, of those that are there."""
    if not intake_ids:
        return {}
    asked = select(INTAKES.c.id, INTAKES.c.reference).where(INTAKES.c.id.in_(intake_ids))
    return {row.id: row.reference for row in conn.execute(asked)}
