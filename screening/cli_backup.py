"""Commands about the whole installation: backups, its keys, another database."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy.exc import ArgumentError

from .storage import age, audit, copying, escrow
from .storage.age import AgeError
from .storage.copying import CopyError
from .storage.database import Database, DatabaseUnavailableError
from .storage.vault import VaultError
from .web.current import office, settings
from .workflows import backup, rotation
from .workflows.backup import BackupError, Checked
from .workflows.restore import restore
from .workflows.rotation import RotationError

FILE = click.Path(dir_okay=False, path_type=Path)
FAILURES = (
    BackupError,
    CopyError,
    AgeError,
    RotationError,
    VaultError,
    DatabaseUnavailableError,
)


def register(app: Flask) -> None:
    """Add the commands to the app's command line."""
    commands = (
        backup_command,
        check_backup,
        restore_command,
        backup_keys,
        restore_keys,
        rotate_keys,
        copy_to,
    )
    for command in commands:
        app.cli.add_command(command)


def _recipient(_context: object, _parameter: object, given: tuple[str, ...]) -> list[age.Recipient]:
    try:
        return [age.recipient(text) for text in given]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _identity(_context: object, _parameter: object, given: Path | None) -> age.Identity | None:
    try:
        return age.identity(given.read_text("utf-8")) if given else None
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{given}: {error}") from None


recipients_option = click.option(
    "--recipient", "recipients", multiple=True, metavar="age1...", callback=_recipient
)
identity_option = click.option(
    "--identity", type=FILE, callback=_identity, help="The file that age-keygen wrote."
)


@click.command("backup")
@click.argument("out", type=FILE, metavar="FILE")
@recipients_option
@with_appcontext
def backup_command(out: Path, recipients: list[age.Recipient]) -> None:
    """Write an encrypted backup and check it by restoring it. It holds no keys.

    The keys of this installation open it, and each --recipient does too.
    """
    with _told("Nothing was kept"):
        checked = backup.make(
            office(), out, files=_clinic_files(), recipients=recipients, told=_say
        )
    click.echo(f"{out}: {_in_words(checked)}")


@click.command("check-backup")
@click.argument("file", type=FILE)
@identity_option
@with_appcontext
def check_backup(file: Path, identity: age.Identity | None) -> None:
    """Restore a backup into a temporary folder, look at it there and say what is in it."""
    with _told("This backup cannot be restored"), backup.workplace(settings().instance) as folder:
        checked = backup.check(office().keyring, file, folder, identity=identity, told=_say)
    click.echo(f"{file}: {_in_words(checked)}")


@click.command("restore")
@click.argument("file", type=FILE)
@identity_option
@with_appcontext
def restore_command(file: Path, identity: age.Identity | None) -> None:
    """Put a backup back into an empty installation whose keys are there.

    What was purged since the backup was made is purged again.
    """
    with _told("Nothing was restored"):
        done = restore(office(), file, identity=identity, told=_say)
    made = done.manifest.made_at.astimezone(office().zone)
    click.echo(f"Restored {done.intakes} intakes as of {made:%Y-%m-%d %H:%M %Z}.")
    click.echo(f"Purged again: {done.purged} intakes that were purged since.")
    if done.files:
        click.echo(f"Put back into {settings().instance}: {', '.join(done.files)}.")
    if done.kept:
        click.echo(f"Left as they are, since they were there: {', '.join(done.kept)}.")
    click.echo("Nobody is signed in. Exports that were not fetched have to be made again.")


@click.command("backup-keys")
@click.argument("out", type=FILE, metavar="FILE")
@recipients_option
@with_appcontext
def backup_keys(out: Path, recipients: list[age.Recipient]) -> None:
    """Write all keys to a file that only the --recipient opens. Keep it apart from the backups."""
    if not recipients:
        sys.exit("Say with --recipient age1... who can open it; age-keygen makes one.")
    with _told("No keys were kept"):
        count = escrow.store_keys(settings().keys, out, recipients)
    click.echo(f"{out}: {count} keys. Make a new one after each rotate-keys.")


