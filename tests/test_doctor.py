"""What is wrong with an installation is said in plain lines, with what to do, without secrets."""

import json
import os
import re
import shutil
import sqlite3
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from screening import create_app, doctor
from screening.clinic import read_clinic
from screening.settings import ROOT, Settings
from screening.storage.database import Database
from screening.storage.vault import Keyring
from screening.workflows.intake import submit_answers
from screening.workflows.office import utc_now
from tests.builders import example, person
from tests.site import Clock, Site

SECRET = "hush-hush-hush-hush-hush-hush-hush"


@pytest.fixture
def quick(monkeypatch):
    """What makes PDFs one test alone looks at: it takes a second."""
    checks = tuple(check for check in doctor.CHECKS if check is not doctor._check_renderer)
    monkeypatch.setattr(doctor, "CHECKS", checks)


@pytest.fixture
def well(settings, tmp_path, quick):
    """In production, with all that belongs to it."""
    shutil.move(settings.instance / "keys", tmp_path / "keys")
    settings.instance.chmod(0o700)
    (settings.instance / "worker-beat").touch()
    (settings.instance / "last-backup").write_text(f"{utc_now().isoformat()}\n")
    made = Settings(
        instance=settings.instance,
        keys_folder=tmp_path / "keys",
        public_url="https://intake.example.org",
        proxy_hops=1,
        smtp_url=f"smtp://intake:{SECRET}@127.0.0.1:9",
        metrics_token=SECRET,
        clinic=read_clinic(ROOT / "docs" / "clinic.example.toml"),
        testing=True,
    )
    # `submit` as of now: rows of the audit that are to come would be found.
    app = create_app(made)
    site = Site(app, Clock(app.extensions["office"], utc_now()))
    submit_answers(site.office, person())
    site.office.database.close()
    return made


def examined(settings, *options):
    """(exit status, {state: lines}, all that was said)."""
    app = create_app(settings, offline=True)
    done = app.test_cli_runner().invoke(args=["doctor", *options])
    if "office" in app.extensions:
        app.extensions["office"].database.close()
    states = {}
    for line in done.stdout.splitlines():
        states.setdefault(line[:8].strip(), []).append(line[9:])
    return done.exit_code, states, done.output


def test_nothing_is_wrong_with_one_that_is_well(well):
    status, states, said = examined(well)
    assert (status, list(states)) == (0, ["ok"]), said
    assert "one writes at a time" in said or "SQLite 3.5" in said


def test_one_for_trying_out_is_told_what_it_lacks(settings):
    status, states, said = examined(settings)
    assert status == 1
    assert any("production's checks are off" in line for line in states["warning"])
    assert any("no clinic.toml" in line for line in states["warning"])
    assert any(line.startswith("backup: none was made") for line in states["wrong"])
    assert any(line.startswith("worker: it has never run") for line in states["wrong"])
    assert "a PDF can be made" in said


def key(settings, name):
    return next(settings.keys.glob(f"{name}*"))


def other_keys(settings):
    shutil.rmtree(settings.keys)
    Keyring.create(settings.keys)


def change_audit(settings):
    with sqlite3.connect(settings.instance / "screening.db") as conn:
        conn.execute("DROP TRIGGER audit_update")
        conn.execute("UPDATE audit SET actor = 'nobody' WHERE id = 3")


def older(settings):
    database = Database(settings.database_url)
    database.downgrade(to="0003")
    database.close()


def damage(settings):
    path = settings.instance / "screening.db"
    content = bytearray(path.read_bytes())
    content[-4096:] = b"\xff" * 4096
    path.write_bytes(content)


def beat_long_ago(settings):
    then = time.time() - 1200
    os.utime(settings.instance / "worker-beat", (then, then))


def backup_long_ago(settings):
    then = utc_now() - timedelta(hours=30)
    (settings.instance / "last-backup").write_text(f"{then.isoformat()}\n")


def open_to_all(settings):
    settings.instance.chmod(0o755)
    (settings.instance / "queue.db").touch(mode=0o644)


