"""Exports that were asked for: how far each is, the key of its file, and whose answers are in it.

    waiting, running        the worker makes it, or will
    done                    the file may be fetched, once, until it expires
    fetched, expired, cancelled, failed     there is neither a file nor a key any more

A row stays for the accounting of disclosures. Every function takes a Connection inside a
transaction and leaves the COMMIT to its caller.
"""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, insert, or_, select, update

from .models import ExportJob, table
from .vault import DataKey, Vault

EXPORTS = table(ExportJob)
WAITING, RUNNING, DONE = "waiting", "running", "done"
FETCHED, EXPIRED, CANCELLED, FAILED = "fetched", "expired", "cancelled", "failed"
OPEN = (WAITING, RUNNING)
_NO_KEY: Mapping[str, None] = {"key_id": None, "wrapped_key": None}


@dataclass(frozen=True)
class StoredJob:
    """One export; see `models.ExportJob`. `options` is JSON."""

    id: str
    by: str
    asked_at: datetime
    options: Mapping[str, Any]
    status: str = WAITING
    tries: int = 0
    total: int | None = None
    done: int = 0
    rows: int | None = None
    rare: int | None = None
    name: str | None = None
    key_id: str | None = None
    wrapped_key: bytes | None = field(default=None, repr=False)
    size: int | None = None
    sha256: str | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    fetched_at: datetime | None = None
    error: str | None = None
    included: bytes | None = field(default=None, repr=False)


class WithIncluded(Protocol):
    @property
    def included(self) -> bytes | None: ...


def add(conn: Connection, job: StoredJob) -> None:
    """One that waits to be made."""
    conn.execute(insert(EXPORTS), _asked(job))


def add_fetched(conn: Connection, job: StoredJob, *, at: datetime, **told: Any) -> None:
    """One that was made and handed out at once. `told` as of `finish`."""
    values = {"status": FETCHED, "ended_at": at, "fetched_at": at, **told}
    conn.execute(insert(EXPORTS), _asked(job) | values)


def _asked(job: StoredJob) -> dict[str, Any]:
    options = json.dumps(job.options, sort_keys=True)
    asked = {"id": job.id, "by": job.by, "asked_at": job.asked_at}
    return asked | {"options": options, "status": job.status}


def read(conn: Connection, job_id: str) -> StoredJob | None:
    row = conn.execute(select(EXPORTS).where(EXPORTS.c.id == job_id)).mappings().first()
    return _job(row) if row else None


def newest(conn: Connection, limit: int) -> list[StoredJob]:
    """The last that were asked for."""
    asked = select(EXPORTS).order_by(EXPORTS.c.asked_at.desc(), EXPORTS.c.id).limit(limit)
    return [_job(row) for row in conn.execute(asked).mappings()]


def handed_out(conn: Connection, *, since: datetime) -> Iterator[StoredJob]:
    """Those that somebody fetched since then, be it in part, one after the other."""
    asked = select(EXPORTS).where(EXPORTS.c.fetched_at >= since).order_by(EXPORTS.c.fetched_at)
    with conn.execute(asked.execution_options(yield_per=10)) as rows:
        for row in rows.mappings():
            yield _job(row)


def next_open(conn: Connection) -> StoredJob | None:
    """What the worker has to make next: what it began before, then the oldest that waits."""
    asked = (
        select(EXPORTS)
        .where(EXPORTS.c.status.in_(OPEN))
        .order_by(EXPORTS.c.status, EXPORTS.c.asked_at, EXPORTS.c.id)
        .limit(1)
    )
    row = conn.execute(asked).mappings().first()
    return _job(row) if row else None


def made_or_begun(conn: Connection) -> list[StoredJob]:
    """Those whose file may hold something already, and that nobody has fetched."""
    asked = select(EXPORTS).where(EXPORTS.c.status.in_((RUNNING, DONE)))
    return [_job(row) for row in conn.execute(asked).mappings()]


