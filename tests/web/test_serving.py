"""The word that tells whether a request is being served."""

import time
from pathlib import Path

import pytest
from flask import Flask

from screening.outputs.renderer import shared_word
from screening.web import serving


def an_app(folder: Path) -> tuple[Flask, list[int]]:
    """An app whose page notes what the word holds meanwhile; `/late` is overtaken."""
    app, seen = Flask(__name__), []

    def look() -> str:
        word = shared_word(str(folder / "serving"), writes=True)
        seen.append(word[0])
        return "page"

    def late() -> str:
        word = shared_word(str(folder / "serving"), writes=True)
        word[0] += 1
        seen.append(word[0])
        return "page"

    def fail() -> str:
        look()
        raise RuntimeError

    for view in (look, late, fail):
        app.add_url_rule(f"/{view.__name__}", view_func=view)
    serving.install(app, folder / "serving")
    return app, seen


def left(folder: Path) -> int:
    found: int = shared_word(str(folder / "serving"), writes=False)[0]
    return found


@pytest.mark.parametrize("page", ["look", "fail", "nowhere"])
def test_the_word_holds_the_time_during_a_request_and_nothing_after_it(
    tmp_path: Path, page: str
) -> None:
    app, seen = an_app(tmp_path)
    before = time.monotonic_ns()
    app.test_client().get(f"/{page}")
    assert all(before <= moment <= time.monotonic_ns() for moment in seen)
    assert len(seen) == (page != "nowhere")
    assert left(tmp_path) == 0


def test_a_request_that_began_later_is_still_told_of(tmp_path: Path) -> None:
    app, seen = an_app(tmp_path)
    app.test_client().get("/late")
    assert left(tmp_path) == seen[0] > 0


def test_without_a_place_for_the_file_pages_are_served(tmp_path: Path) -> None:
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: "page")
    serving.install(app, tmp_path / "no such folder" / "serving")
    assert app.test_client().get("/").text == "page"
