"""Submissions as CSV: UTF-8 with a byte order mark (for Excel), a header, a line a submission.

See `cells` for what a cell holds, `columns` for their order. How many columns a group has is known
after the last submission: lines wait in a spool, with their groups as wide as their own rows, so
that the submissions are read once.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, BinaryIO

from ..questionnaire.definition import Questionnaire
from .cells import NO_ANSWER, NOT_ASKED, columns_of, encoder, filled, quoted, safe_text
from .columns import SEPARATOR, UNDECIDED, Widths, columns, exported, merged, score_parts
from .formats import Sent, Source
from .spool import Spool

BYTE_ORDER_MARK = "\ufeff"
LINE_END = "\r\n"

# Pieces of CSV text without the commas between them; of a group, its number of rows and its cells.
Kept = list[Any]


def write(source: Source, out: BinaryIO) -> None:
    """The whole file: the first questionnaire's columns lead, then what others add."""
    plans = [Plan(questionnaire) for questionnaire in source.questionnaires]
    places = {id(plan.questionnaire): place for place, plan in enumerate(plans)}
    widths: dict[str, int] = {}
    with Spool() as spool:
        for sent in source:
            place = places[id(sent.questionnaire)]
            spool.add([place, *plans[place].kept(sent, widths)])
        names = [column.name for column in merged(source.questionnaires, widths)]
        out.write((BYTE_ORDER_MARK + ",".join(names) + LINE_END).encode())
        writers = [plan.writer(names, widths) for plan in plans]
        for lines in spool:
            text = [writers[place](kept) + LINE_END for place, *kept in lines]
            out.write("".join(text).encode())


class Plan:
    """How submissions of one questionnaire become lines; made once, used for all of them."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self.questionnaire = questionnaire
        asked = exported(questionnaire)
        self._groups = [(place, q) for place, q in enumerate(asked) if q.kind == "group"]
        self._blank = [filled(question, NOT_ASKED) for question in asked]
        self._empty = {q.id: (place, filled(q, NO_ANSWER)) for place, q in enumerate(asked)}
        self._known = {q.id: (place, encoder(q)) for place, q in enumerate(asked)}
        self._results = _results(questionnaire)
        self._version = safe_text(questionnaire.version)

    def kept(self, sent: Sent, widths: MutableMapping[str, int]) -> Kept:
        """The line of a submission; `widths` is given room for its groups."""
        pieces = self._pieces(sent)
        kept: Kept = []
        start = 0
        for place, group in self._groups:
            rows = _rows(sent.answers.get(group.id))
            if rows > widths.get(group.id, 0):
                widths[group.id] = rows
            # Without rows it is one row of a code, or of nothing.
            before = ",".join(pieces[start:place]) if place > start else None
            kept += [before, max(rows, 1), pieces[place]]
            start = place + 1
        rest = [*pieces[start:], *self._results(sent.assessment), *self._origin(sent)]
        return [*kept, ",".join(rest)]

    def _pieces(self, sent: Sent) -> list[str]:
        """The cells of every question: start from nothing asked, fill in what is there."""
        pieces = self._blank.copy()
        for name in sent.unanswered:
            if name in self._empty:
                place, piece = self._empty[name]
                pieces[place] = piece
        for name, answer in sent.answers.items():
            if name in self._known:
                place, encode = self._known[name]
                pieces[place] = encode(answer)
        return pieces

    def _origin(self, sent: Sent) -> Iterator[str]:
        yield from (safe_text(sent.reference), sent.sent_at, self._version)
        yield SEPARATOR.join(sent.changed)
        yield from (sent.decision or "", sent.decided_at or "", sent.outcome_sent or "")

    def writer(self, names: Sequence[str], widths: Widths) -> Callable[[Kept], str]:
        """What writes a kept line under these columns."""
        own = [column.name for column in columns(self.questionnaire, widths)]
        groups = [(widths.get(group.id, 0), "," * columns_of(group)) for _, group in self._groups]

        def line(kept: Kept) -> str:
            pieces: list[str] = []
            for number, (width, blank_row) in enumerate(groups):
                before, rows, cells = kept[3 * number : 3 * number + 3]
                if before is not None:
                    pieces.append(before)
                if width:
                    pieces.append(cells + blank_row * (width - rows))
            pieces.append(kept[-1])
            return ",".join(pieces)

        return line if own == list(names) else _moved(line, own, names)


def _rows(answer: object) -> int:
    return len(answer) if isinstance(answer, list | tuple) else 0


def _results(questionnaire: Questionnaire) -> Callable[[Mapping[str, Any]], list[str]]:
    instruments = [(i.id, score_parts(i)) for i in questionnaire.instruments]

    def results(assessment: Mapping[str, Any]) -> list[str]:
        findings = [
            finding["rule"] if finding["status"] == "met" else finding["rule"] + UNDECIDED
            for finding in assessment["findings"]
        ]
        scores = {score["instrument"]: score for score in assessment["scores"]}
        found = [assessment["outcome"], SEPARATOR.join(findings)]
        for instrument, parts in instruments:
            score = scores.get(instrument, {})
            found += [_plain(score.get(part)) for part in parts]
        return found

    return results


def _plain(value: object) -> str:
    """A part of a score; JSON made 17 into 17.0."""
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def _moved(
    line: Callable[[Kept], str], own: Sequence[str], names: Sequence[str]
) -> Callable[[Kept], str]:
    """The line of another version, its cells put under the columns that were agreed on."""
    places = [own.index(name) if name in own else None for name in names]

    def moved(kept: Kept) -> str:
        cells = next(csv.reader([line(kept)]))
        return ",".join(NOT_ASKED if place is None else quoted(cells[place]) for place in places)

    return moved
