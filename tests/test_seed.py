"""The invented people, and the commands that handle data."""

import csv
import re
import stat

import pytest
from flask import Flask

from screening import cli_data, seed
from screening.workflows import urgent
from screening.workflows.export import EVERYTHING, count_by_outcome
from screening.workflows.intake import submit_answers
from tests.builders import person


def run(app: Flask, *arguments: str):
    return app.test_cli_runner().invoke(args=arguments)


def test_they_cover_every_outcome_and_leave_two_unfinished(site):
    assert cli_data.fill(site.office) == len(seed.PEOPLE) == 26
    counts = count_by_outcome(site.office, EVERYTHING)
    assert sum(counts.values()) == 24
    assert counts == {"urgent": 3, "excluded": 3, "clearance": 12, "candidate": 6}
    unfinished = [alert for alert in urgent.open_alerts(site.office, "cli") if alert.unfinished]
    assert {alert.name for alert in unfinished} == {"Lucas Ferreira", "Amara Diallo"}


def test_they_come_in_over_the_last_weeks_and_old_alerts_are_handled(site):
    cli_data.fill(site.office)
    sent = [submission.submitted_at for submission in site.submissions()]
    assert sent == sorted(sent)
    assert (site.office.now() - sent[0]).days > 14
    assert all((site.office.now() - a.raised_at).days < 1 for a in site.alerts())


def test_they_show_what_is_hard_to_show(site):
    cli_data.fill(site.office)
    answers = [submission.document["answers"] for submission in site.submissions()]
    assert {one["language"] for one in answers} == {"en", "es"}
    assert max(len(one.get("medications", ())) for one in answers) >= 10
    everything = "\n".join(str(one) for one in answers)
    for sign in ("discuss", "unsure", "ñ", "🌱", "\\n", "=1+1"):
        assert sign in everything
    concerns = {one["main_concern"] for one in answers}
    assert len(concerns) >= 8


def test_nobody_can_be_reached():
    for number, one in enumerate(seed.PEOPLE, 1):
        answers = one.answers(number)
        assert re.fullmatch(r"805-555-01\d\d", answers["phone"])
        assert re.fullmatch(r"[a-z-]+\.\d+@example\.org", answers["email"]), answers["email"]


def test_a_second_time_they_are_there_already(app, site):
    assert "26 invented people" in run(app, "seed").output
    assert "already" in run(app, "seed").output
    assert len(site.submissions()) == 24


def test_they_do_not_mix_with_real_people_unless_forced(app, site):
    submit_answers(site.office, person())
    refused = run(app, "seed")
    assert refused.exit_code == 1
    assert "real people" in refused.output
    assert len(site.submissions()) == 1
    assert run(app, "seed", "--force").exit_code == 0
    assert len(site.submissions()) == 25


def test_the_command_writes_a_file_for_its_owner_alone(app, site, tmp_path):
    submit_answers(site.office, person(first_name="Ana"))
    site.clock.wait(days=3)
    submit_answers(site.office, person(first_name="Zoe"))
    out = tmp_path / "all.csv"
    day = site.office.today().isoformat()
    done = run(app, "export", "--out", str(out), "--from", day, "--outcome", "candidate")
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert [row["first_name"] for row in csv.DictReader(file)] == ["Zoe"]
    assert [path.name for path in tmp_path.iterdir() if "csv" in path.name] == ["all.csv"]
    assert site.actions()[-1] == "export.finished"


@pytest.mark.parametrize("command", ["export", "dictionary"])
def test_a_file_that_cannot_be_written_is_said_in_one_line(app, site, tmp_path, command):
    done = run(app, command, "--out", str(tmp_path / "nowhere" / "x.csv"))
    assert done.exit_code == 1
    assert "cannot be written: No such file or directory." in done.output
    assert "export.started" not in site.actions()


def test_the_dictionary_is_written(app, tmp_path):
    out = tmp_path / "dictionary.csv"
    assert run(app, "dictionary", "--out", str(out)).exit_code == 0
    assert out.read_text("utf-8-sig").startswith("variable,section,")