@pytest.mark.parametrize(
    ("harm", "line"),
    [
        (lambda s: key(s, "audit").unlink(), "keys: .*audit.key is missing"),
        (lambda s: key(s, "hmac").chmod(0o644), "keys: .*hmac.key can be read by others"),
        (lambda s: shutil.rmtree(s.keys), "keys: no master key"),
        (other_keys, "keys: they do not open the database"),
        (change_audit, "audit: row 3 was changed"),
        (older, "database: its tables are of 0003, not .* Run init"),
        (lambda s: (s.instance / "screening.db").unlink(), "database: it does not answer"),
        (damage, "database: SQLite finds it damaged"),
        (beat_long_ago, "worker: silent for 20 minutes"),
        (backup_long_ago, "backup: the last one is 30 hours old"),
        (open_to_all, "files: other users can read .*queue.db"),
    ],
)
def test_each_fault_is_named_with_what_to_do(well, harm, line):
    harm(well)
    # A key that others read stops a start in production; the command line says it too.
    status, states, said = examined(replace(well, production=False))
    assert status == 1
    assert any(re.match(line, found) for found in states["wrong"]), said
    assert "Traceback" not in said


def test_a_database_server_that_is_away_is_named_without_its_password(well):
    away = replace(well, database_url=f"postgresql://me:{SECRET}@127.0.0.1:1/none")
    status, states, said = examined(away)
    assert status == 1
    assert any(line.startswith("database: it does not answer") for line in states["wrong"])
    assert SECRET not in said


def test_files_that_root_left_are_named(well):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(well.instance / "worker-beat", 65534, -1)
    assert "files: not of the folder's owner: worker-beat." in examined(well)[2]


def test_alerts_that_are_late_or_not_mailed_are_named(well):
    app = create_app(well)
    site = Site(app, Clock(app.extensions["office"], utc_now() - timedelta(days=2)))
    site.start(example("urgent-suicide-plan")["answers"], until="anxiety")
    site.office.database.close()
    status, states, _ = examined(well)
    assert status == 1
    assert states["wrong"] == ["alerts: 1 open ones are late. Somebody has to look at them now."]


def test_a_clock_that_went_back_is_named(well):
    app = create_app(well)
    site = Site(app, Clock(app.extensions["office"], utc_now() + timedelta(days=2)))
    submit_answers(site.office, person())
    site.office.database.close()
    assert "clock: the audit has a row of" in examined(well)[2]


def test_the_mail_server_is_tried_when_asked(well):
    status, states, said = examined(well, "--mail")
    assert status == 1
    assert states["wrong"][0].startswith("mail: the server does not let us in: ")
    assert "ConnectionRefusedError" in said


def test_a_program_reads_it_as_json(well):
    backup_long_ago(well)
    app = create_app(well, offline=True)
    done = app.test_cli_runner().invoke(args=["doctor", "--json"])
    app.extensions["office"].database.close()
    found = json.loads(done.stdout)
    assert {"about", "state", "line", "do"} == set(found[0])
    assert [one["about"] for one in found if one["state"] == "wrong"] == ["backup"]


def test_it_tells_no_secret(well):
    secrets = [path.read_text().strip() for path in well.keys.iterdir()]
    said = examined(well, "--mail")[2] + examined(well, "--json")[2]
    key(well, "hmac").write_text("not a key at all")
    said += examined(well)[2]
    assert not [secret for secret in (*secrets, SECRET, "not a key at all") if secret in said]


def test_looking_makes_nothing(tmp_path, quick):
    made = Settings(instance=tmp_path / "none", testing=True)
    status, _, said = examined(made)
    assert status == 1
    assert "no master key" in said
    assert not (tmp_path / "none").exists()


def test_other_commands_end_with_one_line_when_a_key_cannot_be_used(settings):
    key(settings, "audit").unlink()
    app = create_app(settings, offline=True)
    for command in ("verify-audit", "worker", "first-admin"):
        done = app.test_cli_runner().invoke(args=[command])
        assert done.exit_code == 1
        assert done.output.strip().startswith("The keys cannot be used: ")
        assert len(done.output.strip().splitlines()) == 1
