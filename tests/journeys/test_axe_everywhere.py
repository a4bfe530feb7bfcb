"""axe-core on every page of the form, blank with its errors and filled in: nothing to complain of,
and nothing left to review. Both languages, with and without JavaScript.

AXE=all judges each page in each of the four ways; without it each page once, the ways taking turns.
"""

import os
from collections.abc import Iterator
from itertools import chain, product
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser

from screening.assessment.facts import Facts
from screening.questionnaire.definition import Page
from screening.questionnaire.loader import current
from screening.workflows import intake as intake_flow
from screening.workflows.progress import Progress
from tests.browser import Visitor
from tests.builders import TODAY, example
from tests.people import EXAMPLES, complete_person
from tests.server import Server
from tests.site import Site

from .test_axe import RUN, axe

pytestmark = [pytest.mark.journey, pytest.mark.slow]

WAYS = list(product(("en", "es"), ("with scripts", "without")))
PAGES = list(current().pages.values())


def asker(page: Page) -> dict[str, Any]:
    """The answers of somebody who is asked this page: an example, else a person drawn by chance."""
    examples = (example(name)["answers"] for name in ["candidate", *EXAMPLES])
    drawn = (complete_person(current(), Random(seed)) for seed in range(100))
    people: Iterator[dict[str, Any]] = chain(examples, drawn)
    return next(a for a in people if Progress(Facts(current(), a, TODAY), ()).is_asked(page))


@pytest.fixture(scope="module")
def visitors(browser: Browser, server: Server) -> Iterator[dict[tuple[str, str], Visitor]]:
    found = {}
    for language, scripts in WAYS:
        # Our own policy would keep axe out, as it should.
        visitor = Visitor(browser, server.url, bypass_csp=True, locale=f"{language}-US")
        visitor.page.set_viewport_size({"width": 390, "height": 844})
        if scripts == "without":
            visitor.context.route("**/*.js", lambda route: route.abort())
        found[language, scripts] = visitor
    yield found
    for visitor in found.values():
        visitor.close()


def complaints(visitor: Visitor) -> list[list[str]]:
    visitor.page.evaluate(axe())
    found: list[list[str]] = visitor.page.evaluate(RUN, [])
    return found


def ways(number: int) -> list[tuple[str, str]]:
    return WAYS if os.environ.get("AXE") == "all" else [WAYS[number % len(WAYS)]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.id)
def test_a_page_blank_wrong_and_filled_in(
    visitors: dict[tuple[str, str], Visitor], store: Site, page: Page
) -> None:
    found = {}
    for language, scripts in ways(PAGES.index(page)):
        visitor = visitors[language, scripts]
        answers = asker(page) | {"language": language}
        if page is PAGES[0]:
            visitor.context.clear_cookies()
        else:
            code = intake_flow.new_code_for(store.office, store.start(answers, until=page.id))
            visitor.resume(code, answers["date_of_birth"])
        visitor.open(f"/form/{page.id}")
        assert visitor.page.get_attribute("html", "lang") == language
        found[language, scripts, "blank"] = complaints(visitor)
        visitor.press()
        found[language, scripts, "sent blank"] = complaints(visitor)
        if visitor.path == f"/form/{page.id}" and page.group is None:
            names = visitor.names()
            visitor.type_in({name: "x" for name in names if is_text(visitor, name)})
            found[language, scripts, "typed in"] = complaints(visitor)
    assert {state: said for state, said in found.items() if said} == {}


def is_text(visitor: Visitor, name: str) -> bool:
    return visitor.page.locator(f'[name="{name}"]').first.evaluate("one => one.type") == "text"
