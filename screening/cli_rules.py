"""Commands about the rules: what a new version of them changes, and what they rest on."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from .outputs.literature import literature
from .questionnaire import loader
from .storage.database import DatabaseUnavailableError
from .storage.vault import VaultError
from .web.current import office
from .workflows.office import Office
from .workflows.reassess import Change, Content, Different, Reassessed, Told, reassess

ACTOR = "cli"
HASH_SHOWN = 12  # hex digits: enough to tell versions apart
NOTHING = "-"


def register(app: Flask) -> None:
    """Add the commands to the app's command line."""
    for command in (reassess_command, literature_command):
        app.cli.add_command(command)


@click.command("literature")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def literature_command(out: Path) -> None:
    """Write every rule and threshold beside its sources, for a physician to confirm."""
    try:
        out.write_text(literature(loader.current(), loader.check_in()), encoding="utf-8")
    except OSError as error:
        sys.exit(f"{out} cannot be written: {error.strerror}.")


@click.command("reassess")
@click.option("--json", "as_data", is_flag=True, help="One JSON object in place of the table.")
@click.option(
    "--content",
    type=click.Path(path_type=Path),
    help="The folder of a version that is not in use yet; of the intake, not of the check-in.",
)
@with_appcontext
def reassess_command(as_data: bool, content: Path | None) -> None:
    """List the open intakes that would come out otherwise under the content in use, and why.

    Changes nothing: every record stays as it was sent.
    """
    try:
        found = reassess(_office(content), ACTOR)
    except (DatabaseUnavailableError, VaultError) as error:
        sys.exit(f"Nothing was read: {error}.")
    except loader.ContentError as error:
        sys.exit(str(error))
    if as_data:
        click.echo(json.dumps(asdict(found), default=datetime.isoformat, ensure_ascii=False))
    else:
        click.echo("\n".join(table(found)))


def _office(content: Path | None) -> Office:
    return replace(office(), questionnaire=loader.load(content)) if content else office()


def table(found: Reassessed) -> Iterator[str]:
    """The lines of the table: an intake, then what differs, a line each."""
    by = f"{_content(found.intake)} or {_content(found.check_in)}"
    intakes = "open intake" if found.read == 1 else "open intakes"
    yield f"{found.read} {intakes} judged again by {by}."
    yield f"{len(found.different)} would come out otherwise. Every record stays as it was sent."
    for different in found.different:
        yield ""
        yield from _intake(different)


def _intake(different: Different) -> Iterator[str]:
    sent = f"{different.sent:%Y-%m-%d}"
    yield f"{different.reference}  sent {sent}  {_outcome(different)}"
    yield _line("content", f"{_content(different.before)} -> {_content(different.now)}")
    yield from (_line("appears", _finding(told)) for told in different.appears)
    yield from (_line("disappears", _finding(told)) for told in different.disappears)
    yield from (_line("changes", _change(change)) for change in different.changes)
    for result in different.results:
        yield _line("result", f"{result.what}: {_value(result.before)} -> {_value(result.now)}")
    for named in different.asked_anew:
        yield _line("unknown", f"{named.label} ({named.question}): was not asked then")
    for named in different.not_taken:
        yield _line("unknown", f"{named.label} ({named.question}): the answer no longer fits")


def _outcome(different: Different) -> str:
    if different.outcome_before == different.outcome_now:
        return f"{different.outcome_now}, as before"
    return f"{different.outcome_before} -> {different.outcome_now}"


def _finding(told: Told) -> str:
    return f"{told.kind}, {told.status}: {told.rule}: {told.says}"


def _change(change: Change) -> str:
    return f"{change.before.kind}, {change.before.status} -> {_finding(change.now)}"


def _content(content: Content) -> str:
    return f"{content.version} ({content.content_hash[:HASH_SHOWN]})"


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or NOTHING
    return NOTHING if value is None else str(value)


def _line(what: str, text: str) -> str:
    return f"  {what:<11} {text}"
