"""Backups: a snapshot of the database with the clinic's files, encrypted, checked by restoring it.

A backup is an age file around a tar: `manifest.json`, `screening.db` (SQLite, whatever the source
is), `clinic.toml`, the logo, `purged`. It holds no key: without the keys, which are kept apart, its
answers are as closed as in the database. Who has the keys opens it; `recipients` may too.
"""

import fcntl
import hmac
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import Connection, func, select

from ..storage import age, audit, copying, intakes
from ..storage.copying import Told
from ..storage.database import REVISION, Database
from ..storage.intakes import INTAKES
from ..storage.sealed import to_json
from ..storage.submissions import submission_of
from ..storage.vault import Keyring, Vault, VaultError
from .act import acting
from .office import Office
from .retention import LEDGER

FORMAT = 1
DATABASE, MANIFEST = "screening.db", "manifest.json"
SAMPLE = 100  # intakes that a check opens
LARGEST_MANIFEST = 1 << 20  # bytes
LARGE = 100 << 20  # bytes: below, it is done before anybody could read how far it is
LAST = "last-backup"  # the file in the instance folder that says when the last one was made


class BackupError(Exception):
    """No backup was made, or this is none that can be restored. One plain line."""


@dataclass(frozen=True)
class Manifest:
    """`rows` by table; `audit`: "id:mac" of its newest row, "" without any."""

    made_at: datetime
    revision: str
    rows: Mapping[str, int]
    audit: str
    files: Mapping[str, str]  # SHA-256 by name


@dataclass(frozen=True)
class Checked:
    """`opened`: how many intakes were decrypted."""

    manifest: Manifest
    opened: int


def silent(_line: str) -> None:
    """Tells nobody."""


def make(
    office: Office,
    out: Path,
    *,
    files: Sequence[Path] = (),
    recipients: Sequence[age.Recipient] = (),
    told: Told = silent,
) -> Checked:
    """Write a backup to `out`, which appears when it has been restored elsewhere and checked.

    Raises BackupError, CopyError, DatabaseUnavailableError, VaultError, OSError; nothing is left
    at `out` then.
    """
    if out.exists():
        raise BackupError(f"{out} is there already")
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        with workplace(office.instance or out.parent) as folder:
            _collect(office, folder, files, told)
            told("Encrypting it")
            own = own_identity(office.vault).to_public()
            _pack(folder, unfinished, [own, *recipients], told)
            _empty(folder)
            checked = check(office.keyring, unfinished, folder, told=told)
        with acting(office, "cli") as act:
            made_for = {"recipients": len(recipients), "intakes": checked.manifest.rows["intakes"]}
            act.note("backup.made", None, **made_for)
            unfinished.rename(out)
        _remember(office)
        return checked
    finally:
        unfinished.unlink(missing_ok=True)


def check(
    keyring: Keyring,
    file: Path,
    folder: Path,
    *,
    identity: age.Identity | None = None,
    told: Told = silent,
) -> Checked:
    """Restore a backup into an empty folder and look at it there. Raises as `make` does."""
    told("Checking it by restoring it")
    manifest = unpack(keyring, file, folder, identity)
    with opened(folder / DATABASE, manifest) as database, database.read() as conn:
        opened_rows = _look(conn, keyring, manifest)
    return Checked(manifest, opened_rows)


def last_made(instance: Path) -> datetime | None:
    """When the last backup was made; None without any."""
    try:
        return datetime.fromisoformat((instance / LAST).read_text("ascii").strip())
    except (OSError, ValueError):
        return None


def own_identity(vault: Vault) -> age.Identity:
    """What opens the backups of this installation. Derived of a key that no rotation changes."""
    return age.identity_of(bytes.fromhex(vault.derived("backup")))


