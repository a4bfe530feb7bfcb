"""A migrated database, keys and a clock for each test.

The tests of behaviour that both databases must show run on SQLite, and on PostgreSQL too when
SCREENING_TEST_POSTGRES holds the URL of an empty database that may be overwritten.
"""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from screening.storage import intakes
from screening.storage.database import Database
from screening.storage.vault import Keyring, Vault

from .installation import Installation, emptied

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
POSTGRES = os.environ.get("SCREENING_TEST_POSTGRES")


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def keys_once(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("instance") / "keys"
    Keyring.create(folder)
    return folder


@pytest.fixture
def keyring(keys_once, tmp_path) -> Keyring:
    return Keyring.load(shutil.copytree(keys_once, tmp_path / "keys"))


@pytest.fixture
def vault(keyring) -> Vault:
    return Vault(keyring)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "screening.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    _store_definition(database)
    database.close()
    return path


@pytest.fixture
def sqlite(migrated_file, tmp_path) -> Iterator[Database]:
    """For what only SQLite has: a file, a log beside it, one writer."""
    path = tmp_path / "screening.db"
    shutil.copy(migrated_file, path)
    path.chmod(0o600)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture
def postgresql() -> Iterator[Database]:
    """Only asked for when there is one."""
    database = Database(POSTGRES)
    database.migrate()
    database.downgrade(to="base")
    database.migrate()
    _store_definition(database)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRES else [])])
def database(request) -> Database:
    return request.getfixturevalue(request.param)


@pytest.fixture
def draft(database, vault) -> intakes.StoredIntake:
    return new_draft(database, vault)


def new_draft(database: Database, vault: Vault) -> intakes.StoredIntake:
    with database.write() as conn:
        return intakes.create_draft(
            conn, vault, questionnaire="2026-1", content_hash="abc", now=NOW
        )


def save(database, vault, intake, page, answers, *, expected=None, now=NOW):
    with database.write() as conn:
        return intakes.save_page(
            conn, vault, intake, page, answers, expected_revision=expected, now=now
        )


def read(database, vault, intake) -> intakes.StoredIntake | None:
    with database.read() as conn:
        return intakes.read_draft(conn, vault, intake.id)


def _store_definition(database: Database) -> None:
    with database.write() as conn:
        intakes.store_definition(conn, content_hash="abc", version="2026-1", document="{}", now=NOW)


# Whole installations


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRES else [])])
def place(request, made_installation, tmp_path) -> Iterator[Installation]:
    shutil.copytree(made_installation, tmp_path / "instance")
    url = ""
    if request.param == "postgresql":
        url = POSTGRES
        database = emptied(url)
        database.migrate()
        database.close()
    found = Installation(tmp_path / "instance", url)
    yield found
    found.close()


@pytest.fixture
def here(made_installation, tmp_path) -> Iterator[Installation]:
    """On SQLite, for what does not differ."""
    shutil.copytree(made_installation, tmp_path / "instance")
    found = Installation(tmp_path / "instance", "")
    yield found
    found.close()
