"""Commands that take data out of the store, and put invented people into an empty one."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import click
from flask import Flask
from flask.cli import with_appcontext

from . import seed
from .outputs.dictionary import dictionary
from .outputs.flat.json_schema import json_schema
from .outputs.formats_known import FORMATS, MISSING
from .storage import exports
from .storage.database import DatabaseUnavailableError
from .storage.private_file import private_file
from .storage.vault import VaultError
from .web.current import office
from .workflows import export as flow
from .workflows import export_file, export_jobs, intake, urgent
from .workflows.office import Office

ACTOR = "cli"
SEED = "seed"  # who acts, in the audit, for invented people
DAY = click.DateTime(["%Y-%m-%d"])


def register(app: Flask) -> None:
    """Add the commands to the app's command line."""
    for command in (export_command, dictionary_command, schema_command, seed_command):
        app.cli.add_command(command)


@click.command("export")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    required=True,
    help="The file; - for a pipe.",
)
@click.option("--format", type=click.Choice([*FORMATS, *MISSING]), default="csv", show_default=True)
@click.option("--from", "since", type=DAY, help="First day, at the clinic.")
@click.option("--to", "until", type=DAY, help="Last day, at the clinic.")
@click.option("--outcome", type=click.Choice(flow.OUTCOMES), help="As it is known now.")
@click.option("--concern", metavar="ID", help="What help is sought for, for example depression.")
@click.option("--decision", type=click.Choice(flow.DECIDED), help="The signed one that holds.")
@click.option("--version", metavar="NAME", help="Of the questionnaire, for example 2026-2.")
@click.option("--deidentified", is_flag=True, help="Without what tells who somebody is.")
@click.option("--joined", is_flag=True, help="If de-identified: rows of one patient begin alike.")
@click.option("--signed", is_flag=True, help="A zip that shows whether it was altered.")
@click.option("--age", metavar="age1...", default="", help="Encrypted for this recipient.")
@click.option("--purpose", required=True, help="Why, for the audit.")
@click.option("--recipient", required=True, help="For whom, for the audit.")
@with_appcontext
def export_command(*, out: Path, **asked: Any) -> None:
    """Write the submissions to a file that only you can read, or to a pipe."""
    try:
        options = _options(**asked).checked()
        made = _export(out, options)
    except OSError as error:
        _stop(f"{out} cannot be written: {error.strerror}.")
    except (ValueError, DatabaseUnavailableError, VaultError) as error:
        _stop(f"Nothing was exported: {str(error).rstrip('.')}.")
    many = "1 submission" if made.rows == 1 else f"{made.rows:,} submissions"
    click.echo(f"{many} written" + ("." if str(out) == "-" else f" to {out}."), err=True)
    if made.rare:
        click.echo(f"{made.rare:,} of these rows are like fewer than four others.", err=True)


def _options(
    *, since: datetime | None, until: datetime | None, **asked: Any
) -> export_file.Options:
    named = {name: asked.pop(name) for name in ("outcome", "concern", "decision", "version")}
    filters = flow.Filters(_day(since), _day(until), **named)
    return export_file.Options(filters=filters, **asked)


def _export(out: Path, options: export_file.Options) -> export_file.Made:
    """With a progress bar where somebody looks at it."""
    with _stream(out) as file, _bar() as tell:
        return export_jobs.write_now(office(), ACTOR, options, file, tell)


@contextmanager
def _stream(out: Path) -> Iterator[BinaryIO]:
    if str(out) != "-":
        with private_file(out) as file:
            yield file
        return
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


def is_watched() -> bool:
    return sys.stderr.isatty()


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """What tells how many of how many were looked at."""
    hidden = not is_watched()
    with click.progressbar(length=0, label="Exporting", file=sys.stderr, hidden=hidden) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield tell


@click.command("dictionary")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@with_appcontext
def dictionary_command(out: Path) -> None:
    """Write what every column of the export means to a CSV file."""
    _describe(out, dictionary)


@click.command("json-schema")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@with_appcontext
def schema_command(out: Path) -> None:
    """Write what a line of the NDJSON export holds to a file, as a JSON Schema."""
    _describe(out, json_schema)


def _describe(out: Path, described: Callable[..., bytes]) -> None:
    try:
        out.write_bytes(described(office().questionnaire, office().check_in()))
    except OSError as error:
        _stop(f"{out} cannot be written: {error.strerror}.")
    except VaultError as error:
        _stop(f"Nothing was written: {error}.")


def _day(moment: datetime | None) -> date | None:
    return moment and moment.date()


# Invented people


@click.command("seed")
@click.option("--force", is_flag=True, help="Although there are intakes of other people.")
@with_appcontext
def seed_command(force: bool) -> None:
    """Fill an empty installation with invented people, to try it out."""
    try:
        made = fill(office(), force=force)
    except (DatabaseUnavailableError, VaultError) as error:
        _stop(f"Nobody was added: {error}.")
    except RealIntakesError:
        _stop("There are intakes of real people here. Nobody was added; --force adds them anyway.")
    click.echo(f"Added {made} invented people." if made else "They are here already.")


class RealIntakesError(Exception):
    """The store has intakes that are not invented."""


def fill(office: Office, *, force: bool = False) -> int:
    """Add the people of `seed`; returns how many, 0 when they were added before.

    Raises RealIntakesError when there are others, unless forced.
    """
    with office.database.read() as conn:
        invented = exports.intakes_by(conn, SEED)
        others = exports.count_intakes(conn) - invented
    if invented:
        return 0
    if others and not force:
        raise RealIntakesError
    for number, person in enumerate(sorted(seed.PEOPLE, key=lambda p: -p.ago), 1):
        then = office.now() - timedelta(hours=person.ago)
        _add(intake.at(office, then), person, number)
    return len(seed.PEOPLE)


def _add(office: Office, person: seed.Person, number: int) -> None:
    answers = person.answers(number)
    if not person.until:
        intake.submit_answers(office, answers, actor=SEED)
    else:
        _leave_off(office, answers, person.until)
    if person.handled:
        _acknowledge(office, person.handled)


def _leave_off(office: Office, answers: dict[str, Any], until: str) -> None:
    """Save page after page and stop before one."""
    intake_id = None
    for page in office.questionnaire.pages.values():
        if page.id == until:
            break
        here = {q.id: answers[q.id] for q in page.questions if q.id in answers}
        if here:
            saved = intake.save_page(office, intake_id, page, here, revision=None, actor=SEED)
            intake_id = saved.intake.id


def _acknowledge(office: Office, note: str) -> None:
    """Somebody looked at the newest alert within minutes."""
    soon = office.now() + timedelta(minutes=4)
    newest = max(urgent.open_alerts(office, SEED), key=lambda alert: alert.raised_at)
    urgent.acknowledge(intake.at(office, soon), SEED, newest.id, note)


def _stop(line: str) -> NoReturn:
    sys.exit(line)
