"""An export as one zip file that says what it is, and by whom it was not altered since.

    <data files, dictionary>   as they were exported
    about.json                 what the files are: versions, filters, rows, when, for whom, why
    manifest.json              the SHA-256 of every file above, one line each
    manifest.sig               its Ed25519 signature (RFC 8032): 64 bytes
    public-key.pem             of the key that signed

The signature proves nothing by the key that lies beside it: whoever alters the files can sign anew.
The fingerprint of the clinic's key, learned another way (`flask signing-key`), proves it. Checked
with `bundle_check` or with openssl and sha256sum: docs/exports.md.

Everything is streamed: memory does not grow with the size, and the stream is only written on.
"""

import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, BinaryIO, cast

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .formats import Source

ABOUT, MANIFEST, SIGNATURE, PUBLIC_KEY = (
    "about.json",
    "manifest.json",
    "manifest.sig",
    "public-key.pem",
)
OURS = (ABOUT, MANIFEST, SIGNATURE, PUBLIC_KEY)
FORM = 1  # of the manifest
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}").fullmatch
_DAY = re.compile(r"([0-9]{4})-[0-9]{2}(-[0-9]{2})?\S*")

WriteFile = Callable[[BinaryIO], None]
About = Mapping[str, Any]


@dataclass(frozen=True)
class SigningKey:
    """The clinic's key for exports. `secret`: 32 bytes, see `storage.vault.signing_secret`."""

    secret: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    @property
    def public(self) -> Ed25519PublicKey:
        return self._private.public_key()

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that an administrator tells recipients, see `fingerprint`."""
        return fingerprint(self.public)

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.secret)


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 of the key in DER (SubjectPublicKeyInfo), as `openssl pkey` writes it."""
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def about_of(
    source: Source,
    *,
    product: str,
    rows: int,
    made_at: str,
    purpose: str,
    recipient: str,
    filters: Mapping[str, str],
    deidentified: bool,
) -> About:
    """What about.json says of an export. `source`: what the formats were given. `product`: the
    version of this software. `made_at`: ISO 8601. `filters`: those that are set, as text.

    Of a de-identified export only the years of the filters are told: a filter on a week would date
    everybody in the file."""
    told = dict(filters)
    if deidentified:
        told = {name: _without_days(value) for name, value in filters.items()}
    return {
        "product": {"name": "screening", "version": product},
        "questionnaires": [
            {"version": q.version, "content_sha256": q.content_hash} for q in source.questionnaires
        ],
        "filters": told,
        "rows": rows,
        "made_at": made_at,
        "purpose": purpose,
        "recipient": recipient,
        "deidentified": deidentified,
    }


def _without_days(value: str) -> str:
    return _DAY.sub(r"\1", value)


def write_bundle(
    out: BinaryIO,
    files: Sequence[tuple[str, WriteFile]],
    *,
    about: About | Callable[[], About],
    sign: SigningKey,
) -> None:
    """Write the whole bundle to a stream that can only be written on.

    `files`: names in the zip (letters, digits, ".", "_", "-"; each once) and what writes each, in
    order; `Format.write` with its source fits. `about`: see `about_of`; a function is asked after
    the files were written, when the number of rows is known.

    Raises ValueError for names that do not fit, before anything is written. What a writer raises
    goes through; the bundle is then of no use.
    """
    _check_names([name for name, _ in files])
    hashes: dict[str, str] = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, write in files:
            hashes[name] = _add(bundle, name, write)
        told = about() if callable(about) else about
        hashes[ABOUT] = _add(bundle, ABOUT, _bytes(_as_json(told)))
        manifest = manifest_of(hashes)
        public = sign.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        last = ((MANIFEST, manifest), (SIGNATURE, sign.sign(manifest)), (PUBLIC_KEY, public))
        for name, content in last:
            _add(bundle, name, _bytes(content))


def manifest_of(hashes: Mapping[str, str]) -> bytes:
    """One line a file, so that a shell can read it too."""
    return _as_json({"bundle": FORM, "sha256": dict(sorted(hashes.items()))})


def _as_json(told: About) -> bytes:
    return (json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def _bytes(content: bytes) -> WriteFile:
    def write(out: BinaryIO) -> None:
        out.write(content)

    return write


def _check_names(names: Sequence[str]) -> None:
    wrong = [name for name in names if not _PLAIN_NAME(name) or name in OURS]
    if wrong:
        raise ValueError(f"{wrong[0]!r} cannot be the name of a file in a bundle")
    if len({name.lower() for name in names}) < len(names):
        raise ValueError("two files of a bundle have the same name")


def _add(bundle: zipfile.ZipFile, name: str, write: WriteFile) -> str:
    """Returns the SHA-256 of what was written."""
    entry = zipfile.ZipInfo(name)  # of no time: about.json says when
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    # Its size is known only at its end, and may be more than 4 GB.
    with bundle.open(entry, "w", force_zip64=True) as file:
        hashed = _Hashed(file)
        write(cast(BinaryIO, hashed))
    return hashed.sha256.hexdigest()


class _Hashed(io.RawIOBase):
    """A stream that is only written on."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.sha256 = sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.sha256.update(data)
        self._file.write(data)
        return memoryview(data).nbytes


# For a recipient


@contextmanager
def encrypted_for(out: BinaryIO, recipient: str) -> Iterator[BinaryIO]:
    """A stream to write plain bytes to; `out` gets them in the age format (age-encryption.org/v1),
    for the holder of the recipient's identity alone: X25519, then ChaCha20-Poly1305 in parts.

    `out` is written on by another thread, until this ends. It ends in error when the body does, and
    what is in `out` then opens nowhere. Memory does not grow with the size.

    Raises ValueError, with a sentence for whoever typed it, when `recipient` is none; OSError when
    `out` cannot be written.
    """
    key = recipient_key(recipient)
    read_end, write_end = os.pipe()
    source = _Stoppable(os.fdopen(read_end, "rb"))
    with ThreadPoolExecutor(1) as pool, os.fdopen(write_end, "wb") as plain:
        work = pool.submit(_encrypt, source, out, key)
        try:
            yield plain
            plain.close()
        except BaseException as error:
            source.stopped = not isinstance(error, BrokenPipeError)
            _close(plain)
            if not source.stopped:
                work.result()  # says why nobody reads any more
            raise
        work.result()


def recipient_key(recipient: str) -> "pyrage.x25519.Recipient":
    """Raises ValueError as `encrypted_for` does: a page can ask before a job begins."""
    try:
        return pyrage.x25519.Recipient.from_str(recipient.strip())
    except pyrage.RecipientError:
        raise ValueError(
            "That is not an age recipient. It begins with age1 and has 62 characters; the person "
            "who will open the file makes it with age-keygen."
        ) from None


class _Stoppable:
    """The reading end of a pipe. A pipe that is closed early looks like one at its end, and would
    become a whole, valid file of half the data."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.stopped = False

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        if self.stopped:
            raise OSError("stopped")
        return data


class _Kept:
    """A stream that remembers what went wrong: pyrage tells it as text."""

    def __init__(self, out: BinaryIO) -> None:
        self.out = out
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            self.out.write(data)
        except OSError as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        self.out.flush()


def _encrypt(source: _Stoppable, out: BinaryIO, key: Any) -> None:
    kept = _Kept(out)
    with source.file:
        try:
            pyrage.encrypt_io(source, kept, [key])
        except pyrage.EncryptError:
            raise kept.error or OSError("the file was not finished") from None


def _close(plain: BinaryIO) -> None:
    with suppress(BrokenPipeError):  # the other end is gone already
        plain.close()
