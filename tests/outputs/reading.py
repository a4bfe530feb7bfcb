"""What the tests of the formats have in common: files of the crowd, and what has to be in them."""

import re
from functools import cache

from screening.outputs.formats import OfKind, Sent, Source
from screening.outputs.formats_known import FORMATS
from tests.outputs.crowd import crowd

KINDS = ("intake", "check-in")
# What a spreadsheet takes for a formula, with all that it skips before it.
FORMULA = re.compile(r"[\s\u200b\u2060\ufeff]*[=+\-@−﹣＝＋－＠]").match
NI, DISCUSS, UNSURE = "NI", "DISCUSS", "unsure"


class OnlyWrites:
    """A stream as a job has it: it can only be written on."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def flush(self) -> None:
        pass


def written(name: str, source: Source) -> bytes:
    out = OnlyWrites()
    FORMATS[name].write(source, out)  # type: ignore[arg-type]
    return bytes(out.data)


@cache
def exported(name: str, kind: str = "") -> bytes:
    return written(name, OfKind(crowd(), kind) if kind else crowd())


def people(kind: str) -> list[Sent]:
    return [sent for sent in crowd() if sent.questionnaire.kind == kind]


def stated(sent: Sent, name: str) -> str | None:
    """The word for what stands in place of an answer; None: there is one. "": not asked."""
    question = sent.questionnaire.questions[name]
    if name in sent.unanswered:
        return NI
    if name not in sent.answers:
        return ""
    if sent.answers[name] == "discuss" and question.sensitive:
        return DISCUSS
    number = question.kind in ("integer", "decimal")
    return UNSURE if number and sent.answers[name] == "unsure" else None
