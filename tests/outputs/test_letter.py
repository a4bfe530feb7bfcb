"""A letter on paper: its blocks, what was typed stays text, a tagged PDF in its language."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from screening import logo
from screening.outputs.letter import Letter, blocks, letter_html
from screening.outputs.pdf import Paper, render
from screening.settings import Clinic, Settings
from screening.web import clinic_look
from tests.outputs.test_pdf import HOSTILE, needs_pango

MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><title>Leaf</title>'
    '<circle cx="18" cy="18" r="14" fill="#2c6a5f"/></svg>'
)
LETTER = Letter(
    language="en",
    clinic="Riverside Clinic",
    address="1 River Road, Springfield",
    phone="805-555-0100",
    mark="",
    subject="About your form",
    to=("Quinn Heron", "2 Elm Street"),
    date="November 23, 2026",
    reference=("Reference", "ABCD-EFGH"),
    text="Dear Quinn,\n\nWe will call you.\nSoon.\n\nWe ask for:\n- a test\n- a visit\n\nBye.",
    medicines_title="Medicines",
    medicines=(),
    closing="Sincerely,",
    signer="Ada Okafor",
)


def pdf(letter: Letter, paper: Paper = "letter") -> PdfReader:
    return PdfReader(io.BytesIO(render(letter_html(letter, paper=paper), paper)))


def test_empty_lines_part_paragraphs_and_dashes_make_lists() -> None:
    assert list(blocks(LETTER.text)) == [
        ("text", ["Dear Quinn,"]),
        ("text", ["We will call you.", "Soon."]),
        ("text", ["We ask for:"]),
        ("list", ["a test", "a visit"]),
        ("text", ["Bye."]),
    ]
    assert list(blocks("")) == []


@pytest.mark.parametrize("typed", HOSTILE)
def test_nothing_typed_becomes_markup(typed: str) -> None:
    plain = letter_html(replace(LETTER, text="x", to=("x",), subject="x"), paper="a4")
    typed_in = letter_html(replace(LETTER, text=typed, to=(typed,), subject=typed), paper="a4")
    assert typed_in.count("<") == plain.count("<")


def test_a_logo_is_drawn_and_says_what_it_shows() -> None:
    mark = logo.titled(logo.Logo("x.svg", MARK.encode(), 36, 36), "Riverside & Clinic")
    assert "<title>Riverside &amp; Clinic</title>" in mark
    assert "Leaf" not in mark
    assert "<circle" in letter_html(replace(LETTER, mark=mark), paper="letter")


def test_the_clinics_own_logo_stands_in_the_head_and_a_png_does_not(tmp_path: Path) -> None:
    (tmp_path / "leaf.svg").write_text(MARK, "utf-8")
    clinic = Clinic(logo="leaf.svg")
    mark = clinic_look.mark(Settings(instance=tmp_path, testing=True, clinic=clinic))
    assert "<title>Willow Ketamine Clinic</title>" in mark
    for logo_name in (None, "leaf.png"):
        other = Settings(instance=tmp_path, testing=True, clinic=Clinic(logo=logo_name))
        assert clinic_look.mark(other) == ""


@needs_pango
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_file_is_tagged_titled_and_in_its_language(language: str) -> None:
    mark = logo.titled(logo.Logo("x.svg", MARK.encode(), 36, 36), "Riverside Clinic")
    document = pdf(replace(LETTER, language=language, mark=mark, medicines=("sertraline",)))
    root = document.trailer["/Root"]
    assert root["/Lang"] == language
    assert root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert document.metadata is not None
    assert document.metadata.title == "About your form, ABCD-EFGH"
    kinds = {str(item.get("/S")) for item in _structure(root["/StructTreeRoot"])}
    assert {"/H1", "/P", "/L", "/LI", "/Figure"} <= kinds
    alts = [item["/Alt"] for item in _structure(root["/StructTreeRoot"]) if "/Alt" in item]
    assert alts == ["Riverside Clinic"]
    text = " ".join(document.pages[0].extract_text().split())
    foot = "Página 1 de 1" if language == "es" else "Page 1 of 1"
    assert foot in text
    assert "not a diagnosis" not in text


@needs_pango
def test_a_long_letter_goes_on_over_the_page() -> None:
    document = pdf(replace(LETTER, text="\n\n".join(["A paragraph of words. " * 12] * 30)), "a4")
    assert len(document.pages) > 2
    assert "Ada Okafor" in document.pages[-1].extract_text()


def _structure(node: object) -> list[dict]:  # type: ignore[type-arg]
    found = []
    inside = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(inside, dict):
        found.append(inside)
        below = inside.get("/K", [])
        below = below.get_object() if hasattr(below, "get_object") else below
        for item in below if isinstance(below, list) else [below]:
            found += _structure(item)
    return found
