"""Alembic, run on a connection that is already in a transaction.

Imported by commands only: Alembic takes a fifth of a second that the web process has no use for.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

FOLDER = Path(__file__).parent


def upgrade(conn: Connection, to: str) -> None:
    command.upgrade(_config(conn), to)


def downgrade(conn: Connection, to: str) -> None:
    command.downgrade(_config(conn), to)


def newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config(conn: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = conn
    return config
