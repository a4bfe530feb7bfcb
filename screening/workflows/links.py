"""A way back by e-mail, for a patient who asks for one.

The link opens nothing by itself. Whoever has it can ask for a number, which is mailed to the same
address; the number opens the intake together with the date of birth, once and for a short time.
What is asked for here is mailed by a task of the queue, which gets the id of the link alone.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ..storage import attempts, intakes
from ..storage import links as store
from ..storage.intakes import DRAFT, NotADraft, StoredIntake
from ..storage.links import StoredLink
from .act import Act
from .intake import PATIENT, answers_of
from .office import Office

DAY = timedelta(days=1)
LINKS_A_DAY, NUMBERS_A_DAY = 3, 5
LINKS_FROM_ONE_PLACE = 30  # a day: a waiting room shares an address, a sender of junk has one too
DIGITS = 8
NUMBER_LIVES = timedelta(minutes=15)
TRIES = 5
LATE = timedelta(minutes=10)  # a link that is not mailed by then is not "on its way"


@dataclass(frozen=True)
class Asked:
    """The link that a patient asked for last. `late`: it could not be mailed so far."""

    to: str = field(repr=False)
    mailed_at: datetime | None
    late: bool


@dataclass(frozen=True)
class Mailing:
    """What an e-mail is made of. `secret` is the handle or the number in it."""

    to: str = field(repr=False)
    secret: str = field(repr=False)
    language: str
    until: datetime


def ask_for_link(office: Office, intake_id: str, to: str, place: str) -> str | None:
    """A link to this draft, in the place of any earlier one: its id, to be mailed after this.

    `place`: where the request comes from. None when there were too many today. Raises NotADraft.
    """
    with office.database.write() as conn:
        act = Act(conn, office, PATIENT)
        intake = intakes.read_draft(conn, office.vault, intake_id)
        if intake is None or intake.status != DRAFT or intake.withdrawn_at:
            raise NotADraft(intake_id)
        limits = (("link", intake_id, LINKS_A_DAY), ("link-place", place, LINKS_FROM_ONE_PLACE))
        if not all(_may(act, kind, key, most) for kind, key, most in limits):
            return None
        for kind, key, _ in limits:
            attempts.record(conn, office.vault, kind, key, now=office.now())
        # The e-mail promises the draft for as long as the link.
        intakes.touch(conn, intake_id, now=office.now())
        act.note("link.asked", intake_id)
        return store.replace_link(conn, office.vault, intake, to=to, now=office.now())


def asked_for(office: Office, intake_id: str) -> Asked | None:
    with office.database.read() as conn:
        link = store.link_of(conn, office.vault, intake_id)
    if link is None or link.created_at < _oldest(office):
        return None
    late = link.mailed_at is None and office.now() - link.created_at > LATE
    return Asked(link.to, link.mailed_at, late)


def ask_for_number(office: Office, handle: str) -> str | None:
    """The id of the link with this handle, to mail a number for; None when there is none that
    still leads somewhere, or there were too many today."""
    with office.database.write() as conn:
        act = Act(conn, office, PATIENT)
        link = store.find_link(conn, office.vault, handle, since=_oldest(office))
        if link is None or not _may(act, "number", link.intake_id, NUMBERS_A_DAY):
            return None
        attempts.record(conn, office.vault, "number", link.intake_id, now=office.now())
        act.note("number.asked", link.intake_id)
        return link.id


def enter(office: Office, handle: str, number: str, date_of_birth: str) -> StoredIntake | None:
    """The intake that link, number and date of birth open together. The number is then used up.

    None when they open nothing. After five tries the number is dead; after five with the right
    number and a wrong date, whatever number it was, so is the link.
    """
    with office.database.write() as conn:
        act = Act(conn, office, PATIENT)
        link = store.find_link(conn, office.vault, handle, since=_oldest(office))
        intake = _opened(act, link, number, date_of_birth) if link else None
        if intake is None:
            act.note("link.refused", None)
            return None
        intakes.touch(conn, intake.id, now=office.now())
        act.note("link.used", intake.id)
        return intake


def _opened(act: Act, link: StoredLink, number: str, date_of_birth: str) -> StoredIntake | None:
    conn, office = act.conn, act.office
    intake = intakes.read_draft(conn, office.vault, link.intake_id)
    digits = "".join(character for character in number if character.isdecimal())
    right = store.is_number(office.vault, link, digits, now=office.now())
    if right and intake and answers_of(act, intake).get("date_of_birth") == date_of_birth:
        store.forget_number(conn, link.id)
        return intake
    for kind in ("number-tried", *(["date-tried"] if right else [])):
        attempts.record(conn, office.vault, kind, link.id, now=office.now())
    if not _may(act, "date-tried", link.id, TRIES):  # a mailbox of somebody else
        store.delete_link(conn, link.id)
    elif not _may(act, "number-tried", link.id, TRIES):
        store.forget_number(conn, link.id)
    return None


def is_code_of(office: Office, intake_id: str, code: str) -> bool:
    """Is this the resume code that opens the intake now?"""
    with office.database.read() as conn:
        return intakes.find_by_code(conn, office.vault, code) == intake_id


# What the queue's tasks ask for


def link_to_mail(office: Office, link_id: str) -> Mailing | None:
    """The link to mail; None when it was mailed, or another has taken its place."""
    with office.database.read() as conn:
        link = store.read_link(conn, office.vault, link_id)
        if link is None or link.mailed_at:
            return None
        act = Act(conn, office, "system")
        return Mailing(link.to, link.handle, _language(act, link), link.created_at + _life(office))


def link_mailed(office: Office, link_id: str) -> None:
    with office.database.write() as conn:
        store.mark_mailed(conn, link_id, now=office.now())


def number_to_mail(office: Office, link_id: str) -> Mailing | None:
    """A new number to mail, made now, so that its time begins when it leaves. Any earlier number is
    dead, and the tries that were counted against it."""
    number = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    until = office.now() + NUMBER_LIVES
    with office.database.write() as conn:
        link = store.read_link(conn, office.vault, link_id)
        if link is None:
            return None
        store.set_number(conn, office.vault, link_id, number, until=until)
        attempts.forget(conn, office.vault, "number-tried", link_id)
        return Mailing(link.to, number, _language(Act(conn, office, "system"), link), until)


def delete_old(conn: Connection, office: Office) -> None:
    """Delete links that have had their time, and the addresses with them."""
    store.delete_old(conn, before=_oldest(office))


def _language(act: Act, link: StoredLink) -> str:
    intake = intakes.read_draft(act.conn, act.office.vault, link.intake_id)
    return str(answers_of(act, intake).get("language", "en")) if intake else "en"


def _may(act: Act, kind: str, key: str, most: int) -> bool:
    since = act.office.now() - DAY
    return attempts.count(act.conn, act.office.vault, kind, key, since=since) < most


def _oldest(office: Office) -> datetime:
    return office.now() - _life(office)


def _life(office: Office) -> timedelta:
    """A link is good for as long as an unfinished intake is kept."""
    return timedelta(days=office.draft_days)
