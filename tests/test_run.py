"""The one command: what it says without installing anything."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*words, cwd=ROOT):
    return subprocess.run(
        [ROOT / "run", *words],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin"},  # no LANG, no HOME
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_help_names_every_command(tmp_path):
    done = run("help", cwd=tmp_path)
    assert done.returncode == 0
    for command in ("--host", "--port", "seed", "test", "bench", "flask", "help"):
        assert command in done.stdout


@pytest.mark.parametrize("words", [["nonsense"], ["--prot", "1"]])
def test_an_unknown_word_is_named_and_changes_nothing(words):
    done = run(*words)
    assert done.returncode == 2
    assert words[0] in done.stderr


@pytest.mark.parametrize("words", [["--port"], ["--port", "abc"], ["--port="], ["--host"]])
def test_a_wrong_address_is_refused_in_one_line(words):
    done = run(*words)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_no_registry_is_named_in_the_locks():
    for lock in ROOT.glob("requirements*.lock"):
        assert "://" not in lock.read_text("utf-8")
