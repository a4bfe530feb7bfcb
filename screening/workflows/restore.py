"""A backup put back into an empty installation: all of it or nothing.

Whatever was purged since the backup was made stays purged: the ledger in the instance folder and
the one in the backup both count. Nobody is signed in afterwards, and files of exports, which are in
no backup, are not promised any more.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, delete, select, update

from ..storage import age, copying, intakes, retention
from ..storage.copying import Told
from ..storage.database import Database
from ..storage.export_jobs import CANCELLED, DONE, EXPIRED, EXPORTS, OPEN
from ..storage.sessions import SESSIONS
from . import audit_heads
from .act import Act
from .backup import DATABASE, MANIFEST, BackupError, Manifest, check, silent, workplace
from .office import Office
from .retention import LEDGER, write_ledger


@dataclass(frozen=True)
class Restored:
    """`purged`: how many intakes were purged again; `files`: what was put into the instance folder,
    `kept`: what was there already."""

    manifest: Manifest
    opened: int
    purged: int
    intakes: int
    files: tuple[str, ...]
    kept: tuple[str, ...]


def restore(
    office: Office, file: Path, *, identity: age.Identity | None = None, told: Told = silent
) -> Restored:
    """Put a backup back. Raises BackupError, CopyError (the installation is not empty),
    DatabaseUnavailableError, VaultError, OSError; nothing is stored then."""
    instance = office.instance
    if instance is None:
        raise BackupError("there is no instance folder")
    office.database.migrate()
    with office.database.read() as conn:
        copying.refuse_full(conn)
    with workplace(instance) as folder:
        checked = check(office.keyring, file, folder, identity=identity, told=told)
        ledger = _ledger(instance / LEDGER) | _ledger(folder / LEDGER)
        source = Database(f"sqlite:///{folder / DATABASE}")
        try:
            told("Purging again what was purged since")
            purged = _purge_again(office, source, ledger)
            told("Storing the rows")
            files, kept = _store(office, source, folder, checked.manifest)
        finally:
            source.close()
    write_ledger(office)
    _set_heads_aside(instance)
    with office.database.read() as conn:
        count = copying.counts_of(conn)["intakes"]
    return Restored(checked.manifest, checked.opened, purged, count, files, kept)


def _ledger(path: Path) -> dict[str, datetime]:
    """When each intake was purged. Raises BackupError where a line cannot be read: it may name
    somebody who must not come back."""
    if not path.is_file():
        return {}
    found = {}
    for number, line in enumerate(path.read_text("ascii").splitlines(), 1):
        try:
            intake_id, at = line.split()
            found[intake_id] = datetime.fromisoformat(at).astimezone(UTC)
        except ValueError:
            raise BackupError(f"line {number} of {path.name} cannot be read") from None
    return found


def _purge_again(office: Office, source: Database, ledger: Mapping[str, datetime]) -> int:
    """In the copy, before anything is stored. The audit names every one of the ledger from now on,
    so that the ledger, which is made of it, keeps them."""
    with source.write() as conn:
        known = {intake_id for intake_id, _ in retention.purged(conn)}
        there = set(conn.execute(select(intakes.INTAKES.c.id)).scalars())
        act = Act(conn, office, "cli")
        for intake_id in sorted(ledger.keys() & there):
            intakes.delete_intake(conn, intake_id)
        for intake_id in sorted(ledger.keys() - known):
            act.note(retention.PURGED, intake_id, why="restored")
    source.checkpoint()
    return len(ledger.keys() & there)


def _store(
    office: Office, source: Database, folder: Path, manifest: Manifest
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Rows in one transaction, files in the same breath; names of files put there, and left."""
    assert office.instance is not None  # noqa: S101 - `restore` has looked
    # The ledger is written anew from the audit.
    names = [name for name in manifest.files if name not in (DATABASE, MANIFEST, LEDGER)]
    kept = [name for name in names if (office.instance / name).exists()]
    fresh = [name for name in names if name not in kept]
    try:
        with source.read() as origin, office.database.write() as conn:
            copying.copy_rows(origin, conn)
            _let_go(conn, office.now())
            made = manifest.made_at.isoformat()
            Act(conn, office, "cli").note("backup.restored", None, made=made)
            for name in fresh:
                _put(folder / name, office.instance / name)
    except BaseException:
        for name in fresh:
            (office.instance / name).unlink(missing_ok=True)
        raise
    return tuple(fresh), tuple(kept)


def _let_go(conn: Connection, now: datetime) -> None:
    """What belongs to the time before: browsers' sessions, files of exports."""
    conn.execute(delete(SESSIONS))
    gone = {"key_id": None, "wrapped_key": None, "ended_at": now}
    for was, now_is in (((DONE,), EXPIRED), (OPEN, CANCELLED)):
        these = update(EXPORTS).where(EXPORTS.c.status.in_(was))
        conn.execute(these.values(gone | {"status": now_is}))


def _set_heads_aside(instance: Path) -> None:
    """The heads of the audit that were kept here may be of rows after the backup: `verify-audit`
    would miss those for ever. They stay for whoever looks into it."""
    heads = instance / audit_heads.FILE
    if heads.exists():
        heads.rename(instance / f"{audit_heads.FILE}.before-restore")


def _put(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)
    descriptor = os.open(target, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
