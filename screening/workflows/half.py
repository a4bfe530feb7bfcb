"""A page that is typed on and not sent yet: kept as it is, judged as far as it goes.

It does not count as saved, so a rule that asks whether something was answered waits for the page.
A rule that is already true does not: its alert is raised with the half page, in one transaction.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from ..assessment.facts import Facts
from ..assessment.outcome import urgent_rules
from ..questionnaire.answers import Answers
from ..questionnaire.definition import Page, Panel
from ..questionnaire.validation import age_on
from ..record import born
from ..storage import half_pages, intakes
from ..storage.half_pages import Shown, Typed
from ..storage.intakes import DRAFT, NotADraft, StaleRevision, StoredIntake
from .act import Act, acting
from .alerts import panels, panels_alone, raise_for, told_here
from .office import Office

ADULT = 18


class TypedElsewhere(StaleRevision):
    """Another tab typed other answers on the page, which this form has not seen; `counter` is that
    of what it typed."""

    def __init__(self, page_id: str, answers: Answers, revision: int, counter: int):
        super().__init__(page_id, answers, revision)
        self.counter = counter


@dataclass(frozen=True)
class Kept:
    """A half page is kept. `panels`: what the patient must see at once."""

    counter: int
    panels: tuple[Panel, ...] = ()


@dataclass(frozen=True)
class Begun:
    """A page that was begun, as it is taken up again."""

    typed: Typed
    counter: int
    saved_at: datetime


@dataclass(frozen=True)
class Form:
    """The form that a page is saved from. `counter`: of what was typed on it, as far as the form
    knows. `unfinished`: it is kept beside the save, for not all of it could be stored."""

    typed: Typed
    counter: int | None
    unfinished: bool = False


def keep(
    office: Office, seen: StoredIntake, page: Page, typed: Typed, shown: Shown, *, actor: str
) -> Kept:
    """Keep what is typed; what it tells of danger raises its alert now.

    Of a child nothing is kept. Raises Elsewhere as `half_pages.keep` does, and NotADraft.
    """
    if is_child(typed.answers, office.today()):
        return Kept(shown.counter)
    with acting(office, actor) as act:
        intake = intakes.read_again(act.conn, office.vault, seen)
        if intake is None or intake.status != DRAFT:
            raise NotADraft(seen.id)
        counter = half_pages.keep(
            act.conn, office.vault, intake, page.id, typed, shown=shown, now=office.now()
        )
        fired = urgent_rules(facts_with(office, intake, page, typed.answers))
        raised = raise_for(act, intake, fired, page.id)
        if page.id not in seen.halves:
            act.note("page.begun", intake.id, page=page.id)
    here = [question.id for question in page.questions]
    return Kept(counter, panels(office, told_here(fired, raised, here)))


def facts_with(office: Office, intake: StoredIntake | None, page: Page, answers: Answers) -> Facts:
    """What is known with these answers typed on a page that does not count as saved."""
    if intake is None:
        return Facts(office.questionnaire, answers, office.today(), set())
    others = {other: half for other, half in intake.halves.items() if other != page.id}
    known = half_pages.so_far(office.vault, replace(intake, halves=others))
    here = {question.id for question in page.questions}
    elsewhere = {question: answer for question, answer in known.items() if question not in here}
    saved = set(intake.answers) - {page.id}
    return Facts(office.questionnaire, elsewhere | dict(answers), office.today(), saved)


def panels_with(
    office: Office, intake: StoredIntake | None, page: Page, answers: Answers
) -> tuple[Panel, ...]:
    """The help that these answers of a page ask for, whoever has been told of them."""
    if intake is None:
        return panels_alone(office, page, answers)
    fired = urgent_rules(facts_with(office, intake, page, answers))
    return panels(office, told_here(fired, (), [question.id for question in page.questions]))


def begun(office: Office, intake: StoredIntake | None, page: Page) -> Begun | None:
    """What is typed on the page as it stands now; None when nothing is."""
    half = intake.halves.get(page.id) if intake else None
    if intake is None or half is None or half.revision != intake.revisions.get(page.id, 0):
        return None
    typed = half_pages.opened(office.vault, intake, page.id, half)
    return Begun(typed, half.counter, half.saved_at)


def newest(intake: StoredIntake) -> str | None:
    """The id of the page that was typed on last and not sent."""
    halves = intake.halves
    return max(halves, key=lambda page_id: halves[page_id].saved_at, default=None)


def forget(office: Office, intake_id: str, page_id: str, *, actor: str) -> None:
    """The patient wants the page as it was before."""
    with acting(office, actor) as act:
        if half_pages.drop(act.conn, intake_id, page_id):
            act.note("page.begun_again", intake_id, page=page_id)


def stay(office: Office, intake_id: str, *, actor: str) -> None:
    """The patient is still there, though nothing is typed."""
    with acting(office, actor) as act:
        intakes.touch(act.conn, intake_id, now=office.now())


def is_child(answers: Answers, today: date) -> bool:
    day = born(answers)
    return day is not None and age_on(day, today) < ADULT


# Inside the transaction that saves a page


def take(act: Act, intake: StoredIntake, page: Page, answers: Answers, form: Form | None) -> None:
    """Drop what is typed on a page that is being saved.

    Raises TypedElsewhere when it says something else than the form, which has not seen it.
    """
    half = half_pages.drop(act.conn, intake.id, page.id)
    if half is None or form is None or half.counter == form.counter:
        return
    typed = half_pages.opened(act.office.vault, intake, page.id, half)
    if typed.writer and typed.writer == form.typed.writer:
        return
    if any(answers.get(question) != answer for question, answer in typed.answers.items()):
        raise TypedElsewhere(page.id, typed.answers, half.revision, half.counter)


def keep_rest(act: Act, saved: StoredIntake, page: Page, typed: Typed) -> None:
    """Keep what is typed on a page beside the save that was just made of it."""
    shown = Shown(saved.revisions[page.id], 0)
    vault, now = act.office.vault, act.office.now()
    half_pages.keep(act.conn, vault, saved, page.id, typed, shown=shown, now=now)
