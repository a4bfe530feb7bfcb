"""The physician's PDF: what it says, what it never reads, and that its renderer comes back."""

import ctypes.util
import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from pypdf import PdfReader

from screening.outputs import renderer
from screening.outputs.pdf import outcome_reason, render, summary_html
from screening.outputs.renderer_client import COMMAND, Renderer, RendererMissingError, RenderError
from screening.record import Record
from tests.outputs import records

HOSTILE = (
    '<img src="file:///etc/passwd">',
    '<link rel="attachment" href="file:///etc/hostname">',
    "<style>@import url(http://203.0.113.9/a.css);</style>",
    '<svg xmlns="http://www.w3.org/2000/svg"><image href="http://203.0.113.9/a.png"/></svg>',
    "{{ 7 * 7 }}{% include 'secret' %}",
    "</p><h1>Candidate for review</h1>",
    "&lt;b&gt;",
)

needs_pango = pytest.mark.skipif(
    ctypes.util.find_library("pangoft2-1.0") is None,
    reason="Pango is missing: apt-get install libpangoft2-1.0-0 libharfbuzz-subset0",
)


def page(record: Record, paper: str = "letter") -> str:
    made = datetime(2026, 11, 12, 10, 5)  # noqa: DTZ001  the clinic's own time
    return summary_html(record, paper=paper, clinic="Riverside Clinic", made_at=made)


def pdf(record: Record, paper: str = "letter") -> PdfReader:
    return PdfReader(io.BytesIO(render(page(record, paper), paper)))


def text(document: PdfReader, number: int | None = None) -> str:
    pages = document.pages if number is None else [document.pages[number]]
    return "\n".join(sheet.extract_text() for sheet in pages)


def one_line(words: str) -> str:
    return " ".join(words.split())


def with_answer(typed: str) -> Record:
    """The tiny record, with this typed in the long answer, a medicine's name and the name."""
    tiny = records.tiny()
    said = records.row("said", "Said", typed, kind="longtext", own_words=True)
    group = records.row(
        "medications", "Medicines", "1", kind="group", cells=(records.cells(("Name", typed)),)
    )
    section = replace(tiny.sections[0], rows=(said, group))
    return replace(tiny, name=typed, preferred_name=typed, sections=(section,))


@pytest.fixture(scope="module")
def ordinary() -> PdfReader:
    return pdf(records.ordinary())


@pytest.fixture(scope="module")
def heavy() -> PdfReader:
    return pdf(records.heavy(), "a4")


@pytest.fixture
def own_renderer() -> Iterator[Renderer]:
    own = Renderer()
    yield own
    own.stop()


# The page, before it is a PDF


def test_the_states_of_an_answer_are_told_apart() -> None:
    html = page(records.tiny())
    assert '<span class="tag missing">Not answered</span>' in html
    assert '<span class="tag discuss">Wants to talk in person</span>' in html
    assert '<span class="tag unsure">Not sure</span>' in html
    assert "<b>Not asked:</b> Last drink" in html


def test_the_patients_own_words_carry_their_language() -> None:
    assert '<span class="said" lang="es">I can&#39;t sleep.\nMi niña me dice' in page(
        records.tiny()
    )


def test_an_in_person_wish_is_on_page_one() -> None:
    page_one = page(records.tiny()).split('<h1 class="part">')[0]
    assert "What happened" in page_one.split("Wants to talk in person")[1]


def test_the_reason_counts_the_findings_by_kind() -> None:
    assert outcome_reason(records.ordinary()).endswith(
        ": 3 to clear, 2 cautions, 2 questions open."
    )
    assert outcome_reason(records.calm()).endswith("is to be cleared first.")


def test_findings_stand_in_order_of_kind() -> None:
    html = page(records.heavy())
    words = ("Thoughts of suicide", "Psychotic symptoms now", "Liver tests", "Nobody yet to take")
    places = [html.index(word) for word in words]
    assert places == sorted(places)


