"""The day on which a patient's check-in falls due, found without opening a line.

It stands sealed in the queue's line, and as an HMAC among the search terms: who has the database
but not its keys reads no day in it. A day is looked for by name, a year of them at a time.
"""

from datetime import date, timedelta

from sqlalchemy import Connection, delete, select

from .intakes import SEARCH_TERMS
from .sealed import insert_once
from .vault import Vault

# What fell due earlier is moot: the protocol repeats the full intake well before that.
DAYS = 366


def _term(vault: Vault, day: date) -> bytes:
    return vault.blind("check-in due", day.isoformat())


def move(
    conn: Connection, vault: Vault, submission_id: int, *, was: date | None, to: date | None
) -> None:
    """`was` is what the line says; its search terms may have been written anew since."""
    if was is not None and was != to:
        old = delete(SEARCH_TERMS).where(SEARCH_TERMS.c.submission_id == submission_id)
        conn.execute(old.where(SEARCH_TERMS.c.term_hmac == _term(vault, was)))
    if to is not None:
        values = {"term_hmac": _term(vault, to), "submission_id": submission_id}
        conn.execute(insert_once(conn, SEARCH_TERMS), values)


def until(conn: Connection, vault: Vault, today: date) -> dict[int, date]:
    """What fell due on that day or in the year before it, by submission."""
    days = [today - timedelta(days=number) for number in range(DAYS)]
    terms = {_term(vault, day): day for day in days}
    asked = select(SEARCH_TERMS.c.term_hmac, SEARCH_TERMS.c.submission_id)
    rows = conn.execute(asked.where(SEARCH_TERMS.c.term_hmac.in_(terms)))
    return {row.submission_id: terms[row.term_hmac] for row in rows}
