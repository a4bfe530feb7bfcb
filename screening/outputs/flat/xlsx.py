"""Submissions as an Excel workbook.

A sheet for the intakes and one for the check-ins, as they ask other things, each with the columns
of the CSV but the reference and the time first; a sheet "Dictionary" that describes each column,
and "About": versions, rows, what the codes in gray italics mean, what was too long for a cell.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO

from ...questionnaire.definition import Questionnaire
from ..cells import NO_ANSWER, TALK
from ..columns import Column, merged
from ..dictionary import HEADER, described
from ..formats import OfKind, Sent, Source
from .spreadsheet import CUT, MOST_CHARACTERS, Sheet, Workbook
from .table import Code, Value, cells

SHEETS = {"intake": "Submissions", "check-in": "Check-ins"}
FIRST = ("reference", "submitted_at")  # of the columns
NARROWEST, WIDEST, LONG = 10, 28, 45  # characters
MOST_TOLD = 100  # cells that were cut, by their place
CODES = (
    (Code("empty"), "Not asked; of a group: there is no such row"),
    (Code(NO_ANSWER), "Asked, and there is no answer"),
    (Code(TALK), "Wants to talk about it in person"),
    (Code("unsure"), "Does not know"),
)
ABOUT = ("about", "told")
Rows = Counter[Questionnaire]


def write(source: Source, out: BinaryIO) -> None:
    """The whole workbook; the source is walked once for each kind of questionnaire. Raises
    ValueError when a sheet would have too many columns."""
    rows: Rows = Counter()
    with Workbook(out) as book:
        for kind in _kinds(source):
            _submissions(book, OfKind(source, kind), SHEETS[kind], rows)
        written = tuple(book.sheets)
        lines = described(*source.questionnaires)
        with book.sheet("Dictionary", HEADER, [_width(name, LONG) for name in HEADER]) as sheet:
            sheet.add_all([line.get(name, "") for name in HEADER] for line in lines)
        with book.sheet("About", ABOUT, (WIDEST, 2 * LONG)) as sheet:
            sheet.add_all(_about(source, rows, written))


def _kinds(source: Source) -> list[str]:
    found = {questionnaire.kind for questionnaire in source.questionnaires}
    return [kind for kind in SHEETS if kind in found] or ["intake"]


def _submissions(book: Workbook, source: Source, title: str, rows: Rows) -> None:
    """As many sheets as it takes; nearly always one."""
    listed = merged(source.questionnaires, source.widths)
    columns = sorted(listed, key=lambda column: column.name not in FIRST)
    header = [column.name for column in columns]
    widths = [_width_of(column) for column in columns]
    walk = iter(source)
    for number, first in enumerate(chain([None], walk), 1):
        name = title if number == 1 else f"{title} {number}"
        with book.sheet(name, header, widths) as sheet:
            _fill(sheet, chain([first] if first else [], walk), rows)


def _fill(sheet: Sheet, walk: Iterator[Sent], rows: Rows) -> None:
    """Until there is no more room, or nobody more."""
    while not sheet.full and (sent := next(walk, None)):
        rows[sent.questionnaire] += 1
        sheet.add(cells(sent))


def _width_of(column: Column) -> int:
    kind = column.question.kind if column.question else column.name
    return LONG if kind in ("longtext", "findings") else _width(column.name, WIDEST)


def _width(name: str, most: int) -> int:
    return max(NARROWEST, min(len(name) + 2, most))


def _about(source: Source, rows: Rows, sheets: Sequence[Sheet]) -> Iterator[Sequence[Value]]:
    yield "Rows", rows.total()
    for sheet in sheets:
        yield f"Rows of the sheet {sheet.name}", sheet.rows - 1
    for questionnaire in source.questionnaires:
        version = questionnaire.version
        yield f"Questionnaire {version}", questionnaire.title["en"]
        yield f"Rows of {version}", rows[questionnaire]
        yield f"SHA-256 of {version}", questionnaire.content_hash
    yield "Times", "The clinic's time"
    yield "Columns", "Described on the sheet Dictionary; n stands for the number of a group's row"
    yield "Ticks", "1 = ticked, 0 = not ticked"
    yield from CODES
    yield from _cut([place for sheet in sheets for place in sheet.cut])


def _cut(places: Sequence[str]) -> Iterator[Sequence[Value]]:
    """What is not whole, and where the whole of it is."""
    if places:
        told = f"{len(places)}; a cell holds {MOST_CHARACTERS} characters. They end in{CUT}"
        yield "Cells that were cut", f"{told}; CSV and NDJSON hold all of the text"
    for place in places[:MOST_TOLD]:
        yield "Cut", place
