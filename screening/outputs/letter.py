"""A letter in the clinic's own head: what a physician wrote, as one HTML page. Texts only."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from markupsafe import Markup

from .pdf import Paper, environment

ITEM = "- "  # how a line of a list begins in what was typed


@dataclass(frozen=True)
class Letter:
    """`mark`: the clinic's logo as SVG with a title, or ""; `to`: lines of the address."""

    language: str
    clinic: str
    address: str
    phone: str
    mark: str = field(repr=False)
    subject: str = field(repr=False)
    to: tuple[str, ...] = field(repr=False)
    date: str
    reference: tuple[str, str]  # its name and the reference
    text: str = field(repr=False)
    medicines_title: str
    medicines: tuple[str, ...] = field(repr=False)
    closing: str
    signer: str


def letter_html(letter: Letter, *, paper: Paper) -> str:
    """The letter as one HTML page that refers to no other file; what was typed is escaped."""
    page: str = (
        environment()
        .get_template("letter.html")
        .render(
            letter=letter,
            paper=paper,
            blocks=list(blocks(letter.text)),
            # The one text that is drawn as it is: the clinic's own file, which `logo` has found to
            # do nothing but draw.
            mark=Markup(letter.mark),  # noqa: S704
        )
    )
    return page


def blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """What was typed as ("text" or "list", its lines): an empty line or a list ends a paragraph."""
    kind, lines = "text", list[str]()
    for line in [*text.splitlines(), ""]:
        here = "list" if line.startswith(ITEM) else "text"
        if lines and (not line.strip() or here != kind):
            yield kind, lines
            lines = []
        if line.strip():
            kind = here
            lines = [*lines, line.removeprefix(ITEM).strip()]