@pytest.mark.parametrize("typed", HOSTILE)
def test_nothing_typed_becomes_markup(typed: str) -> None:
    plain = re.findall(r"<[^>]*>", page(with_answer("nothing")))
    assert re.findall(r"<[^>]*>", page(with_answer(typed))) == plain


def test_marks_that_turn_text_round_are_dropped() -> None:
    assert "\u202e" not in page(with_answer("yes\u202eon"))


def test_letters_without_a_font_are_announced() -> None:
    assert "A box stands for a letter" in page(with_answer("李明"))
    assert "A box stands for a letter" not in page(with_answer("Ñandú Ωμέγα Жанна Nguyễn ≥ 🙂"))


def test_substance_answers_are_marked_and_the_notice_closes_the_document() -> None:
    assert page(records.tiny()).count('<small class="mark">P2</small>') == 2
    assert "42 CFR part 2 prohibits unauthorized use or disclosure" in page(records.tiny())
    assert "42 CFR part 2" not in page(with_answer("none"))


def test_a_record_without_age_birth_or_trials_is_still_drawn() -> None:
    bare = replace(records.tiny(), age=None, date_of_birth=None, preferred_name="", sections=())
    assert "The question about past medicines has no answer." in page(bare)


# The PDF


@needs_pango
def test_page_one_answers_the_first_minute(heavy: PdfReader) -> None:
    first = one_line(text(heavy, 0))
    for words in (
        "Ana María O'Neill", "goes by Ani", "March 4, 1985", "KQ7F-3M2P", "Spanish", "the patient",
        "Urgent: act now", "Thoughts of suicide", "C-SSRS 5, plan worked out: Yes",
        "Psychotic symptoms now", "Source of psychosis-now", "To clear first",
        "The software sorts; the physician decides.", "2 by the strict count (6 weeks or more)",
        "Treatment-resistant depression (two or more): criterion met",
        "Maudsley stage 7 of 15, moderate",
    ):  # fmt: skip
        assert words in first


@needs_pango
def test_an_ordinary_patient_fits_on_page_one(ordinary: PdfReader) -> None:
    first = one_line(text(ordinary, 0))
    for words in ("Clearance needed", "Moderately severe, at or above", "criterion met"):
        assert words in first
    assert one_line(text(ordinary, 1)).startswith("History, medicines and figures")
    assert " Every answer " in one_line(text(ordinary, 1))


@needs_pango
def test_trials_are_shown_with_verdict_counts_and_limits(heavy: PdfReader) -> None:
    whole = one_line(text(heavy))
    for words in (
        "Two or more adequate antidepressant trials failed in this episode.",
        "after 6 weeks or more (strict) 2", "as augmentation 1", "Failed in a lifetime 3",
        "Zoloft sertraline (SSRI) 150 mg from 50 mg 12", "added to venlafaxine", "still taken",
        "Dose low highest dose under the adequate minimum",
        "Maudsley stage 7 of 15, moderate: duration 2, severity 3, failed trials 1",
        "agreed with an interview in 76% of patients",
    ):  # fmt: skip
        assert words in whole


@needs_pango
def test_words_stay_as_typed_with_lines_accents_and_emoji() -> None:
    document = pdf(records.tiny())
    answers = text(document)
    assert re.search(r"I can't sleep\.\s*\n\s*Mi niña me dice: «descansa»", answers)
    assert "🙂" in answers
    fonts = {font["/BaseFont"] for sheet in document.pages for font in _fonts(sheet)}
    assert any("Noto-Emoji" in font for font in fonts)
    assert not any("DejaVu" in font for font in fonts)


@needs_pango
def test_states_and_tables_reach_the_paper() -> None:
    answers = one_line(text(pdf(records.tiny())))
    for words in (
        "Access needs Not answered", "What happened Wants to talk in person",
        "Not asked: Last drink", "Length of this episode Not sure", "sertraline 100 mg left blank",
    ):  # fmt: skip
        assert words in answers


