"""Submissions for REDCap: a zip of its data dictionary and of the data that fits it.

Both are CSV in UTF-8. A checkbox is a column an option, `ID___code`, 1 or 0, and blank where there
is no answer; a group's rows are numbered fields; text that a spreadsheet would run as a formula has
an apostrophe before it, as in the CSV export. See `redcap_dictionary` for names and codes.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from ...questionnaire.definition import Questionnaire
from ..cells import number, safe_text
from ..columns import Widths, columns
from ..csv_export import LINE_END
from ..formats import Sent, Source
from .redcap_dictionary import (
    HEADER,
    NOT_ANSWERED,
    NOT_SURE,
    RECORD_ID,
    TO_TALK_ABOUT,
    Field,
    coded,
    fields,
)
from .redcap_logic import variable
from .table import DISCUSSED, Code, Value, cells, instead

DICTIONARY, DATA = "redcap-data-dictionary.csv", "redcap-data.csv"
Write = Callable[[Value], str]
Places = dict[str, tuple[str, Write]]  # CSV column -> REDCap's column, and what writes its cells


def write(source: Source, out: BinaryIO) -> None:
    """The whole archive, in one walk."""
    widths = source.widths
    known = fields(source.questionnaires, widths)
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        archive.writestr(DICTIONARY, "".join(map(_line, [HEADER, *(f.line() for f in known)])))
        # Its size is known only at its end, and may be more than 4 GB.
        with archive.open(DATA, "w", force_zip64=True) as file:
            for line in _data(source, known, widths):
                file.write(line.encode())


def _line(texts: Iterable[str]) -> str:
    return ",".join(map(safe_text, texts)) + LINE_END


def _data(source: Source, known: Sequence[Field], widths: Widths) -> Iterator[str]:
    header = [name for field in known for name in field.columns]
    yield _line(header)
    places = {id(q): _places(q, widths, known) for q in source.questionnaires}
    seen: Counter[str] = Counter()
    for sent in source:
        row = _row(sent, places[id(sent.questionnaire)])
        seen[sent.reference] += 1
        again = seen[sent.reference]
        row[RECORD_ID] = safe_text(f"{sent.reference}-{again}" if again > 1 else sent.reference)
        yield ",".join([row.get(name, "") for name in header]) + LINE_END


def _row(sent: Sent, places: Places) -> dict[str, str]:
    row = {
        places[name][0]: places[name][1](value)
        for name, value in cells(sent).items()
        if name in places and not isinstance(value, Code)
    }
    questions = sent.questionnaire.questions
    codes = {name: instead(questions[name], answer) for name, answer in sent.answers.items()}
    talk = [name for name, code in codes.items() if code is DISCUSSED]
    unsure = [name for name, code in codes.items() if code and code is not DISCUSSED]
    unanswered = [name for name in questions if name in sent.unanswered]
    listed = {NOT_ANSWERED: unanswered, TO_TALK_ABOUT: talk, NOT_SURE: unsure}
    return row | {name: " ".join(ids) for name, ids in listed.items()}


def _places(questionnaire: Questionnaire, widths: Widths, known: Sequence[Field]) -> Places:
    """Where each column of the CSV stands."""
    has_codes = {field.name for field in known if field.choices}
    places: Places = {}
    for column in columns(questionnaire, widths):
        if column.option and column.question:
            name = f"{variable(column.question.id)}___{coded(column.option.id)}"
            places[column.name] = (name, _written)
        else:
            name = variable(column.name)
            places[column.name] = (name, _code if name in has_codes else _written)
    return places


def _code(value: Value) -> str:
    return coded(str(value))


def _written(value: Value) -> str:
    return safe_text(value.isoformat()) if isinstance(value, date) else number(value)
