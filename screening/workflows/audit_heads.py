"""The head of the audit, kept outside the database each hour: it shows later whether rows were cut
off the end, which the chain alone cannot.

A line of the file is "2026-11-23T15:00:00+00:00 1234:MAC". The file lies in the instance folder and
is only added to; a copy of it on another machine, or the log, is what nobody here can change.
"""

import os
from pathlib import Path

import structlog

from ..storage import audit
from ..storage.audit import Head
from .office import Office

FILE = "audit-heads"
log = structlog.get_logger("screening")


def keep(office: Office) -> None:
    """Add the head as it is now, unless it is the last one that was kept (a task of the worker)."""
    if office.instance is None:
        return
    with office.database.read() as conn:
        newest = audit.head(conn)
    path = office.instance / FILE
    if newest is None or kept(path)[-1:] == [newest]:
        return
    line = f"{office.now().isoformat(timespec='seconds')} {as_text(newest)}\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(line)
    log.info("audit head", head=as_text(newest))


def kept(path: Path) -> list[Head]:
    """The heads of a file, in its order; [] without it. Raises ValueError for a line that is none.

    A last line without its end was being written when the machine stopped: it is left out.
    """
    if not path.is_file():
        return []
    lines = path.read_text("utf-8").splitlines(keepends=True)
    return [from_text(line.split()[-1]) for line in lines if line.endswith("\n") and line.strip()]


def as_text(head: Head) -> str:
    return f"{head.id}:{head.mac.hex()}"


def from_text(text: str) -> Head:
    """Raises ValueError when the text is no head."""
    number, _, mac = text.strip().partition(":")
    return Head(int(number), bytes.fromhex(mac))
