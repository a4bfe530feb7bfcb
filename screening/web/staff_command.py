"""A way back in for an administrator who lost both password and phone, when there is no other."""

import sys

import click
from flask import current_app, url_for
from flask.cli import with_appcontext

from ..workflows import accounts
from .current import office, settings


@click.command("staff-link")
@click.argument("email")
@with_appcontext
def staff_link(email: str) -> None:
    """Print a link with which the member of staff EMAIL sets a new password and connects an app.

    Until it is used the account cannot be used, and all its sessions have ended.
    """
    member_id = accounts.let_in_again(office(), email)
    if member_id is None:
        sys.exit("There is no account with this e-mail address.")
    with current_app.test_request_context():
        path = url_for("auth.join", secret=accounts.join_secret(office(), member_id))
    click.echo(f"Good once, for three days: {settings().public_url.rstrip('/')}{path}")
