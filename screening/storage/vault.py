"""Keys and what they seal. Keys live in a folder apart from the database; a lost key is lost data.

    instance/keys/master-0001-1f2e3d4c.key   wraps the data keys; the highest number is in use
                                             (`flask rotate-keys` makes the next one)
    instance/keys/hmac.key                   resume codes, throttling counters, derived secrets
    instance/keys/audit.key                  the audit chain
    instance/keys/signing.key                signs exports; made when it is first needed

Each file is 64 hex digits (256 bits), readable by its owner alone. Every intake has a data key of
its own, kept in the database under the master key. A sealed value is

    version (1 byte) | key mark (4) | nonce (12) | AES-256-GCM ciphertext and tag

and its context (table, row, column, revision) is authenticated with it, so that a ciphertext moved
to another row or column is refused.
"""

import hmac
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
MARK_BYTES = 4
NONCE_BYTES = 12
HEADER_BYTES = 1 + MARK_BYTES
KEY_BYTES = 32
OTHER_KEYS = ("hmac", "audit")
SIGNING_KEY = "signing.key"

# Crockford's base32: no I, L, O or U, so that a code read aloud or copied by hand survives.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOKALIKES = str.maketrans("OIL", "011")
CODE_LENGTH = 26  # of 5 bits: 130 bits
CODE_GROUP = 4
LONGEST_TYPED = 200  # characters of a typed code that are looked at


class VaultError(Exception):
    """A key is missing, unsafe or wrong, or a ciphertext was altered or moved."""


@dataclass(frozen=True)
class Keyring:
    """`masters` by id, oldest first; `current` is the id of the one that wraps new data keys."""

    folder: Path
    masters: Mapping[str, bytes] = field(repr=False)
    current: str
    hmac: bytes = field(repr=False)
    audit: bytes = field(repr=False)

    @classmethod
    def create(cls, folder: Path) -> "Keyring":
        """Make all keys at once. Raises VaultError when the folder already holds something."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        # All or nothing, also when two processes start at once: fill a private folder, then rename.
        fresh = Path(tempfile.mkdtemp(prefix=".keys-", dir=folder.parent))
        try:
            _write_key(fresh / _master_name(1))
            for name in OTHER_KEYS:
                _write_key(fresh / f"{name}.key")
            fresh.rename(folder)
            _sync_folder(folder.parent)
        except OSError as error:
            shutil.rmtree(fresh, ignore_errors=True)
            raise VaultError(f"cannot make keys in {folder}: {error.strerror}") from error
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> "Keyring":
        """Raises VaultError when a key is missing, malformed or readable by others."""
        masters = {key_id: _read_key(path) for _, key_id, path in _master_files(folder)}
        if not masters:
            raise VaultError(f"no master key in {folder}")
        others = {name: _read_key(folder / f"{name}.key") for name in OTHER_KEYS}
        return cls(folder=folder, masters=masters, current=list(masters)[-1], **others)

    @classmethod
    def open(cls, folder: Path, *, database_has_rows: bool) -> "Keyring":
        """Load the keys, or make them at the very first start.

        Raises VaultError when there are none although the database has rows: new keys could not
        open them, and would hide that the old ones are lost.
        """
        if folder.is_dir() and any(folder.iterdir()):
            return cls.load(folder)
        if database_has_rows:
            raise VaultError(f"the database has rows but {folder} has no keys: restore them")
        try:
            return cls.create(folder)
        except VaultError:
            return cls.load(folder)  # another process made them in the meantime

    @staticmethod
    def add_master(folder: Path) -> str:
        """Make a new master key, in use from the next load; returns its id. Old ones still open."""
        highest = max((number for number, _, _ in _master_files(folder)), default=0)
        name = _master_name(highest + 1)
        # Renamed when whole: a running process may load the folder at any moment.
        unfinished = folder / f".{name}"
        _write_key(unfinished)
        _give_to_owner(unfinished, folder)
        unfinished.rename(folder / name)
        _sync_folder(folder)
        return _master_parts(name)[1]

    @staticmethod
    def remove_master(folder: Path, key_id: str) -> None:
        """For good: what it still wraps is lost. Whether anything is, the caller has looked."""
        for _, found, path in _master_files(folder):
            if found == key_id:
                path.unlink()
        _sync_folder(folder)

    @staticmethod
    def age_of_newest(folder: Path) -> float:
        """Seconds since the newest master key was made."""
        return time.time() - max(path.stat().st_mtime for _, _, path in _master_files(folder))


@dataclass(frozen=True)
class DataKey:
    """An intake's key. `id`: the master key that wraps it. `mark`: stamped on what it seals."""

    id: str
    wrapped: bytes = field(repr=False)
    secret: bytes = field(repr=False)
    mark: bytes = field(repr=False)

    @cached_property
    def cipher(self) -> AESGCM:
        """Made once: making one costs as much as opening a page with it."""
        return AESGCM(self.secret)


