"""Commands of whoever runs the installation: make it, run its worker, let the first admin in."""

import sys

import click
from flask.cli import with_appcontext

from .settings import Settings
from .storage import audit
from .storage.database import Database, DatabaseUnavailableError
from .storage.intakes import has_rows
from .storage.vault import Keyring, Vault, VaultError
from .web import first_admin
from .web.current import office, queue, settings
from .workflows.office import utc_now
from .workflows.queue import index_older


@click.command()
@with_appcontext
def init() -> None:
    """Make the keys and the database, or bring the database up to date.

    While there is no staff account, prints a link that makes the first administrator.
    """
    try:
        keyring = make_installation(settings())
    except (VaultError, DatabaseUnavailableError, OSError) as error:
        sys.exit(f"The installation could not be made: {error}.")
    database = Database(settings().database_url)
    if first_admin.is_open(database):
        click.echo(_invitation(database, keyring))
    database.close()


def make_installation(settings: Settings) -> Keyring:
    """The tables, and at the very first start the keys. Done again it changes nothing.

    Raises VaultError when there are no keys although the database has rows.
    """
    settings.instance.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(settings.database_url)
    try:
        database.migrate()
        with database.read() as conn:
            with_rows = has_rows(conn)
        keyring = Keyring.open(settings.keys, database_has_rows=with_rows)
        index_older(database, Vault(keyring))
        return keyring
    finally:
        database.close()


@click.command()
@with_appcontext
def worker() -> None:
    """Do the jobs (PDFs, alerts, sweeps) until SIGTERM, which lets what runs finish."""
    queue().consume()


@click.command("first-admin")
@with_appcontext
def invite() -> None:
    """While there is no staff account: print a link, good for 15 minutes, that makes the first."""
    if not first_admin.is_open(office().database):
        sys.exit("There is a staff account already. An administrator adds further ones.")
    click.echo(_invitation(office().database, office().keyring))


def _invitation(database: Database, keyring: Keyring) -> str:
    link = first_admin.make_link(Vault(keyring), settings().public_url, now=utc_now())
    with database.write() as conn:
        audit.append(conn, keyring, at=utc_now(), actor="cli", action="staff.first_link_made")
    return f"Create the first administrator within 15 minutes: {link}"
