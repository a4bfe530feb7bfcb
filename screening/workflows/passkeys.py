"""Passkeys: register one, use one. A device signs a random challenge, for this address alone.

The challenge is the caller's to keep, in the session and for a few minutes; it is good once. The
device must have verified its owner (fingerprint, face, PIN), so a passkey stands for both factors.
What a use proves and what is kept: docs/decisions/0029.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from struct import error as UnpackError  # noqa: N812 - an exception, named as one
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json
from webauthn.helpers import parse_authentication_credential_json as parse
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ..storage import members
from ..storage import passkeys as stored
from ..storage.members import Member
from ..storage.passkeys import StoredPasskey
from .accounts import Refused
from .act import Act
from .office import Office

MOST = 10  # passkeys of one person
LONGEST_NAME = 120
# What a made-up answer of a device raises in the library, besides its own.
MALFORMED = (WebAuthnException, ValueError, TypeError, LookupError, UnpackError)
VERIFIED = UserVerificationRequirement.REQUIRED


class NotProven(Exception):  # noqa: N818 - an outcome that pages answer
    """What came is not what a passkey of an active account makes of this challenge."""


@dataclass(frozen=True)
class Place:
    """For whom passkeys are made: browsers give them to nobody else. `origin`: "https://host"."""

    host: str
    origin: str
    clinic: str


@dataclass(frozen=True)
class Challenge:
    """32 random bytes, and when they were given out."""

    value: bytes
    asked_at: datetime


def place(public_url: str, clinic: str) -> Place | None:
    """None where browsers know no passkeys: on an IP address, or http other than localhost."""
    url = urlsplit(public_url)
    host = url.hostname or ""
    if _is_address(host) or not (url.scheme == "https" or host == "localhost"):
        return None
    return Place(host, f"{url.scheme}://{url.netloc}", clinic)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


# Registering


def ask_for_new(office: Office, place: Place, member: Member) -> tuple[str, Challenge]:
    """What the browser is asked to make, as JSON. No e-mail address goes to the device."""
    options = webauthn.generate_registration_options(
        rp_id=place.host,
        rp_name=place.clinic,
        user_id=handle(office, member.id),
        user_name=member.name,
        user_display_name=member.name,
        exclude_credentials=_descriptors(list_of(office, member.id)),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
        ),
    )
    return options_to_json(options), Challenge(options.challenge, office.now())


def register(
    office: Office, place: Place, member_id: int, challenge: Challenge, made: str, *, name: str
) -> None:
    """Keep what the browser made. Raises NotProven, or Refused when it is one too many."""
    try:
        found = webauthn.verify_registration_response(
            credential=made,
            expected_challenge=challenge.value,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except MALFORMED as error:
        raise NotProven from error
    passkey = StoredPasskey(
        credential_id=found.credential_id,
        user_id=member_id,
        name=name[:LONGEST_NAME],
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        transports=_transports(made),
        created_at=office.now(),
        last_used_at=None,
    )
    with office.database.write() as conn:
        if stored.count(conn, member_id) >= MOST:
            raise Refused(f"You have {MOST} passkeys. Remove one first.")
        if not stored.add(conn, passkey):
            raise Refused("This passkey is registered already.")
        Act(conn, office, f"user:{member_id}").note("staff.passkey_added", None)


def _transports(made: str) -> tuple[str, ...]:
    said = json.loads(made)["response"].get("transports", [])
    known = {one.value for one in AuthenticatorTransport}
    return tuple(one for one in said if one in known) if isinstance(said, list) else ()


def handle(office: Office, member_id: int) -> bytes:
    """What a device calls the account: it tells nothing to whoever finds it there."""
    return office.vault.blind("passkey-account", str(member_id))


# Using


def ask_for_one(office: Office, place: Place, member_id: int | None) -> tuple[str, Challenge]:
    """What the browser is asked to sign, as JSON; with any passkey it has when nobody is known."""
    theirs = [] if member_id is None else _descriptors(list_of(office, member_id))
    options = webauthn.generate_authentication_options(
        rp_id=place.host, allow_credentials=theirs, user_verification=VERIFIED
    )
    return options_to_json(options), Challenge(options.challenge, office.now())


def prove(office: Office, place: Place, challenge: Challenge, signed: str) -> int:
    """The id of the active member whose passkey signed it, now used. Raises NotProven.

    A refusal is in the audit, with the account where the passkey is known.
    """
    passkey = _named(office, signed)
    try:
        return _verified(office, place, passkey, challenge, signed)
    except NotProven:
        user = passkey.user_id if passkey else None
        with office.database.write() as conn:
            Act(conn, office, "staff").note("staff.passkey_refused", None, user=user)
        raise


def _named(office: Office, signed: str) -> StoredPasskey | None:
    """The one that the answer says it is of."""
    try:
        named = parse(signed).raw_id
    except MALFORMED:
        return None
    with office.database.read() as conn:
        return stored.read(conn, named)


def _verified(
    office: Office, place: Place, passkey: StoredPasskey | None, challenge: Challenge, signed: str
) -> int:
    """Whose it is."""
    if passkey is None:
        raise NotProven
    try:
        of = parse(signed).response.user_handle
        if of is not None and of != handle(office, passkey.user_id):
            raise NotProven
        found = webauthn.verify_authentication_response(
            credential=signed,
            expected_challenge=challenge.value,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except MALFORMED as error:
        raise NotProven from error
    _use(office, passkey, found.new_sign_count, challenge)
    return passkey.user_id


def _use(office: Office, passkey: StoredPasskey, counted: int, challenge: Challenge) -> None:
    asked_at, now, key = challenge.asked_at, office.now(), passkey.credential_id
    with office.database.write() as conn:
        member = members.read_member(conn, passkey.user_id)
        used = stored.use(conn, key, counted=counted, asked_at=asked_at, now=now)
        if member is None or not member.active or not used:
            raise NotProven


# One's own


def list_of(office: Office, member_id: int) -> list[StoredPasskey]:
    with office.database.read() as conn:
        return stored.of_member(conn, member_id)


def rename(office: Office, member_id: int, key: str, name: str) -> bool:
    """False when it is none of theirs. `key` is `key_of` the passkey."""
    with office.database.write() as conn:
        renamed = stored.rename(conn, member_id, _credential_id(key), name[:LONGEST_NAME])
        if renamed:
            Act(conn, office, f"user:{member_id}").note("staff.passkey_renamed", None)
    return renamed


def remove(office: Office, member_id: int, key: str) -> str | None:
    """Whoever signed in with it is out: returns the new stamp, None when it is none of theirs.

    Raises Refused when there would be no way in any more.
    """
    with office.database.write() as conn:
        if not stored.remove(conn, member_id, _credential_id(key)):
            return None
        member = members.read_member(conn, member_id)
        if member and not member.has_authenticator and not stored.count(conn, member_id):
            raise Refused("This is your only way in. Connect an authenticator app first.")
        Act(conn, office, f"user:{member_id}").note("staff.passkey_removed", None)
        return members.end_sessions(conn, member_id)


def key_of(passkey: StoredPasskey) -> str:
    """What a form calls it."""
    return bytes_to_base64url(passkey.credential_id)


def _credential_id(key: str) -> bytes:
    try:
        return base64url_to_bytes(key)
    except ValueError:
        return b""


def _descriptors(passkeys: list[StoredPasskey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=one.credential_id, transports=[AuthenticatorTransport(t) for t in one.transports]
        )
        for one in passkeys
    ]
