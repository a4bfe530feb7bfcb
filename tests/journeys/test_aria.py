"""What a screen reader is told of ten key pages, kept word for word.

A change of structure shows here as a difference to read, not as a number. After an intended change:
`ARIA=write ./run test tests/journeys/test_aria.py`, then read what git says has changed.
"""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from screening.workflows import intake as intake_flow
from tests.browser import Visitor
from tests.builders import example, person
from tests.server import Server
from tests.site import Site

pytestmark = [pytest.mark.journey, pytest.mark.slow]

KEPT = Path(__file__).parents[1] / "fixtures" / "aria"
PLAN = example("urgent-suicide-plan")["answers"]
MONTHS = "January February March April May June July August September October November December"
# What differs from day to day and from patient to patient.
VARIES = (
    (re.compile(rf"(?:\w+day, )?(?:{'|'.join(MONTHS.split())}) \d{{1,2}}(?:, \d{{4}})?"), "DATE"),
    (re.compile(r"\d{1,2}:\d\d [AP]M"), "TIME"),
    (re.compile(r"127\.0\.0\.1:\d+"), "ADDRESS"),
    (re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b"), "REFERENCE"),
    (re.compile(r"(?:\b[0-9A-Z]{4} ){6}[0-9A-Z]{2}\b"), "CODE"),
)


def said(visitor: Visitor) -> str:
    text = visitor.page.locator("body").aria_snapshot()
    for pattern, name in VARIES:
        text = pattern.sub(name, text)
    return text + "\n"


def is_as_kept(name: str, visitor: Visitor) -> None:
    path = KEPT / f"{name}.yaml"
    if os.environ.get("ARIA") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(said(visitor), "utf-8")
    assert said(visitor) == path.read_text("utf-8"), name


@pytest.fixture
def visitor(browser: Browser, server: Server) -> Any:
    found = Visitor(browser, server.url)
    yield found
    found.close()


def resumed(visitor: Visitor, store: Site, until: str, answers: dict[str, Any]) -> Visitor:
    code = intake_flow.new_code_for(store.office, store.start(answers, until=until))
    return visitor.resume(code, answers["date_of_birth"])


def test_before_the_form(visitor: Visitor) -> None:
    for name, path in (("start", "/"), ("about", "/about"), ("first-page", "/form/welcome")):
        visitor.open(path)
        is_as_kept(name, visitor)
    visitor.walk(person(), until="date-of-birth").answer_page(person())
    is_as_kept("code", visitor)


def test_pages_of_the_form(visitor: Visitor, store: Site) -> None:
    resumed(visitor, store, "check", person())
    for page in ("contact", "mood", "antidepressant-trials"):
        visitor.open(f"/form/{page}")
        is_as_kept(page, visitor)
    visitor.open("/check")
    is_as_kept("check", visitor)


def test_an_error(visitor: Visitor, store: Site) -> None:
    resumed(visitor, store, "contact", person())
    visitor.open("/form/contact").press()
    is_as_kept("error", visitor)


def test_help_and_after(visitor: Visitor, store: Site) -> None:
    resumed(visitor, store, "safety", PLAN)
    visitor.open("/form/safety").answer_page(PLAN)
    is_as_kept("help", visitor)
    visitor.walk(PLAN, until="/check").walk(PLAN)
    is_as_kept("receipt", visitor)
