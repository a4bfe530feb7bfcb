"""The patient's sheet: the days of the visits, and what to do on such a day. Texts only."""

from dataclasses import dataclass, field

from .pdf import Paper, environment


@dataclass(frozen=True)
class Sheet:
    """`visits` are (name, day in words); `help_lines` whom to call in an emergency."""

    language: str
    title: str
    clinic: str
    reference: str
    lead: str
    visits_title: str
    visits: tuple[tuple[str, str], ...]
    day_title: str
    instructions: tuple[str, ...] = field(repr=False)
    call: str
    help_title: str
    help_lines: tuple[str, ...]


def sheet_html(sheet: Sheet, *, paper: Paper) -> str:
    """The sheet as one HTML page that refers to no other file."""
    page: str = environment().get_template("sheet.html").render(sheet=sheet, paper=paper)
    return page
