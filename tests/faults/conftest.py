"""The real server on an installation of its own, which a test may kill."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import Server


@pytest.fixture
def server(made_installation: Path, tmp_path: Path) -> Iterator[Server]:
    shutil.copytree(made_installation, tmp_path / "instance")
    running = Server(tmp_path / "instance").start()
    yield running
    running.stop()
