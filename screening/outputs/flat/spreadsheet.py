"""An XLSX workbook written as a stream: sheet by sheet, row by row, straight into the archive.

Nothing is kept but the row that is being written, and nothing is put down outside the archive: a
library that keeps rows in temporary files would leave answers unencrypted on the disk
(docs/decisions/0025). Text is written as text and as nothing else, so no cell is ever a formula.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from types import TracebackType
from typing import IO, BinaryIO
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from .table import Code, Value

# Excel's own limits: https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3
MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
MOST_CHARACTERS = 32_767  # a cell, in units of UTF-16
MOST_BYTES = 1_500_000_000  # a sheet; from 2 GB on the archive would be of a kind Excel refuses
MOST_AS_TEXT = 256  # characters of a cell in the format text: more were shown as ##### once
CUT = " [cut]"

# The places of `_STYLES`.
PLAIN, HEADER, TEXT, DAY, MOMENT, CODE = range(6)
_STYLES = (
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="3"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
    '<font><i/><sz val="11"/><color rgb="FF767676"/><name val="Calibri"/><family val="2"/></font>'
    '</fonts><fills count="3"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid">'
    '<fgColor rgb="FFE7EDF3"/><bgColor indexed="64"/></patternFill></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0" applyNumberFormat="1"'
    ' applyFont="1" applyFill="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="2" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"'
    ' applyFont="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0"'
    ' builtinId="0"/></cellStyles>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

# Excel writes what XML cannot hold as _xHHHH_, so that very text has to be written like that too.
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NOT_XML = re.compile("[\0-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
# Day 60 of Excel's calendar is 29 February 1900, which was none: days before 1 March stay text.
_DAY_ZERO = date(1899, 12, 30)
_FIRST_DAY = date(1900, 3, 1)


@dataclass
class Workbook(AbstractContextManager["Workbook"]):
    """Sheets are written one after the other; leaving it without an error ends the file."""

    out: BinaryIO
    sheets: list["Sheet"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._archive = ZipFile(self.out, "w", ZIP_DEFLATED)

    def sheet(self, name: str, header: Sequence[str], widths: Sequence[int]) -> "Sheet":
        """A new sheet below a header that stays in sight; `widths` in characters. Use it in a
        `with`. Raises ValueError for more columns than a sheet can have."""
        if len(header) > MOST_COLUMNS:
            raise ValueError(
                f"a sheet of XLSX holds {MOST_COLUMNS} columns, and {name} has {len(header)}; "
                "choose another format"
            )
        part = f"xl/worksheets/sheet{len(self.sheets) + 1}.xml"
        self.sheets.append(Sheet(name, header, widths, self._archive.open(part, "w")))
        return self.sheets[-1]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._archive:
            if error is None:
                for name, text in _parts(self.sheets).items():
                    self._archive.writestr(name, _XML + text)


class Sheet(AbstractContextManager["Sheet"]):
    """One sheet. `cut`: the cells whose text was too long for it."""

    def __init__(
        self, name: str, header: Sequence[str], widths: Sequence[int], part: IO[bytes]
    ) -> None:
        self.name = name
        self.header = header
        self.rows = 1
        self.cut: list[str] = []
        self._part = part
        self._size = 0
        self._places = {column: letters(place) for place, column in enumerate(header)}
        self._put(_head(widths))
        cells = (_text(f"{letters(n)}1", HEADER, name) for n, name in enumerate(header))
        self._put(f'<row r="1">{"".join(cells)}</row>')

    @property
    def full(self) -> bool:
        """Has it no room for another row?"""
        return self.rows >= MOST_ROWS or self._size >= MOST_BYTES

    @property
    def area(self) -> str:
        return f"A1:{letters(max(len(self.header), 1) - 1)}{self.rows}"

    def add(self, row: Mapping[str, Value]) -> None:
        """A row by its columns' names; what is empty or under no column is left out."""
        self.rows += 1
        cells = [
            self._cell(letter, row[name])
            for name, letter in self._places.items()
            if row.get(name, "") != ""
        ]
        self._put(f'<row r="{self.rows}">{"".join(cells)}</row>')

    def add_all(self, rows: Iterable[Sequence[Value]]) -> None:
        """Rows by the order of the columns."""
        for row in rows:
            self.add(dict(zip(self.header, row, strict=True)))

    def _cell(self, letter: str, value: Value) -> str:
        place = f"{letter}{self.rows}"
        if isinstance(value, str) and too_long(value):
            self.cut.append(f"{self.name}!{place}")
            value = shortened(value)
        return cell(place, value)

    def _put(self, text: str) -> None:
        data = text.encode()
        self._size += len(data)
        self._part.write(data)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._part:
            if error is None:
                self._put(f'</sheetData><autoFilter ref="{self.area}"/></worksheet>')


