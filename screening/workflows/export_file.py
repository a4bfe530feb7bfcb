"""What the file of an export holds: one format's file, or a zip of several; signed, encrypted.

Intakes and check-ins ask different questions. A format of columns holds one of them: of both there
is a zip with a file of each (docs/decisions/0024).
"""

import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

from sqlalchemy import Connection

from ..outputs.bundle import SigningKey, about_of, encrypted_for, recipient_key, write_bundle
from ..outputs.deidentified import deidentified, small_cells
from ..outputs.dictionary import dictionary
from ..outputs.formats import Format, OfKind, Source
from ..outputs.formats_known import FORMATS, MISSING
from ..storage.export_jobs import Included
from ..storage.exports import first_references
from ..storage.vault import signing_secret
from .export import EVERYTHING, LONGEST_REASON, Filters, Submissions
from .office import Office

KINDS = {"intake": "intakes", "check-in": "check-ins"}
PROJECT = Path(__file__).parents[2] / "pyproject.toml"
TELL_SECONDS = 1.0  # between two words about how far it is
LOOK_EVERY = 50  # submissions between two looks at the clock

WriteFile = Callable[[BinaryIO], None]


@dataclass(frozen=True)
class Options:
    """What is asked for. `format`: an id of FORMATS. `joined`: of a de-identified file, the ids of
    one patient's rows begin alike. `age`: who alone can open the file, as "age1..."; "" for a file
    that is not encrypted."""

    purpose: str
    recipient: str
    format: str = "csv"
    filters: Filters = EVERYTHING
    deidentified: bool = False
    joined: bool = False
    signed: bool = False
    age: str = ""

    def checked(self) -> "Options":
        """With its words on one line. Raises ValueError, with a sentence for whoever asked."""
        if self.format not in FORMATS:
            unknown = f"{self.format} is no format of exports"
            raise ValueError(MISSING.get(self.format, unknown))
        if self.age:
            recipient_key(self.age)
        return replace(
            self,
            purpose=_required(self.purpose, "purpose"),
            recipient=_required(self.recipient, "recipient"),
            age=self.age.strip(),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"filters": self.filters.as_json()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Options":
        """What `as_json` gave."""
        return cls(**{**told, "filters": Filters.from_json(told["filters"])})


def _required(words: str, name: str) -> str:
    """On one line and not endless: it is kept for years."""
    told = " ".join(words.split())[:LONGEST_REASON]
    if not told:
        raise ValueError(f"an export needs a {name}")
    return told


@dataclass(frozen=True)
class Made:
    """`rare`: rows of a de-identified file whose combination of answers few others share."""

    name: str
    rows: int
    included: bytes = field(repr=False)
    rare: int | None = None


class Walked:
    """How far the walks are. `tell` is given how many submissions were looked at, and of how many,
    about every second; it may raise, to end it all."""

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        self.included = Included()
        self.done = self.total = 0
        self._tell = tell
        self._a_walk = 0
        self._next = monotonic() + TELL_SECONDS

    def expect(self, a_walk: int, walks: int) -> None:
        self._a_walk, self.total = a_walk, a_walk * walks

    def looked(self, submission_id: int, given: bool) -> None:
        self.done += 1
        if given:
            self.included.add(submission_id)
        if self.done > self.total:  # the format walks once more than it said
            self.total += self._a_walk
        if self.done % LOOK_EVERY == 0 and monotonic() >= self._next:
            self._tell(self.done, self.total)
            self._next = monotonic() + TELL_SECONDS


def make(
    office: Office,
    options: Options,
    out: BinaryIO,
    *,
    begun: Callable[[int], None],
    tell: Callable[[int, int], None],
) -> Made:
    """Write the file. `begun` is told how many submissions there are to look at before the first
    byte is written, `tell` see `Walked`. Both may raise."""
    walked = Walked(tell)
    with office.database.read() as conn:
        export = _Export(conn, office, options, walked)
        walked.expect(export.every.total, export.walks)
        begun(walked.total)
        with _for_recipient(out, options.age) as plain:
            export.write(plain)
        rare = export.rare() if options.deidentified else None
        tell(walked.done, walked.done)
    return Made(export.name, len(walked.included), walked.included.packed(), rare)


class _Export:
    """One export in one snapshot of the store."""

    def __init__(self, conn: Connection, office: Office, options: Options, walked: Walked) -> None:
        self.office, self.options, self.walked = office, options, walked
        self.every = Submissions(conn, office, options.filters, walked.looked)
        self.source: Source = self.every
        if options.deidentified:
            series = _series(conn) if options.joined else None
            self.source = deidentified(self.every, today=office.today(), series=series)

    @property
    def format(self) -> Format:
        return FORMATS[self.options.format]

    @cached_property
    def kinds(self) -> Sequence[str]:
        """The kinds that need a file of their own; () for one file of all."""
        found = {questionnaire.kind for questionnaire in self.every.questionnaires}
        return tuple(k for k in KINDS if k in found) if self.format.one_kind and found else ()

    @property
    def walks(self) -> int:
        return self.format.walks * max(len(self.kinds), 1) + self.options.deidentified

    @property
    def is_zip(self) -> bool:
        return self.options.signed or len(self.kinds) > 1

    @property
    def name(self) -> str:
        what = "deidentified" if self.options.deidentified else "submissions"
        extension = "zip" if self.is_zip else self.format.extension
        return f"{what}-{self.office.today()}.{extension}" + (".age" if self.options.age else "")

    def files(self) -> Iterator[tuple[str, WriteFile]]:
        extension = self.format.extension
        if len(self.kinds) < 2:
            yield f"submissions.{extension}", partial(self.format.write, self.source)
            return
        for kind in self.kinds:
            part = OfKind(self.source, kind)
            yield f"{KINDS[kind]}.{extension}", partial(self.format.write, part)

    def write(self, out: BinaryIO) -> None:
        files = list(self.files())
        if not self.is_zip:
            files[0][1](out)
            return
        files.append(("dictionary.csv", self._write_dictionary))
        if self.options.signed:
            write_bundle(out, files, about=self._about, sign=signing_key(self.office))
        else:
            _write_zip(out, files)

    def rare(self) -> int:
        return sum(cell.rows for cell in small_cells(self.source))

    def _write_dictionary(self, out: BinaryIO) -> None:
        out.write(dictionary(*self.source.questionnaires))

    def _about(self) -> Mapping[str, Any]:
        made_at = self.office.now().astimezone(self.office.zone)
        return about_of(
            self.source,
            product=product_version(),
            rows=len(self.walked.included),
            made_at=made_at.isoformat(timespec="seconds"),
            purpose=self.options.purpose,
            recipient=self.options.recipient,
            filters=self.options.filters.as_json(),
            deidentified=self.options.deidentified,
        )


def _series(conn: Connection) -> Callable[[str], str]:
    first = first_references(conn)
    return lambda reference: first.get(reference, reference)


@contextmanager
def _for_recipient(out: BinaryIO, age: str) -> Iterator[BinaryIO]:
    if not age:
        yield out
        return
    with encrypted_for(out, age) as plain:
        yield plain


def _write_zip(out: BinaryIO, files: Sequence[tuple[str, WriteFile]]) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, write in files:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Its size is known only at its end, and may be more than 4 GB.
            with bundle.open(entry, "w", force_zip64=True) as file:
                write(file)  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def product_version() -> str:
    with PROJECT.open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def signing_key(office: Office) -> SigningKey:
    return SigningKey(signing_secret(office.keyring.folder))
