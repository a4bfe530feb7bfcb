"""Goals 1 and 3: a page of about 12 questions, and the same page with errors."""

from collections.abc import Callable
from typing import Any

from screening.web.judging import OURS
from tests.walker import Walker

from .measure import Row, Side, medians
from .people import FORM, PAGES, at_the_check, encoded, filled, hello, installation

EVERY = 3  # of so many answers one is taken away for a page with errors


def measure() -> list[Row]:
    bare = hello().test_client()
    with installation() as site:
        walker = at_the_check(site)
        faulty = {page: with_errors(walker, page) for page in PAGES}
        sides = {
            "hello": Side(lambda: bare.get("/"), 200),
            "page": Side(each_page(lambda page: get(walker, page)), 5),
            "errors": Side(each_page(lambda page: post(walker, page, faulty[page], 200)), 5),
        }
        took = medians(sides)
    page, errors = took["page"] / len(PAGES), took["errors"] / len(PAGES)
    return [
        Row("1", "question page of 12 fields", page, took["hello"], "a bare Flask hello", most=3),
        Row("3", "page with errors", errors, page, "the page of goal 1", most=2.5),
    ]


def each_page(act: Callable[[str], Any]) -> Callable[[], None]:
    def all_pages() -> None:
        for page in PAGES:
            act(page)

    return all_pages


def get(walker: Walker, page: str) -> None:
    answer = walker.client.get(f"/form/{page}")
    assert answer.status_code == 200, answer.status


def post(walker: Walker, page: str, body: bytes, status: int = 303) -> None:
    answer = walker.client.post(f"/form/{page}", data=body, content_type=FORM)
    assert answer.status_code == status, answer.status


def with_errors(walker: Walker, page: str) -> bytes:
    """The page's form with every third answer emptied."""
    fields = filled(walker, page)
    answered = [name for name in dict.fromkeys(fields) if name not in OURS]
    for name in answered[::EVERY]:
        fields.poplist(name)
    return encoded(fields)