# Cells


def cell(place: str, value: Value) -> str:
    """One cell. A number is a number, a day a day; all else is text."""
    if isinstance(value, str):
        return _text(place, TEXT if len(value) < MOST_AS_TEXT else PLAIN, value)
    if isinstance(value, Code):
        return _text(place, CODE, value.text)
    if isinstance(value, datetime):
        return _number(place, MOMENT, _serial(value) + _part_of_day(value.time()))
    if isinstance(value, date):
        if value < _FIRST_DAY:
            return _text(place, TEXT, value.isoformat())
        return _number(place, DAY, _serial(value))
    return _number(place, PLAIN, value)


def _number(place: str, style: int, value: float) -> str:
    styled = f' s="{style}"' if style else ""
    return f'<c r="{place}"{styled}><v>{value!r}</v></c>'


def _text(place: str, style: int, text: str) -> str:
    """In the cell itself, with all of its spaces; its format is text, so that it is none but text
    after somebody edited it too."""
    words = _NOT_XML.sub(lambda c: f"_x{ord(c[0]):04X}_", _ESCAPED.sub("_x005F_", text))
    return (
        f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">'
        f"{escape(words)}</t></is></c>"
    )


def _serial(day: date) -> int:
    return date(day.year, day.month, day.day).toordinal() - _DAY_ZERO.toordinal()


def _part_of_day(clock: time) -> float:
    return (clock.hour * 3600 + clock.minute * 60 + clock.second) / 86400


def too_long(text: str) -> bool:
    # Each character is one or two units.
    return len(text) * 2 > MOST_CHARACTERS and _units(text) > MOST_CHARACTERS


def shortened(text: str) -> str:
    """The beginning that a cell has room for, with a mark that it is not all."""
    room = MOST_CHARACTERS - len(CUT)
    return text.encode("utf-16-le")[: room * 2].decode("utf-16-le", "ignore") + CUT


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@cache
def letters(place: int) -> str:
    """The name of a column, from 0: A, B, ... Z, AA."""
    before, last = divmod(place, 26)
    return (letters(before - 1) if before else "") + chr(ord("A") + last)


# Parts of the archive


def _head(widths: Sequence[int]) -> str:
    cols = "".join(
        f'<col min="{n}" max="{n}" width="{width + 0.7109375}" customWidth="1"/>'
        for n, width in enumerate(widths, 1)
    )
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane xSplit="1" ySplit="1" topLeftCell="B2" activePane="bottomRight" state="frozen"/>'
        '<selection pane="topRight"/><selection pane="bottomLeft"/><selection pane="bottomRight"/>'
        '</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>'
        f"{f'<cols>{cols}</cols>' if cols else ''}<sheetData>"
    )


def _parts(sheets: Sequence[Sheet]) -> dict[str, str]:
    """What stands in the archive beside the sheets."""
    numbered = list(enumerate(sheets, 1))
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPES}.worksheet+xml"/>'
        for n, _ in numbered
    )
    related = {f"rId{n}": ("worksheet", f"worksheets/sheet{n}.xml") for n, _ in numbered}
    related[f"rId{len(sheets) + 1}"] = ("styles", "styles.xml")
    return {
        "xl/workbook.xml": _workbook(numbered),
        "xl/_rels/workbook.xml.rels": _relations(related),
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">{_STYLES}</styleSheet>',
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "[Content_Types].xml": (
            f'<Types xmlns="{_PACKAGE}/content-types">'
            f'<Default Extension="rels" ContentType="{_REL_TYPE}"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
            f"{types}</Types>"
        ),
    }


_REL_TYPE = "application/vnd.openxmlformats-package.relationships+xml"


def _relations(related: Mapping[str, tuple[str, str]]) -> str:
    each = (
        f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for key, (kind, target) in related.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(each)}</Relationships>'


def _workbook(sheets: Sequence[tuple[int, Sheet]]) -> str:
    listed = "".join(
        f'<sheet name={quoteattr(sheet.name)} sheetId="{n}" r:id="rId{n}"/>' for n, sheet in sheets
    )
    # Excel's own name for the area that a filter is laid over.
    filters = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{n - 1}" hidden="1">'
        f"{escape(_absolute(sheet))}</definedName>"
        for n, sheet in sheets
    )
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{listed}</sheets><definedNames>{filters}</definedNames></workbook>"
    )


def _absolute(sheet: Sheet) -> str:
    first, last = sheet.area.split(":")
    corners = (re.sub(r"([A-Z]+)(\d+)", r"$\1$\2", corner) for corner in (first, last))
    return f"'{sheet.name}'!{':'.join(corners)}"