@contextmanager
def workplace(parent: Path) -> Iterator[Path]:
    """A private folder, gone afterwards; what a killed run has left goes too.

    Raises BackupError while another works there.
    """
    with (parent / ".backup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError("another backup or restore is running") from None
        for left in parent.glob(".backup-*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=".backup-", dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


# Making


def _collect(office: Office, folder: Path, files: Sequence[Path], told: Told) -> None:
    """The snapshot, the clinic's files and the manifest that vouches for them."""
    told("Taking a snapshot of the database")
    copying.snapshot(office.database, folder / DATABASE)
    ledger = [office.instance / LEDGER] if office.instance else []
    for path in (*files, *ledger):
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    said = {
        "format": FORMAT,
        "made_at": office.now().isoformat(),
        "files": {path.name: _sha256(path) for path in sorted(folder.iterdir())},
        **_counted(folder / DATABASE),
    }
    signed = {"said": said, "mac": _mac(office.keyring, said)}
    (folder / MANIFEST).write_bytes(to_json(signed))


def _counted(path: Path) -> dict[str, Any]:
    """What is in the snapshot; read without changing a byte of it."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as conn:
        there = {name for (name,) in conn.execute("SELECT name FROM sqlite_master")}
        # Names of our own tables.
        counts = {
            table.name: conn.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]  # noqa: S608
            for table in copying.TABLES
            if table.name in there
        }
        newest = conn.execute("SELECT id, mac FROM audit ORDER BY id DESC LIMIT 1").fetchone()
        (revision,) = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    head = f"{newest[0]}:{newest[1].hex()}" if newest else ""
    return {"revision": revision, "rows": counts, "audit": head}


def _pack(folder: Path, out: Path, recipients: Sequence[age.Recipient], told: Told) -> None:
    names = sorted(path.name for path in folder.iterdir())
    total = sum(path.stat().st_size for path in folder.iterdir())
    with age.writing(out, recipients) as plain:
        counted = cast(BinaryIO, _Counted(plain, total, told))
        with tarfile.open(fileobj=counted, mode="w|") as tar:
            for name in [MANIFEST, *(name for name in names if name != MANIFEST)]:
                tar.add(folder / name, name, filter=_anonymous)


class _Counted:
    """A file to write to that tells, of a large one, each tenth that is done."""

    def __init__(self, file: BinaryIO, total: int, told: Told):
        self._file, self._total, self._told = file, total, told
        self._done = self._tenths = 0

    def write(self, data: bytes) -> int:
        self._done += len(data)
        tenths = self._done * 10 // self._total
        if self._total > LARGE and tenths > self._tenths:
            self._tenths = tenths
            self._told(f"{min(tenths, 10)}0 %")
        return self._file.write(data)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _remember(office: Office) -> None:
    if office.instance is not None:
        fresh = office.instance / f".{LAST}"
        fresh.write_text(f"{office.now().isoformat()}\n", "ascii")
        fresh.replace(office.instance / LAST)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


# Checking


def unpack(
    keyring: Keyring, file: Path, folder: Path, identity: age.Identity | None = None
) -> Manifest:
    """All files of a backup, into an empty folder, each as the signed manifest has it.

    Raises BackupError when it is none of this installation's, altered or incomplete.
    """
    identities = [own_identity(Vault(keyring)), *([identity] if identity else [])]
    try:
        with (
            age.reading(file, identities) as plain,
            tarfile.open(fileobj=plain, mode="r|") as tar,
        ):
            for member in tar:
                _extract(tar, member, folder)
    except (age.AgeError, tarfile.TarError) as error:
        raise BackupError(f"{file} cannot be read: {error}") from None
    manifest = _read_manifest(keyring, folder / MANIFEST)
    found = {path.name: _sha256(path) for path in folder.iterdir() if path.name != MANIFEST}
    if found != manifest.files or DATABASE not in found:
        raise BackupError(f"{file} does not hold what its manifest says")
    return manifest


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    source = tar.extractfile(member) if member.isreg() else None
    if source is None or not is_plain_name(member.name):
        raise BackupError(f"the backup holds something strange: {member.name!r}")
    descriptor = os.open(folder / member.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(source, file)


def is_plain_name(name: str) -> bool:
    """Of a file beside the others; one that could lie elsewhere is none."""
    return name == Path(name).name and not name.startswith(".")


def _read_manifest(keyring: Keyring, path: Path) -> Manifest:
    if not path.is_file() or path.stat().st_size > LARGEST_MANIFEST:
        raise BackupError("the backup has no manifest")
    try:
        signed = json.loads(path.read_bytes())
        said = signed["said"]
        mac = str(signed["mac"])
    except (ValueError, KeyError, TypeError):
        raise BackupError("the manifest of the backup cannot be read") from None
    if not hmac.compare_digest(mac.encode(), _mac(keyring, said).encode()):
        raise BackupError("the backup was not made with these keys")
    if said["format"] != FORMAT or said["revision"] > REVISION:
        raise BackupError("the backup is of a newer version of this software; install that first")
    made_at = datetime.fromisoformat(said["made_at"])
    return Manifest(made_at, said["revision"], said["rows"], said["audit"], said["files"])


@contextmanager
def opened(path: Path, manifest: Manifest) -> Iterator[Database]:
    """The backup's database, whole and of this version. Raises BackupError."""
    with closing(sqlite3.connect(path)) as conn:
        problems = [row[0] for row in conn.execute("PRAGMA integrity_check(5)")]
        if problems != ["ok"] or conn.execute("PRAGMA foreign_key_check").fetchone():
            raise BackupError("the database in the backup is damaged")
    database = Database(f"sqlite:///{path}")
    try:
        if manifest.revision != REVISION:
            database.migrate()
        yield database
    finally:
        database.close()


def _look(conn: Connection, keyring: Keyring, manifest: Manifest) -> int:
    """The counts, the chain of the audit, the keys, a sample. How many intakes were opened."""
    counts = copying.counts_of(conn)
    if any(counts.get(table) != count for table, count in manifest.rows.items()):
        raise BackupError("the backup has other rows than its manifest says")
    bad = audit.verify(conn, keyring, kept=_heads(manifest.audit))
    if bad is not None:
        raise BackupError(f"row {bad} of the audit in the backup was changed, removed or put in")
    vault = Vault(keyring)
    try:
        intakes.check_keys(conn, vault)
        sample = select(INTAKES.c.id).order_by(func.random()).limit(SAMPLE)
        ids = list(conn.execute(sample).scalars())
        for intake_id in ids:
            if submission_of(conn, vault, intake_id) is None:
                intakes.read_draft(conn, vault, intake_id)
    except VaultError as error:
        raise BackupError(f"the backup cannot be decrypted: {error}") from None
    return len(ids)


def _heads(text: str) -> list[audit.Head]:
    number, _, mac = text.partition(":")
    return [audit.Head(int(number), bytes.fromhex(mac))] if number else []


def _mac(keyring: Keyring, said: Mapping[str, Any]) -> str:
    return hmac.digest(keyring.audit, b"backup\0" + to_json(said), "sha256").hex()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