def to_expire(conn: Connection, now: datetime) -> list[StoredJob]:
    """Those whose time to be fetched is over, and those whose key went with a restored backup."""
    over = or_(EXPORTS.c.expires_at <= now, EXPORTS.c.wrapped_key.is_(None))
    asked = select(EXPORTS).where(EXPORTS.c.status == DONE, over)
    return [_job(row) for row in conn.execute(asked).mappings()]


def begin(conn: Connection, job_id: str, key: DataKey | None, *, total: int) -> bool:
    """From the start, also when it was begun before. False: nobody waits for it any more."""
    values = {"status": RUNNING, "tries": EXPORTS.c.tries + 1, "total": total, "done": 0}
    if key is not None:
        values |= {"key_id": key.id, "wrapped_key": key.wrapped}
    return _change(conn, job_id, OPEN, values)


def progress(conn: Connection, job_id: str, *, done: int, total: int) -> bool:
    """False: it was cancelled."""
    return _change(conn, job_id, (RUNNING,), {"done": done, "total": total})


def finish(conn: Connection, job_id: str, **told: Any) -> bool:
    """The file is whole. `told`: rows, rare, name, size, sha256, included, ended_at, expires_at.
    False: it was cancelled."""
    values = {"status": DONE, "done": EXPORTS.c.total}
    return _change(conn, job_id, (RUNNING,), values | told)


def hand_out(conn: Connection, job_id: str, at: datetime) -> None:
    """Its first bytes leave."""
    this = update(EXPORTS).where(EXPORTS.c.id == job_id, EXPORTS.c.fetched_at.is_(None))
    conn.execute(this.values(fetched_at=at))


def end(
    conn: Connection,
    job_id: str,
    status: str,
    *,
    was: Sequence[str],
    at: datetime | None = None,
    error: str | None = None,
) -> bool:
    """Its key goes; the caller removes the file. `error`: a kind, never a text. False: it is not in
    one of the states `was`, and nothing happened."""
    values: dict[str, Any] = {"status": status, **_NO_KEY}
    values |= {"ended_at": at} if at else {}
    values |= {"error": error} if error else {}
    return _change(conn, job_id, was, values)


def _change(conn: Connection, job_id: str, was: Sequence[str], values: Mapping[str, Any]) -> bool:
    this = update(EXPORTS).where(EXPORTS.c.id == job_id, EXPORTS.c.status.in_(was))
    return conn.execute(this.values(values)).rowcount == 1


def rewrap_keys(conn: Connection, vault: Vault) -> None:
    """Put the keys of files under the current master key; there are few."""
    old = select(EXPORTS).where(EXPORTS.c.key_id != vault.keyring.current).with_for_update()
    for row in conn.execute(old).mappings().all():
        key = vault.rewrap(row["key_id"], row["wrapped_key"])
        this = update(EXPORTS).where(EXPORTS.c.id == row["id"])
        conn.execute(this.values(key_id=key.id, wrapped_key=key.wrapped))


def _job(row: Mapping[Any, Any]) -> StoredJob:
    return StoredJob(**dict(row) | {"options": json.loads(row["options"])})


# Whose answers are in it


class Included:
    """Gathers the ids of submissions: a bit for each id up to the highest, 125 KB a million."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, submission_id: int) -> None:
        place = submission_id >> 3
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        self._bits[place] |= 1 << (submission_id & 7)

    def __len__(self) -> int:
        return int.from_bytes(self._bits, "little").bit_count()

    def packed(self) -> bytes:
        return zlib.compress(self._bits)


def was_in(row: WithIncluded, submission_id: int) -> bool:
    """Whether the submission with this id (`submissions.id`, never given out again after a purge)
    is in the file of this row of `exports`.

    `included` is set once the file is whole: zlib over a row of bits, the bit for id N being bit
    N % 8, counted from the lowest, of byte N // 8. For an accounting of disclosures: the file
    left the clinic's hands when `fetched_at` is set (be it that the download broke off); without
    it nobody got any of it. A de-identified export is no disclosure about a patient (45 CFR
    164.528(a)(1)); `options["deidentified"]` tells.
    """
    if row.included is None:
        return False
    bits = zlib.decompress(row.included)
    place = submission_id >> 3
    return place < len(bits) and bool(bits[place] >> (submission_id & 7) & 1)
