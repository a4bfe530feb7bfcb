"""Open alerts, told to staff by e-mail until somebody acknowledges them.

The e-mail says that something urgent waits, where to sign in and by when: no name, no rule, no
answer. A task does this right after an alert's COMMIT, and once a minute for all that are due.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from ..mail import Letter, MailError
from ..storage import alerts
from ..storage.alerts import Mailing
from .act import Act
from .office import Office

SOON = timedelta(minutes=15)  # alerts due within that are repeated more often (clinical/safety.md)
AGAIN_SOON, AGAIN = timedelta(minutes=5), timedelta(minutes=60)
RETRY = timedelta(seconds=50)  # each run of the minute's task; until then one may still be at it
log = structlog.get_logger("screening")


def deliver(office: Office) -> int:
    """Write to staff about every alert whose time has come; how many those were.

    A try that fails is noted and tried again a minute later. It raises nothing: what is not sent
    stays due.
    """
    if not office.post.reaches_staff:
        return 0
    claimed = _claim(office)
    if not claimed:
        return 0
    try:
        refused = office.post.send(letter(office, claimed), office.now())
    except MailError:
        log.warning("alert not mailed", count=len(claimed), exc_info=True)
        return 0
    _mark(office, claimed, refused)
    return len(claimed)


def is_due(mailing: Mailing, now: datetime) -> bool:
    if mailing.mail_failed_at and now - mailing.mail_failed_at < RETRY:
        return False
    if mailing.mailed_at is None:
        return True
    soon = mailing.due_at - mailing.raised_at <= SOON
    return now - mailing.mailed_at >= (AGAIN_SOON if soon else AGAIN)


def letter(office: Office, waiting: Sequence[Mailing]) -> Letter:
    """One for all that wait. Times are the clinic's."""
    due = min(mailing.due_at for mailing in waiting).astimezone(office.zone)
    several = len(waiting) > 1
    what = f"{len(waiting)} urgent answers are" if several else "An urgent answer is"
    by = f"{due:%H:%M} on {due:%B} {due.day}, {due.year}"
    lines = (
        f"{what} waiting.",
        f"Sign in to see {'them' if several else 'it'}: {office.post.address}",
        f"{'The first is' if several else 'Answer'} due by {by}.",
        "",
        "This message repeats until somebody acknowledges what waits.",
    )
    return Letter(office.post.alerted, f"{what} waiting", "\n".join(lines) + "\n")


def _claim(office: Office) -> list[Mailing]:
    now = office.now()
    with office.database.read() as conn:
        due = [mailing for mailing in alerts.open_mailings(conn) if is_due(mailing, now)]
    if not due:
        return []
    with office.database.write() as conn:
        return [mailing for mailing in due if alerts.claim(conn, mailing, now=now)]


def _mark(office: Office, claimed: Sequence[Mailing], refused: int) -> None:
    readers = len(office.post.alerted)
    with office.database.write() as conn:
        act = Act(conn, office, "system")
        for mailing in claimed:
            alerts.mark_mailed(conn, mailing, to_all=refused == 0, now=office.now())
            act.note(
                "alert.mailed",
                mailing.intake_id,
                times=mailing.mailed + 1,
                readers=readers - refused,
                refused=refused,
            )
