"""Commands about signed bundles: is one whole and from here, and which key signs them."""

import sys
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from .cli import printable
from .outputs.bundle import SigningKey
from .outputs.bundle_check import BundleError, Checked, check_bundle, expected_key
from .storage.vault import VaultError, signing_secret
from .web.current import settings


def register(app: Flask) -> None:
    """Add the commands to the app's command line."""
    for command in (verify, signing_key):
        app.cli.add_command(command)


@click.command("verify")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--key", metavar="KEY", help="The fingerprint that is expected, or a file with it.")
def verify(bundle: Path, key: str | None) -> None:
    """Check a signed bundle. Needs the file alone; exit status 1 names the first thing wrong."""
    try:
        expected = expected_key(key) if key else None
    except ValueError as error:
        sys.exit(f"--key: {error}.")
    try:
        with bundle.open("rb") as file:
            checked = check_bundle(file, expected)
    except OSError as error:
        sys.exit(f"{bundle} cannot be read: {error.strerror}.")
    except BundleError as error:
        sys.exit(printable(f"{bundle}: {error}"))
    click.echo(_told(bundle, checked, known=expected is not None))


def _told(bundle: Path, checked: Checked, *, known: bool) -> str:
    about = checked.about
    lines = [
        f"{bundle} is whole: {len(checked.files)} files, {about.get('rows')} submissions.",
        f"Made at {about.get('made_at')} for {about.get('recipient')}: {about.get('purpose')}.",
        f"Signed with {checked.key}.",
    ]
    if not known:
        lines.append("Compare that with the fingerprint that the clinic told you, or give --key.")
    # Or what a stranger wrote could look like lines of ours.
    return "\n".join(printable(line) for line in lines)


@click.command("signing-key")
@with_appcontext
def signing_key() -> None:
    """Print the fingerprint of the key that signs exports, for recipients to compare."""
    try:
        click.echo(SigningKey(signing_secret(settings().keys)).fingerprint)
    except VaultError as error:
        sys.exit(f"There is no key: {error}.")
