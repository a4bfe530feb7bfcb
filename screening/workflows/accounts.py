"""Staff accounts: invite, join, change, sign in. `actor` is "user:12", or "staff" before sign-in.

What changes an account and its audit row are one transaction. Passwords arrive here hashed.
"""

import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection

from ..storage import members
from ..storage.accounts import ADMIN, ROLES
from ..storage.members import Member
from ..storage.staff import has_staff
from .act import Act
from .office import Office

LINK_LIFE = timedelta(days=3)


class Refused(Exception):  # noqa: N818 - an outcome that pages answer
    """The change would not be right; the message is for the administrator."""


def staff(office: Office) -> list[Member]:
    with office.database.read() as conn:
        return members.all_members(conn)


def member(office: Office, member_id: int) -> Member | None:
    with office.database.read() as conn:
        return members.read_member(conn, member_id)


def make_first(
    office: Office, *, email: str, name: str, password_hash: str, roles: Sequence[str]
) -> int:
    """The first administrator; returns the id. Raises Refused when there is staff already."""
    with office.database.write() as conn:
        if has_staff(conn):
            raise Refused("There is an administrator already. Ask them for an invitation.")
        member_id = members.add_member(conn, email=email, name=name, roles={*roles, ADMIN})
        members.set_password(conn, member_id, password_hash)
        Act(conn, office, f"user:{member_id}").note("staff.first_made", None, user=member_id)
    return member_id


def invite(office: Office, actor: str, *, email: str, name: str, roles: Sequence[str]) -> int:
    """A new account that waits for its link to be used; returns its id. Raises Refused."""
    with _admin_act(office, actor) as act:
        _check_roles(roles)
        if members.email_taken(act.conn, email):
            raise Refused("There is an account with this e-mail address already.")
        member_id = members.add_member(act.conn, email=email, name=name, roles=roles)
        act.note("staff.invited", None, user=member_id, roles=sorted(roles))
    return member_id


def change_roles(office: Office, actor: str, member_id: int, roles: Sequence[str]) -> None:
    """Raises Refused; so do the other changes."""
    with _admin_act(office, actor) as act:
        found = _other(act, member_id)
        _check_roles(roles)
        members.set_roles(act.conn, found.id, roles)
        act.note(
            "staff.roles_changed", None, user=found.id, was=list(found.roles), now=sorted(roles)
        )


def set_active(office: Office, actor: str, member_id: int, *, active: bool) -> None:
    """Deactivated, the account's next request is refused."""
    with _admin_act(office, actor) as act:
        found = _other(act, member_id)
        if found.invited and active:
            raise Refused("This person has not used their link yet. Make a new one.")
        members.set_active(act.conn, found.id, active)
        act.note("staff.activated" if active else "staff.deactivated", None, user=found.id)


def start_over(office: Office, actor: str, member_id: int) -> None:
    """For who lost their password or telephone: they need a new link, and all sessions end."""
    with _admin_act(office, actor) as act:
        found = _other(act, member_id)
        members.start_over(act.conn, found.id)
        act.note("staff.started_over", None, user=found.id)


def sign_out(office: Office, actor: str, member_id: int) -> None:
    """Another's sessions all end; they sign in again with what they have."""
    with _admin_act(office, actor) as act:
        found = _other(act, member_id)
        members.end_sessions(act.conn, found.id)
        act.note("staff.signed_out_everywhere", None, user=found.id)


def sign_out_everywhere(office: Office, member_id: int) -> None:
    """All one's own sessions end, the one that asks among them."""
    with _own_act(office, member_id) as act:
        members.end_sessions(act.conn, member_id)
        act.note("staff.signed_out_everywhere", None, user=member_id)


def let_in_again(office: Office, email: str) -> int | None:
    """As `start_over`, by whoever runs the installation; None when there is no such account."""
    with office.database.write() as conn:
        found = next(
            (m for m in members.all_members(conn) if m.email.lower() == email.lower()), None
        )
        if found is None:
            return None
        members.start_over(conn, found.id)
        Act(conn, office, "cli").note("staff.started_over", None, user=found.id)
    return found.id


def join_secret(office: Office, member_id: int) -> str:
    """The last part of a link with which an invited person sets a password, good for three days.

    Nothing is stored for it. It dies when it is used, and when the account is started over.
    Raises Refused when the account has a password.
    """
    found = member(office, member_id)
    if found is None or not found.invited:
        raise Refused("This account has a password already.")
    ends = str(int((office.now() + LINK_LIFE).timestamp()))
    return f"{found.id}-{ends}-{_mac(office, found, ends)}"


