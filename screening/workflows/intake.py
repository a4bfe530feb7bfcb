"""The patient's use cases: save a page, leave, come back, send. Each is one transaction.

An urgent answer and its alert are committed together with the page that holds them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection

from ..assessment.facts import Facts
from ..assessment.outcome import assess_facts, urgent_rules
from ..assessment.results import Assessment, Finding
from ..questionnaire.answers import Answers
from ..questionnaire.definition import Page, Panel
from ..questionnaire.validation import Problem, age_on, missing, normalise, problems_in
from ..record import born, full_name
from ..storage import audit, intakes
from ..storage.alerts import alerts_of, raise_alert
from ..storage.intakes import DRAFT, NotADraft, StoredIntake
from ..storage.submissions import Receipt, receipt_of, submission_of
from ..storage.submissions import submit as freeze
from ..storage.vault import new_code
from .office import Office
from .progress import unanswered

ADULT = 18
IDLE = timedelta(minutes=10)  # after that a half-told risk counts as left open (contract)
PATIENT = "patient"
ASSESSMENT = TypeAdapter(Assessment)
# A rule that reads these reads what the patient typed there.
TYPED_AS = {"systolic": "bp_systolic", "diastolic": "bp_diastolic"}


class Rejected(Exception):  # noqa: N818 - an outcome that callers answer
    """The answers cannot be sent as they are; `problems` says why. Nothing was stored."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(", ".join(sorted({problem.question for problem in problems})))
        self.problems = problems


@dataclass(frozen=True)
class Saved:
    """A page is stored. `panels`: what the patient must see at once. `code`: set the first time a
    resume code is given. `child`: the patient is under 18 and nothing was kept."""

    intake: StoredIntake
    panels: tuple[Panel, ...] = ()
    code: str | None = None
    child: bool = False


def read(office: Office, intake_id: str) -> StoredIntake | None:
    """The intake with its answers; None when there is none (any more)."""
    with office.database.read() as conn:
        return intakes.read_draft(conn, office.vault, intake_id)


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
    actor: str = PATIENT,
) -> Saved:
    """Store a page's answers; without an intake, start one.

    `revision` is that of the page when it was shown, None when it is not known. Raises StaleRevision
    when another tab saved other answers since, NotADraft when the intake is sent or gone.
    """
    with office.database.write() as conn:
        intake = _open(conn, office, intake_id, actor)
        return _save(conn, office, intake, page, answers, revision, actor)


def leave(office: Office, intake_id: str, *, actor: str = PATIENT) -> tuple[Panel, ...]:
    """The patient leaves, or was idle: what a risk answer left open is now judged as unanswered."""
    with office.database.write() as conn:
        intake = intakes.read_draft(conn, office.vault, intake_id)
        if intake is None or intake.status != DRAFT:
            return ()
        intakes.mark_left(conn, intake.id, now=office.now())
        facts = Facts(office.questionnaire, intake.merged, office.today())
        raised = _raise_alerts(conn, office, intake, urgent_rules(facts), "left", actor)
        _note(conn, office, actor, "intake.left", intake.id)
    return _panels(office, raised)


def sweep(office: Office) -> int:
    """Judge every draft that has been idle for ten minutes; returns how many there were."""
    with office.database.read() as conn:
        idle = intakes.idle_drafts(conn, before=office.now() - IDLE)
    for intake_id in idle:
        leave(office, intake_id, actor="system")
    return len(idle)


def new_code_for(office: Office, intake_id: str) -> str:
    """A new resume code; the earlier one opens nothing any more. Raises NotADraft."""
    code = new_code()
    with office.database.write() as conn:
        intakes.set_code(conn, office.vault, intake_id, code)
        _note(conn, office, PATIENT, "code.made", intake_id)
    return code


def resume(office: Office, code: str, date_of_birth: str) -> StoredIntake | None:
    """The intake that this code and date of birth open; None when they open nothing."""
    with office.database.write() as conn:
        found = intakes.find_by_code(conn, office.vault, code)
        intake = intakes.read_draft(conn, office.vault, found) if found else None
        if intake is None or _born(conn, office, intake) != date_of_birth:
            _note(conn, office, PATIENT, "code.refused", None)
            return None
        intakes.touch(conn, intake.id, now=office.now())
        _note(conn, office, PATIENT, "code.used", intake.id)
        return intake


