"""The command that reads a questionnaire of the standard's world as one of ours."""

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from .cli import printable
from .inputs import content_files, fhir_questionnaire
from .inputs.fhir_names import NotSupportedError
from .inputs.fhir_questionnaire import Loaded


@click.command("load-questionnaire")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="An empty folder for content files.")
def load_questionnaire(file: Path, out: Path | None) -> None:
    """Read a FHIR R4 Questionnaire (JSON) and say what of it we can do.

    What we cannot do is named on standard error, a line each, and the exit status is 1. With --out
    it is written as content, to be translated, checked (check-content) and tried.
    """
    try:
        loaded = fhir_questionnaire.load(_read(file))
    except NotSupportedError as error:
        _stop(*error.lines)
    for note in loaded.notes:
        click.echo(printable(note), err=True)
    if out is not None:
        try:
            content_files.write(loaded.questionnaire, out)
        except FileExistsError:
            _stop(f"{out}: is not empty")
        except OSError as error:
            _stop(f"{out}: cannot be written: {error.strerror}")
    click.echo(printable(_told(loaded)))


def _told(loaded: Loaded) -> str:
    form = loaded.questionnaire
    english = sum("es" not in question.text for question in form.questions.values())
    told = f"{form.version}: {len(form.questions)} questions on {len(form.pages)} pages"
    return f"{told}, {english} without Spanish" if english else told


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except OSError as error:
        _stop(f"{file}: cannot be read: {error.strerror}")
    except (ValueError, RecursionError) as error:
        _stop(f"{file}: is not JSON: {error}")
    if not isinstance(found, dict):
        _stop(f"{file}: must hold one JSON object")
    return found


def _stop(*lines: str) -> NoReturn:
    for line in lines:
        click.echo(printable(line), err=True)
    sys.exit(1)