def invited_by(office: Office, secret: str) -> Member | None:
    """Who may use this link now; None when it was not made here, has ended or was used."""
    with office.database.read() as conn:
        return _invited(conn, office, secret)


def join(office: Office, secret: str, password_hash: str) -> int | None:
    """Set the invited person's password; returns their id, None when the link is dead."""
    with office.database.write() as conn:
        found = _invited(conn, office, secret)
        if found is None:
            return None
        members.set_password(conn, found.id, password_hash)
        Act(conn, office, f"user:{found.id}").note("staff.joined", None, user=found.id)
    return found.id


def change_password(office: Office, member_id: int, password_hash: str) -> str:
    """All sessions of the account end; returns the stamp of the one that goes on."""
    with _own_act(office, member_id) as act:
        act.note("staff.password_changed", None)
        return members.set_password(act.conn, member_id, password_hash)


def set_authenticator(office: Office, member_id: int, secret: str, step: int) -> None:
    """`step`: the time step of the code that showed that the app is connected."""
    with _own_act(office, member_id) as act:
        members.set_authenticator(act.conn, member_id, secret, step)
        act.note("staff.authenticator_set", None)


def set_recovery_codes(office: Office, member_id: int, codes: Sequence[str]) -> None:
    """The earlier codes open nothing any more. Only keyed hashes of the new ones are kept."""
    with _own_act(office, member_id) as act:
        marks = [code_mark(office, member_id, code) for code in codes]
        members.set_recovery_codes(act.conn, member_id, marks)
        act.note("staff.recovery_codes_made", None, codes=len(marks))


def use_recovery_code(office: Office, member_id: int, typed: str) -> bool:
    with _own_act(office, member_id) as act:
        mark = code_mark(office, member_id, typed)
        used = members.take_recovery_code(act.conn, member_id, mark)
        if used:
            act.note("staff.recovery_code_used", None)
    return used


def use_step(office: Office, member_id: int, step: int) -> bool:
    """False when a code of this time step was used before."""
    with office.database.write() as conn:
        return members.take_step(conn, member_id, step)


def code_mark(office: Office, member_id: int, code: str) -> str:
    kept = "".join(c for c in code.lower() if c.isalnum())
    return office.vault.blind("recovery-code", f"{member_id}\0{kept}").hex()


def signed_in(office: Office, member_id: int, how: str) -> None:
    """`how` is "code", "recovery code", "new authenticator" or "passkey"."""
    with _own_act(office, member_id) as act:
        members.note_sign_in(act.conn, member_id, now=office.now())
        act.note("staff.signed_in", None, how=how)


def note(office: Office, actor: str, action: str, **detail: object) -> None:
    """An audit row of its own, for what changes nothing: a sign-out, a refusal."""
    with office.database.write() as conn:
        Act(conn, office, actor).note(action, None, **detail)


@contextmanager
def _own_act(office: Office, member_id: int) -> Iterator[Act]:
    with office.database.write() as conn:
        yield Act(conn, office, f"user:{member_id}")


@contextmanager
def _admin_act(office: Office, actor: str) -> Iterator[Act]:
    """Asked again inside: two administrators could deactivate each other at once."""
    with office.database.write() as conn:
        by = members.read_member(conn, int(actor.removeprefix("user:")), lock=True)
        if by is None or not by.active or ADMIN not in by.roles:
            raise Refused("You are not an administrator any more.")
        yield Act(conn, office, actor)


def _other(act: Act, member_id: int) -> Member:
    """Nobody changes their own account here, so there is always an administrator left."""
    if act.actor == f"user:{member_id}":
        raise Refused("You cannot do this to your own account. Ask another administrator.")
    found = members.read_member(act.conn, member_id)
    if found is None:
        raise Refused("There is no such account.")
    return found


def _check_roles(roles: Sequence[str]) -> None:
    if not roles or set(roles) - set(ROLES):
        raise Refused("Choose what this person does.")


def _invited(conn: Connection, office: Office, secret: str) -> Member | None:
    member_id, _, rest = secret.partition("-")
    ends, _, mac = rest.partition("-")
    if not (member_id.isdecimal() and ends.isdecimal() and len(member_id) < 10):
        return None
    found = members.read_member(conn, int(member_id))
    if found is None or not found.invited:
        return None
    right = hmac.compare_digest(mac.encode(), _mac(office, found, ends).encode())
    return found if right and office.now().timestamp() < int(ends) else None


def _mac(office: Office, found: Member, ends: str) -> str:
    return office.vault.blind("staff-link", f"{found.id}\0{found.stamp}\0{ends}").hex()
