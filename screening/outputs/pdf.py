"""The physician's summary: a Record as one HTML page, and that page as a tagged PDF.

`summary_html` is pure. `render` hands the page to a renderer process, so neither WeasyPrint nor
the libraries under it are ever loaded here. What the parts show is in `pdf_parts`.
"""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .. import wording
from ..record import Record, ScoreRow
from . import pdf_parts
from .decided import Decided
from .pdf_parts import INDICATIONS, MAUDSLEY, STATES, outcome_reason, rows_of
from .renderer_client import RENDERER

__all__ = ["INDICATIONS", "KINDS", "LANGUAGES", "STATES", "outcome_reason", "summary_html"]

Paper = Literal["letter", "a4"]

TEMPLATES = Path(__file__).parents[2] / "templates" / "pdf"
LANGUAGES = {"en": "English", "es": "Spanish"}
KINDS = {
    "urgent": "Urgent",
    "exclude": "Excludes",
    "clear": "Needs clearing",
    "caution": "Caution",
}
# What a rule that is not decided would come to.
WOULD_BE = {
    "urgent": "would be urgent",
    "exclude": "would exclude",
    "clear": "to clear",
    "caution": "caution",
}
RESISTANCE = {
    "met": "criterion met",
    "possible": "possible, records needed",
    "not-shown": "criterion not met by what was reported",
    "physician-to-judge": "not computed; bipolar depression, physician to judge",
    None: "not computed; help is not sought for depression",
}
DIRECTION_MARKS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
# Of every other alphabet the system may have no font; boxes are drawn then.
OUR_ALPHABETS = ("LATIN", "GREEK", "CYRILLIC", "MICRO", "FEMININE", "MASCULINE")
HASH_SHOWN = 10  # letters of the content's hash; enough to tell two versions apart


def summary_html(
    record: Record,
    *,
    paper: Paper,
    clinic: str,
    made_at: datetime,
    decided: Decided | None = None,
) -> str:
    """The whole summary as one HTML page that refers to no other file.

    `made_at` is the moment this copy is made, in the clinic's time zone. What the patient typed is
    escaped: nothing in it can act as markup, style or address.
    """
    rows = list(rows_of(record))
    roomy, sources_first = pdf_parts.room_on_page_one(record)
    page: str = (
        environment()
        .get_template("summary.html")
        .render(
            record=record,
            decided=decided,
            paper=paper,
            clinic=clinic,
            made_at=made_at,
            language=LANGUAGES.get(record.language, record.language),
            reason=outcome_reason(record),
            content=record.questionnaire.content_hash[:HASH_SHOWN],
            red=[f for f in record.findings if f.finding.kind in ("urgent", "exclude")],
            clear=[f for f in record.findings if f.finding.kind == "clear"],
            caution=[f for f in record.findings if f.finding.kind == "caution"],
            roomy=roomy,
            sources=pdf_parts.numbered_sources(record),
            sources_first=sources_first,
            other_alphabet=other_alphabet(row.text for row in rows),
            sections=[pdf_parts.parted(section) for section in record.sections if section.rows],
            part2=any(row.privacy == "part2" for row in rows),
            attributions=list(dict.fromkeys(s.attribution for s in record.scores if s.attribution)),
        )
    )
    return page


def render(html: str, paper: Paper) -> bytes:
    """The page as a tagged PDF (PDF/UA-1). Raises renderer_client.RenderError."""
    return RENDERER.render(html, paper)


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
        "INDICATIONS": INDICATIONS,
        "KINDS": KINDS,
        "RESISTANCE": RESISTANCE,
        "MAUDSLEY": MAUDSLEY,
        "STATES": STATES,
        "TRD": wording.TRD,
        "WOULD_BE": WOULD_BE,
        "parts": pdf_parts,
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


def other_alphabet(texts: Iterable[str]) -> bool:
    """Do these hold letters that our fonts may lack?"""
    letters = {c for text in texts for c in text if c > "\u024f" and c.isalpha()}
    return not all(unicodedata.name(c, "").startswith(OUR_ALPHABETS) for c in letters)
