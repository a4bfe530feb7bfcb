"""Goal 5: CPU of the physician's PDF against the same content in auto-layout tables, both warm.

The record has 215 questions of which 150 were asked, as an ordinary patient's has.

Run: `python -m tests.benchmarks.pdf`, or `./run bench 5`.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bs4 import BeautifulSoup
from bs4.element import Tag

from screening.outputs.pdf import summary_html
from screening.outputs.renderer_client import Renderer
from screening.record import Record
from screening.storage.submissions import (
    read_document,
    store_document,
    submission_by_reference,
)
from screening.workflows.intake import submit_answers
from tests.builders import person
from tests.outputs import records

from .measure import Row, Side, medians, show
from .people import installation

Draw = Callable[[Record], str]
GOAL, GOAL_AGAIN = 0.6, 0.02
ROOT = str(Path(__file__).parents[2])
MADE = datetime(2026, 11, 12, 10, tzinfo=UTC)
# WeasyPrint kept warm, with the same fonts and style, and nothing else done for speed.
PLAIN = f"""
import sys
sys.path.insert(0, {ROOT!r})
from screening.outputs import renderer
draw = renderer.load()
renderer.write_message(sys.stdout.buffer, renderer.OK)
renderer.serve(sys.stdin.buffer, sys.stdout.buffer, draw)
"""
AUTO = (
    "<style>table { table-layout: auto !important; border-collapse: collapse; width: 100% }"
    " .row-table td:first-child { color: #444 }"
    " .row-table .said { white-space: pre-line }</style>"
)


def tuned(record: Record) -> str:
    """The page as the physician gets it."""
    return summary_html(record, paper="letter", clinic="Riverside Clinic", made_at=MADE)


def untuned(record: Record) -> str:
    """The same words as one would first write them: everything in rows is a table."""
    soup = BeautifulSoup(tuned(record), "html.parser")
    for facts in soup.select("p.facts"):
        _replace(soup, facts, [[part] for part in facts.find_all("span", recursive=False)])
    for found in soup.select("ul"):
        _replace(soup, found, [_halves(soup, item) for item in found.find_all("li")])
    for heading in soup.select("h1.answers ~ h2"):
        _tabulate(soup, heading)
    return str(soup).replace("</head>", f"{AUTO}</head>")


def _halves(soup: BeautifulSoup, item: Tag) -> list[Tag]:
    """What a finding says, and the rest of its line."""
    first = next(item.children).extract()
    rest = soup.new_tag("span")
    rest.extend(list(item.contents))
    return [first, rest]


def _replace(soup: BeautifulSoup, old: Tag, rows: list[list[Tag]]) -> None:
    """Put a table in the place of an element, a part of it a cell."""
    table = soup.new_tag("table")
    for parts in rows:
        table.append(_line(soup, *([part] for part in parts)))
    old.replace_with(table)


def _tabulate(soup: BeautifulSoup, heading: Tag) -> None:
    """Put the rows under a heading into one table."""
    table = soup.new_tag("table", attrs={"class": "row-table"})
    while (row := heading.find_next_sibling()) and row.get("class", [""])[0] in (
        "row",
        "group-label",
    ):
        row.extract()
        if "group-label" in row["class"]:
            inner = heading.find_next_sibling("table").extract()
            table.append(_line(soup, list(row.contents), [inner]))
        else:
            label = list(row.b.extract().contents)
            table.append(_line(soup, label, list(row.contents)))
    if row and row.get("class") == ["not-asked"]:
        for label in row.extract().get_text().partition(":")[2].split(";"):
            table.append(_line(soup, [label.strip()], ["Not asked"]))
    heading.insert_after(table)


def _line(soup: BeautifulSoup, *cells: list[Tag]) -> Tag:
    line = soup.new_tag("tr")
    for content in cells:
        cell = soup.new_tag("td")
        cell.extend(content)
        line.append(cell)
    return line


def cpu(renderer: Renderer, page: str) -> float:
    """CPU seconds that the renderer's process spends on a page."""
    # Linux: the CPU clock of another process.
    clock = (~renderer.pid() << 3) | 2
    start = time.clock_gettime(clock)
    renderer.render(page, "letter")
    return time.clock_gettime(clock) - start


def measure(times: int = 7) -> list[Row]:
    """CPU ms of pages drawn in turn; then two renderers at once against one, by the clock."""
    record = records.full()
    sides = {untuned: Renderer(command=(sys.executable, "-c", PLAIN)), tuned: Renderer()}
    pages = {side: side(record) for side in sides}
    for side, renderer in sides.items():
        renderer.render(pages[side], "letter")
    spent: dict[Draw, list[float]] = {side: [] for side in sides}
    for _ in range(times):
        for side, renderer in sides.items():
            spent[side].append(cpu(renderer, pages[side]) * 1000)
    slow, fast = median(spent[untuned]), median(spent[tuned])
    sides[untuned].stop()
    two = together(sides[tuned], pages[tuned])
    sides[tuned].stop()
    return [
        Row("5", "physician's PDF", fast, slow, "auto-layout tables", most=GOAL),
        Row("5", "PDF seen again", seen_again(), slow, "auto-layout tables", most=GOAL_AGAIN),
        Row("5", "PDFs a second, two renderers", *two, "one renderer", least=1.7, unit="/s"),
    ]


def together(first: Renderer, page: str, times: int = 5) -> tuple[float, float]:
    """Documents a second, by the clock: of two renderers at once, and of one."""
    second = Renderer()
    second.render(page, "letter")
    both, alone = [], []
    for _ in range(times):
        alone.append(1 / clocked([first], page))
        both.append(2 / clocked([first, second], page))
    second.stop()
    return median(both), median(alone)


def clocked(renderers: list[Renderer], page: str) -> float:
    """Seconds until each has drawn the page."""
    start = time.perf_counter()
    with ThreadPoolExecutor(len(renderers)) as pool:
        list(pool.map(lambda renderer: renderer.render(page, "letter"), renderers))
    return time.perf_counter() - start


def seen_again(times: int = 50) -> float:
    """CPU ms to read a stored summary and open it."""
    with installation() as site:
        office = site.office
        receipt = submit_answers(office, person())
        with office.database.write() as conn:
            sent = submission_by_reference(conn, office.vault, receipt.reference)
            kept = {"kind": "pdf", "paper": "letter"}
            content = bytes(200_000)
            store_document(conn, office.vault, sent, content=content, now=office.now(), **kept)

        def read() -> None:
            with office.database.read() as conn:
                assert read_document(conn, office.vault, sent, **kept) == content

        return medians({"read": Side(read, times)})["read"]


if __name__ == "__main__":
    show(measure())
