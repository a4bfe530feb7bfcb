"""What every use case needs, handed over as one argument: storage, keys, content, the clock."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ..mail import Letter, MailError, Smtp, send
from ..questionnaire import loader
from ..questionnaire.definition import Questionnaire
from ..storage.database import Database
from ..storage.vault import Keyring, Vault


def utc_now() -> datetime:
    return datetime.now(UTC)


def _nothing(reference: str) -> None:
    """Without a worker the summary is made when it is first asked for."""


def _later() -> None:
    """Without a queue the worker finds a new alert by itself, within a minute."""


@dataclass(frozen=True)
class Post:
    """How e-mail leaves, and who is written to about alerts. `address`: where staff sign in;
    `start`: where patients begin, without a slash at its end."""

    smtp: Smtp | None = None
    sender: str | None = None
    alerted: tuple[str, ...] = ()
    address: str = ""
    start: str = ""

    def send(self, letter: Letter, now: datetime) -> int:
        """As `mail.send`. Raises MailError also when no mail server is set up."""
        if self.smtp is None or self.sender is None:
            raise MailError("no mail server is set up")
        return send(self.smtp, letter, from_=self.sender, now=now)

    @property
    def works(self) -> bool:
        return bool(self.smtp and self.sender)

    @property
    def reaches_staff(self) -> bool:
        return self.works and bool(self.alerted)


@dataclass(frozen=True)
class Keep:
    """How long the clinic keeps what was sent. None: until somebody decides otherwise."""

    years: int | None = None  # after the last that happened with a patient
    withdrawn_days: int | None = None  # of a form that its patient took back


@dataclass(frozen=True)
class Office:
    """`zone` is the clinic's; `now` gives an aware UTC time and is replaced in tests; `after_send`
    is told the reference of an intake once it is committed, `after_alert` that an alert is."""

    database: Database
    keyring: Keyring
    vault: Vault
    questionnaire: Questionnaire
    zone: ZoneInfo
    check_in: Callable[[], Questionnaire] = loader.check_in  # of patients who come back
    clinic: str = "the clinic"
    phone: str = ""  # the clinic's
    mark: str = ""  # its logo as SVG with a title, for the head of letters
    paper: str = "letter"  # what the clinic prints on: "letter" or "a4"
    draft_days: int = 30  # how long an unfinished intake is kept
    keep: Keep = Keep()
    instance: Path | None = None  # the installation's folder; None: nothing is kept in files
    now: Callable[[], datetime] = utc_now
    after_send: Callable[[str], None] = _nothing
    after_alert: Callable[[], None] = _later
    post: Post = Post()

    @property
    def sends_mail(self) -> bool:
        return self.post.works

    def at_check_in(self) -> "Office":
        """The same office, asking patients who come back."""
        return replace(self, questionnaire=self.check_in())

    def today(self) -> date:
        """The day at the clinic."""
        return self.now().astimezone(self.zone).date()

    def definition_json(self) -> str:
        """The questionnaire as it is kept beside the intakes that answered it."""
        return _as_json(self.questionnaire)


_kept: dict[str, str] = {}


def _as_json(questionnaire: Questionnaire) -> str:
    """Written once a process: the definition is large and every new intake names it."""
    if questionnaire.content_hash not in _kept:
        _kept[questionnaire.content_hash] = questionnaire.model_dump_json()
    return _kept[questionnaire.content_hash]
