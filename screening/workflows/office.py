"""What every use case needs, handed over as one argument: storage, keys, content, the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ..questionnaire.definition import Questionnaire
from ..storage.database import Database
from ..storage.vault import Keyring, Vault


def utc_now() -> datetime:
    return datetime.now(UTC)


def _nothing(reference: str) -> None:
    """Without a worker the summary is made when it is first asked for."""


@dataclass(frozen=True)
class Office:
    """`zone` is the clinic's; `now` gives an aware UTC time and is replaced in tests; `after_send`
    is told the reference of an intake once it is committed."""

    database: Database
    keyring: Keyring
    vault: Vault
    questionnaire: Questionnaire
    zone: ZoneInfo
    clinic: str = "the clinic"
    paper: str = "letter"  # what the clinic prints on: "letter" or "a4"
    draft_days: int = 30  # how long an unfinished intake is kept
    now: Callable[[], datetime] = utc_now
    after_send: Callable[[str], None] = _nothing

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
