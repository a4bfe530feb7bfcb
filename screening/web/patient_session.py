"""Which intake this browser works on: an id in the server-side session, nothing in the cookie."""

from functools import cached_property
from typing import cast

from flask import session

from ..assessment.facts import Facts
from ..questionnaire.definition import Page
from ..storage.intakes import DRAFT, StoredIntake
from ..workflows import intake as intake_flow
from ..workflows.progress import Progress
from . import sessions
from .current import office, work_at
from .sessions import ServerSession


class Visit:
    """One request's view of an intake: what is stored, what is known, where it stands."""

    def __init__(self, intake: StoredIntake | None, facts: Facts | None = None) -> None:
        """`facts`: what is known, when that was worked out before."""
        self.intake = intake
        if facts:
            self.facts = facts

    @cached_property
    def facts(self) -> Facts:
        return intake_flow.facts_of(office(), self.intake)

    @cached_property
    def progress(self) -> Progress:
        return Progress(self.facts, self.intake.answers if self.intake else ())

    def revision(self, page: Page) -> int:
        """That of the page's answers as they are stored; 0 without any."""
        return self.intake.revisions.get(page.id, 0) if self.intake else 0

    @property
    def is_draft(self) -> bool:
        return self.intake is not None and self.intake.status == DRAFT


def visit() -> Visit:
    """The intake of this session; an empty visit without one, or when it is gone."""
    intake_id, read_along = session.get("intake"), cast(ServerSession, session).intake
    if read_along and read_along.id == intake_id:
        return visit_of(read_along)
    return visit_of(intake_flow.read(office(), intake_id) if intake_id else None)


def visit_of(intake: StoredIntake | None) -> Visit:
    """A draft is finished at the version of the content that it was begun under.

    One that its patient deleted opens nowhere any more, however long it has to wait.
    """
    if intake and intake.status == DRAFT and intake.withdrawn_at:
        intake = None
    found = Visit(intake)
    if intake and found.is_draft:
        work_at(intake_flow.own_version(office(), intake))
    return found


def page_called(page_id: str, here: Visit) -> Page | None:
    """The page of what this browser works on. Without a draft (its session may have ended) also one
    that only a check-in has; then this request works at the check-in."""
    if not here.is_draft:
        work_for(page_id)
    return office().questionnaire.pages.get(page_id)


def work_for(page_id: str) -> None:
    """Work at the check-in when this page is of that alone."""
    if page_id not in office().questionnaire.pages and page_id in office().check_in().pages:
        work_at(office().at_check_in())


def begin(intake_id: str) -> None:
    """Work on this intake from now on, under a new session id."""
    if session.get("intake") != intake_id:
        sessions.renew(session)
        session["intake"] = intake_id


def end() -> None:
    """Forget the intake in this browser; the language stays."""
    if session.pop("intake", None):
        sessions.renew(session)
