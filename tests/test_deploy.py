"""What docs/deploy hands over fits this version: files, packages, commands, settings, walls."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from screening.settings import ROOT, VARIABLES

DEPLOY = ROOT / "docs" / "deploy"
CONTAINER = (DEPLOY / "Containerfile").read_text("utf-8").replace("\\\n", " ")
UNITS = sorted(DEPLOY.glob("*.service"))
# What every unit has to hold, since answers go through it.
HARDENED = (
    "User=screening",
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "PrivateTmp=yes",
    "ProtectHome=yes",
    "CapabilityBoundingSet=",
    "UMask=0077",
    "LimitCORE=0",
)


def test_the_container_copies_what_there_is_and_all_that_is_needed():
    copied = {
        word
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINER, re.MULTILINE)
        for word in line.split()
    }
    assert not [path for path in copied if not (ROOT / path).exists()]
    assert {"wsgi.py", "screening", "templates", "requirements.lock", "vendor"} <= copied


def test_the_container_has_the_libraries_that_run_installs_and_no_build_tools():
    libraries = set(re.findall(r"missing=\"\$missing (\S+)\"", (ROOT / "run").read_text("utf-8")))
    assert libraries
    final = CONTAINER.rpartition("\nFROM ")[2]
    installed = set(
        re.search(r"apt-get install -y --no-install-recommends ([^&]+)", final)[1].split()
    )
    assert libraries < installed
    assert installed - libraries == {"ca-certificates", "python3"}


def test_the_container_runs_as_nobody_special_and_installs_by_hash():
    assert re.search(r"^USER 10001$", CONTAINER, re.MULTILINE)
    assert "--require-hashes" in CONTAINER
    assert "SCREENING_KEYS=/var/lib/screening-keys" in CONTAINER  # not beside the database
    assert not re.search(r"^(ADD|ENV .*(PASSWORD|TOKEN|SECRET))", CONTAINER, re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_unit_is_hardened_and_starts_what_there_is(unit: Path):
    lines = unit.read_text("utf-8").splitlines()
    assert set(HARDENED) <= set(lines)
    (start,) = (line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecStart="))
    for path in re.findall(r"/opt/screening/(?!\.venv)(\S+)", start):
        assert (ROOT / path).is_file()
    assert "/bin/sh" in start or "/opt/screening/.venv/bin/python" in start


@pytest.mark.parametrize("unit", ["screening", "screening-worker"])
def test_a_unit_lets_the_renderer_put_up_its_walls(unit: str):
    text = (DEPLOY / f"{unit}.service").read_text("utf-8")
    assert "RestrictNamespaces=user net" in text
    assert "landlock_restrict_self" in text


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_understands_it(unit: Path, tmp_path: Path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd here")
    text = unit.read_text("utf-8").replace("/opt/screening/.venv/bin/python", sys.executable)
    (tmp_path / unit.name).write_text(text.replace("/opt/screening", str(ROOT)))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / unit.name)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    about = [line for line in done.stderr.splitlines() if unit.name in line]
    assert not [line for line in about if "screening-worker.service not found" not in line]


def test_the_environment_names_settings_that_there_are():
    named = set(re.findall(r"SCREENING_\w+", (DEPLOY / "environment.example").read_text("utf-8")))
    named |= set(re.findall(r"SCREENING_\w+", "".join(unit.read_text() for unit in UNITS)))
    assert named <= {variable for variable, _ in VARIABLES.values()}


def test_the_proxies_replace_what_a_client_claims_and_limit_as_the_form_does():
    nginx = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx
    assert "proxy_add_x_forwarded_for" not in nginx
    assert "client_max_body_size 64k;" in nginx
    assert "access_log off;" in nginx
    assert "max_size 64KB" in (DEPLOY / "Caddyfile").read_text("utf-8")


def test_the_script_makes_a_backup_and_lets_only_old_ones_go(settings, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in ("screening-old.age", "notes.txt"):
        (folder / name).touch()
        os.utime(folder / name, (0, 0))
    environment = os.environ | {"SCREENING_INSTANCE": str(settings.instance)}
    command = ["sh", str(DEPLOY / "backup.sh"), str(folder)]
    done = subprocess.run(
        command,
        env=environment | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    left = sorted(path.name for path in folder.iterdir())
    assert len(left) == 2
    assert left[0] == "notes.txt"
    assert re.fullmatch(r"screening-\d{8}T\d{6}Z\.age", left[1])


def test_a_backup_that_fails_lets_none_go(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "screening-old.age").touch()
    os.utime(folder / "screening-old.age", (0, 0))
    failing = os.environ | {"PYTHON": "/bin/false"}
    done = subprocess.run(
        ["sh", str(DEPLOY / "backup.sh"), str(folder)], env=failing, timeout=60, check=False
    )
    assert done.returncode != 0
    assert (folder / "screening-old.age").exists()
