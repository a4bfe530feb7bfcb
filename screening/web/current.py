"""The running app's own: its settings, its office and its queue of jobs."""

import sys

from flask import current_app, g

from screening.jobs import Queue
from screening.settings import Settings
from screening.storage.vault import VaultError
from screening.workflows.office import Office


def settings() -> Settings:
    found: Settings = current_app.extensions["settings"]
    return found


def office() -> Office:
    """Where answers are kept and what time it is; see `Office`.

    Raises VaultError in a command that runs before `flask init` made the keys. Ends a command that
    cannot do without the keys, when there are some that cannot be used.
    """
    if problem := current_app.extensions.get("keys_problem"):
        sys.exit(problem)
    found: Office | None = g.get("office") or current_app.extensions.get("office")
    if found is None:
        raise VaultError("there are no keys yet: run flask --app wsgi init")
    return found


def work_at(other: Office) -> None:
    """For the rest of this request `office` is this one, at another version of the content."""
    g.office = other


def queue() -> Queue:
    """The jobs: `queue().enqueue("make-pdf", submission_id)`, after the COMMIT."""
    office()
    found: Queue = current_app.extensions["queue"]
    return found
