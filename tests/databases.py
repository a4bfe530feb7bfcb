"""Where the sites under test keep their rows: in files, or each in a database of PostgreSQL.

SCREENING_TEST_SITES holds the URL of a PostgreSQL server where databases may be made and dropped.
"""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, make_url, text

SERVER = os.environ.get("SCREENING_TEST_SITES", "")
OWN = f"site_{os.environ.get('PYTEST_XDIST_WORKER', 'only')}"  # one set of names a process
NUMBERS = itertools.count(1)

only_sqlite = pytest.mark.skipif(bool(SERVER), reason="about SQLite and its file")


def pattern() -> str:
    """The URL of an empty database that `copied` copies; "" for a file in the instance folder."""
    if not SERVER:
        return ""
    _command(f"DROP DATABASE IF EXISTS {OWN} WITH (FORCE)")
    _command(f"CREATE DATABASE {OWN}")
    return _url(OWN)


@contextmanager
def copied() -> Iterator[str]:
    """The URL of a copy that is gone afterwards; "" where the file is copied with its folder."""
    if not SERVER:
        yield ""
        return
    name = f"{OWN}_{next(NUMBERS)}"
    _command(f"CREATE DATABASE {name} TEMPLATE {OWN}")
    try:
        yield _url(name)
    finally:
        _command(f"DROP DATABASE {name} WITH (FORCE)")


def _url(name: str) -> str:
    return make_url(SERVER).set(database=name).render_as_string(hide_password=False)


def _command(command: str) -> None:
    engine = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(text(command))
    engine.dispose()
