"""Commands of whoever runs the installation: make it, run its worker, let the first admin in."""

import sys

import click
from flask.cli import with_appcontext

from .settings import Settings
from .storage.database import Database, DatabaseUnavailableError
from .storage.intakes import has_rows
from .storage.vault import Keyring, VaultError
from .web import first_admin as invitation
from .web.current import office, queue, settings


@click.command()
@with_appcontext
def init() -> None:
    """Make the keys and the database, or bring the database up to date."""
    try:
        make_installation(settings())
    except (VaultError, DatabaseUnavailableError, OSError) as error:
        sys.exit(f"The installation could not be made: {error}.")


def make_installation(settings: Settings) -> None:
    """The tables, and at the very first start the keys. Done again it changes nothing.

    Raises VaultError when there are no keys although the database has rows.
    """
    settings.instance.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.database_url)
    try:
        database.migrate()
        with database.read() as conn:
            with_rows = has_rows(conn)
        Keyring.open(settings.keys, database_has_rows=with_rows)
    finally:
        database.close()


@click.command()
@with_appcontext
def worker() -> None:
    """Do the jobs (PDFs, alerts, sweeps) until SIGTERM, which lets what runs finish."""
    queue().consume()


@click.command("first-admin")
@with_appcontext
def first_admin() -> None:
    """While there is no staff account: print a link, good for 15 minutes, that makes the first."""
    if not invitation.is_open(office()):
        sys.exit(0)
    link = invitation.make_link(office(), settings().public_url)
    click.echo(f"Create the first administrator within 15 minutes: {link}")
