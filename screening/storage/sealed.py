"""JSON under an intake's key. The context names the place, so that a value moved is refused."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import sqlite

from .vault import DataKey, Vault


def to_json(value: Mapping[str, Any]) -> bytes:
    """The one spelling of a value: sorted keys, no spaces, UTF-8. Raises ValueError for NaN."""
    text = json.dumps(
        value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return text.encode()


def from_json(text: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text.decode())  # json guesses the encoding of bytes
    return value


def seal_json(vault: Vault, key: DataKey, value: Mapping[str, Any], *, context: str) -> bytes:
    return vault.seal(key, to_json(value), context=context)


def unseal_json(vault: Vault, key: DataKey, sealed: bytes, *, context: str) -> dict[str, Any]:
    """Raises VaultError as `Vault.unseal` does."""
    return from_json(vault.unseal(key, sealed, context=context))


def unseal_all(vault: Vault, key: DataKey, sealed: Iterable[tuple[bytes, str]]) -> list[Any]:
    """As `unseal_json`, for several (ciphertext, context): read as one text, which is quicker."""
    opened = b",".join([vault.unseal(key, each, context=context) for each, context in sealed])
    values: list[Any] = json.loads(f"[{opened.decode()}]")
    return values


def insert_once(conn: Connection, into: Table) -> Insert:
    """An INSERT that leaves a row that is already there as it is."""
    if conn.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - slow, and not for SQLite

        return postgresql.insert(into).on_conflict_do_nothing()
    return sqlite.insert(into).on_conflict_do_nothing()
