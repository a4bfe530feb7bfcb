"""Commands about the audit: is it whole, and to whom were a patient's data disclosed."""

import sys
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from .storage import audit
from .storage.audit import Head
from .web.current import office, settings
from .workflows import audit_heads, disclosures


def register(app: Flask) -> None:
    """Add the commands to the app's command line."""
    app.cli.add_command(verify_audit)
    app.cli.add_command(disclosures_command)


@click.command("verify-audit")
@click.option("--kept", metavar="HEAD", help="What an earlier run printed: shows a tail cut off.")
@click.option(
    "--heads",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A copy of the file audit-heads; the one in the instance folder without it.",
)
@with_appcontext
def verify_audit(kept: str | None, heads: Path | None) -> None:
    """Check the chain of the audit and print its head; exit status 1 names the first bad row."""
    earlier = _heads(kept, heads or settings().instance / audit_heads.FILE)
    with office().database.read() as conn:
        bad = audit.verify(conn, office().keyring, kept=earlier)
        newest = audit.head(conn)
    if bad is not None:
        sys.exit(f"Row {bad} of the audit was changed, removed or put in.")
    click.echo(audit_heads.as_text(newest) if newest else "The audit is empty.")


@click.command("disclosures")
@click.argument("reference")
@with_appcontext
def disclosures_command(reference: str) -> None:
    """Print to whom a patient's data were disclosed in the last six years, a line each."""
    found = disclosures.accounting(office(), "cli", reference)
    if found is None:
        sys.exit("There is no such intake.")
    for one in found.found:
        at = f"{one.at:%Y-%m-%d %H:%M}"
        click.echo(" | ".join((at, one.reference, one.to, one.what, one.why, one.by)))
    click.echo(f"{len(found.found)} since {found.since:%Y-%m-%d}.", err=True)


def _heads(kept: str | None, file: Path) -> list[Head]:
    try:
        given = [audit_heads.from_text(kept)] if kept else []
    except ValueError:
        sys.exit("--kept: not what an earlier run printed")
    try:
        return given + audit_heads.kept(file)
    except (ValueError, OSError):
        sys.exit(f"{file}: a line of it is no head of the audit")