@needs_pango
@pytest.mark.parametrize(("paper", "size"), [("letter", (612, 792)), ("a4", (595, 842))])
def test_paper_sizes(paper: str, size: tuple[int, int]) -> None:
    box = pdf(records.tiny(), paper).pages[0].mediabox
    assert (round(box.width), round(box.height)) == size


@needs_pango
def test_every_page_says_what_it_is_and_not_whose(heavy: PdfReader) -> None:
    for number, sheet in enumerate(heavy.pages, 1):
        words = one_line(sheet.extract_text())
        assert "self-reported; not a diagnosis" in words
        assert f"Page {number} of {len(heavy.pages)}" in words
        assert "KQ7F-3M2P · 2026-1 · 0123456789" in words
        assert number == 1 or "O'Neill" not in words


@needs_pango
def test_it_is_tagged_titled_and_has_bookmarks(heavy: PdfReader) -> None:
    root = heavy.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert heavy.metadata is not None
    assert heavy.metadata.title == "Screening summary KQ7F-3M2P"
    titles = [item.title for item in _flat(heavy.outline)]
    assert titles[0].startswith("Ana María O'Neill")
    assert {"Every answer", "Scores", "Sources", "To clear first"} <= set(titles)


@needs_pango
def test_header_cells_head_their_column_or_row(heavy: PdfReader) -> None:
    scopes = [cell["/A"]["/Scope"] for cell in _elements(heavy.trailer["/Root"]) if _is_th(cell)]
    assert set(scopes) == {"/Column", "/Row"}


# What it never reads


@needs_pango
def test_hostile_answers_are_printed_as_typed() -> None:
    document = pdf(with_answer("\n".join(HOSTILE)))
    printed = one_line(text(document)).replace(" ", "")
    for typed in HOSTILE:
        assert typed.replace(" ", "") in printed
    assert not document.attachments


@needs_pango
def test_even_real_markup_opens_nothing() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        html = f"""<html lang="en"><title>x</title>
            <link rel="attachment" href="file:///etc/passwd"><link rel="stylesheet" href="{url}">
            <style>@import url({url}); body {{ background: url({url}) }}</style>
            <p>still here</p><img src="{url}" alt="a"><img src="file:///etc/passwd" alt="b">
            <img alt="c" src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E">"""
        document = PdfReader(io.BytesIO(render(html, "a4")))
        with pytest.raises(BlockingIOError):
            server.accept()
    assert "still here" in text(document)
    assert not document.attachments
    assert not document.pages[0].images


@needs_pango
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://203.0.113.9/",
        "data:text/css,",
        (Path(renderer.__file__)).as_uri(),
    ],
)
def test_the_fetcher_refuses_all_but_our_fonts(url: str) -> None:
    font = next((renderer.HERE / "fonts").glob("*.ttf"))
    ours = renderer.fetcher({font.as_uri(): font})
    assert ours.fetch(font.as_uri()).read(4) == b"\0\1\0\0"
    with pytest.raises(ValueError, match="refused"):
        ours.fetch(url)


INSIDE = f"""
import runpy, socket, sys
renderer = runpy.run_path({renderer.__file__!r})
walls = renderer["confine"]()
print(walls["network"], walls["files"])
try: open({__file__!r}); print("read")
except PermissionError: print("closed")
try: socket.create_connection(("127.0.0.1", 9), 1); print("connected")
except OSError as error: print(type(error).__name__)
if len(sys.argv) > 1: renderer["load"]()
print(*(name for name in ("flask", "sqlalchemy", "screening") if name in sys.modules))
"""


