"""What an export is written from, and the formats it is written in.

A format is a function that writes all submissions of a source to a file, in one walk or several.
It knows nothing of filters, jobs, progress or identities: the source counts what it gives out, ends
the walk when somebody cancels, and may be a de-identified one, whose questionnaires have fewer
questions and other kinds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from ..questionnaire.answers import Answers
from ..questionnaire.definition import Questionnaire


@dataclass(frozen=True, slots=True)
class Sent:
    """One submission as it is known now: what was sent, with all that staff measured or amended.

    `unanswered`: what was asked and has no answer; a question that is neither there nor among the
    answers was not asked, or nobody can tell. `assessment`: as JSON, with "outcome", "findings",
    "scores" (see `assessment.results`). `sent_at`, `as_of`, `decided_at`: ISO 8601 in the clinic's
    time; of a de-identified source the year alone.
    """

    reference: str  # of a de-identified source a random id
    sent_at: str
    as_of: str
    questionnaire: Questionnaire = field(repr=False)
    answers: Answers = field(repr=False)
    unanswered: frozenset[str] = field(repr=False)
    assessment: Mapping[str, Any] = field(repr=False)
    changed: tuple[str, ...] = ()  # questions whose answer is staff's
    decision: str | None = None  # the signed one that holds: candidate, not-now, ...
    decided_at: str | None = None
    outcome_sent: str | None = None  # before staff changed anything; None: not told


class Source(Protocol):
    """The submissions of an export, oldest first; may be walked more than once."""

    @property
    def questionnaires(self) -> Sequence[Questionnaire]:
        """Of every submission, each version once, the newest first."""

    @property
    def widths(self) -> Mapping[str, int]:
        """How many rows the fullest answer of each group has."""

    def __iter__(self) -> Iterator[Sent]: ...


@dataclass(frozen=True)
class Format:
    """`write` puts the whole file to a binary stream that can only be written on, from its start
    to its end.

    `one_kind`: a file of columns; it holds intakes or check-ins, never both, and is made once for
    each. `walks`: how often it walks its source, for the progress bar alone.
    """

    id: str
    name: str  # as an administrator reads it
    extension: str
    media_type: str
    write: Callable[[Source, BinaryIO], None]
    one_kind: bool = False
    walks: int = 1


@dataclass(frozen=True)
class OfKind:
    """The part of a source that are intakes, or check-ins."""

    source: Source
    kind: str

    @property
    def questionnaires(self) -> Sequence[Questionnaire]:
        return [each for each in self.source.questionnaires if each.kind == self.kind]

    @property
    def widths(self) -> Mapping[str, int]:
        known = {name for questionnaire in self.questionnaires for name in questionnaire.questions}
        return {name: rows for name, rows in self.source.widths.items() if name in known}

    def __iter__(self) -> Iterator[Sent]:
        return (sent for sent in self.source if sent.questionnaire.kind == self.kind)
