"""`assess` and `check-content`: what they print, how they refuse, and that they store nothing."""

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from screening import cli
from screening.assessment.outcome import assess
from screening.assessment.report import as_json
from screening.outputs.fhir.response import response_resource
from screening.outputs.formats import Sent
from screening.questionnaire.loader import CURRENT, check_in, current
from screening.settings import ROOT, Clinic, Settings
from tests.builders import TODAY, example, person

AS_OF = ("--as-of", TODAY.isoformat())


class Commands:
    """The command line on an app that has no keys, no database and no pages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        app = Flask("commands")
        zone = Clinic(time_zone="Pacific/Kiritimati")
        app.extensions["settings"] = Settings(instance=folder / "instance", clinic=zone)
        cli.register(app)
        self.runner = app.test_cli_runner()

    def run(self, *args):
        return self.runner.invoke(args=[str(arg) for arg in args])

    def assess(self, content, *more):
        path = self.folder / "answers.json"
        raw = content if isinstance(content, bytes) else self.text(content).encode("utf-8")
        path.write_bytes(raw)
        return self.run("assess", path, *(more or AS_OF))

    def files(self):
        return [path.name for path in self.folder.iterdir()]

    @staticmethod
    def text(content):
        return content if isinstance(content, str) else json.dumps(content)

    def refusal(self, content, *more):
        """The lines on standard error of a run that is refused in the right way."""
        result = self.assess(content, *more)
        assert (result.exit_code, result.stdout) == (2, "")
        assert isinstance(result.exception, SystemExit)
        assert self.files() == ["answers.json"]
        return result.stderr.replace(str(self.folder) + os.sep, "").splitlines()


@pytest.fixture
def commands(tmp_path):
    return Commands(tmp_path)


@pytest.mark.parametrize("name", ["candidate", "urgent-suicide-plan", "not-sure-and-discuss"])
def test_assess_prints_one_json_object_and_stores_nothing(commands, name):
    answers = example(name)["answers"]
    result = commands.assess(answers)
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == as_json(assess(current(), answers, TODAY))
    assert result.stdout.count("\n") == 1
    assert commands.files() == ["answers.json"]


@pytest.mark.parametrize("wrapped", [False, True], ids=["response", "bundle"])
def test_the_answers_of_a_fhir_response_are_assessed_the_same(commands, wrapped):
    answers = example("not-sure-and-discuss")["answers"]
    known = as_json(assess(current(), answers, TODAY))
    day, nothing = TODAY.isoformat(), {"scores": []}
    sent = Sent("K7Q4-M2XD", day, day, current(), answers, frozenset(), nothing)
    response = response_resource(sent)
    bundle = {"resourceType": "Bundle", "entry": [{"resource": response}]}
    result = commands.assess(bundle if wrapped else response)
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == known


def test_a_response_to_another_form_is_refused(commands):
    response = {"resourceType": "QuestionnaireResponse", "questionnaire": "urn:other", "item": []}
    (line,) = commands.refusal(response)
    assert line.startswith("-: it answers urn:other, not ")
    assert commands.refusal({"resourceType": "Bundle"}) == [
        "-: 0 QuestionnaireResponses where one is needed"
    ]


def test_answers_of_the_clinician_are_read_too(commands):
    result = commands.assess(person(spo2=92))
    assert json.loads(result.stdout)["outcome"] == "excluded"


def test_missing_answers_are_unknown(commands):
    assert json.loads(commands.assess({}).stdout)["outcome"] == "clearance"


def test_text_is_read_as_it_would_be_stored(commands):
    result = commands.assess(person(first_name="  ", treatment_goals=" I want\r\nto die "))
    assert "free-text-crisis" in result.stdout


def test_today_is_the_clinics_today(commands, monkeypatch):
    noon_utc = datetime.fromisoformat("2026-11-22T12:00:00+00:00")

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return noon_utc.astimezone(tz)

    monkeypatch.setattr(cli, "datetime", Clock)
    turned_eighteen = person(date_of_birth="2008-11-23")
    path = commands.folder / "answers.json"
    path.write_text(json.dumps(turned_eighteen))
    result = commands.run("assess", path)
    assert json.loads(result.stdout)["outcome"] == "candidate"
    result = commands.run("assess", path, "--as-of", "2026-11-22")
    assert json.loads(result.stdout)["outcome"] == "excluded"


@pytest.mark.parametrize(
    ("answers", "lines"),
    [
        ({"shoe_size": 9}, ["shoe_size: is not a question that may be answered here"]),
        ({"phq9_1": 4}, ["phq9_1: must be one of the numbers offered"]),
        ({"phq9_1": "3"}, ["phq9_1: must be one of the numbers offered"]),
        ({"phq9_1": True}, ["phq9_1: must be one of the numbers offered"]),
        ({"smokes": 1, "phq9_1": 9}, None),
        ({"feels_pushed": "maybe"}, ["feels_pushed: must be one of the options"]),
        ({"heart_conditions": "none"}, ["heart_conditions: must be a list of different options"]),
        ({"heart_conditions": []}, ["heart_conditions: must be a list of different options"]),
        (
            {"heart_conditions": ["none", "other"]},
            ["heart_conditions: none goes with no other option"],
        ),
        ({"consent_screening": "yes"}, ["consent_screening: must be true"]),
        ({"bp_systolic": 301}, ["bp_systolic: must be from 50 to 300"]),
        ({"bp_systolic": 120.5}, ["bp_systolic: must be a whole number"]),
        ({"bp_systolic": 10**400}, ["bp_systolic: must be from 50 to 300"]),
        ({"bp_systolic": 90, "bp_diastolic": 95}, ["bp_diastolic: must be less than bp_systolic"]),
        ({"weight_lb": "150"}, ["weight_lb: must be a number"]),
        ({"weight_lb": "unsure"}, ["weight_lb: must be a number"]),
        ({"first_name": 5}, ["first_name: must be text"]),
        ({"first_name": "x" * 201}, ["first_name: may have 200 characters at most"]),
        ({"first_name": "\ud800"}, ["first_name: holds control characters"]),
        ({"email": "ana"}, ["email: is not an email address"]),
        ({"phone": "5"}, ["phone: is not a telephone number"]),
        ({"zip_code": "5"}, ["zip_code: is not a ZIP code"]),
        ({"date_of_birth": "3/9/1984"}, ["date_of_birth: must be a date, YYYY-MM-DD"]),
        ({"date_of_birth": "2031-01-01"}, ["date_of_birth: lies in the future"]),
        ({"date_of_birth": "1900-01-01"}, ["date_of_birth: the age would be more than 120 years"]),
        ({"antidepressant_trials": "x"}, ["antidepressant_trials: must be a list of rows"]),
        (
            {"antidepressant_trials": [{}, {"weeks": -1}]},
            ["antidepressant_trials: row 2, weeks: must be from 0 to 2000"],
        ),
        (
            {"antidepressant_trials": [{"max_daily_dose_mg": 0}]},
            ["antidepressant_trials: row 1, max_daily_dose_mg: must be more than 0"],
        ),
        (
            {"antidepressant_trials": [{"drug": 1, "improvement": "all", "colour": "red"}]},
            [
                "antidepressant_trials: row 1, drug: must be text",
                "antidepressant_trials: row 1, improvement: must be one of the options",
                "antidepressant_trials: row 1, colour: is not a column",
            ],
        ),
        (
            {"antidepressant_trials": [{}] * 21},
            ["antidepressant_trials: may have 20 rows at most"],
        ),
        ({"medications": []}, ["medications: must have 1 rows at least"]),
        (
            {"seeking_help_for": ["ptsd"], "main_concern": "ocd"},
            ["main_concern: must be one of the options in seeking_help_for"],
        ),
    ],
)
def test_one_line_for_each_thing_that_is_wrong(commands, answers, lines):
    found = commands.refusal(answers)
    assert found == lines if lines else len(found) == len(answers)


def test_an_id_that_would_break_the_line_is_written_on_one(commands):
    odd = {"a\nb": 1, "\ud800": 1, "naïve id": 1}
    assert [line.split(": ")[0] for line in commands.refusal(odd)] == [
        "a\\nb",
        "\\ud800",
        "naïve id",
    ]


@pytest.mark.parametrize(
    ("content", "beginning"),
    [
        ("", "answers.json: is not JSON: "),
        ("{", "answers.json: is not JSON: "),
        ('{"a": 1,}', "answers.json: is not JSON: "),
        ("{} {}", "answers.json: is not JSON: "),
        ('{"weight_lb": NaN}', "answers.json: is not JSON: NaN"),
        ('{"weight_lb": -Infinity}', "answers.json: is not JSON: -Infinity"),
        ("[" * 100_000, "answers.json: is not JSON: "),
        ('{"x": ' + "9" * 5000 + "}", "answers.json: is not JSON: "),
        ("\ufeff{}", "answers.json: is not JSON: "),
        ("[]", "answers.json: must hold one JSON object"),
        ("null", "answers.json: must hold one JSON object"),
        ('"phq9_1"', "answers.json: must hold one JSON object"),
        ('{"phq9_1": 1, "phq9_1": 2}', "phq9_1: is given twice"),
        ('{"medications": [{"dose": "1", "dose": "2"}]}', "dose: is given twice"),
        (b'{"first_name": "\xff"}', "answers.json: is not UTF-8 text"),
    ],
)
def test_a_file_that_is_not_one_json_object(commands, content, beginning):
    (line,) = commands.refusal(content)
    assert line.startswith(beginning)


def test_a_number_too_great_for_a_float_is_no_number(commands):
    assert commands.refusal('{"weight_lb": 1e999}') == ["weight_lb: must be a number"]


def test_a_file_that_cannot_be_read(commands):
    for path in (commands.folder / "nowhere.json", commands.folder):
        result = commands.run("assess", path)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"{path}: cannot be read: ")
        assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "23.11.2026", ""])
def test_a_day_that_is_none(commands, day):
    assert commands.refusal({}, "--as-of", day) == ["--as-of: must be a date, YYYY-MM-DD"]


def test_the_released_content_is_in_order(commands):
    result = commands.run("check-content")
    assert (result.exit_code, result.stderr) == (0, "")
    released = (current().version, check_in().version)
    assert result.stdout == "".join(f"{version}: nothing is wrong\n" for version in released)


def test_broken_content_is_named_line_by_line(commands):
    folder = shutil.copytree(CURRENT, commands.folder / "draft")
    rules = folder / "rules.toml"
    text = rules.read_text("utf-8")
    rules.write_text(text.replace('when = "age < 18"', 'when = "age < 18 and age > 18"'), "utf-8")
    result = commands.run("check-content", folder)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == ("rules.toml: age-under-18: can never be true: age < 18 and age > 18\n")


def test_content_that_cannot_be_loaded_gives_no_traceback(commands):
    result = commands.run("check-content", commands.folder / "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "questionnaire.toml: -: the file is missing\n"
    assert isinstance(result.exception, SystemExit)


@pytest.mark.slow
def test_assess_needs_no_installation(tmp_path):
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(person()))
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment["SCREENING_INSTANCE"] = str(tmp_path / "instance")
    run = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "assess", path, *AS_OF],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout)["outcome"] == "candidate"
    assert not (tmp_path / "instance").exists()
