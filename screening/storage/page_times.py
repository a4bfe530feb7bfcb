"""How long pages took, from when they were saved: ids and times, nothing of an answer is opened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from .draft_statements import INTAKES, SAVES
from .models import PageTime, table

TIMES = table(PageTime)


class Save(NamedTuple):
    intake_id: str
    page_id: str
    saved_at: datetime


class Timed(NamedTuple):
    """The median seconds of a page, and of how many patients."""

    seconds: int
    measured: int


def recent_saves(conn: Connection, version: str, *, most: int) -> Sequence[Save]:
    """Every save of the newest intakes of a version, in order, intake after intake."""
    newest = (
        select(INTAKES.c.id)
        .where(INTAKES.c.questionnaire == version, INTAKES.c.saved_at.is_not(None))
        .order_by(INTAKES.c.created_at.desc())
        .limit(most)
    )
    saves = (
        select(SAVES.c.intake_id, SAVES.c.page_id, SAVES.c.saved_at)
        .where(SAVES.c.intake_id.in_(newest))
        .order_by(SAVES.c.intake_id, SAVES.c.saved_at, SAVES.c.revision)
    )
    return [Save(*row) for row in conn.execute(saves)]


def keep(conn: Connection, version: str, times: Mapping[str, Timed]) -> None:
    """In place of what was kept of the version."""
    conn.execute(delete(TIMES).where(TIMES.c.questionnaire == version))
    rows = [
        {"questionnaire": version, "page_id": page_id, **timed._asdict()}
        for page_id, timed in times.items()
    ]
    if rows:
        conn.execute(insert(TIMES), rows)


def read(conn: Connection, version: str) -> dict[str, Timed]:
    """By page."""
    asked = select(TIMES.c.page_id, TIMES.c.seconds, TIMES.c.measured)
    rows = conn.execute(asked.where(TIMES.c.questionnaire == version))
    return {page_id: Timed(seconds, measured) for page_id, seconds, measured in rows}
