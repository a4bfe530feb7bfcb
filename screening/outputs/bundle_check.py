"""Is a bundle whole, unaltered, and signed with the key that is expected? See `bundle`.

Needs nothing but the file: no database, no keys, no installation.
"""

import json
import lzma
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .bundle import ABOUT, MANIFEST, PUBLIC_KEY, SIGNATURE, fingerprint

UNSIGNED = (MANIFEST, SIGNATURE, PUBLIC_KEY)
LARGEST_PART = 1 << 20  # bytes of a manifest, a signature or a key
PIECE = 1 << 16
AGE = b"age-encryption.org/"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}").fullmatch


class BundleError(Exception):
    """The first thing that is wrong, as a sentence."""


@dataclass(frozen=True)
class Checked:
    """A bundle that is whole. `key`: the fingerprint of the key that signed it."""

    key: str
    files: Sequence[str]
    about: Mapping[str, Any]


def expected_key(given: str) -> str:
    """The fingerprint that `--key` gives: itself, however it is grouped, or a file that holds it or
    a public key (PEM). Raises ValueError."""
    plain = _plain(given)
    if _FINGERPRINT(plain):
        return plain
    try:
        told = Path(given).read_bytes()
    except OSError:
        raise ValueError("it is neither a fingerprint (64 hexadecimal digits) nor a file") from None
    if b"BEGIN PUBLIC KEY" in told:
        return fingerprint(_public_key(told))
    if _FINGERPRINT(plain := _plain(told.decode("ascii", "replace"))):
        return plain
    raise ValueError("the file holds neither a fingerprint nor a public key")


def check_bundle(file: BinaryIO, key: str | None = None) -> Checked:
    """Look at every byte of a bundle, in constant memory. `key`: the fingerprint that is expected;
    without one the bundle is only known to be as it was when somebody signed it.

    Raises BundleError."""
    _refuse_encrypted(file)
    try:
        with zipfile.ZipFile(file) as bundle:
            names = _names(bundle)
            signer = _signer(bundle, key)
            _check_files(bundle, names, _manifest(bundle, signer))
            return Checked(fingerprint(signer), names, _object(bundle, ABOUT))
    except (zipfile.BadZipFile, NotImplementedError):
        raise BundleError("This is not a zip file, or it is cut off.") from None


def _plain(given: str) -> str:
    return re.sub(r"[\s:]|^sha256:", "", given.strip().lower())


def _refuse_encrypted(file: BinaryIO) -> None:
    start = file.read(len(AGE))
    file.seek(0)
    if start == AGE:
        raise BundleError("The bundle is encrypted. Decrypt it first, with age -d -i KEY-FILE.")


def _names(bundle: zipfile.ZipFile) -> list[str]:
    names = bundle.namelist()
    for name in (*UNSIGNED, ABOUT):
        if name not in names:
            raise BundleError(f"{name} is missing.")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BundleError(f"{twice[0]} is in it twice.")
    return names


# Who signed


def _signer(bundle: zipfile.ZipFile, key: str | None) -> Ed25519PublicKey:
    try:
        signer = _public_key(_part(bundle, PUBLIC_KEY))
    except ValueError:
        raise BundleError(f"{PUBLIC_KEY} is not a key.") from None
    if key is not None and fingerprint(signer) != key:
        raise BundleError(f"Another key: it was signed with {fingerprint(signer)}.")
    return signer


def _public_key(pem: bytes) -> Ed25519PublicKey:
    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")  # noqa: TRY004
    return key


def _manifest(bundle: zipfile.ZipFile, signer: Ed25519PublicKey) -> dict[str, str]:
    """The SHA-256 of every file, by name."""
    manifest = _part(bundle, MANIFEST)
    try:
        signer.verify(_part(bundle, SIGNATURE), manifest)
    except InvalidSignature:
        raise BundleError(
            f"The signature is not that of {MANIFEST}: one of them was altered."
        ) from None
    hashes = _object(bundle, MANIFEST).get("sha256")
    if not isinstance(hashes, dict):
        raise BundleError(f"{MANIFEST} does not say what was signed.")
    return hashes


# What was signed


def _check_files(bundle: zipfile.ZipFile, names: Sequence[str], hashes: Mapping[str, str]) -> None:
    for name, expected in hashes.items():
        if name not in names:
            raise BundleError(f"{name} is missing.")
        if _sha256(bundle, name) != expected:
            raise BundleError(f"{name} was altered.")
    for name in names:
        if name not in hashes and name not in UNSIGNED:
            raise BundleError(f"{name} was added: it is not among what was signed.")


def _sha256(bundle: zipfile.ZipFile, name: str) -> str:
    found = sha256()
    for piece in _pieces(bundle, name):
        found.update(piece)
    return found.hexdigest()


def _part(bundle: zipfile.ZipFile, name: str) -> bytes:
    pieces, size = [], 0
    for piece in _pieces(bundle, name):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_PART:
            raise BundleError(f"{name} was altered.")
    return b"".join(pieces)


def _object(bundle: zipfile.ZipFile, name: str) -> dict[str, Any]:
    """Whoever has a key of their own signs anything."""
    try:
        found = json.loads(_part(bundle, name))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BundleError(f"{name} holds no JSON object.")
    return found


def _pieces(bundle: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    try:
        with bundle.open(name) as file:
            while piece := file.read(PIECE):
                yield piece
    except (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError
    ):  # fmt: skip
        raise BundleError(f"{name} was altered.") from None