class Vault:
    """Seals and opens with a keyring; opened data keys are remembered, the newest thousand."""

    def __init__(self, keyring: Keyring):
        self.keyring = keyring
        self.open_data_key = lru_cache(maxsize=1024)(self.unwrap)
        self._session_cipher = lru_cache(maxsize=16)(self._new_session_cipher)

    def new_data_key(self) -> DataKey:
        secret = secrets.token_bytes(KEY_BYTES)
        return self._wrap(secret)

    def unwrap(self, key_id: str, wrapped: bytes) -> DataKey:
        """As `open_data_key`, remembering nothing: for a walk over all rows."""
        master = AESGCM(self._master(key_id))
        secret = _unseal(master, bytes.fromhex(key_id), wrapped, "data key")
        return DataKey(key_id, wrapped, secret, _mark(secret))

    def rewrap(self, key_id: str, wrapped: bytes) -> DataKey:
        """The same data key under the current master key; what it sealed stays as it is."""
        return self._wrap(self.unwrap(key_id, wrapped).secret)

    def seal(self, key: DataKey, plaintext: bytes, *, context: str) -> bytes:
        return _seal(key.cipher, key.mark, plaintext, context)

    def unseal(self, key: DataKey, sealed: bytes, *, context: str) -> bytes:
        """Raises VaultError for another key, another context or altered bytes."""
        return _unseal(key.cipher, key.mark, sealed, context)

    def seal_session(self, plaintext: bytes, *, context: str) -> bytes:
        """Seal a browser session under a key derived from the current master key."""
        current = self.current()
        return _seal(self._session_cipher(current), bytes.fromhex(current), plaintext, context)

    def unseal_session(self, sealed: bytes, *, context: str) -> bytes:
        """Raises VaultError as `unseal` does."""
        key_id = sealed[1:HEADER_BYTES].hex()
        return _unseal(self._session_cipher(key_id), bytes.fromhex(key_id), sealed, context)

    def code_hmac(self, code: str) -> bytes:
        """32 bytes that stand for a resume code. It has 130 bits, so a fast hash is enough."""
        return _hmac(self.keyring.hmac, f"code\0{normal_code(code)}")

    def blind(self, kind: str, value: str) -> bytes:
        """16 bytes that stand for an address or an account. Never for a yes/no answer."""
        return _hmac(self.keyring.hmac, f"blind\0{kind}\0{value}")[:16]

    def derived(self, purpose: str) -> str:
        """A stable secret of 64 hex digits for a library that asks for one of its own."""
        return _hmac(self.keyring.hmac, f"derived\0{purpose}").hex()

    def current(self) -> str:
        """The id of the master key in use, also when a rotation made it since this process began.

        Looked up each time, in microseconds: what this process wrapped under the key before would
        be lost with that key.
        """
        try:
            newest = _newest_id(self.keyring.folder)
        except (OSError, VaultError):
            return self.keyring.current  # a folder that was taken away after the start
        if newest not in ("", self.keyring.current):
            self._load_again()
        return self.keyring.current

    def _load_again(self) -> None:
        try:
            self.keyring = Keyring.load(self.keyring.folder)
        except VaultError:
            # An old key was removed between the listing and the reading.
            self.keyring = Keyring.load(self.keyring.folder)

    def _master(self, key_id: str) -> bytes:
        if key_id not in self.keyring.masters:
            # Made by a rotation while this process was running.
            self._load_again()
        try:
            return self.keyring.masters[key_id]
        except KeyError:
            raise VaultError(f"master key {key_id} is missing") from None

    def _new_session_cipher(self, key_id: str) -> AESGCM:
        return AESGCM(_hmac(self._master(key_id), "web session"))

    def _wrap(self, secret: bytes) -> DataKey:
        current = self.current()
        master = AESGCM(self._master(current))
        wrapped = _seal(master, bytes.fromhex(current), secret, "data key")
        return DataKey(current, wrapped, secret, _mark(secret))