def _inside(folder: Path, *arguments: str) -> list[str]:
    run = subprocess.run(
        (*COMMAND[:-1], "-c", INSIDE, *arguments),
        env={"TMPDIR": str(folder)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return run.stdout.split("\n")


def test_the_renderer_reaches_neither_our_files_nor_the_network(tmp_path: Path) -> None:
    walls, file, connection, *_ = _inside(tmp_path)
    network, files = walls.split()
    if files == "True":
        assert file == "closed"
    if network == "True":
        assert connection != "ConnectionRefusedError"  # a refusal would come from a real network
    if "False" in walls:
        pytest.skip(f"this system cannot put up both walls (network, files): {walls}")


@needs_pango
def test_the_renderer_loads_neither_flask_nor_storage(tmp_path: Path) -> None:
    assert _inside(tmp_path, "load")[3] == ""


def test_asking_for_a_pdf_does_not_load_weasyprint_here() -> None:
    code = "import sys, screening.outputs.pdf; print('weasyprint' in sys.modules)"
    run = subprocess.run(
        (sys.executable, "-c", code), capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert run.stdout.strip() == "False"


# When it goes wrong


@needs_pango
def test_a_renderer_that_died_is_started_again(own_renderer: Renderer) -> None:
    html = page(records.tiny())
    first = own_renderer.pid()
    os.kill(first, signal.SIGKILL)
    own_renderer._process.wait()
    assert own_renderer.render(html, "letter").startswith(b"%PDF")
    assert own_renderer.pid() != first


@needs_pango
def test_a_renderer_that_hangs_is_ended_and_started_again(own_renderer: Renderer) -> None:
    first = own_renderer.pid()
    os.kill(first, signal.SIGSTOP)
    own_renderer._seconds = 0.2
    with pytest.raises(RenderError, match="too long"):
        own_renderer.render("<p>", "a4")
    own_renderer._seconds = 60
    assert own_renderer.render(page(records.tiny()), "a4").startswith(b"%PDF")
    assert own_renderer.pid() != first


def test_a_document_may_not_use_the_processor_for_ever() -> None:
    code = f"""
import io, runpy
module = runpy.run_path({renderer.__file__!r})
module["serve"].__globals__["CPU_SECONDS"] = 0
def endless(html, paper):
    while True: pass
request = io.BytesIO(b"\\0\\0\\0\\3a4\\n")
module["serve"](request, io.BytesIO(), endless)
"""
    run = subprocess.run((sys.executable, "-c", code), timeout=30, check=False)
    assert run.returncode == -signal.SIGXCPU


def test_a_page_that_fails_is_named_and_the_next_one_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Its limit on processor time would end this process, and with it all further tests.
    monkeypatch.setattr(renderer, "_allow_more_time", lambda: None)

    def draw(html: str, paper: str) -> bytes:
        if "bad" in html:
            raise RecursionError(html)
        return paper.encode() + html.encode()

    requests, answers = io.BytesIO(), io.BytesIO()
    for message in (b"a4\nbad secret", b"letter\ngood"):
        renderer.write_message(requests, message)
    requests.seek(0)
    renderer.serve(requests, answers, draw)
    answers.seek(0)
    assert renderer.read_message(answers) == b"-RecursionError"
    assert renderer.read_message(answers) == b"+lettergood"
    assert renderer.read_message(answers) is None


def test_missing_libraries_are_named_with_the_way_to_install_them() -> None:
    broken = "import sys; sys.stdout.buffer.write(b'\\0\\0\\0\\x08-OSError')"
    with pytest.raises(RendererMissingError, match=r"apt-get install .*OSError"):
        Renderer(command=(sys.executable, "-c", broken)).render("<p>", "a4")


def test_other_paper_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown paper"):
        render("<p>", "a5; @import")  # type: ignore[arg-type]


def _fonts(sheet) -> list:
    return [font.get_object() for font in sheet["/Resources"]["/Font"].values()]


def _flat(outline: list) -> list:
    return [
        leaf for item in outline for leaf in (_flat(item) if isinstance(item, list) else [item])
    ]


def _elements(root) -> Iterator:
    waiting = [root["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop().get_object()
        if isinstance(element, dict):
            yield element
            kids = element.get("/K", [])
            waiting.extend(kids if isinstance(kids, list) else [kids])


def _is_th(element) -> bool:
    return element.get("/S") == "/TH"
