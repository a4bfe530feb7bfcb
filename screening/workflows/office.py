"""What every use case needs, handed over as one argument: where things are kept and what time it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ..questionnaire.definition import Questionnaire
from ..storage.database import Database
from ..storage.vault import Keyring, Vault


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Office:
    """`zone` is the clinic's; `now` gives an aware UTC time and is replaced in tests."""

    database: Database
    keyring: Keyring
    vault: Vault
    questionnaire: Questionnaire
    zone: ZoneInfo
    now: Callable[[], datetime] = utc_now

    def today(self) -> date:
        """The day at the clinic."""
        return self.now().astimezone(self.zone).date()
