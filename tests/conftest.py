"""What most tests start from: an installation of their own, the app on it, and no network."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient

from screening import create_app
from screening.operate import make_installation
from screening.settings import Settings

from . import databases
from .site import Clock, Site
from .web.desk import COMPILED

hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.load_profile("here")

LOOPBACK = ("127.", "::1", "localhost")
real_connect = socket.socket.connect


def connect(self: socket.socket, address: Any) -> None:
    """Only this machine may be spoken to."""
    if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
        raise RuntimeError(f"a test tried to reach {address[0]}")
    real_connect(self, address)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(scope="session")
def made_installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys and an empty database, made once; each test gets a copy."""
    folder = tmp_path_factory.mktemp("made") / "instance"
    make_installation(Settings(instance=folder, testing=True, database_url=databases.pattern()))
    return folder


@pytest.fixture
def settings(made_installation: Path, tmp_path: Path) -> Iterator[Settings]:
    shutil.copytree(made_installation, tmp_path / "instance")
    with databases.copied() as url:
        yield Settings(instance=tmp_path / "instance", testing=True, database_url=url)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.jinja_env.bytecode_cache = COMPILED
    yield app
    app.extensions["office"].database.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def site(app: Flask) -> Site:
    """The app with a clock that stands, and a look into its store."""
    return Site(app, Clock(app.extensions["office"]))
