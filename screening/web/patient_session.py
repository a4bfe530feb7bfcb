"""Which intake this browser works on: an id in the server-side session, nothing in the cookie."""

from flask import session

from ..storage.intakes import StoredIntake
from ..workflows import intake as intake_flow
from . import sessions
from .current import office


def open_intake() -> StoredIntake | None:
    """The intake of this session; None without one, or when it is gone."""
    intake_id = session.get("intake")
    return intake_flow.read(office(), intake_id) if intake_id else None


def begin(intake_id: str) -> None:
    """Work on this intake from now on, under a new session id."""
    if session.get("intake") != intake_id:
        sessions.renew(session)
        session["intake"] = intake_id


def end() -> None:
    """Forget the intake in this browser; the language stays."""
    if session.pop("intake", None):
        sessions.renew(session)
