"""The command that purges what had its time; administrators have a page for it too."""

import sys

import click
from flask.cli import with_appcontext

from .storage.database import DatabaseUnavailableError
from .storage.vault import VaultError
from .web.current import office
from .workflows import retention
from .workflows.retention import Due


@click.command("purge")
@click.option("--yes", is_flag=True, help="Purge it. Without this it is only listed.")
@with_appcontext
def purge(yes: bool) -> None:
    """List what the policy in clinic.toml lets go and what stays and why; with --yes purge it.

    Nothing brings back what was purged. A line an intake's patient: the reference of the first,
    the day of the last that happened, how many intakes, and why it stays if it does.
    """
    try:
        found = retention.due(office())
        for one in found:
            click.echo(_line(one))
        gone = retention.purge(office(), "cli", found) if yes else 0
    except (DatabaseUnavailableError, VaultError) as error:
        sys.exit(f"purge: {error}.")
    may_go = sum(len(one.intakes) for one in found if not one.stays)
    click.echo(f"Purged: {gone} of {may_go}." if yes else f"May be purged: {may_go}.", err=True)


def _line(one: Due) -> str:
    stays = f"stays: {', '.join(one.stays)}" if one.stays else "goes"
    return f"{one.reference}  last {one.last_on}  intakes {len(one.intakes)}  {stays}"
