"""What the sides of the benchmark have in common: an installation, a patient in it, a bare app."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from flask import Flask
from werkzeug.datastructures import MultiDict

from screening import create_app
from screening.operate import make_installation
from screening.settings import Settings
from tests.site import Clock, Site
from tests.walker import Walker

# Pages of 7 to 10 questions of every kind, with up to 14 as they are answered.
PAGES = (
    "contact", "care-team", "mood", "safety", "anxiety", "brain-and-eyes", "lungs-and-airway",
)  # fmt: skip
FORM = "application/x-www-form-urlencoded"


@contextmanager
def installation(*, testing: bool = True) -> Iterator[Site]:
    """An installation of its own with the app on it; its log goes nowhere."""
    with TemporaryDirectory() as folder, quiet():
        settings = Settings(instance=Path(folder) / "instance", testing=testing)
        make_installation(settings)
        app = create_app(settings)
        gc.freeze()  # as gunicorn.conf.py does
        yield Site(app, Clock(app.extensions["office"], datetime.now(UTC)))
        app.extensions["office"].database.close()


@contextmanager
def quiet() -> Iterator[None]:
    """Lines are written, as in use, but not to the terminal."""
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        yield


def at_the_check(site: Site) -> Walker:
    """Somebody who has answered every page."""
    return site.walker_at("check")


def filled(walker: Walker, page_id: str) -> MultiDict[str, str]:
    """What the page's form holds now, its token and revision too."""
    return walker.open(f"/form/{page_id}").filled()


def encoded(fields: MultiDict[str, str]) -> bytes:
    """As a browser sends it on Continue."""
    return urlencode([*fields.items(multi=True), ("action", "continue")]).encode()


def hello() -> Flask:
    """The floor of every page."""
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "hello")
    return app


def environ(site: Site) -> dict[str, str]:
    """The environment of another process on the same installation."""
    instance = site.app.extensions["settings"].instance
    return {
        **os.environ,
        "SCREENING_INSTANCE": str(instance),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
