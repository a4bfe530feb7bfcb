"""Every command in the README is run as it stands there, in an installation of its own."""

import os
import re
import shlex
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)
    for line in block.splitlines()
] + re.findall(r"`(\./run [^`]+)`", README)
# Those that start the server or the tests; each has a test of its own below.
STARTS = {"./run", "./run --port 8080 --host 127.0.0.1"}
TESTS = "./run test"
BENCH = "./run bench"
PLAIN = [c for c in COMMANDS if c not in STARTS | {TESTS, BENCH, "./run seed"}]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"SCREENING_INSTANCE": str(tmp_path / "instance")}


def run(command: str, environ: dict[str, str], **more: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        shlex.split(command),
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=more.get("timeout", 120),
        check=False,
    )


def test_the_readme_names_the_two_commands():
    assert {"./run", TESTS} <= set(COMMANDS)


@pytest.mark.parametrize("command", PLAIN)
def test_a_command_does_what_it_says(command, environ, tmp_path):
    line = command.replace("--out submissions.csv", f"--out {tmp_path / 'submissions.csv'}")
    run("./run flask init", environ)
    done = run(line, environ)
    assert done.returncode == 0, done.stderr


def test_the_pictures_are_there():
    for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README):
        assert (ROOT / picture).is_file()


def test_the_tests_run(environ):
    done = run(f"{TESTS} tests/test_settings.py -n 0", environ, timeout=600)
    assert " passed" in done.stdout, done.stderr


def test_the_benchmarks_run(environ):
    done = run(f"{BENCH} 4", environ, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "ratio" in done.stdout.casefold()


@pytest.fixture
def server(environ: dict[str, str], request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a form that the README's command started, on a port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = request.param.replace("8080", str(port))
    words = shlex.split(command if "--port" in command else f"{command} --port {port}")
    process = subprocess.Popen(
        words, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = iter(process.stdout.readline, b"")
        assert any(b"The form is ready" in line for line in said)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.mark.parametrize("server", sorted(STARTS), indirect=True)
def test_the_form_starts_and_takes_made_up_people(server, environ):
    with urllib.request.urlopen(f"{server}/", timeout=10) as page:  # noqa: S310 - our own
        assert b'id="page"' in page.read()
    done = run("./run seed", environ)
    assert done.returncode == 0, done.stderr
