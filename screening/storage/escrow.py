"""The keys themselves, kept apart: an age file for somebody who is not this machine."""

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import age
from .vault import Keyring, VaultError

LARGEST = 1024  # bytes of a key file; it is one line


def store_keys(folder: Path, out: Path, recipients: Sequence[age.Recipient]) -> int:
    """Write all keys to a new file that only the recipients open; returns how many keys.

    Raises VaultError when they are not whole, OSError.
    """
    Keyring.load(folder)
    keys = sorted(folder.glob("[!.]*.key"))
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        with (
            age.writing(unfinished, recipients) as plain,
            tarfile.open(fileobj=plain, mode="w|") as tar,
        ):
            for key in keys:
                member = tarfile.TarInfo(key.name)
                member.size = len(content := key.read_bytes())
                tar.addfile(member, io.BytesIO(content))
        os.link(unfinished, out)  # never over another
    finally:
        unfinished.unlink(missing_ok=True)
    return len(keys)


def bring_back_keys(file: Path, folder: Path, identity: age.Identity) -> int:
    """Put the keys back where there are none; returns how many.

    Raises VaultError when there are some, or the file's are not whole; AgeError, OSError.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise VaultError(f"{folder} holds keys already: move them away first")
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = Path(tempfile.mkdtemp(prefix=".keys-", dir=folder.parent))
    try:
        _unpack(file, fresh, identity)
        Keyring.load(fresh)
        if folder.is_dir():
            folder.rmdir()
        fresh.rename(folder)
    except tarfile.TarError as error:
        raise age.AgeError(f"it holds no keys: {error}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return len(list(folder.iterdir()))


def _unpack(file: Path, fresh: Path, identity: age.Identity) -> None:
    with (
        age.reading(file, [identity]) as plain,
        tarfile.open(fileobj=plain, mode="r|") as tar,
    ):
        for member in tar:
            source = tar.extractfile(member) if member.isreg() else None
            if source is None or member.name != Path(member.name).name or member.size > LARGEST:
                raise age.AgeError("it holds something that is no key")
            descriptor = os.open(fresh / member.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as key:
                key.write(source.read())
                os.fsync(key.fileno())
