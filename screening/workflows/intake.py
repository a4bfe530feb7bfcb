"""The patient's use cases: save a page, leave, come back, send. Each is one transaction.

An urgent answer and its alert are committed together with the page that holds them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from ..assessment.facts import Facts
from ..assessment.outcome import urgent_rules
from ..questionnaire.answers import Answers
from ..questionnaire.definition import Page, Panel
from ..questionnaire.validation import Problem, normalise, problems_in
from ..storage import half_pages, intakes, messages, series
from ..storage.intakes import DRAFT, NotADraft, StoredIntake
from ..storage.sessions import StoredSession
from ..storage.submissions import Receipt, receipt_of, submission_of
from ..storage.vault import VaultError, new_code
from . import follow, half
from .act import Act
from .act import acting as _act
from .alerts import new_rules, panels, raise_for, told_here
from .definitions import at_version
from .office import Office
from .sending import Rejected, freeze_whole, kept_answers

SENT_OPENS = timedelta(days=365)  # a code leads to a sent intake for so long
IDLE = timedelta(minutes=10)  # after that a half-told risk counts as left open (contract)
PATIENT = "patient"


@dataclass(frozen=True)
class Saved:
    """A page is stored. `panels`: what the patient must see at once. `code`: set the first time a
    resume code is given. `child`: the patient is under 18 and nothing was kept. `facts`: what is
    known now, when that was worked out."""

    intake: StoredIntake
    panels: tuple[Panel, ...] = ()
    code: str | None = None
    child: bool = False
    facts: Facts | None = None


def read(office: Office, intake_id: str) -> StoredIntake | None:
    """The intake with its answers; None when there is none (any more)."""
    with office.database.read() as conn:
        return intakes.read_draft(conn, office.vault, intake_id)


def read_along(
    office: Office, conn: Connection, session: StoredSession | None
) -> StoredIntake | None:
    """The intake of a browser's session, in the transaction that read the session.

    None also when it cannot be opened: whoever needs it reads it again, and fails.
    """
    intake_id = session.data.get("intake") if session else None
    try:
        return intakes.read_draft(conn, office.vault, intake_id) if intake_id else None
    except VaultError:
        return None


def own_version(office: Office, intake: StoredIntake) -> Office:
    """The office at the version that a draft was begun under; on it the draft is finished."""
    if intake.content_hash == office.questionnaire.content_hash:
        return office
    with office.database.read() as conn:
        return at_version(conn, office, intake.content_hash)


def facts_of(office: Office, intake: StoredIntake | None) -> Facts:
    """What is known of a draft now."""
    answers = intake.merged if intake else {}
    return Facts(
        office.questionnaire, answers, office.today(), set(intake.answers if intake else ())
    )


def save_page(
    office: Office,
    intake_id: str | None,
    page: Page,
    answers: Answers,
    *,
    revision: int | None,
    seen: StoredIntake | None = None,
    form: half.Form | None = None,
    actor: str = PATIENT,
) -> Saved:
    """Store a page's answers; without an intake, start one.

    `revision` is that of the page when it was shown, None when it is not known. `seen` is the
    intake as it was read earlier, which spares reading it once more; `form` the form as it was
    typed. Raises StaleRevision when another tab saved or typed other answers since, NotADraft when
    the intake is sent or gone.
    """
    with _act(office, actor) as act:
        return _save(act, _open(act, intake_id, seen), page, answers, revision, form=form)


def tells_danger(office: Office, intake: StoredIntake | None, page: Page, answers: Answers) -> bool:
    """Do these answers of a page that cannot be saved whole make an urgent rule true, for the first
    time? Then they do not wait for the others. What the page still lacks is not yet left out."""
    if intake is None:
        return False
    here = [question.id for question in page.questions]
    others = {k: v for k, v in intake.merged.items() if k not in here}
    saved_pages = set(intake.answers) - {page.id}
    facts = Facts(office.questionnaire, others | dict(answers), office.today(), saved_pages)
    fired = urgent_rules(facts)
    if not fired:
        return False
    with office.database.read() as conn:
        return bool(new_rules(conn, office, intake, fired))


def leave(office: Office, intake_id: str, *, actor: str = PATIENT) -> tuple[Panel, ...]:
    """The patient leaves, or was idle: what a risk answer left open is now judged as unanswered."""
    with _act(office, actor) as act:
        intake = intakes.read_draft(act.conn, office.vault, intake_id)
        if intake is None or intake.status != DRAFT:
            return ()
        office = at_version(act.conn, office, intake.content_hash)
        intakes.mark_left(act.conn, intake.id, now=office.now())
        known = half_pages.so_far(office.vault, intake)
        facts = Facts(office.questionnaire, known, office.today())
        raised = raise_for(replace(act, office=office), intake, urgent_rules(facts), "left")
        act.note("intake.left", intake.id)
    return panels(office, raised)


def sweep(office: Office) -> int:
    """Judge every draft that has been idle for ten minutes; returns how many there were."""
    with office.database.read() as conn:
        idle = intakes.idle_drafts(conn, before=office.now() - IDLE)
    for intake_id in idle:
        leave(office, intake_id, actor="system")
    return len(idle)


def set_language(office: Office, intake_id: str, language: str) -> None:
    """The patient reads on in another language; the answer to `language` follows."""
    with _act(office, PATIENT) as act:
        intake = _open(act, intake_id)
        page = office.questionnaire.page_of.get("language")
        if page and page.id in intake.answers:
            begun = half.begun(office, intake, page)
            answers = {**intake.answers[page.id], "language": language}
            saved = _save(act, intake, page, answers, None).intake
            if begun:
                half.keep_rest(act, saved, page, begun.typed)


def new_code_for(office: Office, intake_id: str) -> str:
    """A new resume code; the earlier one opens nothing any more. Raises NotADraft."""
    code = new_code()
    with _act(office, PATIENT) as act:
        intakes.set_code(act.conn, office.vault, intake_id, code)
        act.note("code.made", intake_id)
    return code


def resume(office: Office, code: str, date_of_birth: str) -> StoredIntake | None:
    """The intake that this code and date of birth open; None when they open nothing."""
    with _act(office, PATIENT) as act:
        found = intakes.find_by_code(act.conn, office.vault, code)
        intake = intakes.read_draft(act.conn, office.vault, found) if found else None
        intake = None if intake and _is_long_sent(office, intake) else intake
        if intake is None or answers_of(act, intake).get("date_of_birth") != date_of_birth:
            act.note("code.refused", None)
            return None
        intakes.touch(act.conn, intake.id, now=office.now())
        act.note("code.used", intake.id)
        return intake


def send(office: Office, intake_id: str, *, actor: str = PATIENT) -> Receipt:
    """Check the whole record once more, assess it and freeze it. Sending twice gives one receipt.

    Raises Rejected when something is missing or wrong, NotADraft when there is no such intake.
    """
    with _act(office, actor) as act:
        series.hold(act.conn, intake_id)
        messages.hold(act.conn, intake_id)
        earlier = receipt_of(act.conn, intake_id)
        if earlier is not None:
            return earlier
        intake = _open(act, intake_id)
        receipt = freeze_whole(act, intake)
        if intake.follows:
            follow.follow(act, intake_id)
    office.after_send(receipt.reference)
    return receipt


def submit_answers(office: Office, given: Mapping[str, Any], *, actor: str = "cli") -> Receipt:
    """Store a whole intake from an answer file, page by page as the form does.

    Raises Rejected; then nothing is stored.
    """
    found = problems_in(office.questionnaire, given, office.today(), {"patient"})
    answers = normalise(office.questionnaire, given)
    found += _under_age(answers, office.today()) if not found else []
    if found:
        raise Rejected(found)
    with _act(office, actor) as act:
        intake = _open(act, None)
        for page in office.questionnaire.pages.values():
            given_here = {q.id: answers[q.id] for q in page.questions if q.id in answers}
            if given_here:
                intake = _save(act, intake, page, given_here, None).intake
        receipt = freeze_whole(act, intake)
    office.after_send(receipt.reference)
    return receipt


# Inside one transaction


def _open(act: Act, intake_id: str | None, seen: StoredIntake | None = None) -> StoredIntake:
    if intake_id is None:
        return start(act)
    vault = act.office.vault
    if seen is None:
        intake = intakes.read_draft(act.conn, vault, intake_id)
    else:
        intake = intakes.read_again(act.conn, vault, seen)
    if intake is None or intake.status != DRAFT:
        raise NotADraft(intake_id)
    return intake


def start(act: Act, follows: str | None = None) -> StoredIntake:
    """A new draft; `follows` is the first intake of a patient who comes back."""
    office = act.office
    questionnaire, now = office.questionnaire, office.now()
    intakes.store_definition(
        act.conn,
        content_hash=questionnaire.content_hash,
        version=questionnaire.version,
        document=office.definition_json(),
        now=now,
    )
    intake = intakes.create_draft(
        act.conn,
        office.vault,
        questionnaire=questionnaire.version,
        content_hash=questionnaire.content_hash,
        now=now,
        follows=follows,
    )
    act.note("intake.started", intake.id)
    return intake


def _save(
    act: Act,
    intake: StoredIntake,
    page: Page,
    answers: Answers,
    revision: int | None,
    *,
    form: half.Form | None = None,
) -> Saved:
    office = act.office
    here = [question.id for question in page.questions]
    others = {k: v for k, v in intake.merged.items() if k not in here}
    merged = others | dict(answers)
    # A patient who comes back is no child: a wrong date of birth is for the physician to see.
    if "date_of_birth" in here and not intake.follows and _under_age(merged, office.today()):
        return _forget_child(act, intake)
    saved_pages = {*intake.answers, page.id}
    facts = Facts(office.questionnaire, merged, office.today(), saved_pages)
    expected = intake.revisions.get(page.id, 0) if revision is None else revision
    half.take(act, intake, page, answers, form)
    first = page.id not in intake.revisions
    stored = intakes.save_page(
        act.conn,
        office.vault,
        intake,
        page.id,
        kept_answers(facts, here),
        expected_revision=expected,
        now=office.now(),
    )
    if form and form.unfinished:
        half.keep_rest(act, stored, page, form.typed)
    fired = urgent_rules(facts)
    raised = raise_for(act, stored, fired, page.id)
    code = _first_code(act, stored) if first and "date_of_birth" in here else None
    act.note("page.saved", intake.id, page=page.id, revision=stored.revision)
    shown = panels(office, told_here(fired, raised, here))
    return Saved(stored, shown, code, facts=facts if stored.merged == merged else None)


def _first_code(act: Act, intake: StoredIntake) -> str | None:
    if act.actor != PATIENT:
        return None
    code = new_code()
    intakes.set_code(act.conn, act.office.vault, intake.id, code)
    return code


def _under_age(answers: Answers, today: date) -> list[Problem]:
    return [Problem("date_of_birth", "under_age")] if half.is_child(answers, today) else []


def _forget_child(act: Act, intake: StoredIntake) -> Saved:
    intakes.delete_draft(act.conn, intake.id)
    act.note("intake.child_not_kept", None)
    return Saved(intake, child=True)


def _is_long_sent(office: Office, intake: StoredIntake) -> bool:
    sent_at = intake.submitted_at
    return sent_at is not None and office.now() - sent_at > SENT_OPENS


def answers_of(act: Act, intake: StoredIntake) -> Answers:
    """What the patient answered, in a draft or once it is sent."""
    if intake.status == DRAFT:
        return intake.merged
    submission = submission_of(act.conn, act.office.vault, intake.id)
    return submission.document["answers"] if submission else {}


def at(office: Office, moment: datetime) -> Office:
    """The same office with its clock standing at `moment`."""
    return replace(office, now=lambda: moment)
