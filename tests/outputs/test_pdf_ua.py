"""Two dozen patients' summaries: accessible by two checkers and by our own, and word for word."""

import io
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import outloud
import pdfua
import pymupdf
import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from screening.outputs.pdf import render, summary_html
from screening.record import Record
from tests.outputs import patients
from tests.outputs.test_pdf import needs_pango

pytestmark = [needs_pango, pytest.mark.slow]
FOOT = 42  # points at the foot of a page that hold no content
MADE = datetime(2026, 11, 12, 10, 5)  # noqa: DTZ001  the clinic's own time


def drawn(record: Record, paper: str = "letter") -> tuple[str, bytes]:
    """The page and the PDF that is made of it."""
    html = summary_html(record, paper=paper, clinic="Riverside Clinic", made_at=MADE)
    return html, render(html, paper)


@pytest.mark.parametrize("name", patients.TWO_DOZEN)
def test_a_summary_is_accessible_and_says_what_the_record_says(name: str, tmp_path: Path) -> None:
    record = patients.one_of_two_dozen(name)
    html, pdf = drawn(record, "a4" if len(name) % 2 else "letter")
    no_checker_finds_an_error(pdf, tmp_path)
    tags_are_whole(PdfReader(io.BytesIO(pdf)), record)
    says_the_same(html, pdf)
    holds_the_record(html, record)
    first_pages_are_few(pdf)


def test_a_usual_patient_takes_four_pages() -> None:
    _, pdf = drawn(patients.example_record("candidate"))
    assert len(page_texts(pdf)) == 4


def test_the_most_that_can_be_typed_stays_on_the_paper() -> None:
    html, pdf = drawn(patients.longest())
    says_the_same(html, pdf)
    nothing_leaves_the_paper(pdf)


def test_page_one_of_somebody_sure_of_nothing_holds_what_would_be_gravest() -> None:
    record = patients.full_of_unknowns()
    html, pdf = drawn(record, "a4")
    says_the_same(html, pdf)
    nothing_leaves_the_paper(pdf)
    grave = [f for _, group in record.unknowns for f in group if f.kind == "urgent"]
    assert len(grave) > 5
    for found in grave:
        assert squeezed(found.says) in page_texts(pdf)[0]


# What is asked of every one


def no_checker_finds_an_error(pdf: bytes, folder: Path) -> None:
    file = folder / "summary.pdf"
    file.write_bytes(pdf)
    found = outloud.check(str(file))
    assert found.error is None
    assert [f.to_dict() for f in found.findings if f.severity == "error"] == []
    # What is read aloud comes in the order in which it stands, and the foot of a page does not.
    assert not {f.rule for f in found.findings} & {"ORD-001", "PAG-001", "FIG-012"}
    assert [(f.rule_id, f.message) for f in pdfua.validate(str(file)).findings] == []


def tags_are_whole(document: PdfReader, record: Record) -> None:
    root = document.trailer["/Root"]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("en", True)
    assert document.metadata.title == f"Screening summary {record.reference}"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    elements = list(tagged(root["/StructTreeRoot"]))
    levels = [int(e["/S"][2]) for e in elements if e["/S"] in ("/H1", "/H2", "/H3")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(list(bookmarks(document.outline))) == len(levels)
    heads = [e for e in elements if e["/S"] == "/TH"]
    assert heads
    assert {e["/A"]["/Scope"] for e in heads} <= {"/Column", "/Row"}
    bars = [score for score in record.scores if score.fraction is not None]
    figures = [e for e in elements if e["/S"] == "/Figure"]
    assert len(figures) == len(bars)
    for score, figure in zip(bars, figures, strict=True):
        left, bottom, right, top = figure["/A"]["/BBox"]
        assert f"{score.name} score {score.total} of {score.highest}" in figure["/Alt"]
        assert 0 < left < right < 612
        assert 0 < bottom < top < 842
    spoken = {e["/Lang"] for e in elements if "/Lang" in e}
    assert spoken == {record.language}


def says_the_same(html: str, pdf: bytes) -> None:
    """The PDF's text is the page's, page after page; the head of a table comes again with it."""
    page = BeautifulSoup(html, "html.parser")
    for unseen in page.select("head, title"):
        unseen.decompose()
    wanted, at = squeezed(page.get_text()), 0
    heads = ["", *(squeezed(head.get_text()) for head in page.select("thead"))]
    for number, text in enumerate(page_texts(pdf), 1):
        again = (h for h in heads if text.startswith(h) and wanted.startswith(text[len(h) :], at))
        head = next(again, None)
        assert head is not None, f"page {number} has another text: {text[:200]}"
        at += len(text) - len(head)
    assert at == len(wanted)


def holds_the_record(html: str, record: Record) -> None:
    said = squeezed(BeautifulSoup(html, "html.parser").get_text())
    for text in texts_of(record):
        assert squeezed(text) in said, text


def first_pages_are_few(pdf: bytes) -> None:
    texts = page_texts(pdf)
    behind = [n for n, text in enumerate(texts) if text.startswith("history,medicinesandfigures")]
    answers = [n for n, text in enumerate(texts) if "everyanswerwelcomeandconsent" in text]
    assert behind == [1]
    assert len(answers) == 1
    assert 1 <= answers[0] <= 3


def nothing_leaves_the_paper(pdf: bytes) -> None:
    for page in pymupdf.open(stream=pdf):
        for left, top, right, bottom, word, *_ in page.get_text("words"):
            assert 36 < left < right < page.rect.width - 36, (page.number, word)
            assert 28 < top < bottom < page.rect.height - 12, (page.number, word)


def texts_of(record: Record) -> Iterator[str]:
    """All that a record says, in its own words."""
    yield from (record.name, record.preferred_name, record.outcome, record.main_concern)
    for finding in (*record.findings, *(f for _, group in record.unknowns for f in group)):
        yield from (finding.says, *finding.sources)
        if finding.finding.status == "met":
            yield from (finding.why, finding.settles)
            yield from (f"{label}: {words}" for label, words in finding.read)
    yield from (label for label, _ in record.unknowns)
    for indication in record.indications:
        yield indication.condition
        yield from (f"{label}: {words}" for label, words in indication.read)
    for score in record.scores:
        yield from (score.name, score.total, score.band)
    for trial in record.trials:
        yield from (trial.drug, trial.dose, trial.least, trial.weeks, trial.improvement)
        yield from (trial.episode, trial.added_to, trial.note, *trial.remarks)
    for medicine in record.medicines:
        yield from (medicine.name, medicine.dose, medicine.frequency, medicine.known_as)
        yield from (medicine.weight, *medicine.flags, *medicine.notes)
    for row in (row for section in record.sections for row in section.rows):
        yield row.label
        yield from (cell.text for cells in row.cells for cell in cells)
        yield "" if row.cells else row.text


def squeezed(text: str) -> str:
    return "".join(text.split()).casefold()


def page_texts(pdf: bytes) -> list[str]:
    """The text of each page, what stands at its foot left out."""
    return [
        squeezed(page.get_text(clip=(0, 0, page.rect.width, page.rect.height - FOOT), flags=0))
        for page in pymupdf.open(stream=pdf)
    ]


def tagged(root: Any) -> Iterator[Any]:
    """The tags in the order in which they are read."""
    kids = root.get_object().get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        element = kid.get_object()
        if isinstance(element, dict) and "/S" in element:
            yield element
            yield from tagged(element)


def bookmarks(outline: list[Any]) -> Iterator[Any]:
    for item in outline:
        yield from bookmarks(item) if isinstance(item, list) else [item]
