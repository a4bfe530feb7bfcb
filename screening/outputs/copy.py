"""The patient's copy: what was asked and answered, in the patient's words, and nothing else.

A Copy holds texts only, so that the page on screen and the PDF say the same.
"""

from dataclasses import dataclass, field

from .pdf import Paper, environment, other_alphabet


@dataclass(frozen=True)
class CopyRow:
    """One question and what was answered, a line a tick or row. `lang`: when not the copy's."""

    question: str
    lines: tuple[str, ...] = field(repr=False)
    lang: str | None = None


@dataclass(frozen=True)
class CopySection:
    title: str
    rows: tuple[CopyRow, ...]


@dataclass(frozen=True)
class Copy:
    """`notes` are sentences above the answers; `facts` are (name, value)."""

    language: str
    title: str
    clinic: str
    reference: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    boxes_note: str  # for letters that the PDF's fonts lack
    sections: tuple[CopySection, ...]
    sources_title: str
    attributions: tuple[str, ...]  # of the instruments that were asked, in English


def copy_html(copy: Copy, *, paper: Paper) -> str:
    """The copy as one HTML page that refers to no other file; what was typed is escaped."""
    lines = (line for section in copy.sections for row in section.rows for line in row.lines)
    page: str = (
        environment()
        .get_template("copy.html")
        .render(copy=copy, paper=paper, boxes=other_alphabet(lines))
    )
    return page
