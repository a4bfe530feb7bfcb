"""What was typed when a session ended before there was a code. Nobody can open that form again, so
the page waits in the new session until the patient gets to it once more."""

from flask import session
from werkzeug.datastructures import MultiDict

from ..questionnaire.definition import Page
from ..storage.half_pages import Shown, Typed
from ..storage.intakes import StoredIntake
from ..workflows import half
from ..workflows.intake import PATIENT
from .current import office
from .half_views import care_alone, typed_on
from .judging import judge
from .said import Context

CARRIED = "carried"


def carry(page: Page) -> None:
    """Keep the posted page in the session, which is sealed and ends as every session does."""
    session[CARRIED] = {"page": page.id, "pairs": typed_on(page, {}).pairs}


def care() -> Context | None:
    """The help that it asks for; nobody was told of it."""
    page, typed = _found()
    return care_alone(page, judge(page, None, typed).answers) if page else None


def waits() -> bool:
    return CARRIED in session


def take_up(intake: StoredIntake) -> None:
    """Into the form that was begun again: its page shows it as typed and not sent."""
    page, typed = _found()
    session.pop(CARRIED, None)
    if page and page.id not in intake.answers:
        answers = judge(page, intake, typed).answers
        kept = Typed(tuple(typed.items(multi=True)), answers)
        half.keep(office(), intake, page, kept, Shown(0, 0), actor=PATIENT)


def forget() -> None:
    """Another form was opened with its code."""
    session.pop(CARRIED, None)


def _found() -> tuple[Page | None, MultiDict[str, str]]:
    kept = session.get(CARRIED) or {"page": "", "pairs": ()}
    page = office().questionnaire.pages.get(kept["page"])
    return page, MultiDict([(name, value) for name, value in kept["pairs"]])
