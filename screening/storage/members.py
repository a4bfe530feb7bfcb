"""Staff accounts read and written by plain statements, in the transaction of the caller.

The sign-in library reads the same tables through `accounts`. A member's `stamp` is in each of
their sessions: a new stamp ends all of them, and every link made for the old one.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from . import passkeys
from .accounts import Role, User, user_roles
from .models import table
from .sealed import insert_once

USERS, ROLES = table(User), table(Role)


@dataclass(frozen=True)
class Member:
    """`invited`: has never set a password, or was asked to set a new one."""

    id: int
    email: str
    name: str
    active: bool
    invited: bool
    roles: tuple[str, ...]
    last_login_at: datetime | None
    has_authenticator: bool
    codes_left: int
    stamp: str = field(repr=False)


def all_members(conn: Connection) -> list[Member]:
    """By name."""
    roles = _roles(conn)
    rows = conn.execute(select(USERS).order_by(func.lower(USERS.c.name), USERS.c.id))
    return [_member(row, roles.get(row.id, ())) for row in rows]


def read_member(conn: Connection, member_id: int, *, lock: bool = False) -> Member | None:
    """`lock`: nobody else changes the account before this transaction ends."""
    asked = select(USERS).where(USERS.c.id == member_id)
    row = conn.execute(asked.with_for_update() if lock else asked).first()
    return _member(row, _roles(conn, member_id).get(member_id, ())) if row else None


def name_of(conn: Connection, actor: str) -> str:
    """The name of "user:12"; of anybody else, or of one who is gone, the actor as it stands."""
    number = actor.removeprefix("user:")
    found = read_member(conn, int(number)) if number.isdecimal() else None
    return found.name if found else actor


def email_taken(conn: Connection, email: str) -> bool:
    asked = select(USERS.c.id).where(func.lower(USERS.c.email) == email.lower())
    return conn.execute(asked).first() is not None


def add_member(conn: Connection, *, email: str, name: str, roles: Iterable[str]) -> int:
    """Without a password and not active; returns the id."""
    values = {"email": email, "name": name, "active": False, "fs_uniquifier": _new_stamp()}
    member_id: int = conn.execute(insert(USERS).values(values).returning(USERS.c.id)).scalar_one()
    set_roles(conn, member_id, roles)
    return member_id


def set_roles(conn: Connection, member_id: int, roles: Iterable[str]) -> None:
    names = sorted(set(roles))
    for name in names:
        conn.execute(insert_once(conn, ROLES), {"name": name})
    conn.execute(delete(user_roles).where(user_roles.c.user_id == member_id))
    for role_id in conn.execute(select(ROLES.c.id).where(ROLES.c.name.in_(names))).scalars():
        conn.execute(insert(user_roles), {"user_id": member_id, "role_id": role_id})


def set_password(conn: Connection, member_id: int, password_hash: str) -> str:
    """Activate the account with this password; returns the new stamp."""
    stamp = _new_stamp()
    values = {"password": password_hash, "active": True, "fs_uniquifier": stamp}
    _change(conn, member_id, values)
    return stamp


def end_sessions(conn: Connection, member_id: int) -> str:
    """Returns the new stamp, for a session that is to go on."""
    stamp = _new_stamp()
    _change(conn, member_id, {"fs_uniquifier": stamp})
    return stamp


def set_active(conn: Connection, member_id: int, active: bool) -> None:
    _change(conn, member_id, {"active": active, "fs_uniquifier": _new_stamp()})


def start_over(conn: Connection, member_id: int) -> None:
    """Forget the password, the second factor and the passkeys: a new link has to be used."""
    passkeys.remove_all(conn, member_id)
    forgotten = dict.fromkeys(("password", "tf_primary_method", "tf_totp_secret"))
    values = {"active": False, "fs_uniquifier": _new_stamp(), "mf_recovery_codes": None}
    _change(conn, member_id, forgotten | values)


def set_authenticator(conn: Connection, member_id: int, secret: str, step: int | None) -> None:
    """`secret` is encrypted by the sign-in library; `step` is the last time step used with it."""
    values = {"tf_primary_method": "authenticator", "tf_totp_secret": secret}
    _change(conn, member_id, values | {"tf_last_counter": step})


def take_step(conn: Connection, member_id: int, step: int) -> bool:
    """Use up a time step. False when it, or a later one, was used before: a replayed code."""
    changed = conn.execute(
        update(USERS)
        .where(
            USERS.c.id == member_id,
            or_(USERS.c.tf_last_counter.is_(None), USERS.c.tf_last_counter < step),
        )
        .values(tf_last_counter=step)
    )
    return changed.rowcount == 1


def set_recovery_codes(conn: Connection, member_id: int, marks: list[str]) -> None:
    """`marks` stand for the codes; the codes themselves are not kept."""
    _change(conn, member_id, {"mf_recovery_codes": marks})


def take_recovery_code(conn: Connection, member_id: int, mark: str) -> bool:
    """Use up a code. False when it is not one of theirs, or was used."""
    asked = select(USERS.c.mf_recovery_codes).where(USERS.c.id == member_id).with_for_update()
    marks = conn.execute(asked).scalar() or []
    if mark not in marks:
        return False
    set_recovery_codes(conn, member_id, [other for other in marks if other != mark])
    return True


def note_sign_in(conn: Connection, member_id: int, *, now: datetime) -> None:
    count = func.coalesce(USERS.c.login_count, 0) + 1
    _change(conn, member_id, {"last_login_at": now, "login_count": count})


def _change(conn: Connection, member_id: int, values: dict[str, Any]) -> None:
    conn.execute(update(USERS).where(USERS.c.id == member_id).values(values))


def _new_stamp() -> str:
    return secrets.token_hex(32)


def _roles(conn: Connection, member_id: int | None = None) -> dict[int, tuple[str, ...]]:
    asked = select(user_roles.c.user_id, ROLES.c.name).join(ROLES).order_by(ROLES.c.name)
    if member_id is not None:
        asked = asked.where(user_roles.c.user_id == member_id)
    found: dict[int, tuple[str, ...]] = {}
    for row in conn.execute(asked):
        found[row.user_id] = (*found.get(row.user_id, ()), row.name)
    return found


def _member(row: Row[Any], roles: tuple[str, ...]) -> Member:
    return Member(
        id=row.id,
        email=row.email,
        name=row.name or row.email,
        active=row.active,
        invited=row.password is None,
        roles=roles,
        last_login_at=row.last_login_at,
        has_authenticator=row.tf_totp_secret is not None,
        codes_left=len(row.mf_recovery_codes or ()),
        stamp=row.fs_uniquifier,
    )
