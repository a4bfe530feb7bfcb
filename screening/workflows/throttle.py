"""Slows guessing: failed tries are counted by address in the database, shared by all processes."""

from datetime import timedelta

from ..storage import attempts
from .office import Office

WINDOW = timedelta(minutes=15)
TRIES = 10


def blocked(office: Office, kind: str, key: str) -> bool:
    """Were there ten failed tries from this key within fifteen minutes?"""
    since = office.now() - WINDOW
    with office.database.read() as conn:
        return attempts.count(conn, office.vault, kind, key, since=since) >= TRIES


def failed(office: Office, kind: str, key: str) -> None:
    with office.database.write() as conn:
        attempts.record(conn, office.vault, kind, key, now=office.now())
