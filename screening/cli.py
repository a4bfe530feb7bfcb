"""Commands about answers and content. Standard output carries the answer, standard error what is
wrong, one line an error, "ID: what is wrong"; the exit status is then 2 (1 for check-content).
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NoReturn

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from . import create_app
from .assessment.outcome import assess
from .assessment.report import as_json
from .operate import make_installation
from .questionnaire import lint, loader
from .questionnaire.validation import Problem, normalise, problems_in
from .settings import Settings
from .storage.vault import VaultError
from .web.current import office as current_office
from .web.current import settings
from .workflows.intake import submit_answers
from .workflows.office import Office
from .workflows.sending import Rejected

# What is wrong, by the problem's code; the patient's own words are in content/interface.
CLI_WORDS = {
    "age_range": "the age would be more than {max} years",
    "agree": "must be true",
    "below": "must be less than {other}",
    "control_characters": "holds control characters",
    "date_future": "lies in the future",
    "email": "is not an email address",
    "none_with_others": "none goes with no other option",
    "not_a_date": "must be a date, YYYY-MM-DD",
    "not_a_number": "must be a number",
    "not_above": "must be more than {above}",
    "one_of": "must be one of the options in {other}",
    "phone": "is not a telephone number",
    "range": "must be from {min} to {max}",
    "required": "has no answer",
    "rows_max": "may have {max} rows at most",
    "rows_min": "must have {min} rows at least",
    "rows_none": "has no answer; [] says that there are none",
    "too_large": "must be {max} or less",
    "too_long": "may have {max} characters at most",
    "under_age": "the patient is under 18; this questionnaire is for adults",
    "too_small": "must be {min} or more",
    "unknown_column": "is not a column",
    "unknown_id": "is not a question that may be answered here",
    "unknown_option": "must be {form}",
    "whole_number": "must be a whole number",
    "wrong_type": "must be {form}",
    "zip": "is not a ZIP code",
}
FORMS = {
    "choice": "one of the options",
    "choices": "a list of different options",
    "group": "a list of rows",
    "scale": "one of the numbers offered",
}


class AnswersError(Exception):
    """The answers cannot be used. `lines` are "ID: what is wrong"."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def register(app: Flask) -> None:
    """Add the commands to the app's command line."""
    for command in (assess_command, submit_command, check_content):
        app.cli.add_command(command)


@click.command("assess")
@click.argument("answers", type=click.Path(path_type=Path))
@click.option("--as-of", metavar="YYYY-MM-DD", help="The day of the assessment; today without it.")
@with_appcontext
def assess_command(answers: Path, as_of: str | None) -> None:
    """Assess the answers in a JSON file, print the result as JSON and store nothing."""
    questionnaire = loader.current()
    try:
        today = clinic_today() if as_of is None else read_day(as_of)
        given = read_answers(answers)
        refuse(problems_in(questionnaire, given, today, {"patient", "clinician"}))
    except AnswersError as error:
        stop(error.lines, status=2)
    result = assess(questionnaire, normalise(questionnaire, given), today)
    click.echo(json.dumps(as_json(result), ensure_ascii=False, allow_nan=False))


@click.command("submit")
@click.argument("answers", type=click.Path(path_type=Path))
@with_appcontext
def submit_command(answers: Path) -> None:
    """Store a complete intake from the answers in a JSON file and print its reference."""
    try:
        receipt = submit_answers(installed_office(), read_answers(answers))
    except AnswersError as error:
        stop(error.lines, status=2)
    except Rejected as error:
        stop([in_words(problem) for problem in error.problems], status=2)
    except VaultError as error:
        stop([f"submit: {error}"], status=1)
    click.echo(receipt.reference)


def installed_office() -> Office:
    """The office of this installation, which is made where there is none yet.

    Raises VaultError when keys are missing although the database has rows.
    """
    if "office" not in current_app.extensions:
        make_installation(settings())
        office: Office = create_app(settings()).extensions["office"]
        return office
    return current_office()


@click.command("check-content")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
def check_content(folder: Path | None) -> None:
    """Check the content of a version folder (the released ones without FOLDER)."""
    for checked in [folder] if folder else loader.RELEASED:
        try:
            found = lint.check(loader.load(checked))
        except loader.ContentError as error:
            found = error.problems
        if found:
            stop(found, status=1)
        click.echo(f"{checked.name}: nothing is wrong")


def clinic_today() -> date:
    """Today in the clinic's time zone."""
    settings: Settings = current_app.extensions["settings"]
    return datetime.now(settings.clinic.zone).date()


def read_day(text: str) -> date:
    """Raises AnswersError when the text is not a day, YYYY-MM-DD."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise AnswersError([f"--as-of: {CLI_WORDS['not_a_date']}"]) from None


def read_answers(path: Path) -> dict[str, Any]:
    """The JSON object of a file; of a FHIR QuestionnaireResponse its answers.

    Raises AnswersError when the file cannot be read, is not UTF-8 or not JSON (NaN and Infinity
    are not), holds a name twice or is not one object.
    """
    try:
        answers = json.loads(
            path.read_bytes().decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
        )
    except OSError as error:
        raise AnswersError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise AnswersError([f"{path}: is not UTF-8 text"]) from None
    except (ValueError, RecursionError) as error:
        raise AnswersError([f"{path}: is not JSON: {error}"]) from None
    if not isinstance(answers, dict):
        raise AnswersError([f"{path}: must hold one JSON object, {{id: answer}}"])
    return _from_fhir(answers) if "resourceType" in answers else answers


def _from_fhir(resource: dict[str, Any]) -> dict[str, Any]:
    """The answers of a FHIR QuestionnaireResponse, or of the only one in a Bundle."""
    from .inputs import fhir_response  # noqa: PLC0415 - no web process reads one
    from .inputs.fhir_names import NotSupportedError  # noqa: PLC0415

    found = fhir_response.responses_in(resource)
    if len(found) != 1:
        raise AnswersError([f"-: {len(found)} QuestionnaireResponses where one is needed"])
    try:
        return fhir_response.of_ours(found[0], loader.current())
    except NotSupportedError as error:
        raise AnswersError([printable(line) for line in error.lines]) from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    counts = Counter(name for name, _ in pairs)
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if repeated:
        raise AnswersError([f"{printable(name)}: is given twice" for name in repeated])
    return dict(pairs)


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number of JSON")


def refuse(found: Iterable[Problem]) -> None:
    """Raises AnswersError with one line for each problem, if there is one."""
    lines = [in_words(problem) for problem in found]
    if lines:
        raise AnswersError(lines)


def in_words(problem: Problem) -> str:
    """`antidepressant_trials: row 2, weeks: must be from 0 to 2000`"""
    question = loader.current().questions.get(problem.question)
    kind, where = question.kind if question else "text", ""
    row, _, column = problem.part.partition("-")
    if row.isdecimal():
        where = f"row {int(row) + 1}, {printable(column)}: "
        kind = "choice" if problem.code == "unknown_option" else "text"
    form = FORMS.get(kind, "text")
    words = CLI_WORDS[problem.code].format_map({"form": form, **problem.values})
    return f"{printable(problem.question)}: {where}{words}"


def printable(text: str) -> str:
    """On one line, whatever the file holds."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def stop(lines: Iterable[str], *, status: int) -> NoReturn:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(status)
