"""A file on disk that only its key opens, written and read in chunks; memory does not grow with it.

Each chunk is its length (4 bytes) and what the vault sealed. Its number, and whether it is the last
one, are authenticated with it: a file that was cut off, or whose chunks changed places, is refused.
"""

import fcntl
import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from .vault import DataKey, Vault, VaultError

CHUNK = 256 * 1024  # bytes of the plain file
_LENGTH = struct.Struct(">I")
_LONGEST = CHUNK + 1024  # of a sealed chunk


class SealedFile(io.RawIOBase):
    """Takes plain bytes, from the start to the end. The file is whole only after `finish`.

    `size` and `sha256` are those of the plain file.
    """

    def __init__(self, path: Path, vault: Vault, key: DataKey, *, context: str) -> None:
        """For its owner alone. Raises OSError."""
        super().__init__()
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._vault, self._key, self._context = vault, key, context
        self._waiting = bytearray()
        self._hash = sha256()
        self._number = 0
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._hash.update(data)
        self._waiting += data
        many = memoryview(data).nbytes
        self.size += many
        # The last chunk may be a full one, so a full one waits for the next byte.
        while len(self._waiting) > CHUNK:
            self._put_away(self._waiting[:CHUNK], last=False)
            del self._waiting[:CHUNK]
        return many

    def finish(self) -> None:
        """All of it is on disk when this returns."""
        self._put_away(self._waiting, last=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Whoever goes on without `finish` says so; what was written is of no use."""
        self._file.close()

    def _put_away(self, chunk: bytes | bytearray, *, last: bool) -> None:
        context = _numbered(self._context, self._number, last=last)
        sealed = self._vault.seal(self._key, bytes(chunk), context=context)
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._number += 1


def chunks(file: BinaryIO, vault: Vault, key: DataKey, *, context: str) -> Iterator[bytes]:
    """The plain file, a chunk at a time. Raises VaultError for another key or an altered file."""
    sealed = _next(file)
    number = 0
    while sealed is not None:
        following = _next(file)
        numbered = _numbered(context, number, last=following is None)
        yield vault.unseal(key, sealed, context=numbered)
        sealed, number = following, number + 1
    if not number:
        raise VaultError(f"{context} is empty")


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Whether this is the only one in the block, of all threads and processes of the machine. A
    process that dies lets go of it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield claim(descriptor)
    finally:
        let_go(descriptor)
        os.close(descriptor)


def claim(descriptor: int) -> bool:
    """Whether nobody else has this file; then it is ours until `let_go`."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def let_go(descriptor: int) -> None:
    """Not only closed: a child forked meanwhile holds the same open file."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _next(file: BinaryIO) -> bytes | None:
    """The next sealed chunk. What is cut off does not open."""
    length = file.read(_LENGTH.size)
    if not length:
        return None
    many = _LENGTH.unpack(length.ljust(_LENGTH.size, b"\0"))[0]
    return file.read(min(many, _LONGEST))


def _numbered(context: str, number: int, *, last: bool) -> str:
    return f"{context}:{number}:{'last' if last else 'more'}"
