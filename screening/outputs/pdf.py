"""The physician's summary: a Record as one HTML page, and that page as a tagged PDF.

`summary_html` is pure. `render` hands the page to a renderer process, so neither WeasyPrint nor
the libraries under it are ever loaded here.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from .. import wording
from ..record import FindingRow, Record, Row, ScoreRow, SectionRows
from .renderer_client import RENDERER

Paper = Literal["letter", "a4"]

TEMPLATES = Path(__file__).parents[2] / "templates" / "pdf"
LANGUAGES = {"en": "English", "es": "Spanish"}
KINDS = {
    "urgent": "Urgent",
    "exclude": "Excludes",
    "clear": "Needs clearing",
    "caution": "Caution",
}
COUNTED = {
    "urgent": ("urgent finding", "urgent findings"),
    "exclude": ("that excludes", "that exclude"),
    "clear": ("to clear", "to clear"),
    "caution": ("caution", "cautions"),
}
REASONS = {
    "urgent": "An answer needs a person today",
    "excluded": "An answer speaks against treatment",
    "clearance": "Nothing reported excludes treatment, and something is to be cleared first",
    "candidate": "Nothing reported excludes treatment or is to be cleared first",
}
STATES = {
    "discuss": "Wants to talk in person",
    "unsure": "Not sure",
    "not-answered": "Not answered",
    "not-asked": "Not asked",
}
MAUDSLEY = {"failed": "failed trials", "ect": "ECT"}
INDICATIONS = {"met": "criterion met", "not-met": "criterion not met", "unknown": "unknown"}
DIRECTION_MARKS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
# Of every other alphabet the system may have no font; boxes are drawn then.
OUR_ALPHABETS = ("LATIN", "GREEK", "CYRILLIC", "MICRO", "FEMININE", "MASCULINE")
# What a physician wants in hand before reading on. The first of each that was asked is shown.
GLANCE = (
    ("medications", "takes_medications"),
    ("allergies",),
    ("height_in",),
    ("weight_lb",),
    ("bp_systolic", "bp_known"),
    ("bp_diastolic",),
)


def summary_html(record: Record, *, paper: Paper, clinic: str, made_at: datetime) -> str:
    """The whole summary as one HTML page that refers to no other file.

    `made_at` is the moment this copy is made, in the clinic's time zone. What the patient typed is
    escaped: nothing in it can act as markup, style or address.
    """
    rows = {row.question: row for row in _rows(record)}
    page: str = _template().render(
        record=record,
        paper=paper,
        clinic=clinic,
        made_at=made_at,
        language=LANGUAGES.get(record.language, record.language),
        reason=outcome_reason(record),
        red=[f for f in record.findings if f.finding.kind in ("urgent", "exclude")],
        clear=[f for f in record.findings if f.finding.kind == "clear"],
        caution=[f for f in record.findings if f.finding.kind == "caution"],
        unknowns=[(label, _answer_of(label, group), group) for label, group in record.unknowns],
        sources=_numbered_sources(record),
        in_person=_in_person(record),
        other_alphabet=other_alphabet(row.text for row in _rows(record)),
        glance=list(_glance(rows)),
        indications=_indications(record),
        sections=[_parted(section) for section in record.sections if section.rows],
        part2=any(row.privacy == "part2" for row in _rows(record)),
        attributions=list(dict.fromkeys(s.attribution for s in record.scores if s.attribution)),
    )
    return page


def render(html: str, paper: Paper) -> bytes:
    """The page as a tagged PDF (PDF/UA-1). Raises renderer_client.RenderError."""
    return RENDERER.render(html, paper)


def outcome_reason(record: Record) -> str:
    """Why the outcome is what it is, in one line: a sentence and the findings counted by kind."""
    met = Counter[str](finding.finding.kind for finding in record.findings)
    open_questions = len(record.unknowns)
    counts = [_counted(met[kind], *COUNTED[kind]) for kind in COUNTED if met[kind]]
    if open_questions:
        counts.append(_counted(open_questions, "question open", "questions open"))
    return REASONS[record.assessment.outcome] + (f": {', '.join(counts)}." if counts else ".")


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _template() -> Template:
    return environment().get_template("summary.html")


@cache
def environment() -> Environment:
    """Where the templates of all our PDFs are drawn."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_left_to_right,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"day": wording.long_date, "moment": _moment, "percent": _percent}
    found.tests["positive"] = _positive
    found.globals |= {
        "KINDS": KINDS,
        "STATES": STATES,
        "TRD": wording.TRD,
        "MAUDSLEY": MAUDSLEY,
    }
    return found


def _left_to_right(value: object) -> object:
    """Drop the invisible marks that would turn round the text after them."""
    return value.translate(DIRECTION_MARKS) if type(value) is str else value


def _moment(moment: datetime) -> str:
    return f"{wording.long_date(moment)}, {moment.hour % 12 or 12}:{moment:%M %p}"


def _percent(fraction: float) -> str:
    return f"{min(max(fraction, 0), 1):.1%}"


def _positive(score: ScoreRow) -> bool:
    return score.fraction is not None and score.cut is not None and score.fraction >= score.cut


def _rows(record: Record) -> Iterator[Row]:
    return (row for section in record.sections for row in section.rows)


def _parted(section: SectionRows) -> tuple[SectionRows, list[Row], list[Row], list[Row]]:
    """A section with its rows that say something, those left empty and those not asked."""
    empty = [row for row in section.rows if row.state == "not-answered" and row.optional]
    not_asked = [row for row in section.rows if row.state == "not-asked"]
    told = [row for row in section.rows if row not in empty and row not in not_asked]
    return section, told, empty, not_asked


def other_alphabet(texts: Iterable[str]) -> bool:
    """Do these hold letters that our fonts may lack?"""
    letters = {c for text in texts for c in text if c > "\u024f" and c.isalpha()}
    return not all(unicodedata.name(c, "").startswith(OUR_ALPHABETS) for c in letters)


def _in_person(record: Record) -> list[str]:
    return list(dict.fromkeys(row.label for row in _rows(record) if row.state == "discuss"))


def _glance(rows: dict[str, Row]) -> Iterator[tuple[Row, str]]:
    for wanted in GLANCE:
        asked = [rows[q] for q in wanted if q in rows and rows[q].state != "not-asked"]
        if asked:
            yield asked[0], _in_one_line(asked[0])


def _in_one_line(row: Row) -> str:
    if row.state in ("discuss", "not-answered"):
        return STATES[row.state].lower()
    if not row.cells:
        return row.text
    return "; ".join(" ".join(c.text for c in cells[:2] if c.text) for cells in row.cells)


def _answer_of(label: str, findings: tuple[FindingRow, ...]) -> str:
    """What was answered to the question of this label, as the findings read it."""
    return next((text for finding in findings for name, text in finding.read if name == label), "")


def _numbered_sources(record: Record) -> dict[str, int]:
    """Every source once, numbered in the order in which the findings name them."""
    unknown = [finding for _, group in record.unknowns for finding in group]
    findings: list[FindingRow] = [*record.findings, *unknown]
    named = dict.fromkeys(source for finding in findings for source in finding.sources)
    return {source: number for number, source in enumerate(named, 1)}


def _indications(record: Record) -> list[tuple[str, str]]:
    """Each condition sought, in words, with whether the answers make it an indication."""
    sought = record.questionnaire.questions.get("seeking_help_for")
    names = {o.id: o.label or o.en for o in sought.options} if sought else {}
    return [
        (names.get(condition, condition.replace("-", " ").capitalize()), INDICATIONS[status])
        for condition, status in record.assessment.indications.items()
    ]
