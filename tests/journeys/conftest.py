"""A server, a Chromium and a look into the server's store, once a module."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from screening import create_app
from screening.settings import Settings
from tests.browser import chromium
from tests.server import Server
from tests.site import Clock, Site


def copied_installation(made: Path, folders: pytest.TempPathFactory) -> Path:
    instance = folders.mktemp("journey") / "instance"
    shutil.copytree(made, instance)
    return instance


@pytest.fixture(scope="module")
def server(made_installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(copied_installation(made_installation, tmp_path_factory))
    running.environment["SCREENING_SMTP_URL"] = "smtp://127.0.0.1:9"  # set up, and away
    running.start()
    running.start_worker()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def store(server: Server) -> Iterator[Site]:
    """The same installation seen from here, by today's clock."""
    app = create_app(Settings(instance=server.instance, testing=True))
    yield Site(app, Clock(app.extensions["office"], datetime.now(UTC)))
    app.extensions["office"].database.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found