@click.command("restore-keys")
@click.argument("file", type=FILE)
@identity_option
@with_appcontext
def restore_keys(file: Path, identity: age.Identity | None) -> None:
    """Put the keys of a backup-keys file back where there are none."""
    if identity is None:
        sys.exit("Say with --identity which file opens it.")
    with _told("No keys were put back"):
        count = escrow.bring_back_keys(file, settings().keys, identity)
    click.echo(f"{settings().keys}: {count} keys.")


@click.command("rotate-keys")
@click.option("--new", is_flag=True, help="Make a key although the last rotation is unfinished.")
@click.option("--retire", is_flag=True, help="Remove the old keys, which nothing needs any more.")
@with_appcontext
def rotate_keys(new: bool, retire: bool) -> None:
    """Make a new master key and put everything under it, while the server runs.

    Stopped at any time, run it again. hmac.key and audit.key stay.
    """
    if retire:
        with _told("No key was removed"):
            removed = rotation.retire(office())
        click.echo(f"Removed {', '.join(removed)}. Backups made before the rotation need it still:")
        click.echo("keep what backup-keys wrote before as long as you keep those backups.")
        return
    with _told("The rotation is not finished"):
        done = rotation.rotate(office(), new=new, told=_say)
    begun = "A new key" if done.made else "The rotation that was stopped is finished; the key"
    click.echo(f"{begun}: {done.key_id}. {done.moved} rows were put under it.")
    click.echo("Run backup-keys, make a backup, and in two minutes rotate-keys --retire.")


@click.command("copy-to")
@click.argument("url", metavar="DATABASE_URL")
@with_appcontext
def copy_to(url: str) -> None:
    """Copy all rows into an empty database: SQLite to PostgreSQL, or back. Stop the server first.

    Every table is counted and compared, and the copy's audit is checked.
    """
    with _told("Nothing was copied"):
        target = _empty_database(url)
        try:
            tallies = copying.copy(office().database, target, _say)
            with target.read() as conn:
                bad = audit.verify(conn, office().keyring)
                copied = audit.head(conn)
        finally:
            target.close()
        if bad is not None:
            raise CopyError(f"row {bad} of the audit is wrong, in the copy as here")
        with office().database.read() as conn:
            if audit.head(conn) != copied:
                raise CopyError("something was written meanwhile: stop the server and the worker")
    rows = sum(tally.rows for tally in tallies.values())
    click.echo(f"Copied and compared {rows} rows of {len(tallies)} tables; the audit is whole.")
    click.echo("Set SCREENING_DATABASE_URL to it and start again. Nothing was changed here.")


def _empty_database(url: str) -> Database:
    """Raises CopyError for an address that is none, DatabaseUnavailableError, OSError."""
    try:
        target = Database(url)
    except (ValueError, ImportError, ArgumentError) as error:
        raise CopyError(f"the address of the database: {type(error).__name__}") from None
    if target.url == office().database.url:
        raise CopyError("that is the database in use")
    target.migrate()
    return target


def _clinic_files() -> list[Path]:
    """Whose clinic it is, and its logo."""
    names = ["clinic.toml", settings().clinic.logo]
    return [settings().instance / name for name in names if name]


def _in_words(checked: Checked) -> str:
    rows = checked.manifest.rows
    return (
        f"{rows['intakes']} intakes ({rows['submissions']} sent), {sum(rows.values())} rows; "
        f"restored to check it, the audit is whole, {checked.opened} intakes were decrypted."
    )


def _say(line: str) -> None:
    click.echo(line, err=True)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Failures as one plain line and exit status 1."""
    try:
        yield
    except FAILURES as error:
        sys.exit(f"{what}: {error}.")
    except OSError as error:
        sys.exit(f"{what}: {error.filename or 'a file'}: {error.strerror or error}.")
