"""What is e-mailed to a patient, in the language of the intake: a link, a number. Worker's tasks.

An e-mail names neither the clinic nor what the form is about. Its only secret opens nothing alone.
"""

from ..mail import Letter
from ..workflows import links
from ..workflows.links import Mailing
from ..workflows.office import Office
from .dates import day_in_words
from .i18n import text

MINUTES = int(links.NUMBER_LIVES.total_seconds() // 60)


def mail_link(office: Office, link_id: str) -> None:
    """Mail the link, unless that was done. Raises MailError when the mail server does not take it:
    then the queue tries again."""
    found = links.link_to_mail(office, link_id)
    if found is None:
        return
    until = day_in_words(found.until.astimezone(office.zone).date(), found.language)
    _send(office, found, "link", link=f"{office.post.start}/back/{found.secret}", date=until)
    links.link_mailed(office, link_id)


def mail_number(office: Office, link_id: str) -> None:
    """Mail a new number to the link's address. Raises MailError."""
    found = links.number_to_mail(office, link_id)
    if found is None:
        return
    number = f"{found.secret[: links.DIGITS // 2]} {found.secret[links.DIGITS // 2 :]}"
    _send(office, found, "number", number=number, minutes=MINUTES)


def _send(office: Office, mailing: Mailing, name: str, **values: object) -> None:
    subject = text(f"letters.{name}_subject", mailing.language)
    words = text(f"letters.{name}", mailing.language, **values)
    office.post.send(Letter((mailing.to,), subject, words), office.now())
