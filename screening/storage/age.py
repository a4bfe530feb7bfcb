"""Files in the age format (age-encryption.org): other programs open them too, given the identity.

What is written and read is streamed: neither the memory nor the disk holds the plain file.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import pyrage

Recipient: TypeAlias = Any  # pyrage.x25519.Recipient; the library ships no types
Identity: TypeAlias = Any  # pyrage.x25519.Identity
CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"  # of Bech32 (BIP 173)
GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
PREFIX = "age-secret-key-"


class AgeError(Exception):
    """Not an age file of ours, cut off, altered, or for somebody else."""


def recipient(text: str) -> Recipient:
    """Of "age1...". Raises ValueError when it is none."""
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        raise ValueError("a recipient looks like age1..., 62 characters") from None


def identity(text: str) -> Identity:
    """Of a file as `age-keygen` writes it: lines with # are notes. Raises ValueError."""
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not line.startswith("#")]
    try:
        return pyrage.x25519.Identity.from_str(kept[0])
    except (IndexError, pyrage.IdentityError):
        raise ValueError("an identity looks like AGE-SECRET-KEY-1...") from None


def identity_of(secret: bytes) -> Identity:
    """The identity that these 32 bytes are, always the same."""
    return pyrage.x25519.Identity.from_str(_bech32(PREFIX, secret).upper())


@contextmanager
def writing(path: Path, recipients: Sequence[Recipient]) -> Iterator[BinaryIO]:
    """A stream to write plain bytes to; the file, for its owner alone, gets them encrypted.

    Raises OSError. After any error the file is of no use.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    read_end, write_end = os.pipe()
    with os.fdopen(descriptor, "wb") as file, ThreadPoolExecutor(1) as pool:
        source = os.fdopen(read_end, "rb")
        work = pool.submit(_encrypt, source, file, recipients)
        with _closing(os.fdopen(write_end, "wb"), work) as plain:
            yield plain
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def reading(path: Path, identities: Sequence[Identity]) -> Iterator[BinaryIO]:
    """The plain bytes of a file as a stream. Raises AgeError, at its end too; OSError."""
    read_end, write_end = os.pipe()
    with path.open("rb") as file, ThreadPoolExecutor(1) as pool:
        target = os.fdopen(write_end, "wb")
        work = pool.submit(_decrypt, file, target, identities)
        with _closing(os.fdopen(read_end, "rb"), work) as plain:
            yield plain
            while plain.read(1 << 16):  # only its very end proves the file whole
                pass


@contextmanager
def _closing(end: BinaryIO, work: "Future[None]") -> Iterator[BinaryIO]:
    """Our end of the pipe. What went wrong at the other end is told before what it led to."""
    try:
        with end:
            yield end
    except Exception:
        if work.done() or work.exception():
            work.result()
        raise
    work.result()


def _encrypt(source: BinaryIO, file: BinaryIO, recipients: Sequence[Recipient]) -> None:
    with source:
        pyrage.encrypt_io(source, file, list(recipients))


def _decrypt(file: BinaryIO, target: BinaryIO, identities: Sequence[Identity]) -> None:
    try:
        with target:
            pyrage.decrypt_io(file, target, list(identities))
    except BrokenPipeError:
        pass  # whoever read has stopped, and says why
    except pyrage.DecryptError:
        raise AgeError("it is no file of ours, or not for this key") from None
    except OSError:
        raise AgeError("it is cut off or was altered") from None


def _bech32(prefix: str, data: bytes) -> str:
    number, bits = int.from_bytes(data), len(data) * 8
    padding = -bits % 5
    fives = [number << padding >> shift & 31 for shift in range(bits + padding - 5, -1, -5)]
    spread = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = _polymod([*spread, *fives, 0, 0, 0, 0, 0, 0]) ^ 1
    fives += [check >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{prefix}1" + "".join(CHARSET[five] for five in fives)


def _polymod(values: Sequence[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(GENERATOR):
            check ^= generator if top >> place & 1 else 0
    return check
