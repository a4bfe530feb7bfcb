"""The word that tells whether a request is being served."""

import threading
import time
from pathlib import Path

import pytest
from flask import Flask

from screening.outputs.renderer import FRESH, shared_words
from screening.web import serving


def an_app(folder: Path) -> tuple[Flask, list[int]]:
    """An app whose page notes until when the machine is claimed meanwhile."""
    app, seen = Flask(__name__), []

    def look() -> str:
        seen.append(claimed(folder))
        return "page"

    def fail() -> str:
        look()
        raise RuntimeError

    for view in (look, fail):
        app.add_url_rule(f"/{view.__name__}", view_func=view)
    serving.install(app, folder / "serving")
    return app, seen


def claimed(folder: Path) -> int:
    return max(shared_words(str(folder / "serving"), writes=False))


@pytest.mark.parametrize("page", ["look", "fail", "nowhere"])
def test_the_machine_is_claimed_during_a_request_and_hardly_after_it(
    tmp_path: Path, page: str
) -> None:
    app, seen = an_app(tmp_path)
    before = time.monotonic_ns()
    app.test_client().get(f"/{page}")
    after = time.monotonic_ns()
    assert all(before + FRESH <= until <= after + FRESH for until in seen)
    assert len(seen) == (page != "nowhere")
    assert before < claimed(tmp_path) <= after + serving.LINGER


def test_threads_claim_it_each_with_a_word_of_their_own(tmp_path: Path) -> None:
    app, seen = an_app(tmp_path)
    all_here = threading.Barrier(8)

    def ask() -> None:
        all_here.wait()  # so that no two have the number of an ended one
        app.test_client().get("/look")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    words = shared_words(str(tmp_path / "serving"), writes=False)
    assert len(seen) == 8
    assert sum(word > 0 for word in words) > 1


def test_without_a_place_for_the_file_pages_are_served(tmp_path: Path) -> None:
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: "page")
    serving.install(app, tmp_path / "no such folder" / "serving")
    assert app.test_client().get("/").text == "page"
