"""A change of the settings, noted in the audit when the server starts: which ones, never to what.

The row keeps a keyed mark of each value, so that the next start can tell what is different and
nobody who reads the audit can tell what it is.
"""

from collections.abc import Mapping

import structlog

from ..storage import audit_pages
from ..storage.database import DatabaseUnavailableError
from .act import Act
from .office import Office

NOTED = "settings.noted"
CHANGED = "settings.changed"
MARK = 12  # hex digits: enough to tell two values apart
log = structlog.get_logger("screening")


def note(office: Office, values: Mapping[str, object]) -> None:
    """Compare with the last start. `values`: by name, each with a repr that says all of it.

    The server starts even when the database takes nothing now: then the next start notes it.
    """
    marks = {
        name: office.vault.blind("setting", f"{name}\0{value!r}").hex()[:MARK]
        for name, value in sorted(values.items())
    }
    try:
        _note(office, marks)
    except DatabaseUnavailableError:
        log.exception("settings not noted")


def _note(office: Office, marks: Mapping[str, str]) -> None:
    with office.database.read() as conn:
        last = audit_pages.newest(conn, (NOTED, CHANGED))
    was = last.detail["marks"] if last else {}
    if was == marks:
        return
    names = sorted(name for name in {*was, *marks} if was.get(name) != marks.get(name))
    said = {"names": names} if last else {}
    with office.database.write() as conn:
        action = CHANGED if last else NOTED
        Act(conn, office, "system").note(action, None, marks=dict(marks), **said)
