"""What the worker does: summaries when asked for, and sweeps by the clock. Ids only are queued."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from .outputs import pdf
from .outputs.copy import copy_html
from .outputs.letter import letter_html
from .outputs.pdf import Paper
from .outputs.sheet import sheet_html
from .questionnaire.definition import Language
from .storage import attempts, intakes, messages, sessions, submissions
from .storage.alerts import alerts_of
from .storage.submissions import StoredSubmission
from .web import letters
from .web.copies import copy_of
from .web.letter_sheet import letter_of
from .web.plan_sheet import sheet_of
from .workflows import (
    after,
    alert_mail,
    audit_heads,
    decisions,
    export_jobs,
    insight,
    links,
    page_times,
    plans,
    queue,
    retention,
)
from .workflows import intake as intake_flow
from .workflows import letters as letter_flow
from .workflows.act import Act
from .workflows.chart import LETTER, entries_of
from .workflows.office import Office
from .workflows.review import paper_key, record_now

KEEP_TRIES = timedelta(days=2)  # the longest window that failed tries are counted in is one day


def make_pdf(office: Office, reference: str, paper: Paper) -> None:
    """Make and keep a submission's summary on this paper, unless it is kept already."""
    with office.database.read() as conn:
        submission = submissions.submission_by_reference(conn, office.vault, reference)
        if submission is None:
            return
        entries = entries_of(conn, office, submission.intake_id)
        key = paper_key(paper, entries)
        kept = submissions.read_document(conn, office.vault, submission, kind="pdf", paper=key)
        record = record_now(conn, office, submission) if kept is None else None
    if record is None:
        return
    made_at = office.now().astimezone(office.zone)
    decided = decisions.to_print(office, entries)
    html = pdf.summary_html(
        record, paper=paper, clinic=office.clinic, made_at=made_at, decided=decided
    )
    _keep(office, submission, ("pdf", key), html, paper)


def make_copy(office: Office, reference: str, paper: Paper, language: Language) -> None:
    """Make and keep the patient's own copy in this language, unless it is kept already."""
    key = after.copy_key(paper, language)
    with office.database.read() as conn:
        submission = submissions.submission_by_reference(conn, office.vault, reference)
        if submission is None:
            return
        found = submissions.read_document(
            conn, office.vault, submission, kind=after.COPY, paper=key
        )
        sent = after.sent_of(conn, office, submission)
    if found is not None:
        return
    html = copy_html(copy_of(sent, language, office.clinic), paper=paper)
    _keep(office, submission, (after.COPY, key), html, paper)


def make_sheet(office: Office, reference: str, language: Language) -> None:
    """Make and keep the patient's sheet of the newest plan, unless it is kept already."""
    found = plans.to_print(office, reference, language)
    if found is None:
        return
    submission, planning, key = found
    sheet = sheet_of(planning, language, clinic=office.clinic, phone=office.phone)
    paper: Paper = "a4" if office.paper == "a4" else "letter"
    _keep(office, submission, (plans.SHEET, key), sheet_html(sheet, paper=paper), paper)


def make_letter(office: Office, reference: str, entry: str) -> None:
    """Make and keep a letter of the chart, unless it is kept already."""
    number = int(entry)
    found = letter_flow.letter_of(office, reference, number)
    if found is None:
        return
    submission, kept = found
    key = letter_flow.file_key(office.paper, number)
    with office.database.read() as conn:
        made = submissions.read_document(conn, office.vault, submission, kind=LETTER, paper=key)
    if made is not None:
        return
    letter = letter_of(kept, submission.reference, office.mark)
    paper: Paper = "a4" if office.paper == "a4" else "letter"
    _keep(office, submission, (LETTER, key), letter_html(letter, paper=paper), paper)


def _keep(
    office: Office, submission: StoredSubmission, kept_as: tuple[str, str], html: str, paper: Paper
) -> None:
    """Draw a document and keep it. `kept_as`: its kind, and the name of its form."""
    content = pdf.render(html, paper)
    kind, form = kept_as
    with office.database.write() as conn:
        submissions.store_document(
            conn,
            office.vault,
            submission,
            kind=kind,
            paper=form,
            content=content,
            now=office.now(),
        )


def sweep_drafts(office: Office) -> None:
    """Judge drafts that have been idle for ten minutes: a risk may have been left half told."""
    intake_flow.sweep(office)


def mail_alerts(office: Office) -> None:
    """Write to staff about the alerts whose time has come, until they are acknowledged."""
    alert_mail.deliver(office)


def sweep_sessions(office: Office) -> None:
    """Delete what has had its time: browser sessions, failed tries, links by e-mail."""
    with office.database.write() as conn:
        sessions.delete_expired(conn, now=office.now())
        attempts.delete_old(conn, before=office.now() - KEEP_TRIES)
        links.delete_old(conn, office)


def delete_abandoned(office: Office) -> None:
    """Delete drafts that nobody came back to within the days that patients were told, and those
    that their patients deleted.

    A draft with an alert that nobody has acknowledged stays until somebody has.
    """
    before = office.now() - timedelta(days=office.draft_days)
    with office.database.write() as conn:
        act = Act(conn, office, "system")
        abandoned = intakes.abandoned_drafts(conn, before=before)
        for intake_id in dict.fromkeys([*messages.closed_drafts(conn), *abandoned]):
            alerts = alerts_of(conn, office.vault, intake_id)
            if all(alert.acknowledged_at for alert in alerts):
                intakes.delete_draft(conn, intake_id)
                act.note("intake.abandoned_deleted", intake_id)


def keep_ledger(office: Office) -> None:
    """Write the list of purged intakes again, should a purge have ended before it was written."""
    retention.write_ledger(office)


def index_queue(office: Office) -> None:
    """Index intakes that were sent before the queue had an index."""
    queue.index_older(office.database, office.vault)


# Asked for by name, with ids.
TASKS: Mapping[str, Callable[..., None]] = {
    "make-pdf": make_pdf,
    "make-copy": make_copy,
    "make-letter": make_letter,
    "make-sheet": make_sheet,
    "make-exports": export_jobs.make_waiting,
    "count-now": insight.count,
    "mail-alerts": mail_alerts,
    "mail-link": letters.mail_link,
    "mail-number": letters.mail_number,
}

# (name, minutes between runs, task): done by the worker by itself. Minutes divide an hour.
PERIODIC = (
    ("sweep-drafts", 1, sweep_drafts),
    ("repeat-alerts", 1, mail_alerts),
    ("sweep-sessions", 15, sweep_sessions),
    ("delete-abandoned", 60, delete_abandoned),
    ("measure-pages", 60, page_times.measure),
    ("index-queue", 5, index_queue),
    ("sweep-exports", 1, export_jobs.sweep),
    ("keep-audit-head", 60, audit_heads.keep),
    ("count-months", 60, insight.count),
    ("keep-ledger", 60, keep_ledger),
)
