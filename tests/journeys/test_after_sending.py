"""After sending, in Chromium with the worker at work: the copy arrives as a file, and closing the
page leaves nothing to go back to."""

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from screening.workflows import intake as intake_flow
from tests.browser import Visitor
from tests.builders import person
from tests.server import Server
from tests.site import Site

pytestmark = [pytest.mark.journey, pytest.mark.slow]


def test_the_copy_arrives_by_itself_and_closing_forgets_it(
    server: Server, browser: Browser, store: Site
) -> None:
    answers = person(language="es", last_name="Cañas")
    code = intake_flow.new_code_for(store.office, store.start(answers, until="check"))
    at = Visitor(browser, server.url, locale="es-US")
    at.resume(code, answers["date_of_birth"]).open("/form/sign").answer_page(answers)
    assert at.path == "/done"
    with at.page.expect_download(timeout=60_000) as arriving:
        at.page.click('main a[href="/answers.pdf"]')
    file = arriving.value
    reference = store.submissions()[-1].reference
    assert file.suggested_filename == f"my-answers-{reference}.pdf"
    document = PdfReader(file.path())
    assert document.trailer["/Root"]["/Lang"] == "es"
    assert "Cañas" in "".join(sheet.extract_text() for sheet in document.pages)
    at.open("/answers")
    assert "Cañas" in at.text
    at.open("/status").click('form[action="/close"] button')
    assert at.path == "/closed"
    for _ in range(3):
        at.page.go_back()
        assert "Cañas" not in at.page.content()
    assert at.complaints == []
    at.close()