def send(office: Office, intake_id: str, *, actor: str = PATIENT) -> Receipt:
    """Check the whole record once more, assess it and freeze it. Sending twice gives one receipt.

    Raises Rejected when something is missing or wrong, NotADraft when there is no such intake.
    """
    with office.database.write() as conn:
        earlier = receipt_of(conn, intake_id)
        if earlier is not None:
            return earlier
        intake = intakes.read_draft(conn, office.vault, intake_id)
        if intake is None:
            raise NotADraft(intake_id)
        receipt = _send(conn, office, intake, actor)
    office.after_send(receipt.reference)
    return receipt


def submit_answers(office: Office, given: Mapping[str, Any], *, actor: str = "cli") -> Receipt:
    """Store a whole intake from an answer file, page by page as the form does.

    Raises Rejected; then nothing is stored.
    """
    answers = normalise(office.questionnaire, given)
    found = problems_in(office.questionnaire, answers, office.today(), {"patient"})
    found += _under_age(answers, office.today()) if not found else []
    if found:
        raise Rejected(found)
    with office.database.write() as conn:
        intake = _open(conn, office, None, actor)
        for page in office.questionnaire.pages.values():
            given_here = {q.id: answers[q.id] for q in page.questions if q.id in answers}
            if given_here:
                intake = _save(conn, office, intake, page, given_here, None, actor).intake
        receipt = _send(conn, office, intake, actor)
    office.after_send(receipt.reference)
    return receipt


def kept_answers(facts: Facts, question_ids: Iterable[str]) -> dict[str, Any]:
    """The answers that are stored: only those to questions that are asked."""
    return {
        question_id: facts.answers[question_id]
        for question_id in question_ids
        if question_id in facts.answers and facts.asked(question_id) is True
    }


# Inside one transaction


def _open(conn: Connection, office: Office, intake_id: str | None, actor: str) -> StoredIntake:
    if intake_id is None:
        return _start(conn, office, actor)
    intake = intakes.read_draft(conn, office.vault, intake_id)
    if intake is None or intake.status != DRAFT:
        raise NotADraft(intake_id)
    return intake


def _start(conn: Connection, office: Office, actor: str) -> StoredIntake:
    questionnaire, now = office.questionnaire, office.now()
    intakes.store_definition(
        conn,
        content_hash=questionnaire.content_hash,
        version=questionnaire.version,
        document=office.definition_json(),
        now=now,
    )
    intake = intakes.create_draft(
        conn,
        office.vault,
        questionnaire=questionnaire.version,
        content_hash=questionnaire.content_hash,
        now=now,
    )
    _note(conn, office, actor, "intake.started", intake.id)
    return intake


def _save(
    conn: Connection,
    office: Office,
    intake: StoredIntake,
    page: Page,
    answers: Answers,
    revision: int | None,
    actor: str,
) -> Saved:
    here = [question.id for question in page.questions]
    others = {k: v for k, v in intake.merged.items() if k not in here}
    merged = others | dict(answers)
    if "date_of_birth" in here and _under_age(merged, office.today()):
        return _forget_child(conn, office, intake, actor)
    saved_pages = {*intake.answers, page.id}
    facts = Facts(office.questionnaire, merged, office.today(), saved_pages)
    expected = intake.revisions.get(page.id, 0) if revision is None else revision
    first = page.id not in intake.revisions
    stored = intakes.save_page(
        conn,
        office.vault,
        intake,
        page.id,
        kept_answers(facts, here),
        expected_revision=expected,
        now=office.now(),
    )
    fired = urgent_rules(facts)
    raised = _raise_alerts(conn, office, stored, fired, page.id, actor)
    code = _first_code(conn, office, stored, actor) if first and "date_of_birth" in here else None
    _note(conn, office, actor, "page.saved", intake.id, page=page.id, revision=stored.revision)
    return Saved(stored, _panels(office, _told_here(fired, raised, here)), code)


def _first_code(conn: Connection, office: Office, intake: StoredIntake, actor: str) -> str | None:
    if actor != PATIENT:
        return None
    code = new_code()
    intakes.set_code(conn, office.vault, intake.id, code)
    return code


def _under_age(answers: Answers, today: date) -> list[Problem]:
    day = born(answers)
    if day is None or age_on(day, today) >= ADULT:
        return []
    return [Problem("date_of_birth", "under_age")]


def _forget_child(conn: Connection, office: Office, intake: StoredIntake, actor: str) -> Saved:
    intakes.delete_draft(conn, intake.id)
    _note(conn, office, actor, "intake.child_not_kept", None)
    return Saved(intake, child=True)


