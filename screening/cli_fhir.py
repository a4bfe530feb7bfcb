"""The command that writes a form as FHIR Questionnaire."""

import sys
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from .outputs.fhir.questionnaire import questionnaire_file
from .storage.vault import VaultError
from .web.current import office


def register(app: Flask) -> None:
    """Add the command to the app's command line."""
    app.cli.add_command(fhir_questionnaire)


@click.command("fhir-questionnaire")
@click.option("--kind", type=click.Choice(["intake", "check-in"]), default="intake")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@with_appcontext
def fhir_questionnaire(kind: str, out: Path) -> None:
    """Write a form as FHIR R4 Questionnaire."""
    try:
        form = office().questionnaire if kind == "intake" else office().check_in()
        out.write_bytes(questionnaire_file(form))
    except OSError as error:
        sys.exit(f"{out} cannot be written: {error.strerror}.")
    except VaultError as error:
        sys.exit(f"Nothing was written: {error}.")
