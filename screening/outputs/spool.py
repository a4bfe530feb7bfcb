"""What is known only after the last submission stands in the first line of a file: until then the
lines wait on disk, in a file without a name, under a key that never leaves this process."""

import json
import struct
import tempfile
from collections.abc import Iterator
from typing import Any, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BITS = 256
LINES_AT_ONCE = 100
_SIZE = struct.Struct(">Q")


class Spool:
    """Lines of JSON values, to be read once all are there; memory does not grow with them."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._cipher = AESGCM(AESGCM.generate_key(KEY_BITS))
        self._waiting: list[list[Any]] = []
        self._blocks = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def add(self, line: list[Any]) -> None:
        self._waiting.append(line)
        if len(self._waiting) == LINES_AT_ONCE:
            self._put_away()

    def __iter__(self) -> Iterator[list[list[Any]]]:
        """The lines in the order they came, some at a time."""
        self._put_away()
        self._file.seek(0)
        for number in range(self._blocks):
            (size,) = _SIZE.unpack(self._file.read(_SIZE.size))
            text = self._cipher.decrypt(_nonce(number), self._file.read(size), None)
            yield json.loads(text.decode())

    def _put_away(self) -> None:
        text = json.dumps(self._waiting, ensure_ascii=False).encode()
        sealed = self._cipher.encrypt(_nonce(self._blocks), text, None)
        self._file.write(_SIZE.pack(len(sealed)) + sealed)
        self._blocks += 1
        self._waiting.clear()


def _nonce(number: int) -> bytes:
    """Each block has its own, and the key no other file."""
    return number.to_bytes(12, "big")