def signing_secret(folder: Path) -> bytes:
    """The 32 bytes of the Ed25519 key that signs exports, made now if there are none yet.

    Raises VaultError when it is malformed or readable by others, or cannot be made.
    """
    path = folder / SIGNING_KEY
    unfinished = folder / f".{SIGNING_KEY}-{secrets.token_hex(MARK_BYTES)}"
    try:
        if not path.exists():
            _write_key(unfinished)
            # Linked, not renamed: of two processes that make one at once, the first one's stays.
            with suppress(FileExistsError):
                path.hardlink_to(unfinished)
            unfinished.unlink()
            _sync_folder(folder)
    except OSError as error:
        raise VaultError(f"cannot make {path}: {error.strerror}") from error
    return _read_key(path)


def new_code() -> str:
    """A resume code as it is shown: 26 characters in groups, "7K2M-...". Only its HMAC is kept."""
    return grouped("".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)))


def grouped(code: str) -> str:
    return "-".join(code[i : i + CODE_GROUP] for i in range(0, len(code), CODE_GROUP))


def normal_code(typed: str) -> str:
    """A typed code without spaces and dashes, in capitals, with O as 0 and I or L as 1."""
    kept = "".join(c for c in typed[:LONGEST_TYPED] if c.isascii() and c.isalnum())
    return kept.upper().translate(LOOKALIKES)


def new_reference() -> str:
    """What a patient reads over the telephone, "K7Q4-M2XD". Not a secret."""
    return grouped("".join(secrets.choice(ALPHABET) for _ in range(8)))


def _seal(cipher: AESGCM, mark: bytes, plaintext: bytes, context: str) -> bytes:
    header = VERSION + mark
    nonce = os.urandom(NONCE_BYTES)
    sealed = cipher.encrypt(nonce, plaintext, header + context.encode())
    return header + nonce + sealed


def _unseal(cipher: AESGCM, mark: bytes, sealed: bytes, context: str) -> bytes:
    header, nonce = sealed[:HEADER_BYTES], sealed[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
    if header != VERSION + mark:
        raise VaultError(f"{context} was not sealed with this key")
    try:
        rest = sealed[HEADER_BYTES + NONCE_BYTES :]
        return cipher.decrypt(nonce, rest, header + context.encode())
    except (InvalidTag, ValueError):
        raise VaultError(f"{context} was altered or moved") from None


def _hmac(key: bytes, message: str) -> bytes:
    return hmac.digest(key, message.encode(), "sha256")


def _mark(secret: bytes) -> bytes:
    return sha256(b"mark\0" + secret).digest()[:MARK_BYTES]


def _master_name(number: int) -> str:
    return f"master-{number:04}-{secrets.token_hex(MARK_BYTES)}.key"


def _master_parts(name: str) -> tuple[int, str]:
    """Number and id."""
    parts = re.fullmatch(r"master-(\d{4})-([0-9a-f]{8})\.key", name)
    if parts is None:
        raise VaultError(f"{name} is not the name of a master key")
    return int(parts[1]), parts[2]


def _master_files(folder: Path) -> list[tuple[int, str, Path]]:
    """Number, id and file of each master key, oldest first."""
    return sorted((*_master_parts(path.name), path) for path in folder.glob("master-*"))


def _newest_id(folder: Path) -> str:
    names = [name for name in os.listdir(folder) if name.startswith("master-")]  # noqa: PTH208
    return _master_parts(max(names))[1] if names else ""


def _give_to_owner(key: Path, folder: Path) -> None:
    """A key that root makes must be readable by whoever the others belong to: the server."""
    if os.geteuid() == 0:
        others = [path for _, _, path in _master_files(folder)]
        owner = (others[-1] if others else folder).stat()
        os.chown(key, owner.st_uid, owner.st_gid)


def _write_key(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _read_key(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        key = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        raise VaultError(f"{path} is missing") from None
    except (OSError, ValueError):
        raise VaultError(f"{path} cannot be read as a key") from None
    if stat.S_IMODE(mode) & 0o077:
        raise VaultError(f"{path} can be read by others: chmod 600")
    if len(key) != KEY_BYTES:
        raise VaultError(f"{path} is not {KEY_BYTES} bytes long")
    return key


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