def _send(conn: Connection, office: Office, intake: StoredIntake, actor: str) -> Receipt:
    everything = Facts(office.questionnaire, intake.merged, office.today())
    answers = kept_answers(everything, (q.id for q in office.questionnaire.patient_questions()))
    facts = Facts(office.questionnaire, answers, office.today())
    found = _faults(office, facts)
    if found:
        raise Rejected(found)
    assessment = assess_facts(facts)
    urgent = [f for f in assessment.findings if f.kind == "urgent" and f.status == "met"]
    _raise_alerts(conn, office, intake, urgent, "sent", actor)
    receipt = freeze(
        conn,
        office.vault,
        intake,
        document=_document(office, answers, assessment),
        card=_card(facts, assessment),
        now=office.now(),
    )
    _note(conn, office, actor, "intake.sent", intake.id)
    return receipt


def _faults(office: Office, facts: Facts) -> list[Problem]:
    found = problems_in(office.questionnaire, facts.answers, office.today(), {"patient"})
    for page in office.questionnaire.pages.values():
        found += [missing(question) for question in unanswered(page, facts)]
    return found


def _document(office: Office, answers: Answers, assessment: Assessment) -> dict[str, Any]:
    return {
        "answers": dict(answers),
        "as_of": office.today().isoformat(),
        "assessment": ASSESSMENT.dump_python(assessment, mode="json"),
    }


def _card(facts: Facts, assessment: Assessment) -> dict[str, Any]:
    met = [finding.kind for finding in assessment.findings if finding.status == "met"]
    return {
        "name": full_name(facts.answers),
        "age": facts.value("age"),
        "outcome": assessment.outcome,
        "main_concern": facts.answers.get("main_concern"),
        "language": facts.answers.get("language"),
        "counts": {kind: met.count(kind) for kind in ("urgent", "exclude", "clear", "caution")},
        "unknown": sum(finding.status == "unknown" for finding in assessment.findings),
    }


# Alerts


def _raise_alerts(
    conn: Connection,
    office: Office,
    intake: StoredIntake,
    fired: Sequence[Finding],
    where: str,
    actor: str,
) -> list[Finding]:
    """One alert for the urgent rules that had none yet; returns those rules."""
    if not fired:
        return []
    earlier = alerts_of(conn, office.vault, intake.id)
    known = {rule for alert in earlier for rule in alert.detail["rules"]}
    new = [finding for finding in fired if finding.rule not in known]
    if new:
        now = office.now()
        raise_alert(
            conn,
            office.vault,
            intake,
            detail={
                "rules": [finding.rule for finding in new],
                "reads": {finding.rule: finding.reads for finding in new},
                "where": where,
            },
            due_at=_due(office, new, now),
            now=now,
        )
        _note(conn, office, actor, "alert.raised", intake.id)
    return new


def _due(office: Office, findings: Iterable[Finding], now: datetime) -> datetime:
    return now + timedelta(minutes=min(p.respond_within_minutes for p in _panels(office, findings)))


def _told_here(
    fired: Sequence[Finding], new: Sequence[Finding], here: Sequence[str]
) -> list[Finding]:
    """What this page is answered with: rules that are new, or that read an answer given here."""
    typed_here = set(here)
    return [
        finding
        for finding in fired
        if finding in new or any(TYPED_AS.get(name, name) in typed_here for name in finding.reads)
    ]


def _panels(office: Office, findings: Iterable[Finding]) -> tuple[Panel, ...]:
    """The help to show for these rules: each page once, danger to life first."""
    rules = (office.questionnaire.rule[finding.rule] for finding in findings)
    ids = dict.fromkeys(rule.panel for rule in rules if rule.panel)
    panels = [office.questionnaire.panel[panel_id] for panel_id in ids]
    return tuple(sorted(panels, key=lambda panel: not panel.danger))


def _born(conn: Connection, office: Office, intake: StoredIntake) -> str | None:
    if intake.status == DRAFT:
        return intake.merged.get("date_of_birth")
    submission = submission_of(conn, office.vault, intake.id)
    return submission.document["answers"].get("date_of_birth") if submission else None


def _note(
    conn: Connection, office: Office, actor: str, action: str, intake_id: str | None, **detail: Any
) -> None:
    audit.append(
        conn,
        office.keyring,
        at=office.now(),
        actor=actor,
        action=action,
        intake_id=intake_id,
        detail=detail or None,
    )


def at(office: Office, moment: datetime) -> Office:
    """The same office with its clock standing at `moment`."""
    return replace(office, now=lambda: moment)
