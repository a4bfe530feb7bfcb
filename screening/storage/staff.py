"""What is asked about staff accounts without Flask-Security, which `accounts` needs."""

from sqlalchemy import Connection, column, select, table

USERS = table("users", column("id"), column("active"))


def has_staff(conn: Connection) -> bool:
    """Whether any account can sign in. Until then the first administrator may be made."""
    return conn.execute(select(USERS.c.id).where(USERS.c.active).limit(1)).first() is not None
