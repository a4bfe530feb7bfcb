"""Slows down who guesses at staff accounts: the more failures, the longer the wait; never a lock.

A try is counted before it is judged, so that many at once cannot slip past. Counted are one account
from one address; one address; one account from anywhere (wide, or strangers could keep its owner
out); and the second factor of an account, which only who knows the password gets to. Passkeys
cannot be guessed and are counted apart, by address, so that they work while passwords are guessed.
"""

from datetime import timedelta

from sqlalchemy import Connection

from ..storage import attempts
from .act import Act
from .office import Office

FAILURES: dict[
    str, tuple[tuple[int, int], ...]
] = {  # kind: (failures, window) after which further tries wait for the window to pass
    "staff-pair": ((5, 15), (10, 60), (20, 24 * 60)),
    "staff-address": ((30, 15),),
    "staff-account": ((60, 15),),
    "staff-passkey": ((30, 15),),
    "staff-code": ((5, 15), (10, 60), (20, 24 * 60)),
}  # windows in minutes


def wait_to_sign_in(office: Office, email: str, address: str) -> int:
    """Minutes to wait, 0 = go on: then this try is counted as failed until `right_password`."""
    keys = _keys(email, address)
    with office.database.write() as conn:
        wait = max(_wait(conn, office, kind, key) for kind, key in keys.items())
        if wait == 0:
            _count(conn, office, "staff-pair", keys["staff-pair"])
    return wait


def wrong_password(office: Office, email: str, address: str, member_id: int | None) -> None:
    keys = _keys(email, address)
    with office.database.write() as conn:
        for kind in ("staff-address", "staff-account"):
            _count(conn, office, kind, keys[kind])
        Act(conn, office, "staff").note("staff.refused", None, user=member_id)


def right_password(office: Office, email: str, address: str) -> None:
    with office.database.write() as conn:
        attempts.forget(conn, office.vault, "staff-pair", _keys(email, address)["staff-pair"])


def wait_for_passkey(office: Office, address: str) -> int:
    """Minutes to wait, 0 = go on. Right ones are not counted."""
    with office.database.read() as conn:
        return _wait(conn, office, "staff-passkey", address)


def wrong_passkey(office: Office, address: str) -> None:
    with office.database.write() as conn:
        _count(conn, office, "staff-passkey", address)


def wait_for_code(office: Office, member_id: int) -> int:
    """As `wait_to_sign_in`, for the code of an authenticator or a recovery code."""
    with office.database.write() as conn:
        wait = _wait(conn, office, "staff-code", str(member_id))
        if wait == 0:
            _count(conn, office, "staff-code", str(member_id))
    return wait


def wrong_code(office: Office, member_id: int) -> None:
    with office.database.write() as conn:
        Act(conn, office, "staff").note("staff.code_refused", None, user=member_id)


def right_code(office: Office, member_id: int) -> None:
    with office.database.write() as conn:
        attempts.forget(conn, office.vault, "staff-code", str(member_id))


def _keys(email: str, address: str) -> dict[str, str]:
    account = email.strip().lower()
    return {
        "staff-pair": f"{account}\0{address}",
        "staff-address": address,
        "staff-account": account,
    }


def _wait(conn: Connection, office: Office, kind: str, key: str) -> int:
    now = office.now()
    exceeded = (
        minutes
        for most, minutes in FAILURES[kind]
        if attempts.count(conn, office.vault, kind, key, since=now - timedelta(minutes=minutes))
        >= most
    )
    return max(exceeded, default=0)


def _count(conn: Connection, office: Office, kind: str, key: str) -> None:
    attempts.record(conn, office.vault, kind, key, now=office.now())
