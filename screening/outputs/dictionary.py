"""The data dictionary of the export: a CSV line for each variable, in the order of the columns.

A group's rows are described once, with `n` in place of the row's number. Same encoding and same
care with formulas as the export.
"""

from collections.abc import Callable, Iterable, Iterator

from ..questionnaire.definition import Column as GroupColumn
from ..questionnaire.definition import Option, Question, Questionnaire
from ..questionnaire.validation import MAX_AGE, MAX_TEXT
from .cells import NO_ANSWER, TALK, number, safe_text
from .columns import Column, columns
from .csv_export import BYTE_ORDER_MARK, LINE_END

HEADER = (
    "variable", "section", "label", "question", "type", "options", "required", "asked_if", "unit",
    "range", "sensitive", "privacy", "safe_harbor", "instrument", "loinc", "missing",
)  # fmt: skip
WORKED_OUT = {"results": "Results", "origin": "Origin", "staff": "Added by staff"}
_BLOCKS = {name: place for place, name in enumerate(WORKED_OUT.values(), 1)}  # after the answers
TICKS = "1 = ticked | 0 = not ticked"
Line = dict[str, str]


def dictionary(*questionnaires: Questionnaire) -> bytes:
    """The dictionary as a CSV file: the columns of the first, then what the others add."""
    cells = ([line.get(name, "") for name in HEADER] for line in described(*questionnaires))
    lines = [HEADER, *cells]
    text = LINE_END.join(",".join(safe_text(cell) for cell in line) for line in lines)
    return (BYTE_ORDER_MARK + text + LINE_END).encode()


def described(*questionnaires: Questionnaire) -> list[Line]:
    """Each variable once, by the names of HEADER, in the order of the blocks, as `columns.merged`
    has them."""
    found: dict[str, Line] = {}
    for questionnaire in questionnaires:
        for line in _lines(questionnaire):
            found.setdefault(line["variable"], line)
    return sorted(found.values(), key=lambda line: _BLOCKS.get(line["section"], 0))


def _lines(questionnaire: Questionnaire) -> Iterator[Line]:
    sections = {
        q.id: section.label for section in questionnaire.sections for q in section.questions
    }
    once = {q.id: 1 for q in questionnaire.questions.values() if q.kind == "group"}
    for column in columns(questionnaire, once):
        if column.question is None:
            yield _worked_out(column)
        else:
            section = sections[column.question.id]
            yield {"section": section} | _asked(questionnaire, column, column.question)


def _worked_out(column: Column) -> Line:
    instrument = column.instrument
    is_total = column.limits is not None and instrument is not None
    return {
        "variable": column.name,
        "section": WORKED_OUT[column.block],
        "label": column.label,
        "type": column.kind,
        "options": _listed(column.codes),
        "range": _between(*column.limits) if column.limits else "",
        "instrument": instrument.name if instrument else "",
        "loinc": (instrument.loinc_total or "") if instrument and is_total else "",
    }


def _asked(questionnaire: Questionnaire, column: Column, question: Question) -> Line:
    instrument = questionnaire.instrument.get(question.instrument or "")
    return {
        "variable": column.name,
        "label": column.label,
        "question": question.text["en"],
        "required": _yes_no(question.required),
        "asked_if": question.ask_if or "",
        "sensitive": _yes_no(question.sensitive),
        "privacy": question.privacy or "",
        "safe_harbor": question.safe_harbor or "",
        "instrument": instrument.name if instrument else "",
        "loinc": question.loinc or "",
        "missing": _missing(question),
    } | _kind(question, column)


def _kind(question: Question, column: Column) -> Line:
    """What its values look like."""
    if column.option:
        return {"type": "choices", "options": TICKS}
    if column.cell:
        return _cell(question, column.cell)
    return {
        "type": question.kind,
        "options": "1 = agreed" if question.kind == "agree" else _options(question.options),
        "unit": question.unit or "",
        "range": _range(question),
    }


def _cell(question: Question, cell: GroupColumn) -> Line:
    return {
        "variable": f"{question.id}_n_{cell.id}",
        "label": f"{question.label}, row n: {cell.label}",
        "question": cell.text["en"],
        "type": cell.kind,
        "options": _options(cell.options),
        "required": "no",
        "unit": cell.unit or "",
        "range": _limits(cell.min, cell.max, cell.above) or _length(cell.kind),
        "missing": f"empty = no such row (n is 1 to {question.max_rows} at most), or not asked"
        f" | {NO_ANSWER} = left blank; in row 1 alone also: the question has no answer"
        + (f" | {TALK} in row 1 = wants to talk about it in person" if question.sensitive else ""),
    }


# Words


def _options(options: Iterable[Option]) -> str:
    return _listed((option.id, option.label or option.en) for option in options)


def _listed(codes: Iterable[tuple[str, str]]) -> str:
    return " | ".join(f"{code} = {meaning}" for code, meaning in codes)


def _yes_no(truth: bool) -> str:
    return "yes" if truth else "no"


def _missing(question: Question) -> str:
    """The codes that can stand in place of an answer."""
    codes = {
        "empty = not asked": question.ask_if is not None,
        "empty = not filled in": question.audience == "clinician",
        f"{NO_ANSWER} = no answer": question.audience == "patient" and not question.required,
        f"{TALK} = wants to talk about it in person": question.sensitive,
        "unsure = does not know": question.may_be_unsure,
    }
    return " | ".join(words for words, possible in codes.items() if possible)


def _range(question: Question) -> str:
    special: dict[str, Callable[[], str]] = {
        "date": lambda: f"ISO 8601; not in the future, at most {MAX_AGE} years ago",
        "scale": lambda: _scale(question),
    }
    describe = special.get(question.kind)
    if describe:
        return describe()
    return _limits(question.min, question.max, None) or _length(question.kind)


def _scale(question: Question) -> str:
    numbers = [int(option) for option in question.option_ids]
    return _between(min(numbers), max(numbers))


def _length(kind: str) -> str:
    return f"at most {MAX_TEXT[kind]} characters" if kind in MAX_TEXT else ""


def _limits(least: float | None, most: float | None, above: float | None) -> str:
    if least is not None and most is not None:
        return _between(least, most)
    named = {"at least": least, "at most": most, "above": above}
    return ", ".join(
        f"{word} {_short(value)}" for word, value in named.items() if value is not None
    )


def _between(least: float, most: float) -> str:
    return f"{_short(least)} to {_short(most)}"


def _short(value: float) -> str:
    return number(int(value) if float(value).is_integer() else value)
