"""The invented people, and the commands that handle data."""

import csv
import re
import stat

import pytest
from flask import Flask

from screening import cli_data, seed
from screening.outputs.formats import Format
from screening.workflows import export_file, urgent
from screening.workflows.export import EVERYTHING, count_by_outcome
from screening.workflows.intake import submit_answers
from tests.builders import person


def run(app: Flask, *arguments: str):
    return app.test_cli_runner().invoke(args=arguments)


def export(app: Flask, *arguments: str):
    return run(app, "export", "--purpose", "a proof", "--recipient", "nobody", *arguments)


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
    done = export(app, "--out", str(out), "--from", day, "--outcome", "candidate")
    assert done.exit_code == 0, done.output
    assert done.stderr == f"1 submission written to {out}.\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert [row["first_name"] for row in csv.DictReader(file)] == ["Zoe"]
    assert [path.name for path in tmp_path.iterdir() if "csv" in path.name] == ["all.csv"]
    assert site.actions()[-1] == "export.finished"


def test_an_export_goes_through_a_pipe_with_nothing_else_in_it(app, site):
    submit_answers(site.office, person(first_name="Ana"))
    done = export(app, "--out", "-")
    assert done.stdout_bytes == site.exported()
    assert done.stderr == "1 submission written.\n"


def test_a_progress_bar_is_drawn_where_somebody_looks(app, site, tmp_path, monkeypatch):
    for _ in range(2):
        submit_answers(site.office, person())
    monkeypatch.setattr(export_file, "TELL_SECONDS", 0)
    monkeypatch.setattr(export_file, "LOOK_EVERY", 1)
    told = []
    monkeypatch.setattr(cli_data, "is_watched", lambda: True)
    real = cli_data.click.progressbar

    def watched(*given, **more):
        bar = real(*given, **more)
        update = bar.update
        bar.update = lambda many: (update(many), told.append((bar.pos, bar.length)))
        return bar

    monkeypatch.setattr(cli_data.click, "progressbar", watched)
    assert export(app, "--out", str(tmp_path / "x.csv")).exit_code == 0
    assert told == [(1, 2), (2, 2), (2, 2)]


@pytest.mark.parametrize("option", ["--purpose", "--recipient"])
def test_an_export_says_why_and_for_whom(app, site, tmp_path, option):
    given = {"--purpose": "a", "--recipient": "b", "--out": str(tmp_path / "x.csv")}
    kept = [word for name, value in given.items() if name != option for word in (name, value)]
    assert f"Missing option '{option}'" in run(app, "export", *kept).output
    blank = run(app, "export", *kept, option, " ")
    assert f"Nothing was exported: an export needs a {option[2:]}." in blank.output
    assert site.actions() == []
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_export_that_is_ended_leaves_nothing(app, site, tmp_path, monkeypatch, error):
    submit_answers(site.office, person())

    def end(_source, out):
        out.write(b"half")
        raise error

    known = {"csv": Format("csv", "CSV", "csv", "text/csv", end)}
    monkeypatch.setattr(export_file, "FORMATS", known)
    folder = tmp_path / "out"
    folder.mkdir()
    assert export(app, "--out", str(folder / "x.csv")).exit_code == 1
    assert list(folder.iterdir()) == []
    ends = {KeyboardInterrupt: "export.cancelled", ValueError: "export.failed"}
    assert site.actions()[-1] == ends[error]


@pytest.mark.parametrize("command", ["export", "dictionary"])
def test_a_file_that_cannot_be_written_is_said_in_one_line(app, site, tmp_path, command):
    more = ["--purpose", "a", "--recipient", "b"] if command == "export" else []
    done = run(app, command, "--out", str(tmp_path / "nowhere" / "x.csv"), *more)
    assert done.exit_code == 1
    assert "cannot be written: No such file or directory." in done.output
    assert "export.started" not in site.actions()


def test_the_dictionary_is_written(app, tmp_path):
    out = tmp_path / "dictionary.csv"
    assert run(app, "dictionary", "--out", str(out)).exit_code == 0
    assert out.read_text("utf-8-sig").startswith("variable,section,")
