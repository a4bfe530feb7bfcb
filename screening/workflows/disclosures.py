"""To whom a patient's data were disclosed, in the last six years (45 CFR 164.528).

Told are exports that somebody fetched with this patient in them, letters to others than the
patient, and summaries that were downloaded. A de-identified export is no disclosure, nor is what
the patient is given (their copy, their sheet, a letter to them).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select

from ..outputs.formats_known import FORMATS
from ..record import full_name
from ..storage import audit, export_jobs, members, series
from ..storage.intakes import INTAKES, SUBMISSIONS
from ..storage.submissions import StoredSubmission, submission_by_reference, submission_of
from .act import Act
from .audit_words import actor_words
from .chart import LETTER, entries_of
from .letters import PATIENT, RECIPIENTS
from .office import Office

YEARS = timedelta(days=6 * 365 + 2)  # two of six years have a day more
NOT_KEPT = "Not recorded"


@dataclass(frozen=True)
class Disclosure:
    """One disclosure. `at`: clinic time; `by`: who handed it out."""

    at: datetime
    to: str
    what: str
    why: str
    by: str
    reference: str


@dataclass(frozen=True)
class Accounting:
    """Of one patient, over all their intakes; the newest first. Times are the clinic's."""

    reference: str  # as it is spelled
    references: tuple[str, ...]
    since: datetime
    made_at: datetime
    found: tuple[Disclosure, ...]
    name: str = field(repr=False)


def accounting(office: Office, actor: str, reference: str) -> Accounting | None:
    """Noted in the audit. None: there is no such submission."""
    now = office.now()
    with office.database.write() as conn:
        submission = submission_by_reference(conn, office.vault, reference)
        if submission is None:
            return None
        Act(conn, office, actor).note("disclosures.viewed", submission.intake_id)
        own = _of_patient(conn, office, submission)
        told = [*_exports(conn, office, own), *_handed_out(conn, office, own)]
    found = sorted((one for one in told if one.at > now - YEARS), key=lambda one: one.at)
    return Accounting(
        reference=submission.reference,
        references=tuple(one.reference for one in own),
        since=(now - YEARS).astimezone(office.zone),
        made_at=now.astimezone(office.zone),
        found=tuple(reversed(found)),
        name=full_name(submission.document["answers"]),
    )


def _of_patient(
    conn: Connection, office: Office, submission: StoredSubmission
) -> list[StoredSubmission]:
    """All that this patient has sent, withdrawn or not; the oldest first."""
    first = series.first_of(conn, submission.intake_id) or submission.intake_id
    asked = (
        select(SUBMISSIONS.c.intake_id)
        .join(INTAKES, INTAKES.c.id == SUBMISSIONS.c.intake_id)
        .where(or_(INTAKES.c.id == first, INTAKES.c.follows == first))
        .order_by(SUBMISSIONS.c.id)
    )
    ids = conn.execute(asked).scalars().all()
    found = (submission_of(conn, office.vault, intake_id) for intake_id in ids)
    return [one for one in found if one]


def _exports(conn: Connection, office: Office, own: list[StoredSubmission]) -> Iterator[Disclosure]:
    names = _names(conn)
    for job in export_jobs.handed_out(conn, since=office.now() - YEARS):
        options = job.options
        if options.get("deidentified") or job.fetched_at is None:
            continue
        for one in own:
            if export_jobs.was_in(job, one.id):
                yield Disclosure(
                    at=job.fetched_at.astimezone(office.zone),
                    to=options["recipient"],
                    what=f"Export, {_format(options)}: all answers and results, with the name",
                    why=options["purpose"],
                    by=actor_words(job.by, names),
                    reference=one.reference,
                )


def _format(options: Mapping[str, Any]) -> str:
    known = FORMATS.get(options.get("format", ""))
    return known.name if known else str(options.get("format", "file"))


def _handed_out(
    conn: Connection, office: Office, own: list[StoredSubmission]
) -> Iterator[Disclosure]:
    """Letters and summaries, each time that one was downloaded."""
    names = _names(conn)
    for one in own:
        letters = {
            e.number: e.body for e in entries_of(conn, office, one.intake_id) if e.kind == LETTER
        }
        for row in audit.rows_of(conn, one.intake_id):
            body = letters.get(row["detail"].get("number", 0), {})
            if row["action"] == "pdf.downloaded":
                to, what, why = NOT_KEPT, "Summary as a PDF", NOT_KEPT
            elif row["action"] == "letter.downloaded" and body.get("to") not in (None, PATIENT):
                to = ", ".join(body["addressee"].split("\n")) or RECIPIENTS[body["to"]]
                what, why = f"Letter: {body['subject']}", "Treatment"
            else:
                continue
            by = actor_words(row["actor"], names)
            yield Disclosure(row["at"].astimezone(office.zone), to, what, why, by, one.reference)


def _names(conn: Connection) -> dict[int, str]:
    return {member.id: member.name for member in members.all_members(conn)}
