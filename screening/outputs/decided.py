"""What the physician's summary says of the decision that holds. Texts only."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Decided:
    """`at`: clinic time; `lines` are (name, text); `earlier`: how many decisions it replaced."""

    words: str
    signer: str
    at: datetime
    lines: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    earlier: int = 0
