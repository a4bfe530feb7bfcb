"""Goal 2, CPU: a saved page against precompiled checks, one encryption, one insert, one commit."""

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from screening.questionnaire.definition import Page, Question
from tests.site import Site
from tests.walker import Walker

from .measure import Row, Side, medians
from .pages import post
from .people import FORM, PAGES, at_the_check, encoded, filled, installation

PATIENTS = 3  # a round
Check = Callable[[list[str]], bool]


def measure() -> list[Row]:
    with installation() as site:
        floor = floor_app(site).test_client()
        waiting: list[tuple[Walker, dict[str, bytes]]] = []
        bodies = forms(at_the_check(site))

        def come() -> None:
            # New patients each time: drafts do not grow longer than real ones.
            walkers = [at_the_check(site) for _ in range(PATIENTS + 1)]
            waiting[:] = [(walker, forms(walker)) for walker in walkers]

        def save() -> None:
            walker, filled_in = waiting.pop()
            for page in PAGES:
                post(walker, page, filled_in[page])

        def save_floor() -> None:
            for page in PAGES:
                answer = floor.post(f"/{page}", data=bodies[page], content_type=FORM)
                assert answer.status_code == 303, answer.status

        sides = {"save": Side(save, PATIENTS, before=come), "floor": Side(save_floor, PATIENTS)}
        took = medians(sides)
    save_ms, floor_ms = took["save"] / len(PAGES), took["floor"] / len(PAGES)
    name = "precompiled checks, encrypt, one raw insert, commit"
    return [Row("2", "saved page (stretch 1.5)", save_ms, floor_ms, name, most=2.6)]


def forms(walker: Walker) -> dict[str, bytes]:
    """What a patient's browser sends for each page."""
    return {page: encoded(filled(walker, page)) for page in PAGES}


def floor_app(site: Site) -> Flask:
    """The least that a save can be, in Flask."""
    app = Flask("floor")
    folder = Path(site.app.extensions["settings"].instance)
    conn = sqlite3.connect(folder / "floor.db", isolation_level=None)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=FULL")
    conn.execute("CREATE TABLE saves (id INTEGER PRIMARY KEY, page TEXT, sealed BLOB)")
    checks = {page: checks_of(site.questionnaire.pages[page]) for page in PAGES}
    key = AESGCM(AESGCM.generate_key(256))

    @app.post("/<page>")
    def save(page: str) -> Response:
        answers = {name: request.form.getlist(name) for name in checks[page]}
        assert all(check(answers[name]) for name, check in checks[page].items())
        nonce = os.urandom(12)
        sealed = nonce + key.encrypt(nonce, json.dumps(answers).encode(), page.encode())
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("INSERT INTO saves (page, sealed) VALUES (?, ?)", (page, sealed))
        conn.execute("COMMIT")
        return redirect("/next", 303)

    return app


def checks_of(page: Page) -> dict[str, Check]:
    return {question.id: check_of(question) for question in page.questions}


def check_of(question: Question) -> Check:
    known = {*question.option_ids, "unsure", "discuss", "yes"}
    if question.options:
        return known.issuperset
    return lambda values: all(len(value) < 4000 for value in values)
